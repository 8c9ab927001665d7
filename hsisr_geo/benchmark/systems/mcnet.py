"""MCNet (Li et al., Remote Sensing 2020): 3-D convolutions over space and bands, mixed with 2-D.

Those that see rows and columns only, or bands only, are computed as 2-D convolutions of views:
the same numbers in a fraction of the time.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, TypeVar

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm

from hsisr_geo.benchmark.systems.layers.layers import check_width
from hsisr_geo.benchmark.systems.layers.losses import l1
from hsisr_geo.benchmark.systems.system import Regressor, Stage
from hsisr_geo.errors import ModelError

Layer = TypeVar("Layer", bound=nn.Module)

BRANCHES = 3
"""Depths from which a module takes features."""


@dataclass(frozen=True)
class Settings:
    """As the authors' but for `band_mean`; DMGASR compares with width 32.

    Attributes
    ----------
    width, modules
        Channels, and mixed modules ("SSRM").
    band_mean
        Whether each band's mean over the training is subtracted before the network and added
        behind it, as the authors do. It ties the network to its bands. DMGASR's comparison leaves
        it out, and so does this one unless it is asked for.
    """

    width: int = 64
    modules: int = 4
    band_mean: bool = False

    def __post_init__(self) -> None:
        check_width(self.width)


class MCNet(Regressor):
    """Mixed convolutional network; one set of weights for any bands (section 3).

    All convolutions are weight-normalised. There is no skip from the interpolated cube.

    Parameters
    ----------
    bands, upscale
        As of `System`.
    settings
        Size of the network.

    Raises
    ------
    ModelError
        If means of bands are to be subtracted, and `bands` is 0.
    """

    any_bands: ClassVar[bool] = True

    mean: Tensor
    seen: Tensor

    def __init__(self, bands: int, upscale: int, settings: Settings = Settings()) -> None:
        if settings.band_mean and not bands:
            msg = "mcnet: band_mean needs a fixed number of bands; give it, or leave band_mean out"
            raise ModelError(msg)
        super().__init__(bands if settings.band_mean else 0, upscale)
        self.settings = settings
        self.any_bands = not settings.band_mean  # type: ignore[misc]  # it hangs on the settings
        width = settings.width
        self.head = _normalised(nn.Conv3d(1, width, 3, padding=1))
        self.mixed = nn.ModuleList(MixedModule(width) for _ in range(settings.modules))
        self.tail = nn.Sequential(_enlarge(width, upscale), Merge(width))
        if settings.band_mean:
            self.register_buffer("mean", torch.zeros(bands, 1, 1))
            self.register_buffer("seen", torch.zeros(()))

    @property
    def reach(self) -> int:
        """Input pixels around a pixel that its output depends on."""
        head, tail = 1, 1
        return head + MixedModule.reach * self.settings.modules + tail

    def forward(self, lr: Tensor) -> Tensor:
        """Super-resolve; shapes as in `resolve`."""
        x = lr - self.mean if self.settings.band_mean else lr
        head = _channels_last(self.head(x[:, None]))
        features = head
        for module in self.mixed:
            features = module(features) + head
        sr: Tensor = self.tail(features)
        return sr + self.mean if self.settings.band_mean else sr

    def loss(self, sr: Tensor, hr: Tensor) -> Tensor:
        """Mean absolute difference."""
        return l1(sr, hr)

    def stages(self) -> tuple[Stage, ...]:
        """Return the single stage, in which the means of the bands are gathered."""

        def loss(hr: Tensor, lr: Tensor, generator: torch.Generator) -> Tensor:
            if self.settings.band_mean and torch.is_grad_enabled():
                self._see(lr)
            return self.loss(self(lr), hr)

        return (Stage("network", 1.0, self, loss),)

    @torch.no_grad()
    def _see(self, lr: Tensor) -> None:
        """Take a batch into the means: the authors' are constants of a set of data."""
        self.seen += 1
        self.mean += (lr.mean(dim=(0, -2, -1))[:, None, None] - self.mean) / self.seen


