"""`predict_deviation`: how far an answer may be off, told by what is seen, without samples.

Where the ground is uneven an answer is wrong: where it has fine detail, where it is far from
interpolation, where neighbouring input pixels differ, where it is bright, in bands of noise, and in
scenes whose bands have long tails. The logarithm of the standard deviation is a weighted sum of the
logarithms of these; `benchmarks/deviation.py` fitted the weights on scenes with a truth, and scaled
what they make to the errors found on sites and sensors that were left out.
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
    coarse: Cube = np.asarray(constant, np.float32)[:, None, None]
    for name, log in coarse_logs(lr, sr, over, facts):
        coarse = coarse + np.float32(weights[name]) * log
    out = bilinear(coarse, upscale)
    for name, log in fine_logs(sr, facts):
        log *= np.float32(weights[name])
        out += log
    rows, cols = scaled(inside(part, over), upscale)
    out = np.exp(out[:, rows, cols])
    out *= np.asarray(facts.std, np.float32)[:, None, None]
    _round(out)
    return out


def fine_logs(sr: Cube, facts: BandNoise) -> Iterator[tuple[str, Cube]]:
    """Yield by its name what is seen at each output pixel, in deviations of a band, as logarithm.

    `relief`: steps from pixel to pixel, root mean square over 3 x 3; `texture`: the same of how far
    pixels are from the mean of their neighbours.
    """
    y = _standard(sr, facts)
    yield "relief", _half_log(_box(_steps(y)))
    y -= _box(y)
    yield "texture", _half_log(_box(np.square(y, out=y)))


def coarse_logs(lr: Cube, sr: Cube, over: Window, facts: BandNoise) -> Iterator[tuple[str, Cube]]:
    """Yield the same of each input pixel that the answer lies over.

    `detail`: what the answer has above interpolation, over 3 x 3 pixels; `contrast`: the texture of
    the input; `brightness`: value over the band's mean.
    """
    x, y = _standard(lr, facts), _standard(sr, facts)
    here = (slice(None), *over)
    upscale = y.shape[1] // x[here].shape[1]
    y -= upsample(x, upscale)[(slice(None), *scaled(over, upscale))]
    yield "detail", _half_log(_box(_cell_means(np.square(y, out=y), upscale)))
    yield "contrast", _half_log(_box(np.square(x - _box(x))))[here]
    mean = np.maximum(np.abs(facts.mean), 1e-3 * facts.std).astype(np.float32)[:, None, None]
    yield "brightness", np.log(np.clip(np.abs(lr[here]) / mean, *_BRIGHTNESS))


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


def _standard(cube: Cube, facts: BandNoise) -> Cube:
    mean, std = (np.asarray(a, np.float32)[:, None, None] for a in (facts.mean, facts.std))
    out: Cube = cube - mean
    out /= std
    return out


def _round(cube: Cube) -> None:
    """Round to three and a half digits, in place: nothing finer is known, and files are smaller.

    Fewer would be enough, but where one tile's arithmetic rounds up and another's down, the step
    would be seen.
    """
    bits = cube.view(np.uint32)
    bits += np.uint32(0x800)
    bits &= np.uint32(0xFFFFF000)


def _cell_means(cube: Cube, upscale: int) -> Cube:
    """Mean over the output pixels of each input pixel.

    Rows are added up first, and columns by strides: NumPy is ten times as slow at many short sums.
    """
    bands, rows, cols = cube.shape
    total = cube.reshape(bands, rows // upscale, upscale, cols).sum(axis=2)
    out: Cube = total[:, :, ::upscale] + total[:, :, 1::upscale]
    for offset in range(2, upscale):
        out += total[:, :, offset::upscale]
    out /= np.float32(upscale**2)
    return out


def _half_log(squares: Cube) -> Cube:
    """Logarithm of roots of mean squares, in place."""
    squares += _LEAST
    np.log(squares, out=squares)
    squares *= np.float32(0.5)
    return squares


def _steps(cube: Cube) -> Cube:
    """Squares of the steps to the next row and to the next column."""
    out = np.zeros_like(cube)
    np.subtract(cube[:, 1:], cube[:, :-1], out=out[:, :-1])
    np.square(out, out=out)
    across = cube[:, :, 1:] - cube[:, :, :-1]
    out[:, :, :-1] += np.square(across, out=across)
    return out


def _box(cube: Cube) -> Cube:
    """Mean over 3 x 3 pixels; at an edge the last ones count twice."""
    for axis in (1, 2):
        cube = _three(cube, axis)
    return cube


def _three(cube: Cube, axis: int) -> Cube:
    """Mean of each pixel and its two neighbours along an axis."""
    out = cube.copy()
    total, x = np.moveaxis(out, axis, 0), np.moveaxis(cube, axis, 0)
    total[1:] += x[:-1]
    total[:1] += x[:1]
    total[:-1] += x[1:]
    total[-1:] += x[-1:]
    out *= np.float32(1 / 3)
    return out
