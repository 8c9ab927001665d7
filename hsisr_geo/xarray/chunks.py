"""An array super-resolved chunk by chunk: at once for numpy, later for dask.

The graph: each block of the scene is surveyed, the surveys are merged, and each chunk of the output
is computed from the blocks that give it its full context and from the merged survey. So chunks
need no blending, and their number and order change nothing but the rounding of float32. As with a
file, the scene is read twice and never held. What a task has is a recipe, not a network: the graph
can go to other processes.
"""

from dataclasses import dataclass, replace
from functools import lru_cache
from threading import Lock
from typing import Any, NamedTuple, TypeAlias

import dask.array as da
import numpy as np
from dask.base import tokenize
from dask.delayed import Delayed
from dask.graph_manipulation import clone
from dask.highlevelgraph import HighLevelGraph
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
    limits_of,
    make_bands,
    pixels_of,
    room_of,
    share_bands,
)
from hsisr_geo.resolver.load import Recipe
from hsisr_geo.resolver.protocol import Resolver, alone

Array: TypeAlias = Any
"""numpy or dask array (band, row, col)."""

Key: TypeAlias = tuple[Any, ...]
Graph: TypeAlias = dict[Any, Any]
Maker: TypeAlias = Recipe | Resolver

_FITTING = Lock()


class Storage(NamedTuple):
    """How physical values are stored: scale, offset and nodata of each band, and the type."""

    bands: Bands
    dtype: str


@dataclass(frozen=True)
class ArrayRequest:
    """What all chunks of an array share.

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


def super_resolve_array(data: Array, job: ArrayRequest, *, uses_statistics: bool) -> Array:
    """Super-resolve stored numbers (band, row, col); dask arrays stay lazy.

    Returns
    -------
    numpy or dask array (band, upscale * row, upscale * col); a dask array's chunks are those of the
    input, `upscale` times larger, with all bands in each
    """
    if not isinstance(data, da.Array):
        whole = slice(0, job.shape[0]), slice(0, job.shape[1])
        survey = _survey(data, whole, job) if uses_statistics else None
        return _chunk(data, whole, whole, survey, job)
    return _laid_out(data.rechunk({0: -1}), job, uses_statistics=uses_statistics)


def _laid_out(data: da.Array, job: ArrayRequest, *, uses_statistics: bool) -> da.Array:
    """Lay out the graph: a task for each chunk, which takes the blocks that its window touches."""
    name = f"super-resolve-{tokenize(data.name, job, uses_statistics)}"
    survey = _surveyed(data, job, name) if uses_statistics else None
    axes = [_slices(sizes) for sizes in data.chunks[1:]]
    layer: Graph = {f"job-{name}": job}  # its bands, once for all tasks
    for i, rows in enumerate(axes[0]):
        for j, cols in enumerate(axes[1]):
            window = job.window((rows, cols))
            touched = [_touched(axis, part) for axis, part in zip(axes, window, strict=True)]
            blocks = [[(data.name, 0, k, m) for m in touched[1]] for k in touched[0]]
            corner = axes[0][touched[0][0]].start, axes[1][touched[1][0]].start
            made_of = blocks, corner, window, (rows, cols), None if survey is None else survey.key
            layer[name, 0, i, j] = (_assembled, *made_of, f"job-{name}")
    sources: list[Any] = [data] if survey is None else [data, survey]
    return da.Array(
        HighLevelGraph.from_collections(name, layer, dependencies=sources),
        name,
        chunks=(data.chunks[0], *(tuple(n * job.upscale for n in c) for c in data.chunks[1:])),
        dtype=job.dtype,
    )


def _surveyed(data: da.Array, job: ArrayRequest, name: str) -> Delayed:
    """Lay out the survey of a scene: one task for each of its blocks, merged pairwise."""
    source, name = clone(data), f"survey-{name}"
    # ^ a pass of its own: were the blocks those of the chunks' tasks, all of them would be kept
    # from the first survey to the last chunk
    rows, cols = (_slices(sizes) for sizes in source.chunks[1:])
    layer: Graph = {f"job-{name}": job}
    found: list[Key] = []
    for i, r in enumerate(rows):
        for j, c in enumerate(cols):
            layer[name, i, j] = (_survey, (source.name, 0, i, j), (r, c), f"job-{name}")
            found.append((name, i, j))
    while len(found) > 1:
        first, second, *others = found
        merged = (f"{name}-merged", len(layer))
        layer[merged] = (Survey.merge, first, second)
        found = [*others, merged]
    layer[name] = found[0]
    return Delayed(name, HighLevelGraph.from_collections(name, layer, dependencies=[source]))


def _assembled(
    blocks: list[list[NDArray[Any]]],
    corner: tuple[int, int],
    window: Window,
    core: Window,
    survey: Survey | None,
    job: ArrayRequest,
) -> NDArray[Any]:
    """Make one chunk from the blocks that its window touches, the first of which has its corner."""
    stored = np.concatenate([np.concatenate(row, axis=2) for row in blocks], axis=1)
    top, left = corner
    rows, cols = window
    dn = stored[:, rows.start - top : rows.stop - top, cols.start - left : cols.stop - left]
    return _chunk(dn, window, core, survey, job)


def _survey(dn: NDArray[Any], window: Window, job: ArrayRequest) -> Survey:
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


def _chunk(
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
    upscale, found = resolver.upscale, share.statistics
    return Method(
        upscale=upscale,
        resolve=alone(share.resolver.fit(found), upscale),
        resolved=share.resolved,
        interpolated=share.interpolated,
        far=None if found is None else found.mean,
        limits=limits_of(share.resolver, None),
        room=room_of(share.resolver, share.resolved, bands),
    )


def _touched(blocks: list[slice], part: slice) -> list[int]:
    """Return the indices of the blocks along an axis that a part of it touches."""
    return [i for i, b in enumerate(blocks) if b.start < part.stop and b.stop > part.start]


def _part(array: Array, window: Window) -> Array:
    rows, cols = window
    return array[:, rows, cols]


def _slices(sizes: tuple[int, ...]) -> list[slice]:
    """Turn the chunk sizes of an axis into slices: (4, 4, 2) -> 0:4, 4:8, 8:10."""
    stops = np.cumsum(sizes).tolist()
    return [slice(stop - size, stop) for stop, size in zip(stops, sizes, strict=True)]


def _size(window: Window) -> tuple[int, int]:
    rows, cols = window
    return rows.stop - rows.start, cols.stop - cols.start
