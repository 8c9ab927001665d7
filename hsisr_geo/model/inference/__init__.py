"""The network on the tiles of a scene."""
