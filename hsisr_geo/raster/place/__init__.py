"""Where pixels lie, told in other ways than by a geotransform and a code."""
