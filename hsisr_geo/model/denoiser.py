"""Local U-Net: predicts a component's missing detail from its interpolated image and a noisy guess.

Two levels: output resolution, and input resolution `upscale` times coarser, where the residual
blocks work. There is no normalisation over space, no pooling and no attention, so an output pixel
depends on a bounded neighbourhood (`reach`) and any tiling gives the same numbers.
One body serves all upscales; only the strides down and up have weights of their own.

The reach shrinks from layer to layer. Asked for a part of its input, the network cuts its layers to
what the next ones read, except at the input's own edges, where a scene ends.
"""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from hsisr_geo.cube.windows import Window, inside, scaled
from hsisr_geo.model.reach import LEVEL_FREQUENCIES, layers_of, network_reach


class LevelBlock(nn.Module):
    """Two 3x3 convolutions, the first scaled and shifted by the noise level, plus the input."""

    def __init__(self, width: int, level_width: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 3, padding=1)
        self.level = nn.Linear(level_width, 2 * width)
        nn.init.zeros_(self.level.weight)
        nn.init.zeros_(self.level.bias)

    def forward(self, x: Tensor, level: Tensor, dtype: torch.dtype | None = None) -> Tensor:
        """Map to the same shape: (image, width, row, col).

        `dtype` is that of the convolutions' products; sums over blocks stay in that of `x`.
        """
        scale, shift = self.level(level)[:, :, None, None].chunk(2, dim=1)
        hidden = torch.relu(_convolved(self.first, x, dtype) * (1 + scale) + shift)
        return x + 0.2 * _convolved(self.second, hidden, dtype)


class LocalUNet(nn.Module):
    """x0-predictor of the residual chain: y0 = net(y_t, condition, sqrt(alpha_bar_t)).

    Parameters
    ----------
    upscales
        Spatial factors the network has strides for.
    width, blocks
        Channels and residual blocks at input resolution.
    fine_width
        Channels at output resolution.
    """

    def __init__(
        self, upscales: Sequence[int], *, width: int = 96, blocks: int = 6, fine_width: int = 16
    ) -> None:
        super().__init__()
        level_width = 4 * LEVEL_FREQUENCIES
        self.level = nn.Sequential(
            nn.Linear(2 * LEVEL_FREQUENCIES, level_width),
            nn.SiLU(),
            nn.Linear(level_width, level_width),
        )
        self.head = nn.Conv2d(2, fine_width, 3, padding=1)
        self.down = nn.ModuleDict(
            {str(s): nn.Conv2d(fine_width, width, s, stride=s) for s in upscales}
        )
        self.blocks = nn.ModuleList(LevelBlock(width, level_width) for _ in range(blocks))
        self.up = nn.ModuleDict(
            {
                str(s): nn.Sequential(
                    nn.Conv2d(width, fine_width * s * s, 3, padding=1), nn.PixelShuffle(s)
                )
                for s in upscales
            }
        )
        self.join = nn.Conv2d(fine_width, fine_width, 3, padding=1)
        self.tail = nn.Conv2d(fine_width, 1, 3, padding=1)
        for parameter in self.tail.parameters():
            nn.init.zeros_(parameter)

    reach = staticmethod(network_reach)
    layers = staticmethod(layers_of)

    def forward(
        self,
        y: Tensor,
        condition: Tensor,
        level: Tensor,
        upscale: int,
        part: Window | None = None,
        dtype: torch.dtype | None = None,
    ) -> Tensor:
        """Predict the clean residual.

        Parameters
        ----------
        y, condition
            Noisy residual and interpolated component, (image, 1, row, col) at output resolution.
        level
            sqrt(alpha_bar), (image,): 1 without noise, 0 for nothing but noise.
        part
            What is wanted, in input pixels (`upscale` times coarser than `y`); None for all of it.
        dtype
            Of the residual blocks' convolutions; None for that of `y`.

        Returns
        -------
        (image, 1, row, col) at output resolution, over the part
        """
        rows, cols = (slice(0, size // upscale) for size in y.shape[2:])
        whole = rows, cols
        layers = self.layers(whole, whole if part is None else part, len(self.blocks))
        embedding = self.level(_level_waves(level))
        fine = self.head(torch.cat([y, condition], dim=1))
        body = first = _unrounded(self.down[str(upscale)], torch.relu(fine))
        for block, (at, left) in zip(self.blocks, pairwise(layers.blocks), strict=True):
            body = _cut(block(body, embedding, dtype), inside(left, at))
        body = _cut(body, inside(layers.up, layers.blocks[-1])) + _cut(first, layers.up)
        shuffled = self.up[str(upscale)](body)
        fine = _cut(fine, scaled(layers.fine, upscale)) + _cut(
            shuffled, scaled(inside(layers.fine, layers.up), upscale)
        )
        out: Tensor = self.tail(torch.relu(self.join(torch.relu(fine))))
        return _cut(out, scaled(inside(layers.part, layers.fine), upscale))


def _convolved(conv: nn.Conv2d, x: Tensor, dtype: torch.dtype | None) -> Tensor:
    """Convolve in another dtype, but add the bias in that of `x`."""
    if dtype is None or dtype == x.dtype:
        out: Tensor = conv(x)
        return out
    products = nn.functional.conv2d(x.to(dtype), conv.weight.to(dtype), padding=conv.padding)
    assert conv.bias is not None
    return products.to(x.dtype) + conv.bias[:, None, None]


def _unrounded(conv: nn.Module, x: Tensor) -> Tensor:
    """Convolve in float32, whatever torch's autocast says.

    With a stride, oneDNN's bfloat16 on AMX gives other numbers than the convolution's: torch 2.13.0
    at 16 channels and a stride of 4 (PyTorch's issue 169688 has others), silently.
    """
    with torch.autocast(x.device.type, enabled=False):
        out: Tensor = conv(x.float())
        return out


def _cut(images: Tensor, window: Window) -> Tensor:
    """Cut a window out of images (image, channel, row, col); a view."""
    rows, cols = window
    return images[:, :, rows, cols]


def _level_waves(level: Tensor) -> Tensor:
    """Sines and cosines of the level, slow to fast: (image,) -> (image, 32)."""
    rates = torch.pi * 2.0 ** torch.linspace(-1, 5, LEVEL_FREQUENCIES, device=level.device)
    phase = level[:, None] * rates
    return torch.cat([phase.sin(), phase.cos()], dim=1)
