"""Diffusion of bands themselves: the ablations "Diff -w PB" and "Diff -w FB" of DMGASR's table 3.

Without an autoencoder: SR3's network draws three bands at a time that lie a third of the spectrum
apart ("partial bands"), or all bands at once ("full bands"). Cubes are in 0 ... 1 as they are; SR3
itself would have them in -1 ... 1, and the estimate is clamped to that.
"""

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from hsisr_geo.benchmark.systems.conditional_diffusion import (
    LEARNING_RATE,
    ConditionalDiffusion,
    DiffusionSettings,
)
from hsisr_geo.benchmark.systems.system import DrawNoise, Stage, System
from hsisr_geo.model.back_projection import interpolate

_TRIPLE = 3


@dataclass(frozen=True)
class Settings(DiffusionSettings):
    """Of the diffusion; there is nothing else."""


class _BandDiffusion(System):
    """Diffusion of sets of bands."""

    stochastic: ClassVar[bool] = True

    def __init__(self, bands: int, upscale: int, channels: int, settings: Settings) -> None:
        super().__init__(bands, upscale)
        self.clip = settings.clip
        self.diffusion = ConditionalDiffusion(channels, settings)

    @abstractmethod
    def sets(self, bands: int) -> Tensor:
        """Return the bands of each set, (set, channel); each band is in one at least."""

    def resolve(self, lr: Tensor, draw: DrawNoise) -> Tensor:
        """Super-resolve; a sample. Channels of noise are those of all sets."""
        sets = self.sets(lr.shape[1])
        made = self.diffusion.sample(self._condition(lr, sets), draw).flatten(1, 2)
        order = sets.flatten().tolist()
        return made[:, [order.index(band) for band in range(lr.shape[1])]]

    def stages(self) -> tuple[Stage, ...]:
        """Return the single stage."""

        def loss(hr: Tensor, lr: Tensor, generator: torch.Generator) -> Tensor:
            sets = self.sets(hr.shape[1])
            sets = sets[self.diffusion.taught(len(sets), generator)]
            return self.diffusion.loss(hr[:, sets], self._condition(lr, sets), generator)

        return (Stage("diffusion", 1.0, self.diffusion, loss, LEARNING_RATE),)

    def _condition(self, lr: Tensor, sets: Tensor) -> Tensor:
        """Interpolate, and take the sets: (image, set, channel, row, col)."""
        finer = interpolate(lr, self.upscale)
        return (finer.clamp(0, 1) if self.clip else finer)[:, sets]


class PartialBands(_BandDiffusion):
    """Three bands at a time; they are told apart by nothing, so any number of bands will do."""

    any_bands: ClassVar[bool] = True

    def __init__(self, bands: int, upscale: int, settings: Settings = Settings()) -> None:
        super().__init__(0, upscale, _TRIPLE, settings)

    def sets(self, bands: int) -> Tensor:
        """Return `triples`."""
        return triples(bands)


class FullBands(_BandDiffusion):
    """All bands at once, as channels of one image."""

    def __init__(self, bands: int, upscale: int, settings: Settings = Settings()) -> None:
        super().__init__(bands, upscale, bands, settings)

    def sets(self, bands: int) -> Tensor:
        """Return one set of all bands."""
        return torch.arange(bands)[None]


def triples(bands: int) -> Tensor:
    """Return the bands that are drawn together, (triple, 3): i, i + C/3, i + 2C/3.

    E.g. (i, i + 34, i + 68) of 102. A remainder of one or two bands is a triple of its own, filled
    with copies of the last band.
    """
    stride = bands // _TRIPLE
    even = torch.arange(_TRIPLE * stride).reshape(_TRIPLE, stride).T
    if bands == _TRIPLE * stride:
        return even
    rest = torch.arange(_TRIPLE * stride, _TRIPLE * (stride + 1)).clamp(max=bands - 1)
    return torch.cat([even, rest[None]])
