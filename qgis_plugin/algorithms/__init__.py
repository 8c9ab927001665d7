"""The algorithms of the toolbox: each turns its dialog into one call of the engine."""
