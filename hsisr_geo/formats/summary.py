"""What the stored numbers of each band are like: extremes, mean, deviation, and a stretch.

Measured while the blocks are written, in their order, so that the same pixels give the same figures
to the last bit. Formats write them as GDAL's STATISTICS items; styles and STAC items use them too.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hsisr_geo.formats.blocks import Blocks
from hsisr_geo.radiometry import missing
from hsisr_geo.raster import Raster
from hsisr_geo.truecolor import PERCENTILES

_SAMPLE = 250_000  # pixels of a band that its quantiles are taken from


@dataclass(frozen=True)
class BandSummary:
    """Figures of a band over its pixels with a value, in stored numbers.

    Attributes
    ----------
    valid, pixels : how many have one, and how many there are
    low, high : the 2 and 98 % quantiles, of some 250 000 pixels on a regular grid
    """

    pixels: int = 0
    valid: int = 0
    minimum: float = math.nan
    maximum: float = math.nan
    mean: float = math.nan
    deviation: float = math.nan
    low: float = math.nan
    high: float = math.nan

    def items(self) -> dict[str, str]:
        """Return them as GDAL writes them; nothing without a valid pixel."""
        if not self.valid:
            return {}
        figures = {
            "MINIMUM": self.minimum,
            "MAXIMUM": self.maximum,
            "MEAN": self.mean,
            "STDDEV": self.deviation,
        }
        return {f"STATISTICS_{name}": f"{value:.9g}" for name, value in figures.items()}


class Tally:
    """Blocks passed on, each once, and what they say of the bands."""

    def __init__(self, raster: Raster, blocks: Blocks) -> None:
        self._blocks = blocks
        self._step = max(1, math.isqrt(raster.rows * raster.cols // _SAMPLE))
        self._bands = [_Band(band.nodata) for band in raster.bands]

    @property
    def block(self) -> int:
        """As that of the blocks."""
        return self._blocks.block

    def blocks(self, shape: tuple[int, int]) -> Iterator[tuple[slice, slice]]:
        """As those of the blocks."""
        return self._blocks.blocks(shape)

    def read(self, rows: slice, cols: slice) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        """Return a block, and count it in."""
        dn, valid = self._blocks.read(rows, cols)
        on_grid = _every(rows, self._step), _every(cols, self._step)
        for band, plane in zip(self._bands, dn, strict=True):
            band.add(plane, valid, on_grid)
        return dn, valid

    def summaries(self) -> tuple[BandSummary, ...]:
        """Return the figures of each band over the blocks that were read so far."""
        return tuple(band.summary() for band in self._bands)


def _every(axis: slice, step: int) -> slice:
    """Return the places in a block whose index in the raster is a multiple of `step`."""
    return slice(-axis.start % step, None, step)


class _Band:
    """Figures of one band, growing."""

    def __init__(self, nodata: float | None) -> None:
        self._nodata = nodata
        self._pixels = self._valid = 0
        self._minimum, self._maximum = math.inf, -math.inf
        self._mean = self._squares = 0.0  # ... of the deviations from it
        self._sample: list[NDArray[Any]] = []

    def add(
        self, plane: NDArray[Any], valid: NDArray[np.bool_], on_grid: tuple[slice, slice]
    ) -> None:
        """Count in a part (row, col)."""
        holes = missing(plane, self._nodata)
        usable = valid if holes is None else valid & ~holes
        self._pixels += plane.size
        values = plane[usable]
        if values.size:
            self._sample.append(plane[on_grid][usable[on_grid]])
            self._join(values)

    def _join(self, values: NDArray[Any]) -> None:
        """Join figures of two sets (Chan, Golub and LeVeque 1983)."""
        self._minimum = min(self._minimum, float(values.min()))
        self._maximum = max(self._maximum, float(values.max()))
        exact = values.astype(np.float64)
        mean = float(exact.mean())
        exact -= mean
        total = self._valid + exact.size
        away = mean - self._mean
        # np.sum, not a dot product: its order of adding does not depend on the number of threads
        self._squares += float(np.sum(exact * exact)) + away**2 * self._valid * exact.size / total
        self._mean += away * exact.size / total
        self._valid = total

    def summary(self) -> BandSummary:
        if not self._valid:
            return BandSummary(self._pixels)
        low, high = self._stretch()
        return BandSummary(
            pixels=self._pixels,
            valid=self._valid,
            minimum=self._minimum,
            maximum=self._maximum,
            mean=self._mean,
            deviation=math.sqrt(self._squares / self._valid),
            low=low,
            high=high,
        )

    def _stretch(self) -> tuple[float, float]:
        sample = np.concatenate(self._sample)
        if not sample.size:  # all valid pixels lie off the grid
            return self._minimum, self._maximum
        low, high = np.percentile(sample, PERCENTILES)
        return float(low), float(high)
