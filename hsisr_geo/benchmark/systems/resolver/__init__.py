"""A published system behind the seam, tile by tile."""
