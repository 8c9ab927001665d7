"""Finished tiles on disk, in a locked folder; blocks of an output put together from them."""
