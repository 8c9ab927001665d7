"""Two versions of the program made to do the same, and what they made compared."""
