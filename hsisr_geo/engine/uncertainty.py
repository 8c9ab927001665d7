"""The uncertainty raster: what is asked for, what its bands are, and how they follow from a tile.

It lies on the grid of the output and holds standard deviations, in physical units: float32, NaN
where there is no value and in bands that the model did not make.
"""

import math
import os
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from hsisr_geo.bands.bands import Band, Bands
from hsisr_geo.bands.metadata import ALPHA
from hsisr_geo.bands.radiometry import Cube
from hsisr_geo.errors import OptionError
from hsisr_geo.raster.raster import Raster

BANDS = ("all", "mean")
PREDICTED = 0
"""Samples of a deviation that is predicted."""
MAX_SAMPLES = 2**24
"""As many noise fields as there are for one seed."""


@dataclass(frozen=True)
class Uncertainty:
    """A wish for the standard deviation of the output, as a raster of its own.

    Parameters
    ----------
    path : of the raster, in the format of the output, or that of its own ending
    samples : 0: predicted of what is seen (`model/deviation.py`), or over 8 samples where nothing
        predicts it. 2 to 2**24: over so many samples; time grows with them, memory does not
    bands : "all" for those of the scene; "mean" for one, the mean over what the model made

    Raises
    ------
    OptionError : `samples` or `bands` is none of these
    """

    path: str | os.PathLike[str]
    samples: int = PREDICTED
    bands: str = "all"

    def __post_init__(self) -> None:
        """Refuse what cannot be made."""
        if self.samples != PREDICTED and not 2 <= self.samples <= MAX_SAMPLES:
            raise OptionError(f"samples must be from 2 to {MAX_SAMPLES}, not {self.samples}")
        if self.bands not in BANDS:
            raise OptionError(f"uncertainty bands must be all or mean, not {self.bands!r}")

    def describe(self, output: Raster) -> Raster:
        """Describe the raster that goes with an output."""
        bands = _mean(output.bands) if self.bands == "mean" else _plain(output.bands)
        return replace(output, dtype="float32", has_mask=False, bands=bands)

    @property
    def bands_from(self) -> Callable[[Cube], Cube]:
        """What makes the bands (band, row, col) of the raster from those of the scene."""
        return mean_band if self.bands == "mean" else _as_they_are


def mean_band(cube: Cube) -> Cube:
    """Mean over the bands that have a value at a pixel, NaN without any: (1, row, col)."""
    count = np.isfinite(cube).sum(axis=0, dtype=np.float32)
    total = np.nansum(cube, axis=0, dtype=np.float32)
    mean: Cube = np.full_like(total, np.nan)
    np.divide(total, count, out=mean, where=count > 0)
    return mean[None]


def _as_they_are(cube: Cube) -> Cube:
    return cube


def _plain(bands: Bands) -> Bands:
    """Return the bands as they are, but stored as physical values; an alpha band is none here."""
    return Bands(
        tuple(
            replace(
                band,
                scale=1.0,
                offset=0.0,
                nodata=math.nan,
                color=None if band.color == ALPHA else band.color,
            )
            for band in bands
        )
    )


def _mean(bands: Bands) -> Bands:
    units = {band.unit for band in bands}
    unit = units.pop() if len(units) == 1 else None
    return Bands((Band(name="mean standard deviation", unit=unit, nodata=math.nan),))
