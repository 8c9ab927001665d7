"""`BandSummary`: stored numbers of a band in figures: extremes, mean, deviation, and a stretch.

Measured while the blocks are written and added up in the order of the raster, so that the same
pixels give the same figures to the last bit. Formats write them as GDAL's STATISTICS items; styles
and STAC items use them too.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from threading import Lock
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hsisr_geo.bands.radiometry import missing
from hsisr_geo.bands.truecolor import PERCENTILES
from hsisr_geo.cube.windows import EVERY
from hsisr_geo.output.formats.blocks import Blocks
from hsisr_geo.raster.raster import Raster
from hsisr_geo.threads import each

_SAMPLE = 65_536  # pixels of a band that its quantiles are taken from, at most
_SAMPLE_BYTES = 1 << 23  # of all bands, which a run holds to its end


@dataclass(frozen=True)
class BandSummary:
    """Figures of a band over its pixels with a value, in stored numbers.

    Attributes
    ----------
    valid, pixels : how many have one, and how many there are
    low, high : the 2 and 98 % quantiles, of up to 65 536 pixels on a regular grid, fewer where all
        bands together would take more than 8 MB
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
    """Blocks passed on, each once, and what they say of the bands; for several threads.

    What comes before its turn waits: a few numbers for each band.
    """

    def __init__(self, raster: Raster, blocks: Blocks) -> None:
        self._blocks = blocks
        pixel = len(raster.bands) * np.dtype(raster.dtype).itemsize
        self._step = sample_step(raster.shape, min(_SAMPLE, _SAMPLE_BYTES // pixel))
        self._bands = [_Band(band.nodata) for band in raster.bands]
        self._across = -(-raster.cols // blocks.block)
        self._lock = Lock()
        self._summaries: tuple[BandSummary, ...] = ()

    @property
    def block(self) -> int:
        """As that of the blocks."""
        return self._blocks.block

    def blocks(self, shape: tuple[int, int]) -> Iterator[tuple[slice, slice]]:
        """As those of the blocks."""
        return self._blocks.blocks(shape)

    def read(
        self, rows: slice, cols: slice, bands: slice = EVERY
    ) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        """Return a block, and count it in."""
        dn, valid = self._blocks.read(rows, cols, bands)
        on_grid = _every(rows, self._step), _every(cols, self._step)
        chosen = self._bands[bands]
        figures = each(
            lambda number: chosen[number].look_at(dn[number], valid, on_grid), range(len(dn))
        )
        with self._lock:
            for band, found in zip(chosen, figures, strict=True):
                band.take(self._number(rows, cols), found)
        return dn, valid

    def _number(self, rows: slice, cols: slice) -> int:
        """Return the number of a block of the raster, row by row."""
        block = self._blocks.block
        row: int = rows.start // block
        col: int = cols.start // block
        return row * self._across + col

    def summaries(self) -> tuple[BandSummary, ...]:
        """Return the figures of each band, when all blocks have been read."""
        if not self._summaries:
            self._summaries = tuple(each(lambda band: band.summary(), self._bands))
        return self._summaries


def sample_step(shape: tuple[int, int], most: int = _SAMPLE) -> int:
    """Return the distance of the pixels of a regular grid that has no more than so many."""
    step = 1
    while -(-shape[0] // step) * -(-shape[1] // step) > max(most, 1):
        step += 1
    return step


def _every(axis: slice, step: int) -> slice:
    """Return the places in a block whose index in the raster is a multiple of `step`."""
    return slice(-axis.start % step, None, step)


class _Figures(NamedTuple):
    """Figures of a part of a band."""

    pixels: int
    valid: int = 0
    minimum: float = math.inf
    maximum: float = -math.inf
    mean: float = 0.0
    squares: float = 0.0  # sum of those of the deviations from the mean
    sample: NDArray[Any] = np.empty(0)


class _Band:
    """Figures of one band, growing."""

    def __init__(self, nodata: float | None) -> None:
        self._nodata = nodata
        self._pixels = self._valid = 0
        self._minimum, self._maximum = math.inf, -math.inf
        self._mean = self._squares = 0.0  # ... of the deviations from it
        self._sample: list[NDArray[Any]] = []
        self._waiting: dict[int, _Figures] = {}
        self._turn = 0

    def look_at(
        self, plane: NDArray[Any], valid: NDArray[np.bool_], on_grid: tuple[slice, slice]
    ) -> _Figures:
        """Return the figures of a part (row, col), which changes nothing here."""
        holes = missing(plane, self._nodata)
        usable = valid if holes is None else valid & ~holes
        values = plane[usable]
        if not values.size:
            return _Figures(plane.size)
        exact = values.astype(np.float64)
        mean = float(exact.mean())
        exact -= mean
        # np.sum, not a dot product: its order of adding does not depend on the number of threads
        squares = float(np.sum(exact * exact))
        low, high = float(values.min()), float(values.max())
        sample = plane[on_grid][usable[on_grid]]
        return _Figures(plane.size, values.size, low, high, mean, squares, sample)

    def take(self, number: int, part: _Figures) -> None:
        """Add the figures of the block of that number when its turn has come."""
        self._waiting[number] = part
        while self._turn in self._waiting:
            self._add(self._waiting.pop(self._turn))
            self._turn += 1

    def _add(self, part: _Figures) -> None:
        """Join figures of two sets (Chan, Golub and LeVeque 1983)."""
        self._pixels += part.pixels
        if not part.valid:
            return
        self._sample.append(part.sample)
        self._minimum = min(self._minimum, part.minimum)
        self._maximum = max(self._maximum, part.maximum)
        total = self._valid + part.valid
        away = part.mean - self._mean
        self._squares += part.squares + away**2 * self._valid * part.valid / total
        self._mean += away * part.valid / total
        self._valid = total

    def summary(self) -> BandSummary:
        assert not self._waiting
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
        if sample.dtype.kind in "iu" and sample.dtype.itemsize <= 2:
            sample.sort(kind="stable")  # by radix; what is sorted is soon parted: half the time
        low, high = np.percentile(sample, PERCENTILES)
        return float(low), float(high)
