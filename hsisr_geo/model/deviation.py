"""`predict_deviation`: how far an answer may be off, told by what is seen, without samples.

Where the ground is uneven an answer is wrong: where it has relief, where it is far from
interpolation, where it is bright, in bands of noise, and in scenes whose bands have long tails. The
logarithm of the standard deviation is a weighted sum of the logarithms of these;
`benchmarks/deviation.py` fitted the weights on scenes with a truth, and scaled what they make to
the errors found on sites and sensors that were left out.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hsisr_geo.bands.radiometry import Cube
from hsisr_geo.blur.band_noise import band_noise
from hsisr_geo.cube.resampling import upsample
from hsisr_geo.cube.windows import Window, inside, scaled
from hsisr_geo.errors import ModelError
from hsisr_geo.model.scene import usable_deviation
from hsisr_geo.raster.statistics import SceneStatistics
from hsisr_geo.resolver.interpolation import bilinear

ANSWER_REACH = 2
"""Input pixels around a part whose answer its deviation depends on."""
INPUT_REACH = 4
"""Input pixels around a part that its deviation depends on."""
AT_ONCE = 2
"""Bands that are worked on together: their arrays stay in a processor's cache."""

_LEAST = np.float32(4e-6)
# ^ of mean squares, in variances of a band: what is below tells nothing
# What was seen when the weights were fitted; of what lies beyond nothing is known.
_NOISE = 1e-5, 1.0  # variance of noise, as a share of a band's
_BRIGHTNESS = 0.05, 20.0  # value over the band's mean
_LEVEL = 0.2, 20.0  # mean over deviation
_TAILS = 1.2, 300.0  # kurtosis

Weights = Mapping[str, float]
"""By the name of what is seen, and `constant`."""


@dataclass(frozen=True, eq=False)
class BandNoise:
    """What a prediction takes from the whole scene, each (band,).

    Attributes
    ----------
    mean, std
        In physical units; the deviation that is divided by, never 0.
    noise, level, tails
        Logarithms: of the noise's deviation and of the mean, over the band's deviation; and of
        the kurtosis.
    """

    mean: NDArray[np.float64]
    std: NDArray[np.float64]
    noise: NDArray[np.float64]
    level: NDArray[np.float64]
    tails: NDArray[np.float64]

    @classmethod
    def of(cls, statistics: SceneStatistics) -> "BandNoise":
        """Take them from a scene's statistics."""
        mean, std = statistics.mean, usable_deviation(statistics.std)
        noise = band_noise(statistics.covariance / np.outer(std, std), statistics.count)
        apart = (statistics.sample - mean) / std
        kurtosis = np.mean(apart**4, axis=0) if len(apart) else np.ones(len(std))
        return cls(
            mean,
            std,
            np.log(np.clip(noise, *_NOISE)) / 2,
            np.log(np.clip(np.abs(mean) / std, *_LEVEL)),
            np.log(np.clip(kurtosis, *_TAILS)),
        )

    def __getitem__(self, bands: slice) -> "BandNoise":
        """Return those of some bands."""
        return BandNoise(*(getattr(self, name)[bands] for name in self.__dataclass_fields__))


def predict_deviation(
    lr: Cube, sr: Cube, over: Window, part: Window, facts: BandNoise, weights: Weights
) -> Cube:
    """Return the standard deviation (band, upscale * row, upscale * col) of a part of an answer.

    Parameters
    ----------
    lr, sr
        Input (band, row, col) with holes filled, and the answer to what lies `over` it.
    over, part
        In pixels of `lr`; `INPUT_REACH` and `ANSWER_REACH` around the part, as far as there is
        anything.
    facts
        Of these bands.
    """
    constant = weights["constant"] + sum(
        weights[name] * getattr(facts, name) for name in ("noise", "level", "tails")
    )
    upscale = sr.shape[1] // (over[0].stop - over[0].start)
    coarse = _of_bands(constant + np.log(facts.std))
    x, y = (cube / _of_bands(facts.std) for cube in (lr, sr))
    for name, log in coarse_logs(x, y, over, facts):
        coarse = coarse + np.float32(weights[name]) * log
    out = bilinear(coarse, upscale)
    relief = relief_log(y)
    relief *= np.float32(weights["relief"])
    out += relief
    rows, cols = scaled(inside(part, over), upscale)
    out = out[:, rows, cols]
    out = np.exp(out, out=np.empty(out.shape, np.float32))
    _round(out)
    return out


def relief_log(y: Cube) -> Cube:
    """Logarithm of the steps from pixel to pixel of an answer over its bands' deviations.

    Root mean squares over 3 x 3 pixels, of steps down and to the right (band, row, col).
    """
    return _half_log(_sums(_steps(y)), 9)


