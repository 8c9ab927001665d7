"""`estimate_mtf`: how much of the finest detail a scene's own pixels say that its blur has left.

A small network of quantiles, trained on photographs and scenes that were blurred by known amounts,
gives the modulation at the Nyquist frequency, per direction: the middle, and bounds that the truth
exceeds in one of ten cases each. Soft ground looks like a soft sensor; the upper bound is wide
enough to hold for most ground, and who sharpens should believe that one.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hsisr_geo.blur.band_noise import band_noise
from hsisr_geo.blur.features import features
from hsisr_geo.cube.windows import Window
from hsisr_geo.heap import give_back
from hsisr_geo.raster.datasets import close_handles
from hsisr_geo.raster.raster import Raster
from hsisr_geo.raster.read import read_window

_COMPONENTS = 4
_BANDS = 96  # so many are looked at, evenly apart
_SIDE = 128  # pixels of a sample
_LEAST_SIDE = 10
_SAMPLES_A_SIDE = 2
_LEAST_VALID = 0.5


class Mtf(NamedTuple):
    """Modulation at the Nyquist frequency of the pixels, in one direction: 10, 50 and 90 %."""

    low: float
    middle: float
    high: float


@dataclass(frozen=True)
class Estimate:
    """Of the blur from row to row, and of that from column to column."""

    rows: Mtf
    cols: Mtf


def estimate_mtf(raster: Raster) -> Estimate | None:
    """Estimate from up to four samples of a scene; None where there are too few valid pixels.

    Raises
    ------
    RasterError : the pixels cannot be read
    """
    bands = raster.bands.good_by_wavelength
    bands = bands[:: max(1, -(-len(bands) // _BANDS))]
    if not bands:
        return None
    cubes = [read_window(raster, *window, bands) for window in _windows(raster.shape)]
    close_handles()  # their blocks would be there beside what follows
    give_back()
    cubes = [cube for cube in cubes if _share_of_valid(cube) >= _LEAST_VALID]
    found = [_quantiles(numbers) for numbers in _features(cubes)]
    if not found:
        return None
    rows, cols = np.exp(np.mean(found, axis=0))
    return Estimate(Mtf(*map(float, rows)), Mtf(*map(float, cols)))


def _windows(shape: tuple[int, int]) -> Iterator[Window]:
    """Yield squares evenly apart; a small scene is one, and a tiny one none."""
    axes = [_places(size) for size in shape]
    if min(shape) >= _LEAST_SIDE:
        for rows in axes[0]:
            for cols in axes[1]:
                yield rows, cols


def _places(size: int) -> list[slice]:
    if size <= 2 * _SIDE:
        start = max(0, (size - _SIDE) // 2)
        return [slice(start, min(size, start + _SIDE))]
    edges = np.linspace(0, size, 2 * _SAMPLES_A_SIDE + 1)[1::2]
    return [slice(int(middle) - _SIDE // 2, int(middle) + _SIDE // 2) for middle in edges]


def _share_of_valid(cube: NDArray[np.float32]) -> float:
    return float(np.isfinite(cube).all(axis=0).mean())


def _features(cubes: Sequence[NDArray[np.float32]]) -> Iterator[NDArray[np.float64]]:
    """Yield the numbers of each sample, along the axes that all samples together have."""
    if not cubes:
        return
    bands = len(cubes[0])
    pixels = np.concatenate([cube.reshape(bands, -1) for cube in cubes], axis=1)
    pixels = pixels[:, np.isfinite(pixels).all(axis=0)].astype(np.float64)
    mean, std = pixels.mean(axis=1), pixels.std(axis=1)
    use = std > 1e-6 * max(float(std.max(initial=0)), 1e-30)
    if not use.any():
        return
    chosen = np.ascontiguousarray(pixels if use.all() else pixels[use])
    correlation = np.atleast_2d(np.corrcoef(chosen))
    axes = np.linalg.eigh(correlation)[1][:, ::-1][:, :_COMPONENTS]
    noise = (axes**2).T @ band_noise(correlation, pixels.shape[1])
    for cube in cubes:
        standard = (cube[use] - mean[use, None, None]) / std[use, None, None]
        numbers = features(np.tensordot(axes.T, standard, axes=1), noise)
        if np.isfinite(numbers).all():
            yield numbers


def _quantiles(numbers: NDArray[np.float64]) -> NDArray[np.float64]:
    """Numbers (axis, number) -> quantiles of log MTF (axis, 3), mean of the networks."""
    return np.sort(np.mean([network(numbers) for network in _networks()], axis=0), axis=1)


@dataclass(frozen=True, eq=False)
class _Network:
    mean: NDArray[np.float64]
    std: NDArray[np.float64]
    layers: tuple[tuple[NDArray[np.float64], NDArray[np.float64]], ...]

    def __call__(self, numbers: NDArray[np.float64]) -> NDArray[np.float64]:
        x = np.clip((numbers - self.mean) / self.std, -4, 4)
        *hidden, (weight, bias) = self.layers
        for w, b in hidden:
            x = np.tanh(x @ w.T + b)
        out: NDArray[np.float64] = x @ weight.T + bias
        return out


@lru_cache(maxsize=1)
def _networks() -> tuple[_Network, ...]:
    text = resources.files("hsisr_geo.blur").joinpath("softness.json").read_text("utf-8")
    return tuple(
        _Network(
            np.array(one["mean"]),
            np.array(one["std"]),
            tuple((np.array(part["weight"]), np.array(part["bias"])) for part in one["layers"]),
        )
        for one in json.loads(text)
    )
