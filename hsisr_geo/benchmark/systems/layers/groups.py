"""Overlapping groups of neighbouring bands: a cube taken apart into them and put together again."""

from dataclasses import dataclass

import torch
from torch import Tensor

from hsisr_geo.model.groups import group_starts


@dataclass(frozen=True)
class BandGroups:
    """Which bands form groups; the groups are of one size, so that one network serves all.

    Attributes
    ----------
    bands
        Of the cube.
    size
        Bands per group; all of them where a cube has fewer than a group should have.
    starts
        First band of each group. The last group is shifted back to end with the last band.
    """

    bands: int
    size: int
    starts: tuple[int, ...]

    def __len__(self) -> int:
        """Count the groups."""
        return len(self.starts)

    @property
    def slices(self) -> tuple[slice, ...]:
        """The bands of each group."""
        return tuple(slice(start, start + self.size) for start in self.starts)


def group_bands(bands: int, size: int, overlap: int) -> BandGroups:
    """Group bands as SSPSR, CEGATSR, GELIN and DMGASR do.

    Parameters
    ----------
    bands
        Of the cube; with fewer than `size` there is one group of all of them.
    size, overlap
        Bands per group ("n_subs") and bands shared by neighbouring groups ("n_ovls").
    """
    if not 0 <= overlap < size:
        msg = f"Groups of {size} bands cannot share {overlap}; it has to be 0 ... {size - 1}."
        raise ValueError(msg)
    if bands <= size:
        return BandGroups(bands, bands, (0,))
    return BandGroups(bands, size, tuple(group_starts(bands, size, overlap)))


def split(cube: Tensor, groups: BandGroups) -> Tensor:
    """Take apart: (image, band, row, col) -> (image, group, size, row, col)."""
    return torch.stack([cube[:, bands] for bands in groups.slices], dim=1)


def average(parts: Tensor, groups: BandGroups) -> Tensor:
    """Put together: the mean of all groups that have a band; inverse of `split`.

    (image, group, size, row, col) -> (image, band, row, col).
    """
    images, _, _, rows, cols = parts.shape
    total = parts.new_zeros(images, groups.bands, rows, cols)
    covering = parts.new_zeros(groups.bands, 1, 1)
    for group, bands in enumerate(groups.slices):
        total[:, bands] += parts[:, group]
        covering[bands] += 1
    return total / covering
