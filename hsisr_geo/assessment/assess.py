"""`assess()`: how well a method does on the user's own scene, in numbers.

Where there is a truth: the scene, degraded, super-resolved and compared with itself, beside the
baselines. Where there is none: the scene super-resolved as it is, and checked for what can be told.
"""

import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hsisr_geo.assessment.exemplars import choose_exemplars
from hsisr_geo.assessment.no_reference import Check, Subject, check_method
from hsisr_geo.assessment.sample_window import choose_window
from hsisr_geo.assessment.trial import Trial, Truth, try_method
from hsisr_geo.assessment.wald import SMALLEST, check_size, coarser, degrade, whole_groups, write
from hsisr_geo.bands.radiometry import Cube
from hsisr_geo.bands.truecolor import choose_colors
from hsisr_geo.cube.degradation import Degradation
from hsisr_geo.cube.windows import Window
from hsisr_geo.engine.request import Log, check_scene
from hsisr_geo.engine.tasks import Progress, cut
from hsisr_geo.errors import OptionError, RasterError
from hsisr_geo.metrics import default_data_range
from hsisr_geo.raster.open import as_raster
from hsisr_geo.raster.raster import Bounds, Raster
from hsisr_geo.raster.read import read_cube, read_planes, whole
from hsisr_geo.raster.suitability import check_suitable
from hsisr_geo.resolver.interpolation import baselines
from hsisr_geo.resolver.protocol import Resolver

WINDOW = 512
"""Largest side of the window that is degraded and compared, in pixels of the scene."""

REAL_WINDOW = 192
"""Largest side of the window that is super-resolved as it is: a pixel of it costs upscale² times as
much as one that is degraded first."""

_TILE = 128  # side of the tiles whose borders are looked at, where none is given
_UNITS = 100  # of progress, for each run


@dataclass(frozen=True, eq=False)
class Assessment:
    """What was found.

    Attributes
    ----------
    source, resolver
        The scene, and the method that is assessed.
    window, real_window
        Pixels (rows, cols) of the scene that were compared, and that were super-resolved as they
        are.
    truth, trials
        What the methods were held against, and how they did: the baselines, then the method.
    scene, checks
        What they were applied to without a truth, and what was found: bicubic, back-projection,
        then the method.
    """

    source: Raster
    resolver: Resolver
    window: Window
    real_window: Window
    truth: Truth
    trials: tuple[Trial, ...]
    scene: Subject
    checks: tuple[Check, ...]


def assess(
    src: str | os.PathLike[str] | Raster,
    *,
    resolver: Resolver,
    bounds: Bounds | None = None,
    window: int = WINDOW,
    tile: int | None = None,
    threads: int = 1,
    scratch: str | os.PathLike[str] | None = None,
    valid_range: Sequence[float] | None = None,
    again: bool = False,
    progress: Progress | None = None,
    log: Log | None = None,
) -> Assessment:
    """Assess a method on a scene.

    Parameters
    ----------
    bounds
        (xmin, ymin, xmax, ymax) in CRS units: look at this part of the scene only.
    window
        Largest side of what is compared, in pixels: memory follows it, not the scene. Of a larger
        scene the window with the fewest holes is taken.
    tile, threads, valid_range, again
        As in `super_resolve`.
    scratch
        Folder for temporary rasters; the system's by default.
    progress
        Called with (done, of all) from this thread; it may raise to cancel.
    log
        Called with one line at a time.

    Raises
    ------
    HsisrError
        The scene cannot be read, is too small, has no usable band or nothing but holes; or what
        `progress` raised.
    """
    _check_options(resolver, window)
    source = as_raster(src)
    check_suitable(source, again=again)
    check_scene(source, resolver)
    area = _choose_area(source, bounds, window, resolver.upscale)
    with tempfile.TemporaryDirectory(prefix=".hsisr-geo-", dir=scratch) as name:
        folder = Path(name)
        truth = _degraded_pair(source, area, resolver.degradation, folder / "coarse.tif")
        real = choose_window(source, truth.bands, area, min(window, REAL_WINDOW))
        scene = _real_scene(source, real, truth, resolver, tile, folder / "scene.tif")
        others = baselines(resolver.upscale, resolver.degradation)
        methods = (*(other for other in others if other.name != resolver.name), resolver)
        on_scene = [method for method in methods if method.name not in ("nearest", "bilinear")]
        step = _shares(progress, log, len(methods) + len(on_scene))
        trials = [
            try_method(
                truth,
                method,
                folder,
                tile=tile,
                threads=threads,
                valid_range=valid_range,
                progress=step(f"{method.name}: degraded scene"),
            )
            for method in methods
        ]
        checks = [
            check_method(
                scene,
                method,
                folder,
                threads=threads,
                valid_range=valid_range,
                progress=step(f"{method.name}: scene as is"),
            )
            for method in on_scene
        ]
    return Assessment(source, resolver, area, real, truth, tuple(trials), scene, tuple(checks))


