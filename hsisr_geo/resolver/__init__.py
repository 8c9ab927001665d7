"""The seam: a method as a value; interpolation; which models there are, and how one is loaded."""
