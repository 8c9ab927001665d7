"""Costs of a pixel of a system's input: multiply-adds and memory, counted once.

Nobody has written formulas for nine networks; one evaluation is watched instead, on torch's meta
device where shapes are computed and no numbers. A system that looks at its numbers on the way is
run on a few real pixels.
"""

import copy
import weakref
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import flop_registry

from hsisr_geo.benchmark.systems.system import System

_FEW = 8  # input pixels of a side that really are computed
_KERNELS = 1.5  # memory of convolutions besides their inputs and outputs: copies in other layouts


class Rate(NamedTuple):
    """What one input pixel takes: multiply-adds, and bytes at the peak."""

    multiply_adds: float
    memory: float


_RATES: WeakKeyDictionary[System, dict[tuple[int, int], Rate]] = WeakKeyDictionary()
# ^ by system, which lives no longer for that: its weights may be half a gigabyte


def rate_of(system: System, bands: int, side: int) -> Rate:
    """Count what a system takes for a pixel in an image of so many bands and pixels a side."""
    known = _RATES.setdefault(system, {})
    if (bands, side) not in known:
        known[bands, side] = _rate(system, bands, side)
    return known[bands, side]


def between(few: Rate, many: Rate, side: int, larger: int, pixels: int) -> Rate:
    """Return the rate in an image of so many pixels, from those in two squares.

    Exactly, but for padding: what a pixel takes of attention is in proportion to the pixels that
    there are, and the rest is the same in every image.
    """
    share = (pixels - side**2) / (larger**2 - side**2)
    return Rate(*(max(0.0, a + share * (b - a)) for a, b in zip(few, many, strict=True)))


def _rate(system: System, bands: int, side: int) -> Rate:
    try:
        return _counted(_without_numbers(system), bands, side)
    except (NotImplementedError, RuntimeError):
        return _counted(system, bands, _FEW)


def _without_numbers(system: System) -> System:
    """Copy a system to the meta device; its weights, which may be half a gigabyte, are not."""
    numbers: dict[int, Any] = {
        id(p): nn.Parameter(torch.empty_like(p, device="meta"), p.requires_grad)
        for p in system.parameters()
    }
    numbers |= {id(b): torch.empty_like(b, device="meta") for b in system.buffers()}
    return copy.deepcopy(system, numbers)  # whose memory of what is copied already they are


def _counted(system: System, bands: int, side: int) -> Rate:
    device = next(system.parameters()).device
    lr = torch.zeros(1, bands, side, side, device=device)

    def draw(channels: int, step: int) -> Tensor:
        fine = system.upscale * side
        return torch.zeros(1, channels, fine, fine, device=device)

    with torch.no_grad(), _Watch() as watched:
        system.resolve(lr, draw)
    pixels = side**2
    return Rate(watched.flops / 2 / pixels, _KERNELS * watched.most / pixels)


class _Watch(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch's own hook
    """Adds up the arithmetic by torch's formulas, and the bytes of all tensors that live.

    Views of one memory count once. (`FlopCounterMode` counts the same, and looks into every other
    operation besides, which takes seconds.)
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.flops = self.now = self.most = 0
        self._users: dict[int, int] = {}

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        made = func(*args, **(kwargs or {}))
        if formula := flop_registry.get(func._overloadpacket):
            told = {"out": made, "out_val": made}  # torch's older name for it, and today's
            self.flops += formula(*args, **{**(kwargs or {}), **told})
        for tensor in tree_leaves(made):
            if isinstance(tensor, Tensor):
                self._count(tensor)
        return made

    def _count(self, tensor: Tensor) -> None:
        storage = tensor.untyped_storage()
        key, size = storage._cdata, storage.nbytes()
        if key not in self._users:
            self.now += size
            self.most = max(self.most, self.now)
        self._users[key] = self._users.get(key, 0) + 1
        weakref.finalize(tensor, self._forget, key, size)

    def _forget(self, key: int, size: int) -> None:
        self._users[key] -= 1
        if not self._users[key]:
            del self._users[key]
            self.now -= size
