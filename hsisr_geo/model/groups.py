"""Groups of the autoencoder: which bands lie in which."""

GLOBAL_TAPS = 7
"""Neighbouring bands that each of the global stage's two convolutions sees."""


def group_starts(bands: int, size: int, overlap: int) -> list[int]:
    """First band of each group; the last group is shifted back to end with the last band.

    E.g. 102 bands, size 16, overlap 4 -> 0, 12, ..., 84, 86 (as in the paper's code).
    """
    stride = size - overlap
    count = max(1, -(-(bands - overlap) // stride))
    return [min(g * stride, bands - size) for g in range(count)]
