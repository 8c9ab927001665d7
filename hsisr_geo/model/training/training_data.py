"""What the two training stages learn from: scenes, photographs, and random batches of both.

A scene is degraded by the declared D to its own input, standardised by the *input's* statistics,
as at inference. Photographs stand in for whitened latent components: their channels are whitened
per image and mixed at random into one-channel images, which is how the spatial prior gets more
texture than a few scenes hold (`docs/method.md`).
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from hsisr_geo.bands.bands import Bands
from hsisr_geo.bands.radiometry import Cube, decode, encode
from hsisr_geo.cube.degradation import BICUBIC, Degradation, named
from hsisr_geo.errors import RasterError
from hsisr_geo.model import back_projection
from hsisr_geo.model.scene import usable_deviation
from hsisr_geo.raster.open import open_raster
from hsisr_geo.raster.read import read_window, whole
from hsisr_geo.raster.sources import check_still
from hsisr_geo.raster.statistics import SceneStatistics
from hsisr_geo.raster.suitability import check_learnable
from hsisr_geo.raster.survey import statistics_of

_SCENE_SUFFIXES = {".tif", ".tiff", ".img", ".bsq", ".bil", ".bip", ".vrt"}


@dataclass(frozen=True, eq=False)
class TrainingScene:
    """Good bands of a scene without holes, in physical units (band, row, col).

    `bands` and `dtype` tell how its file stores them; without `bands` any value can be stored.
    """

    name: str
    cube: Cube
    bands: Bands | None = None
    dtype: str = "float32"

    def as_stored(self, cube: Cube) -> Cube:
        """Round a cube of these bands as the scene's file would."""
        if self.bands is None:
            return cube
        return decode(encode(cube, self.bands, self.dtype), self.bands)

    def resampled(self, rng: np.random.Generator) -> "TrainingScene":
        """Draw another sensor's view of the scene, stored as the first band of this one is."""
        cube = np.ascontiguousarray(resampled_bands(self.cube, rng))
        bands = self.bands and Bands((self.bands[0],) * len(cube))
        return replace(self, cube=cube, bands=bands)


@dataclass(frozen=True, eq=False)
class Pair:
    """A scene and its degraded self at one upscale; cubes in physical units (band, row, col).

    `degradation` made it.
    """

    name: str
    hr: Tensor
    lr: Tensor
    upscale: int
    statistics: SceneStatistics
    degradation: Degradation

    def standardise(self, cube: Tensor) -> Tensor:
        """Subtract and divide, per band, by the mean and deviation of the degraded scene."""
        mean = torch.from_numpy(self.statistics.mean.astype(np.float32))
        std = torch.from_numpy(usable_deviation(self.statistics.std).astype(np.float32))
        return (cube - mean[:, None, None]) / std[:, None, None]


def load_scenes(folder: Path) -> list[TrainingScene]:
    """Read every raster of a folder, its bad bands left out, in order of name.

    Raises
    ------
    RasterError
        No raster in the folder, or one that cannot be read, has holes, or is no scene.
    """
    paths = sorted(p for p in folder.glob("*") if p.suffix.lower() in _SCENE_SUFFIXES)
    if not paths:
        raise RasterError(f"{folder}: no scenes to train on (looked for GeoTIFF, ENVI and VRT)")
    return [_load_scene(path) for path in paths]


def _load_scene(path: Path) -> TrainingScene:
    raster = open_raster(path)
    check_learnable(raster)
    cube = read_window(raster, *whole(raster), raster.bands.good_indices)
    check_still(raster)
    if not np.isfinite(cube).all():
        raise RasterError(f"{path}: has pixels without data; train on a rectangle without holes")
    if not np.ptp(cube, axis=(1, 2)).any():
        raise RasterError(f"{path}: all pixels of a band are the same: there is nothing to learn")
    bands = raster.bands.select(raster.bands.good_indices)
    return TrainingScene(path.stem, cube, bands, raster.dtype)


