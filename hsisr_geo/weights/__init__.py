"""Weights that the project trained, with their model cards; `catalogue` finds them."""
