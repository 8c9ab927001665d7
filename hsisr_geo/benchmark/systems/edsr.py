"""EDSR (Lim et al., CVPRW 2017): residual blocks on the degraded cube, then pixel shuffle."""

from dataclasses import dataclass

from torch import Tensor, nn

from hsisr_geo.benchmark.systems.layers.layers import (
    PixelShuffleUpsampler,
    ResidualBlock,
    check_width,
    conv,
)
from hsisr_geo.benchmark.systems.layers.losses import l1_with_variation
from hsisr_geo.benchmark.systems.system import Regressor
from hsisr_geo.model.back_projection import interpolate


@dataclass(frozen=True)
class Settings:
    """As the authors' baseline; their large network has width 256, 32 blocks, scale 0.1.

    DMGASR compares with width 64 or 128 and adds SSPSR's variations to the loss.

    Attributes
    ----------
    width, blocks
        Channels, and residual blocks.
    residual_scale
        By what each block multiplies what it adds.
    bicubic_skip
        Whether the network adds to the interpolated cube. The published one makes all of the cube
        itself, and with little training its spectra are worse than interpolated ones.
    variation
        Weight of the spatial and of the spectral variation in the loss, 0.001 in DMGASR.
    """

    width: int = 64
    blocks: int = 16
    residual_scale: float = 1.0
    bicubic_skip: bool = False
    variation: float = 0.0

    def __post_init__(self) -> None:
        check_width(self.width)


class EDSR(Regressor):
    """EDSR with as many channels in and out as there are bands; no mean is subtracted (section 3).

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
        width = settings.width
        self.head = conv(bands, width)
        self.body = nn.Sequential(
            *(ResidualBlock(width, settings.residual_scale) for _ in range(settings.blocks)),
            conv(width, width),
        )
        self.tail = nn.Sequential(PixelShuffleUpsampler(width, upscale), conv(width, bands))

    @property
    def reach(self) -> int:
        """Input pixels around a pixel that its output depends on: one for each convolution."""
        head, body, tail = 1, 2 * self.settings.blocks + 1, 2
        return head + body + tail  # the skip's interpolation reads less

    def forward(self, lr: Tensor) -> Tensor:
        """Super-resolve; shapes as in `resolve`."""
        features = self.head(lr)
        sr: Tensor = self.tail(features + self.body(features))
        return sr + interpolate(lr, self.upscale) if self.settings.bicubic_skip else sr

    def loss(self, sr: Tensor, hr: Tensor) -> Tensor:
        """Mean absolute difference, and the variations of the answer if that is set."""
        return l1_with_variation(sr, hr, self.settings.variation)
