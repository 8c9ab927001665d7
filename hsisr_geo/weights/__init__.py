"""Weights that the project trained, with their model cards; `registry` finds them."""
