"""STAC items: what an output is, where it lies, and how it was made."""
