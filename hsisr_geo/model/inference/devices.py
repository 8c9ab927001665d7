"""`Places`: the devices that a run uses, each with a copy of the model, lent to one tile at a time.

One tile keeps a GPU, or all cores, busy; two on one device would only double the memory. Several
GPUs each take a tile, as far as there are threads that ask.
"""

import copy
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from hsisr_geo.errors import ModelError
from hsisr_geo.model.inference.memory import Amount, Device

if TYPE_CHECKING:
    import torch

T = TypeVar("T")
M = TypeVar("M", bound="torch.nn.Module")


@dataclass(frozen=True)
class Cpu:
    """The machine's own processors and memory; stands for `torch.device("cpu")` without torch."""

    type: str = "cpu"
    index: int | None = None

    def __str__(self) -> str:
        return self.type


CPU = Cpu()


@dataclass(frozen=True, eq=False)
class Slot(Generic[T]):
    """A device with what was put there, and how much of a tile it takes at once."""

    device: Device
    here: T
    amount: Amount


class Places(Generic[T]):
    """Places that are lent and given back; who finds none free waits."""

    def __init__(self, devices: list[Any], put: Callable[[Any], T]) -> None:
        self._free: SimpleQueue[Slot[T]] = SimpleQueue()
        for device in devices:
            self._free.put(Slot(device, put(device), Amount.on(device)))

    @contextmanager
    def lent(self) -> Iterator[Slot[T]]:
        """Lend a place for the time of a block."""
        place = self._free.get()
        try:
            yield place
        finally:
            self._free.put(place)


class Placed:
    """What follows from the device of a resolver, a dataclass that has such a field."""

    device: Any

    @property
    def devices(self) -> list[Any]:
        """Where tiles are made."""
        return visible(self.device)

    @property
    def places(self) -> int:
        """How many tiles are made at the same time."""
        return len(self.devices)

    @property
    def on_cpu(self) -> bool:
        """Whether the arrays are in the machine's own memory."""
        kind: str = self.device.type
        return kind == "cpu"


def choose_device(name: str) -> "torch.device":
    """Return the torch device of a name: "auto" takes CUDA when it works, else the CPU.

    "cuda" is every GPU that is visible (`visible`), "cuda:N" one of them.
    """
    check_device_name(name)
    import torch

    if name == "cpu" or (name == "auto" and not torch.cuda.is_available()):
        return torch.device("cpu")
    if not torch.cuda.is_available():
        raise ModelError("no usable CUDA device: use --device cpu, or install torch with CUDA")
    device = torch.device("cuda" if name == "auto" else name)
    if device.index is not None and device.index >= torch.cuda.device_count():
        raise ModelError(
            f"there is no {name}: {torch.cuda.device_count()} CUDA devices are visible here"
        )
    return device


def check_device_name(name: str) -> None:
    """Refuse what names no device."""
    if not re.fullmatch(r"auto|cpu|cuda(:\d+)?", name):
        raise ModelError(f"unknown device {name!r}: use auto, cpu, cuda or cuda:N")


def visible(device: Any) -> list[Any]:
    """List the devices that a device without a number stands for."""
    if device.type != "cuda" or device.index is not None:
        return [device]
    import torch

    return [torch.device("cuda", index) for index in range(torch.cuda.device_count())]


def use_threads(count: int) -> None:
    """Let torch compute in so many threads of the CPU, from now on."""
    import torch

    torch.set_num_threads(count)


def described(name: str) -> tuple[str, int]:
    """Name what a device means here, "cpu" or a GPU's name, and say how many threads the CPU uses.

    e.g. ("NVIDIA H100 80GB HBM3", 8)
    """
    import torch

    device = choose_device(name)
    kind = "cpu" if device.type == "cpu" else torch.cuda.get_device_name(device)
    return kind, torch.get_num_threads()


def copies(network: M) -> Callable[[Any], M]:
    """Return what puts the network on a device, copying it only where it is not there yet."""
    at_home = next(network.parameters()).device

    def put(device: Any) -> M:
        if device == at_home:
            return network
        return copy.deepcopy(network).to(device)

    return put
