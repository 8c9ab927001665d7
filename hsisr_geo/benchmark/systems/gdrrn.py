"""GDRRN (Li et al., WHISPERS 2018): one residual unit applied nine times to the interpolated cube.

The interpolation is ours and GDAL's; MATLAB's, which the authors use, differs in border pixels.
"""

from dataclasses import dataclass

from torch import Tensor, nn

from hsisr_geo.benchmark.systems.layers.layers import check_width, reach_through_bicubic
from hsisr_geo.benchmark.systems.layers.losses import spectral_angle
from hsisr_geo.benchmark.systems.system import Regressor
from hsisr_geo.model.back_projection import interpolate


@dataclass(frozen=True)
class Settings:
    """As the authors'; DMGASR compares with `groups` 1 and a learning rate of 5e-5.

    Attributes
    ----------
    width
        Channels.
    groups
        Into which the channels of the recursive unit are divided; they divide the width.
    recursions
        How many times the unit is applied; it has one set of weights.
    rectified
        Whether input and first features lose their negative values where they are added again:
        the published ReLU overwrites what it is given, though the paper draws no such thing.
    angle
        Weight of the spectral angle in the loss.
    """

    width: int = 128
    groups: int = 2
    recursions: int = 9
    rectified: bool = True
    angle: float = 0.1

    def __post_init__(self) -> None:
        check_width(self.width)
        if self.groups < 1 or self.width % self.groups:
            msg = f"{self.groups} groups cannot share {self.width} channels equally"
            raise ValueError(msg)


class GDRRN(Regressor):
    """Grouped deep recursive residual network; convolutions without bias (section 2).

    Parameters
    ----------
    bands, upscale
        As of `System`.
    settings
        Size of the network.
    """

    def __init__(self, bands: int, upscale: int, settings: Settings = Settings()) -> None:
        super().__init__(bands, upscale)
        width, groups = settings.width, settings.groups
        self.settings = settings
        self.head = _conv(bands, width)
        self.unit = nn.ModuleList(_conv(width, width, groups) for _ in range(2))
        self.tail = _conv(width, bands)

    @property
    def reach(self) -> int:
        """Input pixels around a pixel that its output depends on."""
        convolutions = 2 + 2 * self.settings.recursions
        return reach_through_bicubic(convolutions, self.upscale)

    def forward(self, lr: Tensor) -> Tensor:
        """Super-resolve; shapes as in `resolve`."""
        skip = interpolate(lr, self.upscale)
        positive = nn.functional.relu(skip)
        first = self.head(positive)
        if self.settings.rectified:
            skip, first = positive, nn.functional.relu(first)
        sr: Tensor = skip + self.tail(nn.functional.relu(self._recurse(first)))
        return sr

    def loss(self, sr: Tensor, hr: Tensor) -> Tensor:
        """Half the squared error, summed over a cube, and the spectral angle (equations 4 to 6).

        The mean over the images of both; the sum makes the angle count for little.
        """
        squared = (sr - hr).square().sum() / (2 * len(sr))
        return squared + self.settings.angle * spectral_angle(sr, hr)

    def _recurse(self, first: Tensor) -> Tensor:
        out = first
        for _ in range(self.settings.recursions):
            for convolve in self.unit:
                out = convolve(nn.functional.relu(out))
            out = out + first
        return out


def _conv(channels_in: int, channels_out: int, groups: int = 1) -> nn.Conv2d:
    layer = nn.Conv2d(channels_in, channels_out, 3, padding=1, groups=groups, bias=False)
    nn.init.normal_(layer.weight, std=(2 / (9 * channels_out)) ** 0.5)
    return layer
