"""Patches that the denoiser learns from: components of scenes, exact or as images, photographs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import torch
from torch import Tensor

from hsisr_geo.cube.degradation import Degradation
from hsisr_geo.model import back_projection
from hsisr_geo.model.network import Network
from hsisr_geo.model.scene import LatentBasis
from hsisr_geo.model.training.photographs import Photograph, photograph_patches
from hsisr_geo.model.training.sensor_inputs import MARGIN, sensor_inputs
from hsisr_geo.model.training.training_data import (
    TrainingScene,
    as_a_sensor_would,
    degraded_pair,
    random_mix,
    turn,
)
from hsisr_geo.resolver.config import ModelConfig

_EXACT_SHARE = 1 / 3  # of a batch's scene patches: components as the pipeline makes them
# ^ the others are components taken as images: any grid, softness, contrast and noise. A handful of
#   scenes has few pixels: half a batch of them, seen a thousand times over, made held-out sites of
#   the same flights better and other scenes worse (docs/experiments-version-1.md).
_INPUT_PIXELS = 23040  # per step: 40 patches of 24², 17 of 36²
SIDES: Mapping[int, int] = MappingProxyType({2: 36, 3: 24, 4: 24})
"""Input pixels a side of a patch, for each upscale, where scenes are as large."""
_EDGE = 4  # input pixels cut off around a photograph's patch: interpolation's own edge


@dataclass(frozen=True, eq=False)
class ComponentImage:
    """Whitened components of a scene and of its interpolated input (component, row, col)."""

    upscale: int
    x: Tensor
    u: Tensor
    weight: np.ndarray

    def as_photograph(self) -> Photograph:
        """Take the true components as an image that is white already."""
        channels = len(self.x)
        zero, one = np.zeros(channels, np.float32), np.eye(channels, dtype=np.float32)
        return Photograph(self.x.numpy(), zero, one, self.weight, most_coarsening=1)


def sides_in(scenes: Sequence[TrainingScene], upscales: Sequence[int]) -> dict[int, int]:
    """Return how large patches are at each upscale: no larger than the largest scene has."""
    shortest = max(min(scene.cube.shape[1:]) for scene in scenes)
    return {s: min(SIDES[s], shortest // (4 * s) * 4) for s in upscales}


def component_images(
    network: Network,
    config: ModelConfig,
    scenes: Sequence[TrainingScene],
    sides: Mapping[int, int],
) -> list[ComponentImage]:
    """Components of scenes, each at every upscale at which a patch fits into it."""
    return [
        _component_image(network, config, scene, upscale)
        for scene in scenes
        for upscale in config.upscales
        if min(scene.cube.shape[1:]) // (4 * upscale) * 4 >= sides[upscale]
    ]


@torch.no_grad()
def _component_image(
    network: Network, config: ModelConfig, scene: TrainingScene, upscale: int
) -> ComponentImage:
    pair = degraded_pair(scene, upscale, config.declared(upscale))
    spectra = pair.standardise(torch.from_numpy(pair.statistics.sample.T[:, :, None]))[:, :, 0]
    basis = LatentBasis.fit(network.autoencoder, spectra.T.numpy(), config.components)
    x, u = (
        basis.analyse(network.autoencoder.encode(pair.standardise(cube)))
        for cube in (pair.hr, back_projection.interpolate(pair.lr, upscale))
    )
    return ComponentImage(upscale, x, u, basis.weight.numpy())


def residual_deviation(
    images: Sequence[ComponentImage], upscales: Sequence[int]
) -> tuple[float, ...]:
    """sigma_y: deviation of what super-resolution adds to a component, for each upscale."""
    return tuple(
        float(
            np.sqrt(np.mean([float((i.x - i.u).square().mean()) for i in images if i.upscale == s]))
        )
        for s in upscales
    )


@dataclass(frozen=True, eq=False)
class ComponentPatches:
    """Where batches of one-channel patches are drawn from, and how many of which kind.

    Attributes
    ----------
    photograph_share, exact_share
        Of a batch; of what is left of it, if the rest is components taken as images.
    sides
        Of a patch, in input pixels, for each upscale.
    input_pixels
        Of a batch.
    other_sensors
        Share of images, that is of photographs and of components taken as images, whose input is a
        normalised one of another sensor (`sensor_inputs`).
    """

    images: Sequence[ComponentImage]
    photographs: Sequence[Photograph]
    photograph_share: float
    sides: Mapping[int, int]
    exact_share: float = _EXACT_SHARE
    input_pixels: int = _INPUT_PIXELS
    other_sensors: float = 0.0

    def draw(self, degradation: Degradation, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        """Draw a batch of true and interpolated patches, (image, 1, row, col)."""
        upscale = degradation.factor
        side, source = self.sides[upscale], self._source_side(upscale)
        candidates = [i for i in self.images if i.upscale == upscale]
        scenes = [i.as_photograph() for i in candidates if min(i.x.shape[1:]) >= source]
        exact, scene, photo = self._shares(max(1, self.input_pixels // side**2), bool(scenes))
        area = np.array([i.x[0].numel() for i in candidates], float)
        chosen = rng.choice(len(candidates), exact, p=area / area.sum())
        batches = [_component_patch(candidates[k], side, rng)[None] for k in chosen]
        for images, count in ((scenes, scene), (self.photographs, photo)):
            if count:
                others = int(rng.binomial(count, self.other_sensors)) if self.other_sensors else 0
                batches.append(self._image_pairs(images, count, others, degradation, rng))
        x, u = torch.from_numpy(np.concatenate(batches)).unbind(1)
        return x[:, None], u[:, None]

    def _source_side(self, upscale: int) -> int:
        """Side of what a patch and its margin are cut from, in pixels of the true image."""
        return upscale * (self.sides[upscale] + 2 * self._margin)

    @property
    def _margin(self) -> int:
        """Input pixels around a patch of an image."""
        return MARGIN if self.other_sensors else _EDGE

    def _image_pairs(
        self,
        photographs: Sequence[Photograph],
        count: int,
        others: int,
        degradation: Degradation,
        rng: np.random.Generator,
    ) -> np.ndarray:
        """Draw patches, and what degrading makes of them: (count, 2, row, col)."""
        upscale = degradation.factor
        patches = photograph_patches(photographs, count, self._source_side(upscale), rng)
        x = torch.from_numpy(as_a_sensor_would(patches, rng))
        x_lr = back_projection.degrade(x[others:], degradation)
        if others:
            x_lr = torch.cat([sensor_inputs(x[:others], degradation, rng), x_lr])
        u = back_projection.interpolate(x_lr, upscale)
        inside = slice(self._margin * upscale, -self._margin * upscale)
        return torch.stack([x, u], dim=1)[:, :, inside, inside].numpy()

    def _shares(self, count: int, with_scenes: bool) -> tuple[int, int, int]:
        """Part a batch into exact components, components as images, and photographs."""
        photo = int(self.photograph_share * count) if self.photographs else 0
        scene = int((1 - self.exact_share) * (count - photo)) if with_scenes else 0
        return count - scene - photo, scene, photo


def _component_patch(image: ComponentImage, side: int, rng: np.random.Generator) -> np.ndarray:
    """Cut one random mix of components at a random place: (2, row, col), true and interpolated."""
    s = image.upscale
    row, col = (int(rng.integers(n // s - side + 1)) * s for n in image.x.shape[1:])
    window = (slice(None), slice(row, row + s * side), slice(col, col + s * side))
    mix = random_mix(image.weight, rng)
    both = np.stack([np.tensordot(mix, c[window].numpy(), axes=1) for c in (image.x, image.u)])
    return turn(both, rng)
