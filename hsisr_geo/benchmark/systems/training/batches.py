"""Batches to train on: aligned patches of true cubes and of what D makes of them.

A cube is degraded as a whole, once, so that patches know nothing of edges that are not the scene's.
Every draw comes from a generator keyed by (seed, stage, step): a run that was stopped and goes on
sees what one that was not would have seen.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from hsisr_geo.benchmark.systems.training_run import NamedCube
from hsisr_geo.cube.degradation import BICUBIC, named
from hsisr_geo.errors import ModelError
from hsisr_geo.model import back_projection

_MOST_KEY = 2**63


@dataclass(frozen=True, eq=False)
class DegradedCube:
    """A true cube (band, upscale·row, upscale·col) and what D makes of it (band, row, col)."""

    name: str
    hr: Tensor
    lr: Tensor

    @property
    def least_side(self) -> int:
        """Of the degraded cube, in its pixels."""
        return min(self.lr.shape[1:])


def degraded(cubes: Sequence[NamedCube], upscale: int) -> list[DegradedCube]:
    """Crop each cube to multiples of `upscale` and degrade it by bicubic D.

    Raises
    ------
    ModelError
        A cube that is smaller than one degraded pixel, or has holes.
    """
    return [_degraded(cube, upscale) for cube in cubes]


def _degraded(named_cube: NamedCube, upscale: int) -> DegradedCube:
    name, cube = named_cube.name, named_cube.cube
    rows, cols = (n // upscale * upscale for n in cube.shape[1:])
    if not rows or not cols:
        raise ModelError(f"{name}: smaller than {upscale} pixels, nothing is left to degrade")
    if not np.isfinite(cube).all():
        raise ModelError(f"{name}: has pixels without data; train on a rectangle without holes")
    hr = torch.from_numpy(np.ascontiguousarray(cube[:, :rows, :cols], dtype=np.float32))
    return DegradedCube(name, hr, back_projection.degrade(hr, named(BICUBIC, upscale)))


def keyed(*key: int) -> np.random.Generator:
    """Return the generator of one step."""
    return np.random.default_rng(key)


def torch_generator(rng: np.random.Generator, device: torch.device) -> torch.Generator:
    """Return torch's own, for draws on a device; keyed by the next number of `rng`.

    Layers that draw without being given a generator, such as dropout, are keyed alike.
    """
    key = int(rng.integers(_MOST_KEY))
    torch.manual_seed(key)
    return torch.Generator(device).manual_seed(key)


@dataclass(frozen=True, eq=False)
class Patches:
    """Where patches are drawn from: cubes that are large enough, and the side of a patch.

    `side` is in degraded pixels.
    """

    cubes: tuple[DegradedCube, ...]
    side: int
    upscale: int

    @classmethod
    def of(
        cls, cubes: Sequence[DegradedCube], side: int, upscale: int, log: Callable[[str], None]
    ) -> "Patches":
        """Leave cubes out that are smaller than a patch; if all are, the patch shrinks.

        Raises
        ------
        ModelError
            No cubes, or cubes of different numbers of bands.
        """
        if not cubes:
            raise ModelError("there are no cubes to train on")
        for cube in cubes:
            if len(cube.lr) != len(cubes[0].lr):
                raise ModelError(
                    f"{cube.name} has {len(cube.lr)} bands, {cubes[0].name} {len(cubes[0].lr)}: "
                    "a system is trained on cubes of one number of bands: leave one out, or let "
                    "`bands` choose as many of each"
                )
        largest = max(cube.least_side for cube in cubes)
        if largest < side:
            log(f"every cube is smaller than a patch of {side} degraded pixels: {largest} it is")
            side = largest
        for cube in cubes:
            if cube.least_side < side:
                log(f"{cube.name} is left out: smaller than {side} degraded pixels")
        fitting = tuple(cube for cube in cubes if cube.least_side >= side)
        return cls(fitting, side, upscale)

    def draw(self, count: int, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        """Draw (image, band, upscale·side, upscale·side) and (image, band, side, side).

        A cube by its area, a place, and one of the eight symmetries of the square, of which D is
        one as well.
        """
        area = np.array([cube.lr[0].numel() for cube in self.cubes], float)
        chosen = rng.choice(len(self.cubes), count, p=area / area.sum())
        pairs = [self._patch(self.cubes[index], rng) for index in chosen]
        hr, lr = (torch.stack(images) for images in zip(*pairs, strict=True))
        return hr, lr

    def _patch(self, cube: DegradedCube, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        row, col = (int(rng.integers(n - self.side + 1)) for n in cube.lr.shape[1:])
        turns, mirrored = int(rng.integers(4)), bool(rng.integers(2))
        return (
            _turned(_window(cube.hr, row, col, self.side, self.upscale), turns, mirrored),
            _turned(_window(cube.lr, row, col, self.side, 1), turns, mirrored),
        )


def _window(cube: Tensor, row: int, col: int, side: int, factor: int) -> Tensor:
    rows, cols = (slice(factor * n, factor * (n + side)) for n in (row, col))
    return cube[:, rows, cols]


def _turned(image: Tensor, turns: int, mirrored: bool) -> Tensor:
    image = torch.rot90(image, turns, (-2, -1))
    return image.flip(-1) if mirrored else image