class MixedModule(nn.Module):
    """SSRM: features of three depths, each seen by 2-D convolutions, put together and added."""

    reach: ClassVar[int] = BRANCHES + 2 + 1
    """Pixels: separable blocks in a chain, the two 2-D convolutions of the last, one block more."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.chain = nn.ModuleList(SeparableBlock(width) for _ in range(BRANCHES))
        self.planes = nn.ModuleList(
            nn.Sequential(_conv(width, width, (3, 3)), nn.ReLU(), _conv(width, width, (3, 3)))
            for _ in range(BRANCHES)
        )
        self.weights = nn.Parameter(torch.ones(BRANCHES))
        self.join = _conv(BRANCHES * width, width, (1, 1))
        self.last = SeparableBlock(width)

    def forward(self, x: Tensor) -> Tensor:
        """Map to the same shape: (image, width, band, row, col)."""
        deeper, seen = x, []
        for chained, planes, weight in zip(self.chain, self.planes, self.weights, strict=True):
            deeper = chained(deeper) + deeper
            seen.append(weight * _each_band(planes, deeper))
        joined = nn.functional.relu(_each_band(self.join, torch.cat(seen, dim=1)))
        out: Tensor = self.last(joined + x)
        return out


class SeparableBlock(nn.Module):
    """S3D: a 3-D convolution in two steps, over rows and columns, then over bands."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.spatial = _conv(width, width, (3, 3))
        self.spectral = _conv(width, width, (3, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Map to the same shape: (image, width, band, row, col)."""
        x = nn.functional.relu(_each_band(self.spatial, x))
        return nn.functional.relu(_each_pixel(self.spectral, x))


class Merge(nn.Module):
    """The last 3-D convolution, to one channel, at the size of the answer.

    Computed as three planar convolutions whose results are added one band apart, in half the time
    of the 3-D convolution.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv = _normalised(nn.Conv3d(width, 1, 3))

    def forward(self, x: Tensor) -> Tensor:
        """Map (image, width, band, row, col) to (image, band, row, col)."""
        taps = self.conv.weight[0].transpose(0, 1)
        parts = _each_band(lambda planes: nn.functional.conv2d(planes, taps, padding=1), x)
        before, here, after = parts.unbind(dim=1)
        shifted = nn.functional.pad(before[:, :-1], (0, 0, 0, 0, 1, 0))
        out: Tensor = here + shifted + nn.functional.pad(after[:, 1:], (0, 0, 0, 0, 0, 1))
        return out if self.conv.bias is None else out + self.conv.bias


def _conv(channels_in: int, channels_out: int, kernel: tuple[int, int]) -> nn.Module:
    padding = (kernel[0] // 2, kernel[1] // 2)
    return _normalised(nn.Conv2d(channels_in, channels_out, kernel, padding=padding))


def _enlarge(width: int, upscale: int) -> nn.Module:
    kernel, stride = (3, 2 + upscale, 2 + upscale), (1, upscale, upscale)
    return _normalised(nn.ConvTranspose3d(width, width, kernel, stride, padding=1))


def _normalised(layer: Layer) -> Layer:
    """Give each kernel a direction and a length to learn (Salimans & Kingma, 2016)."""
    normalised: Layer = weight_norm(layer)
    return normalised


def _channels_last(x: Tensor) -> Tensor:
    """Order features in memory so that the two functions below copy nothing."""
    return x.contiguous(memory_format=torch.channels_last_3d)


def _each_band(planar: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """Apply a function of (image, channel, row, col) to every band by itself."""
    planes = planar(x.transpose(1, 2).flatten(0, 1))
    return planes.reshape(x.shape[0], x.shape[2], *planes.shape[1:]).transpose(1, 2)


def _each_pixel(along: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """Apply a function of (image, channel, band, pixel) that keeps the shape of all."""
    return along(x.flatten(3)).reshape(x.shape)
