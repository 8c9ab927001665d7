"""Commands that super-resolve: one raster, or many."""
