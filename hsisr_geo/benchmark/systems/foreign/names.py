"""What a pickled network is made of: records in place of objects, and the names that may occur.

No class and no function of a pickle ever exists here. A name is allowed if it is one that networks
are made of, and then stands for a record (`Shell`, `View`, `Storage`); anything else is refused.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import torch

from hsisr_geo.errors import ModelError

Value: TypeAlias = Any
"""None, numbers, text, lists, tuples, dictionaries, and the records below."""

STORAGES = {
    "FloatStorage": torch.float32, "DoubleStorage": torch.float64, "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16, "LongStorage": torch.int64, "IntStorage": torch.int32,
    "ShortStorage": torch.int16, "CharStorage": torch.int8, "ByteStorage": torch.uint8,
    "BoolStorage": torch.bool,
}  # fmt: skip
"""Types of numbers, as pickles name them."""

_NN = "torch.nn."
_PUBLISHED = frozenset({
    "AE", "AE_duichen", "Block", "BranchUnit", "CALayer", "Codebook", "Decoder", "Downsample",
    "Encoder", "GAE", "GroupNorm", "Quantization", "ResAttentionBlock", "ResAttentionBlock_DAQ",
    "ResBlock", "ResBlock_DAQ", "ResnetBlocWithAttn", "ResnetBlock", "SSB", "SSB_DAQ", "SSPN",
    "SelfAttention", "Swish", "TimeEmbedding", "UNet", "Upsample", "Upsampler", "post_GAE",
})  # fmt: skip
"""Classes of the published program, whatever module it kept them in; none is ever imported."""


@dataclass(frozen=True)
class Name:
    """A class or function that a pickle refers to."""

    module: str
    name: str

    def __str__(self) -> str:
        """Return it as Python would."""
        return f"{self.module}.{self.name}"


@dataclass(eq=False)
class Shell:
    """An object of a class of networks: its class's name, and its attributes."""

    kind: Name
    state: dict[Value, Value]


@dataclass(frozen=True)
class Storage:
    """Numbers that lie in a record of the file, by their type, as torch names it."""

    kind: str
    key: str
    count: int


@dataclass(frozen=True)
class View:
    """A tensor: which numbers of a storage, in units of these."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def storage_of(reference: Value) -> Storage:
    """Take torch's reference to a record of the file: storage, type, record, device, count."""
    if isinstance(reference, tuple) and len(reference) == 5 and reference[0] == "storage":
        _, kind, key, _, count = reference
        if isinstance(kind, Name) and kind.name in STORAGES and _is_text_and_count(key, count):
            return Storage(kind.name, key, count)
    first = reference[0] if isinstance(reference, tuple) and reference else reference
    what = first[:40] if isinstance(first, str) else kind_of(first)
    raise ModelError(f"refused: the pickle in it refers to {what!r} outside of it")


def new(kind: Value, arguments: Value) -> Shell:
    """Make an object of a class, without its attributes."""
    if isinstance(kind, Name) and _is_module(kind) and arguments == ():
        return Shell(kind, {})
    raise ModelError(f"refused: the pickle in it makes an object of {kind_of(kind)}")


def called(function: Value, arguments: Value) -> Value:
    """Do what the few known functions do, on records."""
    if not isinstance(arguments, tuple):
        raise TypeError("a call without arguments")
    known = _FUNCTIONS.get(str(function)) if isinstance(function, Name) else None
    if known is None:
        raise ModelError(f"refused: the pickle in it calls {kind_of(function)}")
    return known(*arguments)


def name_of(module: Value, name: Value) -> Name:
    """Take a reference to a class or function; `ModelError` for one that no network needs."""
    if not isinstance(module, str) or not isinstance(name, str):
        raise TypeError("a reference to what has no name")
    found = Name(module, name)
    if not _is_known(found):
        raise ModelError(f"refused: the pickle in it refers to {str(found)[:100]}")
    return found


def _view(storage: Value, offset: Value, shape: Value, strides: Value, *_: Value) -> View:
    """Take the four numbers of a tensor, if they stay within its storage."""
    if not isinstance(storage, Storage) or not _are_counts((offset, *shape, *strides)):
        raise TypeError("a tensor without numbers")
    if len(shape) != len(strides):
        raise TypeError("a tensor with more sides than strides")
    count, last = 1, offset
    for side, stride in zip(shape, strides, strict=True):
        count *= side
        last += max(0, side - 1) * stride
    if count and (last >= storage.count or count > storage.count):
        raise ModelError(
            f"the pickle in it has a tensor of {count} numbers that reaches beyond the "
            f"{storage.count} of its storage"
        )
    return View(storage, offset, tuple(shape), tuple(strides))  # a list could still grow


def _parameter(view: Value, *_: Value) -> Value:
    return view


def _ordered(*arguments: Value) -> dict[Value, Value]:
    if arguments:
        raise TypeError("a dictionary of entries in another form")
    return {}


def _set(items: Value) -> list[Value]:
    if not isinstance(items, list):
        raise TypeError("a set of no list")
    return items


def _same(*arguments: Value) -> tuple[Value, ...]:
    return arguments


_FUNCTIONS: dict[str, Callable[..., Value]] = {
    "torch._utils._rebuild_tensor": _view,
    "torch._utils._rebuild_tensor_v2": _view,
    "torch._utils._rebuild_parameter": _parameter,
    "torch._utils._rebuild_parameter_with_state": _parameter,
    "collections.OrderedDict": _ordered,
    "builtins.set": _set,
    "__builtin__.set": _set,
    "torch.Size": _same,
    "torch.device": _same,
}


def _is_known(name: Name) -> bool:
    is_storage = name.module == "torch" and name.name in STORAGES
    return is_storage or str(name) in _FUNCTIONS or _is_module(name)


def _is_module(name: Name) -> bool:
    """Tell whether a name is a class of torch.nn, or of the published program."""
    of_torch = name.module.startswith(_NN) and name.name.isidentifier() and name.name[0].isupper()
    return of_torch or name.name in _PUBLISHED


def _is_text_and_count(key: Value, count: Value) -> bool:
    return isinstance(key, str) and _are_counts((count,))


def _are_counts(values: tuple[Value, ...]) -> bool:
    return all(type(value) is int and 0 <= value < 2**48 for value in values)


def kind_of(value: Value) -> str:
    """Say what a value is, for a message."""
    return str(value)[:100] if isinstance(value, Name) else f"a value ({type(value).__name__})"
