"""`SceneStatistics`: mean, covariance and a sample of spectra from one pass; a scene's scale."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from itertools import count
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hsisr_geo.heap import give_back
from hsisr_geo.raster.datasets import close_handles
from hsisr_geo.raster.raster import Raster
from hsisr_geo.raster.read import read_window
from hsisr_geo.threads import each

STRIP_BYTES = 16 * 2**20
SAMPLE_PIXELS = 16384
_BANDS = 16  # whose deviations are held at once by a thread
_PRODUCTS = 64  # bands whose covariances are one product of matrices
QUANTILE = 0.999
"""Unlike the maximum, it does not hang on one glint."""


@dataclass(frozen=True, eq=False)
class SceneStatistics:
    """Moments of a scene's spectra, in physical units.

    Attributes
    ----------
    count
        Pixels that are valid in every band; covariance and sample come from these.
    mean, std
        float64 (band,), each from all valid values of its band; 0 for a band without any.
    covariance
        float64 (band, band); zeros if count is 0.
    sample
        float32 (pixel, band): valid spectra on a regular lattice, at most 16384, in row order.
    """

    count: int
    mean: NDArray[np.float64]
    std: NDArray[np.float64]
    covariance: NDArray[np.float64]
    sample: NDArray[np.float32]


def save(statistics: SceneStatistics, path: Path) -> None:
    """Write statistics to a file (.npz), which appears when it is complete."""
    arrays = {field.name: getattr(statistics, field.name) for field in fields(statistics)}
    draft = path.with_name(f"{path.name}.new")
    with draft.open("wb") as file:
        np.savez(file, **arrays)
    os.replace(draft, path)


def load(path: Path) -> SceneStatistics | None:
    """Read what `save` wrote, to the last bit; None where there is no such file."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            # ^ numpy leaves a damaged one open
            return SceneStatistics(
                int(arrays["count"]),
                *(arrays[name] for name in ("mean", "std", "covariance", "sample")),
            )
    except FileNotFoundError:
        return None


@dataclass(frozen=True, eq=False)
class Moments:
    """Count, mean and second central moment; elementwise over bands, or as a matrix of pairs."""

    count: NDArray[np.float64]
    mean: NDArray[np.float64]
    second: NDArray[np.float64]

    def merge(self, other: "Moments") -> "Moments":
        """Combine two disjoint sets of pixels (Chan et al. 1979), without cancellation."""
        total = self.count + other.count
        share = other.count / np.maximum(total, 1)
        delta = other.mean - self.mean
        square = np.outer(delta, delta) if self.second.ndim == 2 else delta * delta
        second = self.second + other.second + square * self.count * share
        return Moments(total, self.mean + delta * share, second)


def scan_scene(raster: Raster, bands: Sequence[int], *, in_turns: bool = False) -> SceneStatistics:
    """Measure the chosen bands over the whole scene, in one pass.

    Parameters
    ----------
    bands
        Indices of bands, from 0.
    in_turns
        Give back what a dataset keeps before a strip that was read is measured: there is memory for
        one of both only.
    """
    single, joint = no_pixels(len(bands), pairs=False), no_pixels(len(bands), pairs=True)
    spectra = [np.empty((0, len(bands)), np.float32)]
    step = lattice_step(*raster.shape)
    for rows, strip in _strips(raster, bands):
        if in_turns:
            close_handles()
            give_back()
        valid = np.isfinite(strip)
        complete: NDArray[np.bool_] = np.logical_and.reduce(valid)
        single = single.merge(band_moments(strip, valid))
        del valid
        joint = joint.merge(joint_moments(_spectra(strip, complete)))
        spectra.append(lattice_spectra(strip, complete, rows.start, step))
        del strip, complete  # or two strips would be there at a time
    return summary(single, joint, np.concatenate(spectra))


