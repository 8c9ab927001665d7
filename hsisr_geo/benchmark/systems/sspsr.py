"""SSPSR (Jiang et al., IEEE TCI 2020): groups of bands enlarged by one branch, then all together.

The bicubic interpolation is ours and GDAL's; MATLAB's, which the authors use, differs in border
pixels.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from hsisr_geo.benchmark.systems.layers.groups import average, group_bands
from hsisr_geo.benchmark.systems.layers.layers import (
    Branch,
    PixelShuffleUpsampler,
    SpatialSpectralNet,
    check_width,
    conv,
)
from hsisr_geo.benchmark.systems.layers.losses import l1_with_variation
from hsisr_geo.benchmark.systems.system import Regressor
from hsisr_geo.model.back_projection import interpolate


@dataclass(frozen=True)
class Settings:
    """As the authors' for Chikusei and Pavia; DMGASR compares with width 128 on Harvard.

    Attributes
    ----------
    width, blocks
        Channels, and SSBs of the branch and of the trunk each.
    group_size, group_overlap
        Bands per group and shared by neighbouring groups; 4 and 1 for the 31 bands of CAVE.
    reduction
        Of the channel attention.
    variation
        Weight of the spatial and of the spectral variation in the loss.
    """

    width: int = 256
    blocks: int = 3
    group_size: int = 8
    group_overlap: int = 2
    reduction: int = 16
    variation: float = 1e-3

    def __post_init__(self) -> None:
        check_width(self.width)


def steps(upscale: int) -> tuple[int, int]:
    """Return by what the branch and by what the trunk enlarges.

    The trunk's is 2. By 3, which SSPSR does not do, the branch enlarges alone, as DMGASR has it.
    """
    trunk = 1 if upscale % 2 else 2
    return upscale // trunk, trunk


class SSPSR(Regressor):
    """Spatial-spectral prior network (section III): one branch for all groups, then the trunk.

    The interpolated cube is added to the trunk's features, not to the answer. Channel attention
    makes every pixel depend on all of the image.

    Parameters
    ----------
    bands, upscale
        As of `System`.
    settings
        Size of the network.
    """

    def __init__(self, bands: int, upscale: int, settings: Settings = Settings()) -> None:
        super().__init__(bands, upscale)
        self.settings = settings
        self.groups = group_bands(bands, settings.group_size, settings.group_overlap)
        width, blocks, reduction = settings.width, settings.blocks, settings.reduction
        first, second = steps(upscale)
        size = self.groups.size
        self.branch = Branch(size, size, width, blocks, reduction=reduction, upscale=first)
        self.trunk = nn.Sequential(
            conv(bands, width),
            SpatialSpectralNet(width, blocks, reduction),
            PixelShuffleUpsampler(width, second),
        )
        self.skip = conv(bands, width)
        self.tail = conv(width, bands)

    def forward(self, lr: Tensor) -> Tensor:
        """Super-resolve; shapes as in `resolve`."""
        # one group after another: all at once would take their number times the memory
        parts = torch.stack([self.branch(lr[:, bands]) for bands in self.groups.slices], dim=1)
        features = self.trunk(average(parts, self.groups))
        sr: Tensor = self.tail(features + self.skip(interpolate(lr, self.upscale)))
        return sr

    def loss(self, sr: Tensor, hr: Tensor) -> Tensor:
        """Mean absolute difference and the answer's variations (section III-D)."""
        return l1_with_variation(sr, hr, self.settings.variation)
