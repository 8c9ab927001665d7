"""`assess()`: how well a method does on the user's own scene, in numbers.

Where there is a truth: the scene, degraded, super-resolved and compared with itself, beside the
baselines. Where there is none: the scene super-resolved as it is, and checked for what can be told.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from hsisr_geo.api import super_resolve
from hsisr_geo.assessment.no_reference import Check, Subject, measure_check
from hsisr_geo.assessment.sample_window import choose_window
from hsisr_geo.assessment.trial import Trial, measure_trial
from hsisr_geo.assessment.truth import Truth, degraded_pair
from hsisr_geo.assessment.wald import SMALLEST, check_size, whole_groups, write
from hsisr_geo.cube.windows import Window
from hsisr_geo.engine.grid import cut
from hsisr_geo.engine.identity import holding_still
from hsisr_geo.engine.listener import Log, Progress, ignore
from hsisr_geo.engine.pipeline import RunReport
from hsisr_geo.engine.request import check_scene
from hsisr_geo.errors import OptionError, RasterError
from hsisr_geo.files import temporary_folder
from hsisr_geo.raster.open import as_raster, open_raster
from hsisr_geo.raster.place.gcp import Bounds
from hsisr_geo.raster.raster import Raster
from hsisr_geo.raster.read import read_cube, whole
from hsisr_geo.raster.suitability import check_suitable
from hsisr_geo.resolver.interpolation import baselines
from hsisr_geo.resolver.protocol import Resolver, settled

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
    resolver
        What is assessed. Its D is the one that the scene is degraded by; where that is for a scene
        to tell (psf `auto`, `fwhm:45m`), this scene is asked.
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
    resolver = settled(resolver, source)
    area = _choose_area(source, bounds, window, resolver.upscale)
    with holding_still(source), temporary_folder(scratch) as folder:
        truth = degraded_pair(source, area, resolver.degradation, folder / "coarse.tif")
        real = choose_window(source, truth.bands, area, min(window, REAL_WINDOW))
        scene = _real_scene(source, real, truth, resolver, tile, folder / "scene.tif")
        others = baselines(resolver.upscale, resolver.degradation)
        methods = (*(other for other in others if other.name != resolver.name), resolver)
        on_scene = [method for method in methods if method.name not in ("nearest", "bilinear")]
        step = _shares(progress or ignore, log or ignore, len(methods) + len(on_scene))

        def run(
            raster: str | Raster, method: Resolver, tile: int | None, what: str
        ) -> tuple[RunReport, Raster]:
            path = folder / "made.tif"
            done = super_resolve(
                raster,
                path,
                resolver=method,
                tile=tile,
                threads=threads,
                valid_range=valid_range,
                again=True,  # as asked at the beginning
                overwrite=True,
                progress=step(f"{method.name}: {what}"),
            )
            return done, open_raster(path)

        trials = [
            measure_trial(truth, method, *run(truth.coarse.path, method, tile, "degraded scene"))
            for method in methods
        ]
        checks = [
            measure_check(scene, method, *run(scene.raster, method, scene.tile, "scene as is"))
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
        grid=cut(raster, resolver, tile=side),
        tile=side,
        colors=truth.colors,
        picture=read_cube(source, area, truth.colors.bands),
    )


def _shares(progress: Progress, log: Log, runs: int) -> Callable[[str], Progress]:
    """Return a function that announces the next run, and gives it its share of the progress."""
    begun = 0

    def next_run(title: str) -> Progress:
        nonlocal begun
        first, begun = begun, begun + 1
        log(title)
        return lambda done, total: progress(
            _UNITS * first + _UNITS * done // max(total, 1), _UNITS * runs
        )

    return next_run
