"""One method on the degraded scene, held against the original: Wald's protocol, second half."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hsisr_geo.assessment.confidence import BlockErrors, measure_blocks
from hsisr_geo.assessment.exemplars import Exemplar
from hsisr_geo.assessment.gradients import measure_steps
from hsisr_geo.assessment.index_errors import index_errors
from hsisr_geo.assessment.truth import Truth
from hsisr_geo.bands.radiometry import Cube
from hsisr_geo.engine.pipeline import RunReport
from hsisr_geo.metrics import Scores, evaluate
from hsisr_geo.raster.raster import Raster
from hsisr_geo.raster.read import read_cube, whole
from hsisr_geo.resolver.protocol import Resolver


@dataclass(frozen=True, eq=False)
class Trial:
    """What a method made of the degraded scene.

    Attributes
    ----------
    scores
        Over the compared bands; `scores.psnr` is in their order.
    sharpness
        Gradient energy in units of the original's; None for an original without any.
    consistency_rms, consistency_relative, values_cut, seconds, warnings
        As in `RunReport`.
    error
        Root mean square error over bands of each pixel (row, col), NaN in holes.
    picture
        Red, green and blue (3, row, col), physical values.
    spectra, samples
        Of the exemplars, (exemplar, band); of the lattice, (band, row, col).
    blocks
        The errors by blocks of the scene.
    index_errors
        Mean absolute error of each of the truth's indices, by name.
    """

    name: str
    scores: Scores
    sharpness: float | None
    consistency_rms: float | None
    consistency_relative: float | None
    values_cut: float | None
    seconds: float
    warnings: tuple[str, ...]
    error: NDArray[np.float32]
    picture: Cube
    spectra: NDArray[np.float32]
    samples: Cube
    blocks: BlockErrors
    index_errors: Mapping[str, float]


def measure_trial(truth: Truth, resolver: Resolver, done: RunReport, result: Raster) -> Trial:
    """Score what a run made of the degraded scene."""
    sr = read_cube(result, whole(result), truth.bands)
    return Trial(
        name=resolver.name,
        scores=evaluate(sr, truth.cube, upscale=resolver.upscale, data_range=truth.data_range),
        sharpness=_sharpness(sr, truth.cube),
        consistency_rms=done.consistency_rms,
        consistency_relative=done.consistency_relative,
        values_cut=done.values_cut,
        seconds=done.seconds,
        warnings=done.warnings,
        error=error_map(sr, truth.cube),
        picture=read_cube(result, whole(result), truth.colors.bands),
        spectra=spectra_at(sr, truth.exemplars),
        samples=truth.lattice.of(sr),
        blocks=measure_blocks(sr, truth.cube, resolver.upscale),
        index_errors=index_errors(sr, truth.indices),
    )


def error_map(sr: Cube, reference: Cube) -> NDArray[np.float32]:
    """Root mean square over the bands that both have, (row, col); NaN where there is none."""
    squares, count = (np.zeros(sr.shape[1:]) for _ in range(2))
    for x, y in zip(sr, reference, strict=True):
        difference = x.astype(np.float64) - y
        valid = np.isfinite(difference)
        squares[valid] += difference[valid] ** 2
        count += valid
    mean = np.divide(squares, count, out=np.full_like(squares, np.nan), where=count > 0)
    return np.sqrt(mean).astype(np.float32)


def spectra_at(cube: Cube, exemplars: Sequence[Exemplar]) -> NDArray[np.float32]:
    """Return the spectra of some pixels, (exemplar, band)."""
    rows, cols = [e.row for e in exemplars], [e.col for e in exemplars]
    return cube[:, rows, cols].T


def _sharpness(sr: Cube, reference: Cube) -> float | None:
    """Gradient energy over the reference's, both where both have values."""
    holes = (np.where(np.isfinite(y), x, np.nan) for x, y in zip(sr, reference, strict=True))
    ours, theirs = measure_steps(holes).energy, measure_steps(reference).energy
    return ours / theirs if ours is not None and theirs else None
