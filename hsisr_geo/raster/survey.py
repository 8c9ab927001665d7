"""`Survey`: the statistics of a scene that arrives in blocks, in one pass.

`scan_scene` reads a file in strips, and knows beforehand which bands have no value anywhere. A
block of an array knows of itself only; surveys of all blocks, merged in any order, tell the same.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hsisr_geo.bands.radiometry import Cube
from hsisr_geo.cube.windows import Window
from hsisr_geo.raster.statistics import (
    Moments,
    SceneStatistics,
    band_moments,
    joint_moments,
    lattice_step,
    no_pixels,
    strip_rows,
    summary,
)


@dataclass(frozen=True, eq=False)
class Survey:
    """What some pixels of a scene say of it.

    Attributes
    ----------
    present
        bool (band,): the band has a value here.
    single
        Moments of each band.
    joint
        Moments of the spectra that are complete in the present bands, over these.
    places
        int64 (pixel,): where complete spectra of the scene's lattice lie, row by row.
    spectra
        float32 (pixel, present band): these.
    """

    present: NDArray[np.bool_]
    single: Moments
    joint: Moments
    places: NDArray[np.int64]
    spectra: NDArray[np.float32]

    def merge(self, other: "Survey") -> "Survey":
        """Combine the surveys of two disjoint sets of pixels.

        A band that one of them lacks, but not the other, leaves the former without a complete
        spectrum: which bands count is known only when all blocks are in.
        """
        present = self.present | other.present
        single = self.single.merge(other.single)
        mine, others = (bool((s.present == present).all()) for s in (self, other))
        if mine and others:
            return Survey(
                present,
                single,
                self.joint.merge(other.joint),
                np.concatenate([self.places, other.places]),
                np.concatenate([self.spectra, other.spectra]),
            )
        if mine or others:
            return replace(self if mine else other, single=single)
        number = int(present.sum())
        return Survey(present, single, no_pixels(number, pairs=True), *_no_spectra(number))

    @property
    def bands(self) -> tuple[int, ...]:
        """Indices of the bands that have a value."""
        return tuple(np.flatnonzero(self.present).tolist())

    def statistics(self) -> SceneStatistics:
        """Return the statistics of the bands that have a value, if all of the scene was seen."""
        number, mean, second = self.single.count, self.single.mean, self.single.second
        single = Moments(number[self.present], mean[self.present], second[self.present])
        order = np.argsort(self.places, kind="stable")
        # ^ the sample is in row order, whatever the blocks were
        return summary(single, self.joint, self.spectra[order])


def survey_block(cube: Cube, window: Window, shape: tuple[int, int]) -> Survey:
    """Survey one block of a scene.

    Parameters
    ----------
    cube
        Its pixels (band, row, col), NaN where there is no value.
    window
        Where it lies in the scene, whose (rows, cols) are `shape`.
    """
    rows, cols = window
    step = lattice_step(*shape)
    strips = strip_rows((cube.shape[1], cube.shape[2]), len(cube))
    # ^ moments are taken in float64: of a part at a time, so that memory stays bounded
    found = [_survey(cube[:, s], rows.start + s.start, cols.start, shape, step) for s in strips]
    total = found[0]
    for part in found[1:]:
        total = total.merge(part)
    return total


def _survey(strip: Cube, top: int, left: int, shape: tuple[int, int], step: int) -> Survey:
    finite = np.isfinite(strip)
    present = np.asarray(finite.any(axis=(1, 2)))
    here = strip[present]
    complete: NDArray[np.bool_] = np.logical_and.reduce(finite[present])
    if not present.any():  # no band is missing, then
        complete = np.zeros_like(complete)
    rows = np.arange(-top % step, strip.shape[1], step)
    cols = np.arange(-left % step, strip.shape[2], step)
    chosen = complete[np.ix_(rows, cols)]
    places = (rows[:, None] + top) * np.int64(shape[1]) + (cols + left)
    return Survey(
        present,
        band_moments(strip, finite),
        joint_moments(here[:, complete].T),
        places[chosen],
        here[:, rows[:, None], cols][:, chosen].T,
    )


def _no_spectra(bands: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    return np.empty(0, np.int64), np.empty((0, bands), np.float32)


def statistics_of(cube: Cube) -> SceneStatistics:
    """Measure a cube (band, row, col) without holes, as a scene is measured."""
    rows, cols = cube.shape[1:]
    return survey_block(cube, (slice(0, rows), slice(0, cols)), (rows, cols)).statistics()
