"""MCNet (Li et al., Remote Sensing 2020): 3-D convolutions over space and bands, mixed with 2-D."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm

from hsisr_geo.errors import ModelError
from hsisr_geo.model.baselines.losses import l1
from hsisr_geo.model.baselines.system import Regressor, Stage

__all__ = ["MCNet", "Settings"]

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
        width = settings.width
        self.head = _conv3d(1, width, (3, 3, 3))
        self.mixed = nn.ModuleList(MixedModule(width) for _ in range(settings.modules))
        self.tail = nn.Sequential(_enlarge(width, upscale), _conv3d(width, 1, (3, 3, 3)))
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
        head = self.head(_by_band(x[:, None]))
        features = head
        for module in self.mixed:
            features = module(features) + head
        sr: Tensor = self.tail(features)[:, 0]
        return sr + self.mean if self.settings.band_mean else sr

    def loss(self, sr: Tensor, hr: Tensor) -> Tensor:
        """Mean absolute difference."""
        return l1(sr, hr)

    def stages(self) -> tuple[Stage, ...]:
        """Return the single stage, in which the means of the bands are gathered."""

        def loss(hr: Tensor, lr: Tensor, generator: torch.Generator) -> Tensor:
            if self.settings.band_mean:
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
        self.chain = nn.ModuleList(_separable(width) for _ in range(BRANCHES))
        self.planes = nn.ModuleList(_planar(width) for _ in range(BRANCHES))
        self.weights = nn.Parameter(torch.ones(BRANCHES))
        self.join = _conv3d(BRANCHES * width, width, (1, 1, 1))
        self.last = _separable(width)

    def forward(self, x: Tensor) -> Tensor:
        """Map to the same shape: (image, width, band, row, col)."""
        deeper, seen = x, []
        for chained, plane, weight in zip(self.chain, self.planes, self.weights, strict=True):
            deeper = chained(deeper) + deeper
            seen.append(weight * _each_band(plane, deeper))
        joined = nn.functional.relu(self.join(torch.cat(seen, dim=1)))
        out: Tensor = self.last(joined + x)
        return out


def _separable(width: int) -> nn.Sequential:
    """Return the block "S3D": 3-D convolution in two steps, rows and columns, then bands."""
    return nn.Sequential(
        _conv3d(width, width, (1, 3, 3)),
        nn.ReLU(inplace=True),
        _conv3d(width, width, (3, 1, 1)),
        nn.ReLU(inplace=True),
    )


def _planar(width: int) -> nn.Sequential:
    first, second = (_normalised(nn.Conv2d(width, width, 3, padding=1)) for _ in range(2))
    return nn.Sequential(first, nn.ReLU(inplace=True), second)


def _conv3d(channels_in: int, channels_out: int, kernel: tuple[int, int, int]) -> nn.Module:
    bands, rows, cols = (n // 2 for n in kernel)
    return _normalised(nn.Conv3d(channels_in, channels_out, kernel, padding=(bands, rows, cols)))


def _enlarge(width: int, upscale: int) -> nn.Module:
    kernel, stride = (3, 2 + upscale, 2 + upscale), (1, upscale, upscale)
    return _normalised(nn.ConvTranspose3d(width, width, kernel, stride, padding=1))


def _normalised(layer: nn.Module) -> nn.Module:
    """Give each kernel a direction and a length to learn (Salimans & Kingma, 2016)."""
    normalised: nn.Module = weight_norm(layer)
    return normalised


def _by_band(x: Tensor) -> Tensor:
    """Put channels last in memory, so that `_each_band` copies nothing."""
    return x.contiguous(memory_format=torch.channels_last_3d)


def _each_band(plane: nn.Module, x: Tensor) -> Tensor:
    """Apply a 2-D network to every band by itself."""
    planes: Tensor = plane(x.transpose(1, 2).flatten(0, 1))
    return planes.reshape(x.shape[0], x.shape[2], *planes.shape[1:]).transpose(1, 2)
