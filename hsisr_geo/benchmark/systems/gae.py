"""The published group autoencoder: groups of bands <-> three latent channels each, at full size.

First stage of DMGASR (Wang et al., 2024, section III-B). One encoder and one decoder serve all
groups; what groups share is averaged, and the global decoder adds what it makes of all bands at
once. Latents are neither normalised nor regularised. `hsisr_geo.model.autoencoder` is ours.

The paper's loss has a perceptual term, on VGG19's answer to three random bands; it is left out, as
in one of the two published training scripts: it needs weights trained on photographs.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from hsisr_geo.benchmark.systems.layers.groups import BandGroups, average, group_bands
from hsisr_geo.benchmark.systems.layers.layers import Branch, check_width
from hsisr_geo.benchmark.systems.layers.losses import l1_with_spectra
from hsisr_geo.benchmark.systems.system import DrawNoise, Stage, System
from hsisr_geo.errors import ModelError

_REDUCTION = 3
_SLOPE = 0.01


@dataclass(frozen=True)
class Settings:
    """Size of the autoencoder, as of the weights that its authors released.

    Attributes
    ----------
    group_size, group_overlap
        Bands per group and bands that neighbouring groups share: 16 and 4 for Pavia Centre and
        Chikusei, 8 and 2 for Harvard.
    latents
        Channels per group.
    width, blocks
        Channels and SSBs of encoder and decoder. (128 is the default of the published class, 64
        that of the weights.)
    global_width, global_blocks
        Of the global decoder.
    global_decoding
        False for the ablation "w/o GD": without the global decoder, for any number of bands.
    grouping
        False for the ablation "w/o GS": one group of all bands.
    autoencoder_patch
        Side of what a step of training takes of each patch, in true pixels; 0 for all of it, as
        published. Patches grow with the upscale, of which an autoencoder knows nothing: within a
        small budget those of a high one leave it few steps.
    """

    group_size: int = 16
    group_overlap: int = 4
    latents: int = 3
    width: int = 64
    blocks: int = 3
    global_width: int = 32
    global_blocks: int = 2
    global_decoding: bool = True
    grouping: bool = True
    autoencoder_patch: int = 0

    def __post_init__(self) -> None:
        """Refuse widths that no network has."""
        check_width(self.width)
        if self.global_decoding:
            check_width(self.global_width)

    @property
    def any_bands(self) -> bool:
        """Whether one set of weights serves any number of bands."""
        return self.grouping and not self.global_decoding


class GroupAutoencoder(nn.Module):
    """Encode groups of neighbouring bands and decode them together.

    Parameters
    ----------
    bands
        Of the cubes; 0 for any number, where the settings allow that.

    Raises
    ------
    ModelError
        No number of bands where one is needed, or groups that share all of their bands.
    """

    def __init__(self, bands: int, settings: Settings = Settings()) -> None:
        super().__init__()
        if not settings.any_bands and bands < 1:
            raise ModelError("an autoencoder with a global stage needs to know its bands")
        if settings.autoencoder_patch < 0:
            raise ModelError(f"autoencoder_patch {settings.autoencoder_patch} is below 0")
        if not 0 <= settings.group_overlap < settings.group_size:
            raise ModelError(
                f"groups of {settings.group_size} bands cannot share {settings.group_overlap}: "
                "group_overlap must be below group_size"
            )
        self.overlap = settings.group_overlap
        self.size = settings.group_size
        if not settings.any_bands:
            self.size = min(self.size, bands) if settings.grouping else bands
        self.encoder = _coder(self.size, settings.latents, settings.width, settings.blocks)
        self.decoder = _coder(settings.latents, self.size, settings.width, settings.blocks)
        self.global_decoder = (
            _coder(bands, bands, settings.global_width, settings.global_blocks)
            if settings.global_decoding
            else None
        )

    def groups(self, bands: int) -> BandGroups:
        """Group the bands of a cube."""
        return group_bands(max(bands, self.size), self.size, min(self.overlap, self.size - 1))

    def encode(self, cube: Tensor, only: Sequence[int] | None = None) -> Tensor:
        """Encode each group: (image, band, row, col) -> (image, group, latent, row, col).

        `only` names the groups that are wanted; None for all of them.
        """
        groups = self.groups(cube.shape[1])
        if (missing := groups.bands - cube.shape[1]) > 0:  # the last band stands in for them
            cube = torch.cat([cube, cube[:, -1:].expand(-1, missing, -1, -1)], dim=1)
        wanted = [groups.slices[n] for n in (range(len(groups)) if only is None else only)]
        return torch.stack([self.encoder(cube[:, bands]) for bands in wanted], dim=1)

    def decode(self, z: Tensor, bands: int) -> Tensor:
        """Decode together: (image, group, latent, row, col) -> (image, band, row, col)."""
        parts = torch.stack([self.decoder(group) for group in z.unbind(dim=1)], dim=1)
        cube = average(parts, self.groups(bands))[:, :bands]
        return cube if self.global_decoder is None else cube + self.global_decoder(cube)

    def forward(self, cube: Tensor) -> Tensor:
        """Reconstruct a cube (image, band, row, col) from its own latents."""
        return self.decode(self.encode(cube), cube.shape[1])


class Autoencoder(System):
    """The autoencoder alone: to measure what it loses, and for `dmgasr` to start from."""

    def __init__(self, bands: int, upscale: int, settings: Settings = Settings()) -> None:
        super().__init__(0 if settings.any_bands else bands, upscale)
        self.any_bands = settings.any_bands  # type: ignore[misc]  # it hangs on the settings
        self.autoencoder = GroupAutoencoder(bands, settings)
        self.patch = settings.autoencoder_patch

    def resolve(self, lr: Tensor, draw: DrawNoise) -> Tensor:
        """Refuse: an autoencoder makes nothing finer.

        Raises
        ------
        ModelError
            Always.
        """
        raise ModelError(
            "this model holds an autoencoder only, which makes nothing finer; train a model of "
            "architecture dmgasr that starts from it, or choose another --model"
        )

    def stages(self) -> tuple[Stage, ...]:
        """Return the single stage."""
        return (reconstruction_stage(self.autoencoder, 1.0, self.patch),)


def reconstruction_stage(autoencoder: GroupAutoencoder, share: float, patch: int = 0) -> Stage:
    """Train on true cubes only: L1 + 0.3 spectral angle / pi + 0.1 gradient (section III-B).

    `patch` is `Settings.autoencoder_patch`; checks, made without gradients, take all of a patch.
    """

    def loss(hr: Tensor, lr: Tensor, generator: torch.Generator) -> Tensor:
        if patch and torch.is_grad_enabled():
            hr = hr[..., :patch, :patch]
        return l1_with_spectra(autoencoder(hr), hr)

    return Stage("autoencoder", share, autoencoder, loss)


def _coder(channels_in: int, channels_out: int, width: int, blocks: int) -> Branch:
    return Branch(channels_in, channels_out, width, blocks, reduction=_REDUCTION, slope=_SLOPE)
