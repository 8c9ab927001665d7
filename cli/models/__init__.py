"""Commands that list models, and make them."""