def degraded_pair(
    scene: TrainingScene,
    upscale: int,
    degradation: Degradation | None = None,
    noise: float = 0.0,
) -> Pair:
    """Crop to multiples of 4·upscale and degrade by D, rounded to what the scene's file can store.

    `degradation` is by a factor of `upscale`; None for bicubic. `noise` is the deviation of noise
    that is added, as a share of each band's mean.
    """
    unit = 4 * upscale
    rows, cols = (n // unit * unit for n in scene.cube.shape[1:])
    if rows == 0 or cols == 0:
        raise RasterError(f"scene {scene.name} is smaller than {unit} pixels, too small to degrade")
    hr = torch.from_numpy(np.ascontiguousarray(scene.cube[:, :rows, :cols]))
    made_by = degradation or named(BICUBIC, upscale)
    seen = back_projection.degrade(hr, made_by).numpy()
    if noise:
        level = noise * np.abs(seen.mean(axis=(1, 2), keepdims=True))
        seen = seen + level * np.random.default_rng(0).standard_normal(seen.shape)
    seen = seen.astype(np.float32)
    lr = torch.from_numpy(scene.as_stored(seen))
    return Pair(scene.name, hr, lr, upscale, statistics_of(lr.numpy()), made_by)


def resampled_bands(cube: Cube, rng: np.random.Generator) -> Cube:
    """Make another sensor of a scene: bands thinned, merged, interpolated or reversed."""
    choice = rng.random()
    if choice < 0.3:
        cube = cube[::2]
    elif choice < 0.6:
        width = min(2 if choice < 0.5 else 3, len(cube))
        whole = len(cube) // width * width
        cube = cube[:whole].reshape(-1, width, *cube.shape[1:]).mean(axis=1)
    elif choice < 0.75:
        position = np.linspace(0, len(cube) - 1, round(1.7 * len(cube)))
        low = np.clip(position.astype(int), 0, max(len(cube) - 2, 0))
        share = (position - low)[:, None, None].astype(np.float32)
        cube = (1 - share) * cube[low] + share * cube[np.minimum(low + 1, len(cube) - 1)]
    turned = rng.random() < 0.3
    return cube[::-1] if turned and len(cube) > 1 else cube
    # ^ torch takes no negative strides, and NumPy copies none away where there is one band


def as_a_sensor_would(patches: Cube, rng: np.random.Generator) -> Cube:
    """Give crisp patches (count, row, col) a sensor's softness, contrast and noise.

    Photographs averaged down are sharper than any spectrometer, and resampled scenes softer than
    their grid. Four in five are blurred by a Gaussian of MTF 0.03 to 0.5 at the Nyquist frequency,
    and every other one gets noise, up to a tenth of a whitened component's deviation.
    """
    out = np.empty_like(patches)
    for blurred, patch in zip(out, patches, strict=True):
        mtf = rng.uniform(0.03, 0.5) if rng.random() < 0.8 else 0.99
        kernel = _gaussian_kernel(mtf, patch.shape[0])
        noise = rng.uniform(0, 0.1) if rng.random() < 0.5 else 0.0
        soft = rng.uniform(0.6, 1.4) * (kernel @ patch @ kernel)
        blurred[:] = soft + noise * rng.standard_normal(patch.shape)
    return out


def _gaussian_kernel(mtf: float, side: int) -> NDArray[np.float32]:
    """Matrix (side, side) that blurs to `mtf` at Nyquist: MTF(1/2) = exp(-(pi sigma)^2 / 2)."""
    sigma = np.sqrt(-2 * np.log(mtf)) / np.pi
    distance = np.arange(side)[:, None] - np.arange(side)
    weights = np.exp(-0.5 * (distance / sigma) ** 2)
    kernel: NDArray[np.float32] = (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
    return kernel


def random_mix(weight: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Draw a unit vector over components: half the time one of them, else a mix as a band would be.

    `weight` is the spectral deviation that each component stands for; a band mixes components in
    that proportion, while single ones are drawn by its root, so that weak ones are learned too.
    """
    if rng.random() < 0.5:
        mix = np.zeros(len(weight))
        chance = np.sqrt(weight)
        mix[rng.choice(len(weight), p=chance / chance.sum())] = rng.choice([-1.0, 1.0])
    else:
        mix = rng.standard_normal(len(weight)) * weight
    return (mix / np.linalg.norm(mix)).astype(np.float32)


def turn(image: Cube, rng: np.random.Generator) -> Cube:
    """Apply one of the eight symmetries of the square, of the last two axes."""
    image = np.rot90(image, int(rng.integers(4)), axes=(-2, -1))
    return image[..., ::-1] if rng.random() < 0.5 else image
