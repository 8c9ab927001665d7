"""How good a result is, with a truth and without."""
