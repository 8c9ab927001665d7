"""A whole network that others saved with `torch.save`: its tensors by name, and never its code.

Since 1.6 torch writes a zip archive, uncompressed: `data.pkl`, which is a pickle of the network's
objects (`unpickle.py` reads it, `torch.load` would run it), and `data/0`, `data/1` … with the
numbers.
"""

import math
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from hsisr_geo.benchmark.systems.foreign.names import STORAGES, Shell, Storage, View
from hsisr_geo.benchmark.systems.foreign.unpickle import read_pickle
from hsisr_geo.errors import ModelError

_LONGEST_PICKLE = 64 << 20
_DEEPEST = 64
_MOST_PARTS = 100_000  # modules and tensors
_LONGEST_NAME = 1000
# ^ a few bytes of a pickle can say that a module is in a module is in a module ... twice each
_MOST_SHARED = 4  # times as many bytes as the file has: tensors of two modules may be the same


@dataclass(frozen=True, eq=False)
class ForeignNetwork:
    """What is known of a saved network.

    Attributes
    ----------
    kind
        The name of its class; "" for a file that holds weights only.
    tensors
        By the names that its state dictionary would have; those of one storage share memory.
    attributes
        Of the network itself: plain values, lists of them.
    """

    kind: str
    tensors: Mapping[str, Tensor]
    attributes: Mapping[str, Any]


def read_checkpoint(path: Path) -> ForeignNetwork:
    """Read the tensors of a network that was saved whole, or of its weights alone.

    Raises
    ------
    ModelError
        No such file, another kind of file, a torn one, or one that holds anything but a network;
        the message names the file.
    """
    try:
        if not zipfile.is_zipfile(path):
            raise ModelError(_not_zip(path))
        with zipfile.ZipFile(path) as archive:
            return _Archive(archive, path.stat().st_size).network()
    except ModelError as e:
        raise ModelError(f"{path}: {e}") from e
    except OSError as e:
        raise ModelError(f"cannot read {path}: {e.strerror or e}") from e
    except (zipfile.BadZipFile, ValueError, RuntimeError, NotImplementedError, EOFError) as e:
        raise ModelError(f"{path}: the archive is corrupt ({str(e)[:100]}); get it again") from e


class _Archive:
    """The records of a checkpoint, each read once."""

    def __init__(self, archive: zipfile.ZipFile, size: int) -> None:
        self.archive, self.size, self.left = archive, size, size
        pickles = [name for name in archive.namelist() if name.split("/")[1:] == ["data.pkl"]]
        if len(pickles) != 1:
            raise ModelError("a zip archive, but not one that torch.save wrote")
        self.folder = pickles[0].partition("/")[0]
        self.read: dict[Storage, Tensor] = {}

    def network(self) -> ForeignNetwork:
        if self._has("byteorder") and self._record("byteorder", 16).strip() != b"little":
            raise ModelError("written on a machine with another order of bytes")
        root = read_pickle(self._record("data.pkl", _LONGEST_PICKLE))
        if isinstance(root, Shell) and _entries(root, "_modules").keys() == {"module"}:
            root = _entries(root, "_modules")["module"]  # torch's DataParallel, around the network
        if isinstance(root, dict):
            views = {str(name): view for name, view in root.items() if isinstance(view, View)}
            return ForeignNetwork("", self._tensors(views), {})
        if not isinstance(root, Shell):
            raise ModelError("holds neither a network nor its weights")
        return ForeignNetwork(root.kind.name, self._tensors(dict(_named(root))), _plain(root))

    def _tensors(self, views: Mapping[str, View]) -> dict[str, Tensor]:
        if sum(map(_bytes, views.values())) > _MOST_SHARED * self.size:
            raise ModelError("its tensors are larger than the file")
        return {name: self._tensor(view) for name, view in views.items()}

    def _tensor(self, view: View) -> Tensor:
        if view.storage not in self.read:
            self.read[view.storage] = self._numbers(view.storage)
        numbers = self.read[view.storage]
        return numbers.as_strided(view.shape, view.strides, view.offset)
        # ^ no copy: a pickle may name one storage a thousand times

    def _numbers(self, storage: Storage) -> Tensor:
        dtype = STORAGES[storage.kind]
        expected = storage.count * dtype.itemsize
        record = self._record(f"data/{storage.key}", expected)
        if len(record) != expected:
            raise ModelError(
                f"truncated: storage {storage.key[:20]!r} has {len(record)} bytes where {expected} "
                "are promised; get the file again"
            )
        if not record:
            return torch.empty(0, dtype=dtype)
        return torch.frombuffer(bytearray(record), dtype=dtype)

    def _has(self, name: str) -> bool:
        return f"{self.folder}/{name}" in self.archive.NameToInfo

    def _record(self, name: str, longest: int) -> bytes:
        if not self._has(name):
            raise ModelError(f"truncated: there is no record {name[:40]!r} in it")
        record = self.archive.getinfo(f"{self.folder}/{name}")
        if record.compress_type != zipfile.ZIP_STORED or record.flag_bits & 1:
            raise ModelError("compressed or encrypted, as torch.save never writes it")
        if record.file_size > longest:
            raise ModelError(f"record {name[:40]!r} is larger than it should be")
        self.left -= record.file_size
        if self.left < 0:
            raise ModelError("its records are larger than the file")
        return self.archive.read(record)


def _bytes(view: View) -> int:
    return math.prod(view.shape) * STORAGES[view.storage.kind].itemsize


def _named(root: Shell) -> Iterator[tuple[str, View]]:
    """Yield tensors of a network as its state dictionary would have them."""
    waiting, seen = [("", root, 0)], 0
    while waiting:
        prefix, shell, depth = waiting.pop()
        tensors = [*_entries(shell, "_parameters").items(), *_entries(shell, "_buffers").items()]
        inner = _entries(shell, "_modules").items()
        seen += 1 + len(tensors)
        if seen + len(waiting) + len(inner) > _MOST_PARTS or depth > _DEEPEST:
            raise ModelError("more modules than any network has, or more tensors")
        if len(prefix) > _LONGEST_NAME:
            raise ModelError(f"a module whose name is longer than {_LONGEST_NAME} characters")
        for name, view in tensors:
            if isinstance(view, View):
                yield f"{prefix}{name}", view
        waiting.extend(
            (f"{prefix}{name}.", module, depth + 1)
            for name, module in reversed(inner)
            if isinstance(module, Shell)
        )


def _entries(shell: Shell, key: str) -> dict[Any, Any]:
    entries = shell.state.get(key, {})
    if not isinstance(entries, dict):
        raise ModelError(f"the pickle in it is corrupt: {key} is no dictionary")
    return entries


def _plain(root: Shell) -> dict[str, Any]:
    """Keep numbers, texts and lists of them."""

    def plain(value: Any) -> bool:
        return isinstance(value, str | int) or (isinstance(value, float) and math.isfinite(value))

    return {
        name: value
        for name, value in root.state.items()
        if plain(value) or (isinstance(value, list) and all(map(plain, value)))
    }


def _not_zip(path: Path) -> str:
    with open(path, "rb") as file:
        start = file.read(2)
    if start[:1] == b"\x80":
        return (
            "a bare pickle, as torch wrote before 1.6; it cannot be read without running it. Let "
            "those who trust it load it and save it again with a newer torch"
        )
    return "not a file that torch.save wrote"
