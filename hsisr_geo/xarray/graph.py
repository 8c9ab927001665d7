"""An array super-resolved chunk by chunk: at once for numpy, later for dask.

The graph: each block of the scene is surveyed, the surveys are merged, and each chunk of the output
is computed from the blocks that give it its full context and from the merged survey. So chunks
need no blending, and their number and order change nothing but the rounding of float32. As with a
file, the scene is read twice and never held. What a task has is a recipe, not a network: the graph
can go to other processes.
"""

from typing import Any, TypeAlias

import dask.array as da
import numpy as np
from dask.base import tokenize
from dask.delayed import Delayed
from dask.graph_manipulation import clone
from dask.highlevelgraph import HighLevelGraph
from numpy.typing import NDArray

from hsisr_geo.cube.windows import Window
from hsisr_geo.raster.survey import Survey
from hsisr_geo.xarray.chunks import ArrayRequest, make_chunk, survey_chunk

Array: TypeAlias = Any
"""numpy or dask array (band, row, col)."""

Key: TypeAlias = tuple[Any, ...]
Graph: TypeAlias = dict[Any, Any]


def super_resolve_array(data: Array, job: ArrayRequest, *, uses_statistics: bool) -> Array:
    """Super-resolve stored numbers (band, row, col); dask arrays stay lazy.

    Returns
    -------
    numpy or dask array (band, upscale * row, upscale * col); a dask array's chunks are those of the
    input, `upscale` times larger, with all bands in each
    """
    if not isinstance(data, da.Array):
        whole = slice(0, job.shape[0]), slice(0, job.shape[1])
        survey = survey_chunk(data, whole, job) if uses_statistics else None
        return make_chunk(data, whole, whole, survey, job)
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
            layer[name, i, j] = (survey_chunk, (source.name, 0, i, j), (r, c), f"job-{name}")
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
    return make_chunk(dn, window, core, survey, job)


def _touched(blocks: list[slice], part: slice) -> list[int]:
    """Return the indices of the blocks along an axis that a part of it touches."""
    return [i for i, b in enumerate(blocks) if b.start < part.stop and b.stop > part.start]


def _slices(sizes: tuple[int, ...]) -> list[slice]:
    """Turn the chunk sizes of an axis into slices: (4, 4, 2) -> 0:4, 4:8, 8:10."""
    stops = np.cumsum(sizes).tolist()
    return [slice(stop - size, stop) for stop, size in zip(stops, sizes, strict=True)]
