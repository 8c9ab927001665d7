"""Systems trained alike, within a budget."""
