"""How pixels of a coarse sensor see a fine image: a kernel along each axis, moved and scaled."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from affine import Affine
from numpy.typing import NDArray

Cube = NDArray[np.float64]
"""float64 array (band, row, col), NaN where there is no value."""

Kernel = Callable[[NDArray[np.float64], float], NDArray[np.float64]]
"""Weights of fine pixels at these distances, for a width; both in fine pixels."""

_SEEN = 0.98  # share of a pixel that the image must cover


@dataclass(frozen=True)
class Axis:
    """`count` coarse pixels, each `step` fine ones wide; the first begins at `start` of `many`."""

    count: int
    many: int
    start: float
    step: float

    def moved(self, by: float) -> "Axis":
        """Return these pixels where the image is moved by so many of them."""
        return replace(self, start=self.start - by * self.step)

    def finer(self, upscale: int) -> "Axis":
        """Return as many times smaller pixels over the same length."""
        return replace(self, count=self.count * upscale, step=self.step / upscale)

    def weights(self, kernel: Kernel, width: float) -> NDArray[np.float64]:
        """Return weights (count, many) of fine pixels in coarse ones.

        They sum to one where all of the kernel falls inside, and to less at the edges.
        """
        centre = self.start + (np.arange(self.count) + 0.5) * self.step
        return kernel(np.arange(self.many) + 0.5 - centre[:, None], width)


@dataclass(frozen=True, eq=False)
class Sight:
    """A fine image, and a coarse grid over it.

    Attributes
    ----------
    image : of the fine sensor
    place : from pixels of the grid to those of the image, without rotation
    shape : (rows, columns) of the grid
    """

    image: Cube
    place: Affine
    shape: tuple[int, int]

    def through(
        self,
        kernel: Kernel,
        size: tuple[float, float],
        shift: tuple[float, float] = (0.0, 0.0),
        upscale: int = 1,
    ) -> Cube:
        """Return what pixels `upscale` times finer than the grid's see of the image.

        Sizes of the kernel and shifts, (rows, columns), are in pixels of the grid.
        """
        rows, cols = (
            axis.moved(by).finer(upscale).weights(kernel, wide * abs(axis.step))
            for axis, wide, by in zip(self._axes(), size, shift, strict=True)
        )
        valid = np.isfinite(self.image)
        total = rows @ np.where(valid, self.image, 0) @ cols.T
        weight = rows @ valid.astype(np.float64) @ cols.T
        return np.where(weight >= _SEEN, total / np.maximum(weight, _SEEN), np.nan)

    def _axes(self) -> tuple[Axis, Axis]:
        (rows, cols), (many_rows, many_cols) = self.shape, self.image.shape[1:]
        down = Axis(rows, many_rows, self.place.f, self.place.e)
        return down, Axis(cols, many_cols, self.place.c, self.place.a)


def gaussian(distance: NDArray[np.float64], sigma: float) -> NDArray[np.float64]:
    """Return a Gaussian's weights, cut at four sigma."""
    sigma = max(sigma, 0.3)
    density = np.exp(-0.5 * (distance / sigma) ** 2) / (sigma * math.sqrt(2 * math.pi))
    return np.asarray(np.where(np.abs(distance) < 4 * sigma + 1, density, 0), np.float64)


def box(distance: NDArray[np.float64], width: float) -> NDArray[np.float64]:
    """Return the share of each fine pixel inside a box, over the box."""
    half = width / 2
    inside = np.minimum(distance + 0.5, half) - np.maximum(distance - 0.5, -half)
    return np.asarray(np.clip(inside, 0, None) / width, np.float64)
