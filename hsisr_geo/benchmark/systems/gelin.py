"""GELIN: features of each group of bands, enlarged together with those of its two neighbours.

X. Wang, Q. Hu, J. Jiang, J. Ma, "A group-based embedding learning and integration network for
hyperspectral image super-resolution", IEEE Transactions on Geoscience and Remote Sensing, 2022.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from hsisr_geo.benchmark.systems.layers.groups import average, group_bands, split
from hsisr_geo.benchmark.systems.layers.layers import ChannelAttention, check_width, conv
from hsisr_geo.benchmark.systems.layers.losses import l1_with_spectra
from hsisr_geo.benchmark.systems.system import Regressor
from hsisr_geo.model.back_projection import interpolate

_REDUCTION = 16
# ^ of the channel attention

_KERNELS = {2: (4, 1), 3: (3, 0), 4: (8, 2), 8: (12, 2)}
# ^ kernel and padding of the transposed convolution that enlarges by a factor; 2 and 3 are of
#   DMGASR's authors


@dataclass(frozen=True)
class Settings:
    """Settings as the authors published them for Chikusei (128 bands).

    For CAVE (31 bands) they took groups of 8 with 2 shared, and 8 blocks. For its comparison
    DMGASR took such groups, 6 blocks and a width of 128 or 256.

    Attributes
    ----------
    width
        Channels.
    blocks
        Blocks of the embedding.
    group_size, group_overlap
        Bands of a group, and those that it shares with the next.
    """

    width: int = 256
    blocks: int = 6
    group_size: int = 32
    group_overlap: int = 8

    def __post_init__(self) -> None:
        """Refuse a width that no network has."""
        check_width(self.width)


class SelfCalibratedConvolution(nn.Module):
    """Half of the channels convolved under a gate that sees twice as far, the others plainly.

    Of Liu et al. 2020, "Improving convolutional networks with self-calibrated convolutions". The
    gate is computed at half the size. Of an odd number of rows the last is a mean of its own:
    published code leaves it out, which moves the gate against the image.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        gated = width // 2
        plain = width - gated
        self.gated_width = gated
        self.pool = nn.AvgPool2d(2, ceil_mode=True)
        self.context = conv(gated, gated)
        self.gated = conv(gated, gated)
        self.after = nn.Sequential(conv(gated, gated), nn.ReLU(inplace=True))
        self.plain = nn.Sequential(conv(plain, plain), nn.ReLU(inplace=True))

    def forward(self, x: Tensor) -> Tensor:
        """Map to the same shape."""
        gated, plain = x[:, : self.gated_width], x[:, self.gated_width :]
        context = nn.functional.interpolate(self.context(self.pool(gated)), scale_factor=2.0)
        gate = (gated + context[..., : x.shape[-2], : x.shape[-1]]).sigmoid()
        return torch.cat([self.after(self.gated(gated) * gate), self.plain(plain)], dim=1)


class EmbeddingBlock(nn.Module):
    """SSELB: a self-calibrated convolution and channel attention, each with its skip."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.calibrated = SelfCalibratedConvolution(width)
        self.body = nn.Sequential(
            conv(width, width),
            nn.ReLU(inplace=True),
            conv(width, width),
            ChannelAttention(width, _REDUCTION),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map to the same shape."""
        y = self.calibrated(x)
        out: Tensor = x + y + self.body(y)
        return out


class Embedding(nn.Module):
    """SSELM: the features of a group."""

    def __init__(self, bands: int, width: int, blocks: int) -> None:
        super().__init__()
        self.head = conv(bands, width)
        self.blocks = nn.Sequential(*(EmbeddingBlock(width) for _ in range(blocks)))

    def forward(self, x: Tensor) -> Tensor:
        """Map (image, band, row, col) to (image, width, row, col)."""
        x = self.head(x)
        out: Tensor = x + self.blocks(x)
        return out


class Integration(nn.Module):
    """NGIM: a group's features enlarged, corrected by what its neighbours' add."""

    def __init__(self, width: int, upscale: int) -> None:
        super().__init__()
        between = max(1, width // 2)
        self.alone = nn.Sequential(_enlarge(width, upscale), nn.PReLU(width))
        self.together = nn.Sequential(
            conv(3 * width, between),
            conv(between, width),
            _enlarge(width, upscale),
            nn.PReLU(width),
        )
        self.correct = conv(width, width)

    def forward(self, before: Tensor, own: Tensor, after: Tensor) -> Tensor:
        """Map three times (image, width, row, col) to that at `upscale`."""
        alone = self.alone(own)
        together = self.together(torch.cat([before, own, after], dim=1))
        out: Tensor = alone + self.correct(together - alone)
        return out


class Gelin(Regressor):
    """GELIN at an upscale of 2, 3, 4 or 8; its answer is what interpolation lacks."""

    def __init__(self, bands: int, upscale: int, settings: Settings = Settings()) -> None:
        super().__init__(bands, upscale)
        width = settings.width
        self.groups = group_bands(bands, settings.group_size, settings.group_overlap)
        self.embed = Embedding(self.groups.size, width, settings.blocks)
        self.integrate = Integration(width, upscale)
        self.tail = conv(width, self.groups.size)

    def forward(self, lr: Tensor) -> Tensor:
        """Super-resolve; every pixel depends on all of the image, so there is no `reach`."""
        count = len(self.groups)
        features = self.embed(split(lr, self.groups).flatten(0, 1))
        own = features.unflatten(0, (-1, count)).unbind(1)
        parts = [
            self.tail(self.integrate(own[group - 1], own[group], own[(group + 1) % count]))
            for group in range(count)
        ]
        # ^ one after another: these features are the large ones. The first and the last group are
        #   neighbours, as in the published code.
        return average(torch.stack(parts, dim=1), self.groups) + interpolate(lr, self.upscale)

    def loss(self, sr: Tensor, hr: Tensor) -> Tensor:
        """L1 with 0.3 times the spectral angle (in pi) and 0.1 times the gradients' difference."""
        return l1_with_spectra(sr, hr)


def _enlarge(width: int, upscale: int) -> nn.ConvTranspose2d:
    if upscale not in _KERNELS:
        msg = f"GELIN enlarges by {', '.join(map(str, _KERNELS))}, not by {upscale}."
        raise ValueError(msg)
    kernel, padding = _KERNELS[upscale]
    return nn.ConvTranspose2d(width, width, kernel, stride=upscale, padding=padding)
