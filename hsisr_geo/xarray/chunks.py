"""A chunk of an array super-resolved, from the stored numbers that give it its full context."""

from dataclasses import dataclass, replace
from functools import lru_cache
from threading import Lock
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from hsisr_geo.bands.bands import Bands
from hsisr_geo.bands.radiometry import Cube, beyond_float32, decode, encode, storable
from hsisr_geo.cube.holes import REACH
from hsisr_geo.cube.tiling import TileGrid
from hsisr_geo.cube.valid_range import Range
from hsisr_geo.cube.windows import Window, inside, scaled
from hsisr_geo.errors import RasterError
from hsisr_geo.raster.survey import Survey, survey_block
from hsisr_geo.resolver.apply import (
    Method,
    cut_holes,
    hold_values,
    make_bands,
    pixels_of,
    share_bands,
)
from hsisr_geo.resolver.load import Recipe
from hsisr_geo.resolver.protocol import Resolver, alone

Maker: TypeAlias = Recipe | Resolver

_FITTING = Lock()


class Storage(NamedTuple):
    """How physical values are stored: scale, offset and nodata of each band, and the type."""

    bands: Bands
    dtype: str


@dataclass(frozen=True)
class ArrayRequest:
    """What all chunks of an array share: it goes to other processes as it is.

    Attributes
    ----------
    maker
        What makes the good bands: a recipe, or a resolver that can be pickled where it has to be.
    bands
        What the stored numbers mean.
    shape
        (rows, cols) of the whole scene.
    context
        Of the resolver.
    dtype, encoded
        Of the output: physical values, NaN where there is none; or, encoded, numbers like the
        input's.
    tile
        Side of what is computed at a time within a chunk: a matter of memory.
    limits
        Least and largest value; None: not negative where the input is not.
    storage
        How the encoding will store physical values, so that none of them wraps; None: as floats.
    """

    maker: Maker
    bands: Bands
    shape: tuple[int, int]
    upscale: int
    context: int
    dtype: str
    encoded: bool
    tile: int
    limits: Range | None = None
    storage: Storage | None = None

    @property
    def halo(self) -> int:
        """Input pixels around a chunk on which its output depends."""
        return self.context + REACH

    def window(self, core: Window) -> Window:
        """Return what has to be read for a part of the scene."""
        return TileGrid.of(self.shape, tile=1, halo=0).padded(core, self.halo)


def survey_chunk(dn: NDArray[Any], window: Window, job: ArrayRequest) -> Survey:
    """Survey the good bands of a block of stored numbers."""
    good = list(job.bands.good_by_wavelength)
    return survey_block(_values(dn[good], job.bands.select(good)), window, job.shape)


def _values(dn: NDArray[Any], bands: Bands) -> Cube:
    """Turn stored numbers (band, row, col) into values, if float32 has room for them."""
    cube = decode(dn, bands)
    if (found := beyond_float32(dn, cube, bands)) is not None:
        raise RasterError(
            f"the array holds {found[1]!r}, beyond what float32 has room for: if that is no "
            "measurement, name it by the attribute _FillValue; else scale the array first"
        )
    return cube


def make_chunk(
    dn: NDArray[Any], window: Window, core: Window, survey: Survey | None, job: ArrayRequest
) -> NDArray[Any]:
    """Make one chunk, `core`, from the stored numbers of the window around it."""
    method = _fitted(job.maker, job.bands, survey)
    if job.limits is not None:
        method = replace(method, limits=job.limits)
    rows, cols = _size(scaled(core, job.upscale))
    made = np.empty((len(job.bands), rows, cols), job.dtype)
    for tile in TileGrid.of(job.shape, tile=job.tile, halo=job.halo, region=core):
        cube = _values(pixels_of(dn, tile.window, window), job.bands)
        (sr,) = make_bands(method, cube, tile.window, tile.core)
        hold_values(method, sr, cube, tile.window, tile.core, tile.core)
        cut_holes(sr, pixels_of(cube, tile.core, tile.window), job.upscale)
        here = _part(made, scaled(inside(tile.core, core), job.upscale))
        if job.storage is not None:
            sr = storable(sr, job.storage.bands, job.storage.dtype)
        here[:] = encode(sr, job.bands, job.dtype) if job.encoded else sr
    return made


def _fitted(maker: Maker, bands: Bands, survey: Survey | None) -> Method:
    with _FITTING:  # not twice, when several threads begin at once
        return _fit(maker, bands, survey)  # type: ignore[arg-type] # resolvers are hashable


@lru_cache(maxsize=2)
def _fit(maker: Maker, bands: Bands, survey: Survey | None) -> Method:
    """Bind a resolver to a scene, as the pipeline does for a file.

    Bad and empty bands never reach it: they are interpolated; and so are all where nothing is left.
    """
    resolver = maker.load() if isinstance(maker, Recipe) else maker
    good = bands.good_by_wavelength
    resolved = good if survey is None else tuple(good[i] for i in survey.bands)
    statistics = None if survey is None else survey.statistics()
    share = share_bands(resolver, resolved, statistics, len(bands))
    resolve = alone(share.resolver.fit(share.statistics), resolver.upscale)
    return Method.of(share, resolve, bands)


def _part(array: NDArray[Any], window: Window) -> NDArray[Any]:
    rows, cols = window
    return array[:, rows, cols]


def _size(window: Window) -> tuple[int, int]:
    rows, cols = window
    return rows.stop - rows.start, cols.stop - cols.start
