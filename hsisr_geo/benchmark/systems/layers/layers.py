"""Parts that several published systems are made of: residual blocks, attention, pixel shuffle.

Tensors are (image, channel, row, col); all convolutions pad with zeros and keep rows and columns.
"""

import torch
from torch import Tensor, nn

RESIDUAL_SCALE = 0.1
"""By what SSPSR, CEGATSR and DMGASR multiply what a residual block adds."""


def check_width(width: int) -> None:
    """Raise `ValueError` unless a network of this width has channels."""
    if width < 1:
        msg = f"a network of width {width} has no channels; set 1 or more"
        raise ValueError(msg)


def conv(channels_in: int, channels_out: int, kernel: int = 3) -> nn.Conv2d:
    """Return a convolution that keeps rows and columns; `kernel` is odd."""
    return nn.Conv2d(channels_in, channels_out, kernel, padding=kernel // 2)


def activation(slope: float) -> nn.Module:
    """Return the ReLU, leaky where `slope` is not 0; it overwrites its input."""
    return nn.LeakyReLU(slope, inplace=True) if slope else nn.ReLU(inplace=True)


class ChannelAttention(nn.Module):
    """Channels weighed by what their means over the image tell (Zhang et al., 2018, RCAN).

    The mean makes every pixel depend on all of the image.

    Parameters
    ----------
    reduction
        `width` over the channels in between, of which there is at least one.
    """

    def __init__(self, width: int, reduction: int) -> None:
        super().__init__()
        between = max(1, width // reduction)
        self.weigh = nn.Sequential(
            conv(width, between, 1), nn.ReLU(inplace=True), conv(between, width, 1), nn.Sigmoid()
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map to the same shape."""
        weights: Tensor = self.weigh(x.mean(dim=(-2, -1), keepdim=True))
        return x * weights


class ResidualBlock(nn.Module):
    """x + scale · conv(activation(conv(x))), the block of EDSR (Lim et al., 2017), reach 2."""

    def __init__(self, width: int, scale: float = 1.0, slope: float = 0.0) -> None:
        super().__init__()
        self.scale = scale
        self.body = nn.Sequential(conv(width, width), activation(slope), conv(width, width))

    def forward(self, x: Tensor) -> Tensor:
        """Map to the same shape."""
        return torch.add(x, self.body(x), alpha=self.scale)


class SpatialSpectralBlock(nn.Module):
    """SSB: a spatial and then a spectral residual block (Jiang et al., 2020, SSPSR, section III-B).

    Parameters
    ----------
    reduction
        Of the channel attention: 16 in SSPSR, 3 in DMGASR.
    slope
        Of the activations for negative values: 0 in SSPSR, 0.01 in DMGASR.
    """

    def __init__(self, width: int, reduction: int, slope: float = 0.0) -> None:
        super().__init__()
        self.spatial = ResidualBlock(width, RESIDUAL_SCALE, slope)
        self.spectral = nn.Sequential(
            conv(width, width, 1),
            activation(slope),
            conv(width, width, 1),
            ChannelAttention(width, reduction),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map to the same shape."""
        x = self.spatial(x)
        return torch.add(x, self.spectral(x), alpha=RESIDUAL_SCALE)


class SpatialSpectralNet(nn.Module):
    """SSPN: SSBs one after another, with a skip around them all; parameters as of the SSB."""

    def __init__(self, width: int, blocks: int, reduction: int, slope: float = 0.0) -> None:
        super().__init__()
        self.blocks = nn.Sequential(
            *(SpatialSpectralBlock(width, reduction, slope) for _ in range(blocks))
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map to the same shape."""
        out: Tensor = x + self.blocks(x)
        return out


def factors(upscale: int) -> list[int]:
    """Return the steps in which the published upsamplers enlarge: twos as long as it goes.

    E.g. 1 -> none, 3 -> [3], 4 -> [2, 2], 6 -> [2, 3].
    """
    steps = []
    while upscale % 2 == 0:
        steps.append(2)
        upscale //= 2
    return steps + ([upscale] if upscale > 1 else [])


def reach_through_bicubic(pixels: int, upscale: int) -> int:
    """Input pixels that `pixels` of the interpolated image around a pixel are made from.

    The first of an input pixel's `upscale` output pixels reads furthest to the left: there the
    interpolation takes two input pixels on either side.
    """
    leftmost = (1 - 2 * pixels - upscale) // (2 * upscale)
    return 1 - leftmost


class PixelShuffleUpsampler(nn.Sequential):
    """Enlarge by pixel shuffle (Shi et al., 2016), each step behind a convolution of its own.

    `width` channels in and out; `factor` 1 is nothing at all. Together with one convolution on the
    enlarged image it reads two input pixels around a pixel, whatever the factor is above 1.
    """

    def __init__(self, width: int, factor: int) -> None:
        super().__init__(
            *(
                layer
                for step in factors(factor)
                for layer in (conv(width, width * step**2), nn.PixelShuffle(step))
            )
        )


class Branch(nn.Sequential):
    """Convolution, SSPN, upsampler, convolution: SSPSR's group branch, coders of DMGASR's GAE."""

    def __init__(
        self,
        channels_in: int,
        channels_out: int,
        width: int,
        blocks: int,
        *,
        reduction: int,
        slope: float = 0.0,
        upscale: int = 1,
    ) -> None:
        super().__init__(
            conv(channels_in, width),
            SpatialSpectralNet(width, blocks, reduction, slope),
            PixelShuffleUpsampler(width, upscale),
            conv(width, channels_out),
        )
