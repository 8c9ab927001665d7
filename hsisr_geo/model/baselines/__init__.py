"""Systems of the literature to compare ours with, one file each."""
