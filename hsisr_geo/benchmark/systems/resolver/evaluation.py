"""A system evaluated on a part of a scene: on one image, or on blocks that are blended.

Numpy in, numpy out; the device stays inside. Values are divided by the scene's scale on the way in,
and multiplied by it on the way out.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import chain
from threading import Event

import numpy as np
import torch
from torch import Tensor

from hsisr_geo.bands.radiometry import Cube
from hsisr_geo.benchmark.systems.resolver.blocks import blocks_of
from hsisr_geo.benchmark.systems.system import System
from hsisr_geo.cube.windows import Window, inside, scaled, widened
from hsisr_geo.errors import Canceled
from hsisr_geo.model.inference.devices import Slot
from hsisr_geo.model.inference.spread import standard_deviation
from hsisr_geo.model.noise import noise_field


@dataclass(frozen=True, eq=False)
class Image:
    """Pixels (band, row, col) that are known, and where they lie in the scene."""

    cube: Cube
    window: Window


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What decides, besides pixels, about the answers of a system in a scene.

    Attributes
    ----------
    reach
        Of the system: None for one that is run on blocks.
    scale
        What values are divided by.
    seed
        Of the noise.
    samples
        Whose deviation is wanted; 0 for the answer alone.
    given_up
        Once it is set, `Canceled` is raised before the next sample.
    """

    reach: int | None
    upscale: int
    scale: float
    seed: int
    samples: int
    given_up: Event

    def make(self, place: Slot[System], image: Image, part: Window) -> tuple[Cube, ...]:
        """Make a part (pixels of the scene) of all images that it lies in."""
        if self.reach is None:
            return self._blended(place, image, part)
        read = widened(part, self.reach, image.window)
        rows, cols = scaled(inside(part, read), self.upscale)
        cubes = self._evaluate(place, image, read)
        return tuple(np.ascontiguousarray(cube[:, rows, cols]) for cube in cubes)

    def _blended(self, place: Slot[System], image: Image, part: Window) -> tuple[Cube, ...]:
        rows, cols = scaled(part, self.upscale)
        shape = len(image.cube), rows.stop - rows.start, cols.stop - cols.start
        sums = tuple(np.zeros(shape, np.float32) for _ in range(2 if self.samples else 1))
        for block in blocks_of(image.window, part, self.upscale):
            cubes = self._evaluate(place, image, block.read)
            here = scaled(inside(block.counts, block.read), self.upscale)
            there = scaled(inside(block.counts, part), self.upscale)
            for total, cube in zip(sums, cubes, strict=True):
                total[(slice(None), *there)] += block.weights * cube[(slice(None), *here)]
        return sums

    def _evaluate(self, place: Slot[System], image: Image, read: Window) -> tuple[Cube, ...]:
        """Run the system on one image: its answer, and the deviation over samples, if any."""
        rows, cols = inside(read, image.window)
        pixels = torch.from_numpy(np.ascontiguousarray(image.cube[:, rows, cols]))
        device = torch.device(str(place.device))
        lr = pixels.to(device)[None] / self.scale

        def sample(number: int) -> Tensor:
            if self.given_up.is_set():
                raise Canceled("the run was given up")
            draw = partial(self._noise, device, read, number)
            sr: Tensor = place.here.resolve(lr, draw)[0]
            return sr

        answer = sample(0)
        made = [answer]
        if self.samples:
            made.append(standard_deviation(chain([answer], map(sample, range(1, self.samples)))))
        return tuple((cube * self.scale).cpu().numpy() for cube in made)

    def _noise(
        self, device: torch.device, read: Window, sample: int, channels: int, step: int
    ) -> Tensor:
        rows, cols = scaled(read, self.upscale)
        field = noise_field(
            self.seed,
            rows,
            cols,
            upscale=self.upscale,
            step=step,
            sample=sample,
            channels=channels,
        )
        return torch.from_numpy(field)[None].to(device)


def images(reach: int | None, window: Window, part: Window, upscale: int) -> Iterator[Window]:
    """Yield what is evaluated at a time for a part of a window."""
    if reach is not None:
        yield widened(part, reach, window)
        return
    for block in blocks_of(window, part, upscale):
        yield block.read
