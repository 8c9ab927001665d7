"""Photographs that the denoiser learns from, degraded as scenes are."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hsisr_geo.bands.radiometry import Cube
from hsisr_geo.errors import HsisrError
from hsisr_geo.model.training.training_data import random_mix, turn

_PHOTO_SUFFIXES = {".npy", ".png", ".jpg", ".jpeg", ".tif", ".tiff"}
_LEAST_SIDE = 160  # pixels


@dataclass(frozen=True, eq=False)
class Photograph:
    """An image (channel, row, col) and what whitens its channels at a coarser scale.

    `weight` is the deviation each whitened channel stands for; `most_coarsening` the largest factor
    that a patch of it may be averaged by.
    """

    pixels: NDArray[np.uint8] | Cube
    mean: NDArray[np.float32]
    whitening: NDArray[np.float32]
    weight: NDArray[np.float32]
    most_coarsening: int = 3


def load_photographs(folder: Path) -> list[Photograph]:
    """Read every image of a folder; `.npy` arrays are (row, col, channel).

    Raises
    ------
    HsisrError
        Nothing usable in the folder.
    """
    paths = sorted(p for p in folder.rglob("*") if p.suffix.lower() in _PHOTO_SUFFIXES)
    images = [_read_image(path) for path in paths]
    large = [image for image in images if min(image.shape[1:]) >= _LEAST_SIDE]
    if not large:
        raise HsisrError(f"{folder}: no photographs of at least {_LEAST_SIDE} pixels a side")
    return [_whitened(image) for image in large]


def _read_image(path: Path) -> NDArray[np.uint8]:
    if path.suffix == ".npy":
        image: NDArray[np.uint8] = np.load(path, allow_pickle=False).transpose(2, 0, 1)
        return image
    import rasterio

    with rasterio.open(path) as dataset:
        pixels: NDArray[np.uint8] = dataset.read()
        return pixels


def _whitened(image: NDArray[np.uint8]) -> Photograph:
    """Whiten by the image averaged 4x4, as a scene's comes from its coarse input."""
    rows, cols = (n // 4 * 4 for n in image.shape[1:])
    coarse = image[:, :rows, :cols].reshape(len(image), rows // 4, 4, cols // 4, 4)
    spectra = coarse.mean(axis=(2, 4)).reshape(len(image), -1)
    variance, axes = np.linalg.eigh(np.atleast_2d(np.cov(spectra)))
    deviation = np.sqrt(np.maximum(variance, 1.0))
    # ^ a channel direction with less than one grey level of variance is left small, not blown up
    mean, whitening = spectra.mean(axis=1), (axes / deviation).T
    return Photograph(image, *(a.astype(np.float32) for a in (mean, whitening, deviation)))


def photograph_patches(
    photographs: Sequence[Photograph], count: int, side: int, rng: np.random.Generator
) -> Cube:
    """Draw one-channel patches (count, side, side): random image, scale, place, mix and turn."""
    patches = np.empty((count, side, side), np.float32)
    fitting = [photo for photo in photographs if min(photo.pixels.shape[1:]) >= side]
    area = np.array([photo.pixels[0].size for photo in fitting], float)
    for patch, index in zip(
        patches, rng.choice(len(fitting), count, p=area / area.sum()), strict=True
    ):
        photo = fitting[index]
        mix = random_mix(photo.weight, rng) @ photo.whitening
        window = _coarsened_window(photo, side, rng) - photo.mean[:, None, None]
        patch[:] = turn(np.tensordot(mix, window, axes=1), rng)
    return patches


def _coarsened_window(photo: Photograph, side: int, rng: np.random.Generator) -> Cube:
    """Cut a window at the image's own scale or averaged by 2 or 3, as far as its size allows."""
    largest = min(photo.most_coarsening, min(photo.pixels.shape[1:]) // side)
    factor = int(rng.choice([1, 2, 3][:largest]))
    wide = factor * side
    row, col = (int(rng.integers(n - wide + 1)) for n in photo.pixels.shape[1:])
    window = photo.pixels[:, row : row + wide, col : col + wide].astype(np.float32)
    averaged: Cube = window.reshape(len(window), side, factor, side, factor).mean(axis=(2, 4))
    return averaged
