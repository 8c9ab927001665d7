"""One method on the scene itself, where there is no truth: what can be told without one.

None of these figures says that detail is right. They say whether the result contradicts the input
(consistency, spectral angle, range) and whether the method left traces (seams, ringing, noise).
"""

from dataclasses import dataclass

import numpy as np

from hsisr_geo.assessment.gradients import Seams, Steps, find_seams, measure_steps
from hsisr_geo.assessment.wald import degrade
from hsisr_geo.bands.radiometry import Cube
from hsisr_geo.bands.truecolor import Colors
from hsisr_geo.cube.degradation import Degradation
from hsisr_geo.cube.tiling import TileGrid
from hsisr_geo.engine.pipeline import RunReport
from hsisr_geo.metrics import spectral_angle_deg
from hsisr_geo.raster.raster import Raster
from hsisr_geo.raster.read import read_cube, read_planes, whole
from hsisr_geo.resolver.protocol import Resolver


@dataclass(frozen=True, eq=False)
class Subject:
    """What methods are applied to.

    Attributes
    ----------
    raster, bands
        A window of the scene, and the indices of the bands that are looked at.
    cube
        Its values in these bands (band, row, col), NaN in holes.
    grid
        How runs are tiled; where its cores meet, seams are looked for.
    tile
        Side of a tile, for `super_resolve`.
    colors, picture
        The bands that are shown, and their values (3, row, col).
    """

    raster: Raster
    bands: tuple[int, ...]
    cube: Cube
    grid: TileGrid
    tile: int
    colors: Colors
    picture: Cube


@dataclass(frozen=True, eq=False)
class Check:
    """What a method made of the scene.

    Attributes
    ----------
    consistency_rms, consistency_relative, values_cut, seconds, warnings
        As in `RunReport`.
    angle_to_input_deg
        Mean spectral angle between the result, degraded again, and the input; NaN if undefined.
    seams
        How much tile borders stand out; None where it cannot be told.
    gradient_energy
        Mean square of the steps between neighbouring pixels, in squared physical units.
    outside
        Share of the values below the least or above the largest of their band's input.
    picture
        Red, green and blue (3, row, col), physical values.
    """

    name: str
    consistency_rms: float | None
    consistency_relative: float | None
    values_cut: float | None
    angle_to_input_deg: float
    seams: Seams | None
    gradient_energy: float | None
    outside: float
    seconds: float
    warnings: tuple[str, ...]
    picture: Cube


def measure_check(scene: Subject, resolver: Resolver, done: RunReport, result: Raster) -> Check:
    """Look band by band at what a run made of the scene."""
    steps, outside, degraded = _look_at(scene, result, resolver.degradation)
    return Check(
        name=resolver.name,
        consistency_rms=done.consistency_rms,
        consistency_relative=done.consistency_relative,
        values_cut=done.values_cut,
        angle_to_input_deg=spectral_angle_deg(degraded, scene.cube),
        seams=find_seams(
            steps,
            upscale=resolver.upscale,
            rows=scene.grid.rows.borders[1:-1],
            cols=scene.grid.cols.borders[1:-1],
        ),
        gradient_energy=steps.energy,
        outside=outside,
        seconds=done.seconds,
        warnings=done.warnings,
        picture=read_cube(result, whole(result), scene.colors.bands),
    )


def _look_at(scene: Subject, result: Raster, degradation: Degradation) -> tuple[Steps, float, Cube]:
    """Read each band once; only what is as small as the input is kept.

    Returns
    -------
    steps, share of values outside the input's range, the result degraded again
    """
    degraded = np.empty_like(scene.cube)
    steps: list[Steps] = []
    outside, count = 0, 0
    for i, plane in enumerate(read_planes(result, whole(result), scene.bands)):
        steps.append(measure_steps([plane]))
        degraded[i] = degrade(plane[None], degradation)[0]
        low, high = np.nanmin(scene.cube[i]), np.nanmax(scene.cube[i])
        outside += int(((plane < low) | (plane > high)).sum())
        count += int(np.isfinite(plane).sum())
    return sum(steps[1:], start=steps[0]), outside / max(count, 1), degraded
