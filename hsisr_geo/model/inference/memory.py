"""`Amount`: how large a part of a tile a device takes at once; less after it ran out of memory.

A GPU takes what its free memory holds, by the model's own estimate. A part is made from its own
context, whatever its size, so a tile made in pieces has the numbers of a tile made at once. Where
memory runs out all the same, half as much is tried, and the run goes on.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from hsisr_geo.bands.radiometry import Cube
from hsisr_geo.cube.windows import Window, area, inside, scaled
from hsisr_geo.errors import ModelError


class Device(Protocol):
    """A device of torch, or `devices.CPU`."""

    @property
    def type(self) -> str: ...  # noqa: D102 - as torch names it


_LOG = logging.getLogger(__name__)
_LEAST = 64
# ^ input pixels of a part below which the context is all that is left to save, and nothing helps
_CPU_MESSAGES = ("not enough memory", "can't allocate memory", "cannot allocate memory")

Make = Callable[[Window], tuple[Cube, ...]]
"""Makes a part, in input pixels of the tile's window: one or several cubes of output pixels."""

Need = Callable[[Window], int]
"""Bytes of the device that a part takes."""

_SHARE = 0.8  # of the memory that is free when a run starts; the rest is for what estimates miss
_NO_LIMIT = 1 << 62


@dataclass(eq=False)
class Amount:
    """What goes through one device at once: input pixels of a part, and bytes that it may take."""

    device: Device
    bytes: int = _NO_LIMIT
    pixels: int = _NO_LIMIT
    _told: bool = field(default=False, repr=False)

    @classmethod
    def on(cls, device: Device) -> "Amount":
        """Return what a device takes; a CPU takes any part, as the tile was cut for its memory."""
        if device.type != "cuda":
            return cls(device)
        import torch

        free, _ = torch.cuda.mem_get_info(torch.device(str(device)))
        return cls(device, int(_SHARE * free))

    def make(self, part: Window, upscale: int, make: Make, need: Need) -> tuple[Cube, ...]:
        """Make a part, in as many pieces as memory asks for.

        Raises
        ------
        ModelError
            Memory runs out for a few pixels already.
        """
        small = area(part) < 2 * _LEAST
        if area(part) <= self.pixels and (small or need(part) <= self.bytes):
            made = self._tried(part, make)
            if made is not None:
                return made
            self._halve(part)
        return self._joined(part, upscale, make, need)

    def _tried(self, part: Window, make: Make) -> tuple[Cube, ...] | None:
        """Return None when memory ran out; the exception, which holds on to it, is gone by then."""
        try:
            return make(part)
        except (MemoryError, RuntimeError) as e:
            if not is_out_of_memory(e):
                raise
        if self.device.type == "cuda":
            import torch

            torch.cuda.empty_cache()
        return None

    def _joined(self, part: Window, upscale: int, make: Make, need: Need) -> tuple[Cube, ...]:
        """Make the halves of a part, and put them together."""
        halves = _halves(part)
        made = [self.make(half, upscale, make, need) for half in halves]
        rows, cols = scaled(part, upscale)
        outs = tuple(
            np.empty((len(cube), rows.stop - rows.start, cols.stop - cols.start), np.float32)
            for cube in made[0]
        )
        for half, cubes in zip(halves, made, strict=True):
            here = (slice(None), *scaled(inside(half, part), upscale))
            for out, cube in zip(outs, cubes, strict=True):
                out[here] = cube
        return outs

    def _halve(self, part: Window) -> None:
        if (pixels := area(part)) < 2 * _LEAST:
            raise ModelError(
                f"not enough memory on {self.device} even for {pixels} pixels of the input at a "
                "time: use fewer --threads or --workers, a smaller --tile, or --device cpu"
            )
        self.pixels = -(-pixels // 2)
        if not self._told:
            self._told = True
            _LOG.warning(
                "warning: not enough memory on %s for %d pixels of the input at once: "
                "going on with less at a time, which takes longer", self.device, pixels,
            )  # fmt: skip


def is_out_of_memory(error: BaseException) -> bool:
    """Tell an exhausted device or machine from any other failure."""
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":  # torch's own
        return True
    return isinstance(error, RuntimeError) and any(
        message in str(error).lower() for message in _CPU_MESSAGES
    )


def _halves(window: Window) -> tuple[Window, Window]:
    """Cut a window in two along its longer side."""
    rows, cols = window
    if rows.stop - rows.start >= cols.stop - cols.start:
        middle = (rows.start + rows.stop) // 2
        return (slice(rows.start, middle), cols), (slice(middle, rows.stop), cols)
    middle = (cols.start + cols.stop) // 2
    return (rows, slice(cols.start, middle)), (rows, slice(middle, cols.stop))
