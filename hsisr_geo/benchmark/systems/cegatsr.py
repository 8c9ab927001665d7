"""CEGATSR: a graph attention network with convolutions beside it, per group of bands.

C. Liu, Y. Dong, "CNN-enhanced graph attention network for hyperspectral image super-resolution
using non-local self-similarity", International Journal of Remote Sensing, 2022. The frame – groups
that share a branch, a trunk over all bands, interpolated bands added as features – is SSPSR's.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from hsisr_geo.benchmark.systems.layers.graph_attention import GraphBlock
from hsisr_geo.benchmark.systems.layers.groups import average, group_bands, split
from hsisr_geo.benchmark.systems.layers.layers import (
    PixelShuffleUpsampler,
    SpatialSpectralNet,
    check_width,
    conv,
)
from hsisr_geo.benchmark.systems.layers.losses import l1_with_variation
from hsisr_geo.benchmark.systems.system import Regressor
from hsisr_geo.model.back_projection import interpolate

_REDUCTION = 16
# ^ of the trunk's channel attention


@dataclass(frozen=True)
class Settings:
    """Settings as the authors published them, but for `fuse_convolutions`.

    For its comparison DMGASR took groups of 8 with 2 shared, 3 blocks and a width of 64.

    Attributes
    ----------
    width
        Channels; 32 to 128 in the paper.
    blocks
        SSBs of the trunk.
    group_size, group_overlap
        Bands of a group, and those that it shares with the next.
    dropout
        Share of the nodes' features that training leaves out.
    fuse_convolutions
        Whether the depthwise-separable convolutions count, as in the paper: beside the graph's
        features, both brought to `width` by the next convolution. The published program computes
        and then discards them; False does as it does. They, and a normalisation that it does not
        even compute, are part of its number of parameters, and thus of ours.
    """

    width: int = 64
    blocks: int = 6
    group_size: int = 4
    group_overlap: int = 1
    dropout: float = 0.6
    fuse_convolutions: bool = True

    def __post_init__(self) -> None:
        """Refuse a width that no network has."""
        check_width(self.width)


class SeparableConvolutions(nn.Module):
    """A pointwise and a depthwise convolution, twice with the same weights; reach 2."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.once = nn.Sequential(
            nn.Conv2d(width, width, 1, bias=False),
            nn.LeakyReLU(inplace=True),
            nn.Conv2d(width, width, 3, padding=1, groups=width),
            nn.LeakyReLU(inplace=True),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map to the same shape."""
        out: Tensor = self.once(self.once(x))
        return out


class GroupBranch(nn.Module):
    """Features of a group from the whole image and from around each pixel, enlarged."""

    def __init__(self, bands: int, upscale: int, settings: Settings) -> None:
        super().__init__()
        width = settings.width
        self.fused = settings.fuse_convolutions
        self.head = conv(bands, width)
        self.graph = GraphBlock(width, settings.dropout)
        self.convolutions = SeparableConvolutions(width)
        if not self.fused:
            self.unused = nn.BatchNorm2d(width, track_running_stats=False)
        self.join = conv(2 * width if self.fused else width, width)
        self.tail = nn.Sequential(PixelShuffleUpsampler(width, upscale), conv(width, bands))

    def forward(self, x: Tensor) -> Tensor:
        """Map (image, band, row, col) to the same bands at `upscale`."""
        x = self.head(x)
        features = self.graph(x)
        if self.fused:
            features = torch.cat([features, self.convolutions(x)], dim=1)
        out: Tensor = self.tail(self.join(features))
        return out


class Cegatsr(Regressor):
    """CEGATSR at an even upscale, or at 3 as DMGASR's authors extended it.

    Differs from the published program in what it costs, not in what it computes: see
    `graph_attention`. Images may have any size, where there only even squares can be used.
    """

    def __init__(self, bands: int, upscale: int, settings: Settings = Settings()) -> None:
        super().__init__(bands, upscale)
        width = settings.width
        of_trunk = 1 if upscale % 2 else 2
        # ^ the trunk doubles what the branches enlarged; a factor of 3 is the branches' alone
        self.groups = group_bands(bands, settings.group_size, settings.group_overlap)
        self.branch = GroupBranch(self.groups.size, upscale // of_trunk, settings)
        self.trunk = nn.Sequential(
            conv(bands, width),
            SpatialSpectralNet(width, settings.blocks, _REDUCTION),
            PixelShuffleUpsampler(width, of_trunk),
        )
        self.skip = conv(bands, width)
        self.final = conv(width, bands)

    def forward(self, lr: Tensor) -> Tensor:
        """Super-resolve; every pixel depends on all of the image, so there is no `reach`."""
        parts = self.branch(split(lr, self.groups).flatten(0, 1))
        between = average(parts.unflatten(0, (-1, len(self.groups))), self.groups)
        features = self.trunk(between) + self.skip(interpolate(lr, self.upscale))
        sr: Tensor = self.final(features)
        return sr

    def loss(self, sr: Tensor, hr: Tensor) -> Tensor:
        """L1 with spatial and spectral variation, as SSPSR."""
        return l1_with_variation(sr, hr)