def coarse_logs(x: Cube, y: Cube, over: Window, facts: BandNoise) -> Iterator[tuple[str, Cube]]:
    """Yield by its name what is seen at each input pixel that the answer lies over, as logarithm.

    `detail`: what the answer has above interpolation, root mean square over 3 x 3 pixels;
    `brightness`: value over the band's mean. Input `x` and answer are divided by deviations, too.
    """
    here = (slice(None), *over)
    upscale = y.shape[1] // x[here].shape[1]
    detail = upsample(x, upscale)[(slice(None), *scaled(over, upscale))]
    detail -= y
    cells = _cell_sums(np.square(detail, out=detail), upscale)
    yield "detail", _half_log(_sums(cells), 9 * upscale**2)
    mean = _of_bands(np.maximum(np.abs(facts.mean) / facts.std, 1e-3))
    yield "brightness", np.log(np.clip(np.abs(x[here]) / mean, *_BRIGHTNESS))


def chunks(bands: int) -> Iterator[slice]:
    """Cut bands into those that are worked on together."""
    for start in range(0, bands, AT_ONCE):
        yield slice(start, min(start + AT_ONCE, bands))


def weights_of(upscale: int) -> Weights:
    """Return the weights that were fitted for an upscale.

    Raises
    ------
    ModelError
        None were.
    """
    found = table()["upscales"].get(str(upscale))
    if found is None:
        raise ModelError(
            f"no deviation was ever fitted for upscale {upscale}: give a number of samples "
            "(--samples), or leave out --uncertainty"
        )
    weights: Weights = found
    return weights


@cache
def table() -> dict[str, Any]:
    """Return the fitted weights as they are stored, with where they are from."""
    text = resources.files("hsisr_geo.model").joinpath("deviation.json").read_text("utf-8")
    table: dict[str, Any] = json.loads(text)
    return table


def _of_bands(values: NDArray[np.float64]) -> Cube:
    """One value a band, to be used on all pixels of a cube."""
    return np.asarray(values, np.float32)[:, None, None]


def _round(cube: Cube) -> None:
    """Round to three and a half digits, in place: nothing finer is known, and files are smaller.

    Fewer would be enough, but where one tile's arithmetic rounds up and another's down, the step
    would be seen.
    """
    bits = cube.view(np.uint32)
    bits += np.uint32(0x800)
    bits &= np.uint32(0xFFFFF000)


def _cell_sums(cube: Cube, upscale: int) -> Cube:
    """Sum over the output pixels of each input pixel.

    Rows are added up first, and columns by strides: NumPy is ten times as slow at many short sums.
    """
    bands, rows, cols = cube.shape
    total = cube.reshape(bands, rows // upscale, upscale, cols).sum(axis=2)
    out: Cube = total[:, :, ::upscale] + total[:, :, 1::upscale]
    for offset in range(2, upscale):
        out += total[:, :, offset::upscale]
    return out


def _half_log(sums: Cube, of: int) -> Cube:
    """Logarithm of the roots of means, given as sums of so many, in place."""
    sums *= np.float32(1 / of)
    sums += _LEAST
    np.log(sums, out=sums)
    sums *= np.float32(0.5)
    return sums


def _steps(cube: Cube) -> Cube:
    """Squares of the steps to the next row and to the next column; none beyond the last ones."""
    out = np.empty_like(cube)
    down = out[:, :-1]
    np.square(np.subtract(cube[:, 1:], cube[:, :-1], out=down), out=down)
    out[:, -1] = 0
    # One line of all pixels is worked on twice as fast as rows. Where it goes from the end of a row
    # to the next row's beginning there is no step.
    across = np.empty_like(cube)
    line, pixels = across.ravel(), cube.ravel()
    np.square(np.subtract(pixels[1:], pixels[:-1], out=line[:-1]), out=line[:-1])
    across[:, :, -1] = 0
    out += across
    return out


def _sums(cube: Cube) -> Cube:
    """Sum over 3 x 3 pixels; at an edge the last ones count twice."""
    return _across(_down(cube))


def _down(cube: Cube) -> Cube:
    """Sum of each pixel and the ones above and below."""
    out = np.empty_like(cube)
    np.add(cube[:, 1:], cube[:, :-1], out=out[:, 1:])
    np.add(cube[:, 0], cube[:, 0], out=out[:, 0])
    out[:, :-1] += cube[:, 1:]
    out[:, -1] += cube[:, -1]
    return out


def _across(cube: Cube) -> Cube:
    """Sum of each pixel and the ones to its left and right: of all rows as one line, then ends."""
    if cube.shape[2] == 1:
        return 3 * cube
    out = np.empty_like(cube)
    line, pixels = out.ravel(), cube.ravel()
    np.add(pixels[1:-1], pixels[:-2], out=line[1:-1])
    line[1:-1] += pixels[2:]
    for end, next_to in ((0, 1), (-1, -2)):
        out[:, :, end] = 2 * cube[:, :, end] + cube[:, :, next_to]
    return out
