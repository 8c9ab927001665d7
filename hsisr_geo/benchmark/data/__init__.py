"""Scenes to compare on, and what a protocol makes of them."""