def _check_options(resolver: Resolver, window: int) -> None:
    least = SMALLEST * resolver.upscale
    if window < least:
        raise OptionError(f"a window of {window} is too small: give {least} at least")


def _choose_area(source: Raster, bounds: Bounds | None, side: int, upscale: int) -> Window:
    """Return the window to compare, whole groups of pixels."""
    region = whole(source) if bounds is None else source.window_of(bounds)
    good = source.bands.good_indices
    if not good:
        raise RasterError(f"{source.path}: every band is marked as bad: there is nothing to assess")
    check_size(source, region, upscale)
    return whole_groups(choose_window(source, good, region, side), upscale)


def _degraded_pair(source: Raster, area: Window, degradation: Degradation, path: Path) -> Truth:
    """Read the original, band by band, and write it degraded.

    Raises
    ------
    RasterError
        No band has data in both, or all values are equal.
    """
    good, upscale = source.bands.good_indices, degradation.factor
    shape = tuple(axis.stop - axis.start for axis in area)
    cube = np.empty((len(good), *shape), np.float32)
    coarse = np.empty((len(source.bands), *(size // upscale for size in shape)), np.float32)
    for band, plane in enumerate(read_planes(source, area, range(len(source.bands)))):
        coarse[band] = degrade(plane[None], degradation)[0]
        if band in good:
            cube[good.index(band)] = plane
    raster = write(path, coarser(source.upscaled(1, *area), upscale), coarse)
    coarse = read_cube(raster, whole(raster), range(len(raster.bands)))
    kept = [i for i, band in enumerate(good) if np.isfinite(coarse[band]).any()]
    if not kept:
        raise RasterError(_why_nothing_is_left(source, cube, upscale))
    bands, cube = tuple(good[i] for i in kept), cube if len(kept) == len(good) else cube[kept]
    colors = choose_colors(source.bands)
    return Truth(
        coarse=raster,
        bands=bands,
        cube=cube,
        coarse_cube=coarse[list(bands)],
        data_range=_data_range(source, cube),
        colors=colors,
        picture=read_cube(source, area, colors.bands),
        coarse_picture=coarse[list(colors.bands)],
        exemplars=choose_exemplars(cube),
    )


def _why_nothing_is_left(source: Raster, cube: Cube, upscale: int) -> str:
    if np.isfinite(cube).any():
        return (
            f"{source.path}: holes lie so dense that no {upscale} x {upscale} pixels are free of "
            "them: there is nothing to compare; give --bounds without holes"
        )
    return (
        f"{source.path}: no good band has a value there: there is nothing to assess; give --bounds "
        "where the scene has data"
    )


def _data_range(source: Raster, cube: Cube) -> float:
    """Return the peak value: the 99.9 % quantile, or the spread where values are not positive."""
    peak = default_data_range(cube)
    if peak <= 0:
        low, high = np.nanquantile(cube, (0.001, 0.999))
        peak = float(high - low)
    if not peak > 0:
        raise RasterError(f"{source.path}: all values are equal: there is nothing to assess")
    return peak


def _real_scene(
    source: Raster, area: Window, truth: Truth, resolver: Resolver, tile: int | None, path: Path
) -> Subject:
    """Cut the window out as a scene of its own, and tiles so that there are borders to look at."""
    raster = source
    if area != whole(source):
        raster = write(
            path, source.upscaled(1, *area), read_cube(source, area, range(len(source.bands)))
        )
    side = min(tile or _TILE, -(-max(raster.shape) // 2))
    return Subject(
        raster=raster,
        bands=truth.bands,
        cube=read_cube(source, area, truth.bands),
        grid=cut(
            raster,
            context=resolver.context,
            ramp=resolver.ramp,
            reach=resolver.degradation.reach,
            tile=side,
            region=None,
        ),
        tile=side,
        colors=truth.colors,
        picture=read_cube(source, area, truth.colors.bands),
    )


def _shares(
    progress: Progress | None, log: Log | None, runs: int
) -> Callable[[str], Progress | None]:
    """Return a function that announces the next run, and gives it its share of the progress."""
    begun = 0

    def next_run(title: str) -> Progress | None:
        nonlocal begun
        first, begun = begun, begun + 1
        if log is not None:
            log(title)
        if progress is None:
            return None
        return lambda done, total: progress(
            _UNITS * first + _UNITS * done // max(total, 1), _UNITS * runs
        )

    return next_run
