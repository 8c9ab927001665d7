"""A scene's principal axes: how far each is brought to another blur, and back to the input."""
