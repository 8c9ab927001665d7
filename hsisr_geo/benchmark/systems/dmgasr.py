"""DMGASR: diffusion of the latents of groups of bands, decoded together (Wang et al., AAAI 2024).

Encode the interpolated scene by the group autoencoder, draw the latents of each group from noise
given these, decode. Trained in two stages: the autoencoder on true cubes, then the diffusion on
latents of the autoencoder as it is. Its ablations are settings: without global decoding ("w/o GD"),
without grouping ("w/o GS").

There is no way from the input past the latents, nor is the answer made consistent with it, nor
clipped. The published program clips it to 0 ... 1, and the interpolated scene before, which the
setting `clip` keeps; interpolation differs from MATLAB's in the pixels at the border.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from hsisr_geo.benchmark.systems import gae
from hsisr_geo.benchmark.systems.conditional_diffusion import (
    LEARNING_RATE,
    ConditionalDiffusion,
    DiffusionSettings,
)
from hsisr_geo.benchmark.systems.gae import GroupAutoencoder, reconstruction_stage
from hsisr_geo.benchmark.systems.system import DrawNoise, Stage, System
from hsisr_geo.errors import ModelError
from hsisr_geo.model.back_projection import interpolate


@dataclass(frozen=True)
class Settings(DiffusionSettings, gae.Settings):
    """Of the autoencoder and of the diffusion.

    Attributes
    ----------
    autoencoder_share
        Of the training budget for the first stage; 0 where the autoencoder is trained already.
    """

    autoencoder_share: float = 0.5


class Dmgasr(System):
    """The published system; with its weights' width 633 195 + 97 807 491 parameters at 102 bands.

    Raises
    ------
    ModelError
        Settings that no network can be built from.
    """

    stochastic: ClassVar[bool] = True

    def __init__(self, bands: int, upscale: int, settings: Settings = Settings()) -> None:
        super().__init__(0 if settings.any_bands else bands, upscale)
        if not 0 <= settings.autoencoder_share < 1:
            raise ModelError(f"autoencoder_share {settings.autoencoder_share} is not in 0 ... 1")
        self.any_bands = settings.any_bands  # type: ignore[misc]  # it hangs on the settings
        self.settings = settings
        self.autoencoder = GroupAutoencoder(bands, settings)
        self.diffusion = ConditionalDiffusion(settings.latents, settings)

    def resolve(self, lr: Tensor, draw: DrawNoise) -> Tensor:
        """Super-resolve by Algorithm 1; a sample. Channels of noise are three for each group."""
        z = self.diffusion.sample(self._condition(lr), draw)
        return self.autoencoder.decode(z, lr.shape[1])

    def stages(self) -> tuple[Stage, ...]:
        """Return the two stages, the second on the autoencoder as the first has left it."""
        share, patch = self.settings.autoencoder_share, self.settings.autoencoder_patch
        first = (reconstruction_stage(self.autoencoder, share, patch),) if share else ()
        return (
            *first,
            Stage("diffusion", 1 - share, self.diffusion, self._diffusion_loss, LEARNING_RATE),
        )

    def _diffusion_loss(self, hr: Tensor, lr: Tensor, generator: torch.Generator) -> Tensor:
        only = self.diffusion.taught(len(self.autoencoder.groups(hr.shape[1])), generator)
        with torch.no_grad():
            truth, condition = self.autoencoder.encode(hr, only), self._condition(lr, only)
        return self.diffusion.loss(truth, condition, generator)

    def _condition(self, lr: Tensor, only: Sequence[int] | None = None) -> Tensor:
        """Latents of the interpolated scene: (image, group, latent, row, col)."""
        finer = interpolate(lr, self.upscale)
        return self.autoencoder.encode(finer.clamp(0, 1) if self.settings.clip else finer, only)
