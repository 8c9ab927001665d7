"""Systems compared: trained on equal budgets, scored by a protocol, in tables and figures."""
