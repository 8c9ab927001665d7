"""One window of a scene: some of its bands by a method, the rest by interpolation.

What a file's tiles and an array's chunks have in common. Only pixels come in and go out: where they
lie is the caller's business.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hsisr_geo.bands.bands import Bands
from hsisr_geo.bands.metadata import ALPHA
from hsisr_geo.bands.radiometry import Cube
from hsisr_geo.cube.degradation import BICUBIC
from hsisr_geo.cube.holes import fill_holes
from hsisr_geo.cube.resampling import upsample
from hsisr_geo.cube.valid_range import ANYTHING, ROOM, ROOM_OF_SHARPENED, Held, Range, hold
from hsisr_geo.cube.windows import Window, inside, scaled
from hsisr_geo.raster.statistics import SceneStatistics
from hsisr_geo.resolver.interpolation import BicubicResolver, Interpolation
from hsisr_geo.resolver.protocol import CubesFunction, PublishedResolver, Resolver
from hsisr_geo.threads import each


@dataclass(frozen=True, eq=False)
class Method:
    """How the bands of a scene are made.

    Attributes
    ----------
    upscale
        Spatial factor.
    resolve
        The method, bound to the scene; its first cube is the super-resolution.
    resolved, interpolated
        Indices of the bands; together all of them.
    far
        For each resolved band what fills the inside of large holes: the scene mean, if known.
    limits, room
        What values may be, as in `valid_range.hold`; `room` None: all bands anywhere.
    """

    upscale: int
    resolve: CubesFunction
    resolved: tuple[int, ...]
    interpolated: tuple[int, ...]
    far: NDArray[np.float64] | None
    limits: Range | None = None
    room: tuple[float, ...] | None = None

    @classmethod
    def of(
        cls, share: "Share", resolve: CubesFunction, bands: Bands, valid_range: Range | None = None
    ) -> "Method":
        """Return how a share of the bands is made, where `resolve` is its resolver, bound."""
        statistics, resolver = share.statistics, share.resolver
        return cls(
            upscale=resolver.upscale,
            resolve=resolve,
            resolved=share.resolved,
            interpolated=share.interpolated,
            far=None if statistics is None else statistics.mean,
            limits=_limits_of(resolver, valid_range),
            room=room_of(resolver, share.resolved, bands),
        )


class Share(NamedTuple):
    """Who makes which bands of a scene, by their indices; together all of them."""

    resolver: Resolver
    resolved: tuple[int, ...]
    interpolated: tuple[int, ...]
    statistics: SceneStatistics | None


def share_bands(
    resolver: Resolver, resolved: tuple[int, ...], statistics: SceneStatistics | None, bands: int
) -> Share:
    """Give a method the bands that are fit for it; where nothing is left, all are interpolated."""
    every = tuple(range(bands))
    if not resolved or (statistics is not None and statistics.count == 0):
        bicubic = BicubicResolver(resolver.upscale, psf=resolver.degradation)
        return Share(bicubic, every, (), None)
    left = tuple(band for band in every if band not in resolved)
    return Share(resolver, resolved, left, statistics)


def make_bands(
    method: Method, cube: Cube, window: Window, outer: Window, *, cubes: int = 1
) -> list[Cube]:
    """Compute all bands of `outer`, from pixels that give each of its pixels its full context.

    Parameters
    ----------
    cube
        The pixels of `window` (band, row, col), NaN where there is no value.
    window, outer
        What was read, and the part of it whose output counts; in pixels of the whole scene.
    cubes
        How many cubes `method.resolve` makes. In those after the first, bands that it did not make
        are NaN.

    Returns
    -------
    cubes (band, upscale * row, upscale * col) over `outer`; holes are filled until `cut_holes`
    """
    part = inside(outer, window)
    rows, cols = scaled(part, method.upscale)
    shape = len(cube), rows.stop - rows.start, cols.stop - cols.start
    blanks = [0.0, *[np.nan] * (cubes - 1)]
    empty = np.isnan(pixels_of(cube, outer, window)).all()  # all of it will be cut
    answers: Sequence[Cube] = ()
    if method.resolved and not empty:
        every = method.resolved == tuple(range(len(cube)))
        filled = fill_holes(cube if every else cube[list(method.resolved)], method.far)
        answers = method.resolve(filled, (window[0].start, window[1].start), part)
    if len(answers) == cubes and method.resolved == tuple(range(len(cube))):
        return [np.require(answer, np.float32, ["C", "W"]) for answer in answers]
        # ^ as they are if they can be: a second copy of a tile is most of its memory. Float64 would
        # shift all that lies behind it in a record, and holes cut in a copy would be lost
    made = [
        _placed(answer, method.resolved, shape, blank)
        for answer, blank in zip_longest(answers, blanks)
    ]
    if method.interpolated and not empty:
        filled = fill_holes(cube[list(method.interpolated)])
        made[0][list(method.interpolated)] = upsample(filled, method.upscale)[:, rows, cols]
    return made


def _placed(
    answer: Cube | None, resolved: Sequence[int], shape: tuple[int, int, int], blank: float
) -> Cube:
    """Return a cube of all bands, those that were not resolved blank."""
    found = {} if answer is None else dict(zip(resolved, answer, strict=True))
    made = np.empty(shape, np.float32)

    def place(band: int) -> None:
        made[band] = found.get(band, blank)

    each(place, range(len(made)))
    return made


def room_of(resolver: Resolver, resolved: Sequence[int], bands: Bands) -> tuple[float, ...]:
    """Say for each band how far its values may leave their neighbourhood, in ranges of it.

    An alpha band not at all, or low ones would become 0, which is a hole. Interpolation is what its
    name says, and free, and so are published systems; what our models make is held to some ranges.
    """
    free = isinstance(resolver, (BicubicResolver, Interpolation, PublishedResolver))
    room = ROOM if resolver.degradation.name == BICUBIC else ROOM_OF_SHARPENED
    model = math.inf if free else room
    return tuple(
        0.0 if band.color == ALPHA else (model if index in resolved else math.inf)
        for index, band in enumerate(bands)
    )


def _limits_of(resolver: Resolver, asked: Range | None) -> Range | None:
    """Return what values may be: published systems anything, unless a range was asked for."""
    return ANYTHING if asked is None and isinstance(resolver, PublishedResolver) else asked


def hold_values(
    method: Method, sr: Cube, cube: Cube, window: Window, outer: Window, core: Window
) -> Held:
    """Cut the values of an output over `outer` to what its input allows, in place."""
    room = method.room or (math.inf,) * len(sr)
    return hold(sr, cube, window, outer, core, limits=method.limits, room=room)


def pixels_of(cube: Cube, window: Window, outer: Window) -> Cube:
    """Return the part of a cube over `outer` that lies over `window`; a view."""
    rows, cols = inside(window, outer)
    return cube[:, rows, cols]


def cut_holes(sr: Cube, lr: Cube, upscale: int) -> None:
    """Set NaN wherever the input pixel that an output pixel lies in has no value in that band."""
    holes = np.isnan(lr)
    if holes.any():
        bands, rows, cols = lr.shape
        pixels = sr.reshape(bands, rows, upscale, cols, upscale)
        np.copyto(pixels, np.nan, where=holes[:, :, None, :, None])
