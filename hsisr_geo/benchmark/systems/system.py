"""`System`: a network over whole cubes and the stages that train it, as all published ones are."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

DrawNoise = Callable[[int, int], Tensor]
"""(channels, step) -> standard normal noise (1, channels, row, col) over the output's pixels, fixed
to their place in the scene; the same for every call with the same two numbers."""

StageLoss = Callable[[Tensor, Tensor, torch.Generator], Tensor]
"""(true cubes (image, band, upscale·row, upscale·col), degraded cubes (image, band, row, col),
where random draws come from) -> the loss of one optimiser step. Scaled as in `System.forward`."""


@dataclass(frozen=True, eq=False)
class Stage:
    """One stage of a system's training.

    Attributes
    ----------
    share
        Of the training budget; those of a system's stages sum to one.
    trained
        The part that is optimised; the rest stays as it is.
    learning_rate
        As published.
    """

    name: str
    share: float
    trained: nn.Module
    loss: StageLoss
    learning_rate: float = 1e-4


class System(nn.Module, ABC):
    """A published system at one upscale.

    Parameters
    ----------
    bands
        Bands that the network is built for; 0 for one that takes any number.
    upscale
        Spatial factor.
    """

    any_bands: ClassVar[bool] = False
    """Whether one set of weights serves any number of bands."""

    stochastic: ClassVar[bool] = False
    """Whether the answer is a sample, which depends on noise."""

    def __init__(self, bands: int, upscale: int) -> None:
        super().__init__()
        self.bands = bands
        self.upscale = upscale

    @property
    def reach(self) -> int | None:
        """Input pixels around a pixel that its output depends on; None: all of the image."""
        return None

    @abstractmethod
    def resolve(self, lr: Tensor, draw: DrawNoise) -> Tensor:
        """Super-resolve.

        Parameters
        ----------
        lr
            (image, band, row, col), scaled so that nearly all values are in 0 ... 1; any size.
        draw
            Where noise comes from; a system that is not stochastic never calls it.

        Returns
        -------
        (image, band, upscale·row, upscale·col), in the same scale, not clipped.
        """

    @abstractmethod
    def stages(self) -> tuple[Stage, ...]:
        """Return the stages of training, in order."""


class Regressor(System):
    """A system that is one network with one loss: `forward` is its answer."""

    @abstractmethod
    def forward(self, lr: Tensor) -> Tensor:
        """Super-resolve; shapes as in `resolve`."""

    @abstractmethod
    def loss(self, sr: Tensor, hr: Tensor) -> Tensor:
        """Compare an answer with the truth, as published."""

    def resolve(self, lr: Tensor, draw: DrawNoise) -> Tensor:
        """Super-resolve; there is no noise in it."""
        sr: Tensor = self(lr)
        return sr

    def stages(self) -> tuple[Stage, ...]:
        """Return the single stage."""

        def loss(hr: Tensor, lr: Tensor, generator: torch.Generator) -> Tensor:
            return self.loss(self(lr), hr)

        return (Stage("network", 1.0, self, loss),)
