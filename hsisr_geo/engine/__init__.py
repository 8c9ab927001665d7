"""One run: request -> assignment -> tasks, here or on a cluster -> outputs."""
