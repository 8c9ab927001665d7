"""Jobs of a comparison, planned and done."""