def _spectra(strip: NDArray[np.float32], complete: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return the complete spectra (pixel, band) of a strip, not copied if that are all."""
    return (strip.reshape(len(strip), -1) if complete.all() else strip[:, complete]).T


def summary(single: Moments, joint: Moments, sample: NDArray[np.float32]) -> SceneStatistics:
    """Turn the moments of a whole scene, of each band and of whole spectra, into its statistics."""
    return SceneStatistics(
        count=int(joint.count),
        mean=single.mean,
        std=np.sqrt(single.second / np.maximum(single.count, 1)),
        covariance=joint.second / max(float(joint.count), 1.0),
        sample=sample,
    )


def bands_with_data(raster: Raster, bands: Sequence[int]) -> tuple[int, ...]:
    """Keep the bands that have at least one valid pixel; reads no further than it must."""
    empty = list(bands)
    for rows in strip_rows(raster.shape, len(bands)):
        if not empty:
            break
        cube = read_window(raster, rows, slice(0, raster.shape[1]), empty)
        empty = [band for band, plane in zip(empty, cube, strict=True) if np.isnan(plane).all()]
    return tuple(band for band in bands if band not in empty)


def _strips(raster: Raster, bands: Sequence[int]) -> Iterator[tuple[slice, NDArray[np.float32]]]:
    """Read the scene from top to bottom, in strips (band, row, col)."""
    for rows in strip_rows(raster.shape, len(bands)):
        yield rows, read_window(raster, rows, slice(0, raster.shape[1]), bands)


def strip_rows(shape: tuple[int, int], bands: int) -> Iterator[slice]:
    """Cut the rows of a scene into strips of equal height; the last may be lower."""
    height = max(1, STRIP_BYTES // (4 * shape[1] * max(bands, 1)))
    for start in range(0, shape[0], height):
        yield slice(start, min(start + height, shape[0]))


def no_pixels(bands: int, *, pairs: bool) -> Moments:
    """Moments of nothing: the neutral element of `merge`."""
    zeros = np.zeros(bands)
    return Moments(
        np.zeros(() if pairs else bands), zeros, np.zeros((bands, bands)) if pairs else zeros
    )


def band_moments(strip: NDArray[np.float32], valid: NDArray[np.bool_]) -> Moments:
    """Moments of each band over its own valid pixels."""
    number, mean, second = np.zeros((3, len(strip)))

    def measure(bands: slice) -> None:
        some, there = strip[bands], valid[bands]
        number[bands] = there.sum(axis=(1, 2))
        total = np.sum(some, axis=(1, 2), where=there, dtype=np.float64)
        mean[bands] = total / np.maximum(number[bands], 1)
        deviation = np.subtract(some, mean[bands, None, None], dtype=np.float64)
        second[bands] = np.sum(deviation**2, axis=(1, 2), where=there)

    each(measure, _slices(len(strip), _BANDS))
    return Moments(number, mean, second)


def joint_moments(spectra: NDArray[np.float32]) -> Moments:
    """Moments of whole spectra (pixel, band), with their covariances."""
    if len(spectra) == 0:
        return no_pixels(spectra.shape[1], pairs=True)
    values = spectra.astype(np.float64)
    mean = values.mean(axis=0)
    values -= mean
    second = np.empty((len(mean), len(mean)))

    def multiply(bands: slice) -> None:
        np.matmul(values.T[bands], values, out=second[bands])

    each(multiply, _slices(len(mean), _PRODUCTS))
    return Moments(np.array(float(len(values))), mean, second)


def _slices(length: int, size: int) -> Iterator[slice]:
    """Cut bands into parts for threads; the same parts, whatever their number."""
    for start in range(0, length, size):
        yield slice(start, start + size)


def lattice_step(rows: int, cols: int) -> int:
    """Smallest spacing at which a lattice over the scene has at most 16384 points."""
    return next(s for s in count(1) if -(-rows // s) * -(-cols // s) <= SAMPLE_PIXELS)


def lattice_spectra(
    strip: NDArray[np.float32], complete: NDArray[np.bool_], top: int, step: int
) -> NDArray[np.float32]:
    """Complete spectra (pixel, band) of a strip on the lattice anchored to the scene's corner."""
    first = -top % step
    on_lattice = strip[:, first::step, ::step]
    return on_lattice[:, complete[first::step, ::step]].T


def scene_scale(statistics: SceneStatistics) -> float:
    """Return the 99.9 % quantile of a scene's sampled spectra; 1 if that is not positive.

    One number for all bands, in physical units: the shape of a spectrum stays.
    """
    if not statistics.sample.size:
        return 1.0
    scale = float(np.quantile(statistics.sample, QUANTILE))
    return scale if scale > 0 else 1.0
