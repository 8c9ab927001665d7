"""A user's scene and its next coarser self: windows of both, and where they can be compared.

The scene, degraded by D, is an input whose finer truth is known: the scene itself. Positions are
in coarse pixels, each `upscale` x `upscale` pixels of the scene; what is left over at the lower and
right edges is not used. A coarse pixel that D made of missing values is a hole, filled as the
pipeline fills holes; a coarse pixel is *usable* when nothing that was filled reaches it.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hsisr_geo.bands.radiometry import Cube, decode, encode
from hsisr_geo.cube.holes import fill_holes, spread
from hsisr_geo.cube.resampling import cubic_decimation, decimate
from hsisr_geo.cube.tiling import AxisTiles
from hsisr_geo.cube.windows import Window
from hsisr_geo.errors import RasterError
from hsisr_geo.raster.raster import Raster
from hsisr_geo.raster.read import read_window
from hsisr_geo.raster.statistics import bands_with_data

Mask = NDArray[np.bool_]

REACH = 4
"""Coarse pixels that an interpolated value depends on: two of bicubic's, two of D's."""
_INTERPOLATION = 2
_WINDOW = 64  # coarse pixels, the largest side of a window
_MOST_PIXELS = 2**18
# ^ of the scene, read to learn from: 235 MB for 224 bands, whatever the size of the scene
_LEAST_SHARE = 0.25  # of a window that must be usable for it to count
_ORDER_SEED = 0  # of the order in which a large scene's windows are tried


@dataclass(frozen=True, eq=False)
class CoarserWindow:
    """A window of a scene, and of what D makes of the scene.

    Attributes
    ----------
    area, outer
        (rows, cols), coarse pixels of the scene: the window itself, and with the margin that `lr`
        has around it, as far as the scene goes.
    hr
        Physical values of the scene in `area` (band, upscale·row, upscale·col), NaN in holes.
    lr
        Degraded scene in `outer` (band, row, col), rounded as the scene's data type is.
    usable
        (row, col) in `area`.
    """

    area: Window
    outer: Window
    hr: Cube
    lr: Cube
    usable: Mask

    @property
    def inside(self) -> Window:
        """Where `area` lies in `lr`."""
        return within(self.area, self.outer)

    def usable_spectra(self) -> NDArray[np.float32]:
        """Spectra of the degraded scene (pixel, band) that D made of nothing but data."""
        spectra: NDArray[np.float32] = self.lr[(slice(None), *self.inside)][:, self.usable].T
        return spectra


@dataclass(frozen=True)
class CoarserScene:
    """A raster as the truth of what D makes of it.

    Attributes
    ----------
    raster, bands, upscale
        The scene, the 0-based bands that are used, and the factor to degrade it by.
    """

    raster: Raster
    bands: tuple[int, ...]
    upscale: int

    @classmethod
    def of(cls, raster: Raster, upscale: int) -> "CoarserScene":
        """Choose the bands: those that have data and are not marked as bad.

        Raises
        ------
        RasterError : no such band
        """
        bands = bands_with_data(raster, raster.bands.good_by_wavelength)
        if not bands:
            raise RasterError(f"{raster.path}: no good band has data: there is nothing to learn")
        return cls(raster, bands, upscale)

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, cols) in coarse pixels."""
        rows, cols = (n // self.upscale for n in self.raster.shape)
        return rows, cols

    def windows(self) -> list[CoarserWindow]:
        """Read windows to learn from: the whole scene, or where it is large a bounded sample.

        The sample is the same every time. Windows without enough data are left out.
        """
        areas = list(self._areas())
        order = np.random.default_rng(_ORDER_SEED).permutation(len(areas))
        chosen: list[CoarserWindow] = []
        for index in order:
            window = self.read(areas[index], margin=REACH)
            if window.usable.mean() >= _LEAST_SHARE:
                chosen.append(window)
            if sum(w.hr[0].size for w in chosen) >= _MOST_PIXELS:
                break
        return sorted(chosen, key=lambda w: (w.area[0].start, w.area[1].start))

    def read(self, area: Window, *, margin: int) -> CoarserWindow:
        """Read a window and degrade it, with `margin` coarse pixels around where there are any."""
        outer = self._grown(area, margin)
        widest = self._grown(outer, REACH)
        rows, cols = times(widest, self.upscale)
        hr = read_window(self.raster, rows, cols, self.bands)
        lr, usable = self.degrade(hr)
        pixels = times(within(area, widest), self.upscale)
        return CoarserWindow(
            area=area,
            outer=outer,
            hr=hr[(slice(None), *pixels)].copy(),
            lr=lr[(slice(None), *within(outer, widest))].copy(),
            usable=usable[within(area, widest)],
        )

    def degrade(self, hr: Cube) -> tuple[Cube, Mask]:
        """Apply D and the rounding of the scene's data type.

        Returns
        -------
        The degraded cube (band, row, col), NaN where D took a value that is missing in any band;
        and (row, col) which of its pixels are usable.
        """
        missing = np.isnan(hr).any(axis=0)
        rows, cols = (
            (cubic_decimation(n, self.upscale) != 0).astype(np.float32) for n in missing.shape
        )
        holes = rows @ missing.astype(np.float32) @ cols.T > 0
        filled = fill_holes(np.where(missing, np.float32(np.nan), hr))
        bands = self.raster.bands.select(self.bands)
        lr = decode(encode(decimate(filled, self.upscale), bands, self.raster.dtype), bands)
        lr[:, holes] = np.nan
        reached = holes
        for _ in range(_INTERPOLATION):
            reached = spread(reached)
        return lr, ~reached

    def _areas(self) -> Iterator[Window]:
        rows, cols = (AxisTiles.of(n, slice(0, n), _WINDOW, halo=0, ramp=0) for n in self.shape)
        for row in range(len(rows)):
            for col in range(len(cols)):
                yield rows.core(row), cols.core(col)

    def _grown(self, area: Window, margin: int) -> Window:
        """Extend an area on all sides, as far as the scene goes."""
        rows, cols = (
            slice(max(0, axis.start - margin), min(size, axis.stop + margin))
            for axis, size in zip(area, self.shape, strict=True)
        )
        return rows, cols


def times(area: Window, factor: int) -> Window:
    """Return the pixels `factor` times finer that an area covers."""
    rows, cols = (slice(axis.start * factor, axis.stop * factor) for axis in area)
    return rows, cols


def within(area: Window, outer: Window) -> Window:
    """Return where an area lies in a larger one."""
    rows, cols = (
        slice(a.start - o.start, a.stop - o.start) for a, o in zip(area, outer, strict=True)
    )
    return rows, cols
