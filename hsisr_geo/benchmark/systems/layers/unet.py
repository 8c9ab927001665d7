"""The published diffusion network: a U-Net after SR3 (Saharia et al. 2021), at DMGASR's size.

Six channels in (a group's three latents of the interpolated scene, and three noisy ones), three
out: the noise. Four halvings with widths 64, 128, 256, 512, 512, two residual blocks at each level,
attention over all positions at an eighth of the resolution and in the middle. It has 97 807 491
parameters, which a test checks. Written from the description, with no code of the original's.
Other numbers of channels, widths and depths are for ablations and for machines without a GPU.
"""

import math
from collections.abc import Iterator

import torch
from torch import Tensor, nn

from hsisr_geo.errors import ModelError

PARAMETERS = 97_807_491
"""Of the network at its published size."""

_NORM_GROUPS = 32
_LEVEL_RATE = math.log(1e4)


class PublishedUNet(nn.Module):
    """Predict the noise in a group's latents from the noise level and the interpolated latents.

    Parameters
    ----------
    latents
        Channels of a group.
    width, widths
        Channels at full resolution, an even number, and at each level in units of these.
    depth
        Residual blocks at each level on the way down; one more on the way up.
    attention_level
        The level, counted from 0 at full resolution, whose blocks attend; the middle always does.
    dropout
        Share that is dropped in training.

    Raises
    ------
    ModelError
        An odd width, or no level.
    """

    def __init__(
        self,
        *,
        latents: int = 3,
        width: int = 64,
        widths: tuple[int, ...] = (1, 2, 4, 8, 8),
        depth: int = 2,
        attention_level: int = 3,
        dropout: float = 0.2,
    ) -> None:
        super().__init__()
        if width < 2 or width % 2 or not widths:
            raise ModelError(f"a U-Net of width {width} and levels {widths}: give an even width")
        self.width = width
        self.multiple: int = 2 ** (len(widths) - 1)
        self.level = nn.Sequential(
            nn.Linear(width, 4 * width), nn.SiLU(), nn.Linear(4 * width, width)
        )
        self.head = nn.Conv2d(2 * latents, width, 3, padding=1)
        skips, channels, last = [width], width, len(widths) - 1
        self.down = nn.ModuleList()
        for number, factor in enumerate(widths):
            for _ in range(depth):
                attends = number == attention_level
                self.down.append(_Stage(channels, factor * width, width, dropout, attends=attends))
                channels = factor * width
                skips.append(channels)
            if number < last:
                self.down.append(nn.Conv2d(channels, channels, 3, stride=2, padding=1))
                skips.append(channels)
        self.middle = nn.ModuleList(
            _Stage(channels, channels, width, dropout, attends=attends) for attends in (True, False)
        )
        self.up = nn.ModuleList()
        for number, factor in reversed(list(enumerate(widths))):
            for _ in range(depth + 1):
                attends, joined = number == attention_level, channels + skips.pop()
                self.up.append(_Stage(joined, factor * width, width, dropout, attends=attends))
                channels = factor * width
            if number > 0:
                self.up.append(_Doubling(channels))
        self.tail = nn.Sequential(
            _normalized(channels),
            nn.SiLU(),
            nn.Conv2d(channels, latents, 3, padding=1),
        )

    def forward(self, condition: Tensor, noisy: Tensor, level: Tensor) -> Tensor:
        """Predict the noise.

        Parameters
        ----------
        condition, noisy
            (image, latents, row, col); rows and columns are multiples of `multiple`: of 16, as
            published.
        level
            sqrt(alpha_bar), (image,).

        Returns
        -------
        (image, latents, row, col)
        """
        embedding = self.level(_waves(level, self.width))
        x = self.head(torch.cat([condition, noisy], dim=1))
        skips = [x]
        for layer in self.down:
            x = layer(x, embedding) if isinstance(layer, _Stage) else layer(x)
            skips.append(x)
        for layer in self.middle:
            x = layer(x, embedding)
        for layer in self.up:
            if isinstance(layer, _Stage):
                x = layer(torch.cat([x, skips.pop()], dim=1), embedding)
            else:
                x = layer(x)
        out: Tensor = self.tail(x)
        return out


class _Stage(nn.Module):
    """A residual block, shifted by the noise level, and attention after it at some levels."""

    def __init__(
        self, channels_in: int, channels_out: int, width: int, dropout: float, *, attends: bool
    ) -> None:
        super().__init__()
        self.first = _activated(channels_in, channels_out, 0.0)
        self.shift = nn.Linear(width, channels_out)
        self.second = _activated(channels_out, channels_out, dropout)
        self.skip: nn.Module = nn.Identity()
        if channels_in != channels_out:
            self.skip = nn.Conv2d(channels_in, channels_out, 1)
        self.attention = _Attention(channels_out) if attends else nn.Identity()

    def forward(self, x: Tensor, embedding: Tensor) -> Tensor:
        hidden = self.first(x) + self.shift(embedding)[:, :, None, None]
        out: Tensor = self.attention(self.second(hidden) + self.skip(x))
        return out


class _Attention(nn.Module):
    """One head of attention over all positions, plus the input."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = _normalized(channels)
        self.qkv = nn.Conv2d(channels, 3 * channels, 1, bias=False)
        self.out = nn.Conv2d(channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = self.qkv(self.norm(x)).flatten(2).transpose(1, 2).chunk(3, dim=2)
        seen = nn.functional.scaled_dot_product_attention(q, k, v)
        out: Tensor = x + self.out(seen.transpose(1, 2).reshape(x.shape))
        return out


class _Doubling(nn.Module):
    """Nearest neighbours twice as fine, then a convolution."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.conv(nn.functional.interpolate(x, scale_factor=2.0, mode="nearest"))
        return out


def _normalized(channels: int) -> nn.GroupNorm:
    """Normalise over 32 groups as published, or fewer, so that each has two channels or more.

    A group of one channel would lose its mean and its deviation: all that tells images apart.
    """
    groups = math.gcd(_NORM_GROUPS, channels)
    return nn.GroupNorm(groups // 2 if groups == channels > 1 else groups, channels)


def _activated(channels_in: int, channels_out: int, dropout: float) -> nn.Sequential:
    layers: Iterator[nn.Module] = iter(
        (
            _normalized(channels_in),
            nn.SiLU(),
            nn.Dropout(dropout),
            nn.Conv2d(channels_in, channels_out, 3, padding=1),
        )
    )
    return nn.Sequential(*layers)


def _waves(level: Tensor, width: int) -> Tensor:
    """Sines and cosines of the level at `width` / 2 rates: (image,) -> (image, width)."""
    half = width // 2
    rates = torch.exp(-_LEVEL_RATE * torch.arange(half, device=level.device) / half)
    phase = level[:, None] * rates
    return torch.cat([phase.sin(), phase.cos()], dim=1)
