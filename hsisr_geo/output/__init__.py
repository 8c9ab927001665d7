"""Rasters written completely or not at all."""
