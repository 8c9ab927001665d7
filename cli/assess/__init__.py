"""Commands that tell how good it is."""
