"""A pickle that others wrote, read without running any of it: every object becomes an inert record.

A pickle is a program, and Python's own reader runs it. This one knows the few operations that a
pickled network is made of, and does them on plain values: nothing is imported, no class and no
function of the pickle ever exists here. A name is allowed if it is one that networks are made of,
and then stands for a record (`Shell`, `View`, `Storage`); anything else is refused.
"""

import pickletools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from hsisr_geo.errors import ModelError

__all__ = ["Name", "Shell", "Storage", "View", "read_pickle"]

Value: TypeAlias = Any
"""None, numbers, text, lists, tuples, dictionaries, and the records below."""

_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_TUPLE": ()}
_LITERALS = frozenset({
    "BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT", "BINUNICODE", "SHORT_BINUNICODE",
})  # fmt: skip

_STORAGES = frozenset({
    "FloatStorage", "DoubleStorage", "HalfStorage", "BFloat16Storage", "LongStorage", "IntStorage",
    "ShortStorage", "CharStorage", "ByteStorage", "BoolStorage",
})  # fmt: skip

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


def read_pickle(data: bytes) -> Value:
    """Read a pickle into plain values and inert records.

    Raises
    ------
    ModelError
        A name, a kind of reference or an operation that no network needs, naming it; or a pickle
        that is torn.
    """
    try:
        return _Machine().run(data)
    except (ValueError, IndexError, KeyError, TypeError, OverflowError) as e:
        raise ModelError(f"the pickle in it is corrupt: {str(e)[:200]}") from e


class _Machine:
    """The stack machine that pickles are written for, of which only this much is there."""

    def __init__(self) -> None:
        self.stack: list[Value] = []
        self.below: list[list[Value]] = []  # stacks that a mark has put aside
        self.memo: dict[int, Value] = {}
        self.operations: dict[str, Callable[[Any], None]] = {
            "MARK": self._mark,
            "EMPTY_DICT": lambda _: self.stack.append({}),
            "EMPTY_LIST": lambda _: self.stack.append([]),
            "EMPTY_SET": lambda _: self.stack.append([]),
            "TUPLE": self._tuple_since_mark,
            "TUPLE1": lambda _: self._tuple(1),
            "TUPLE2": lambda _: self._tuple(2),
            "TUPLE3": lambda _: self._tuple(3),
            "APPEND": lambda _: self._extend([self.stack.pop()]),
            "APPENDS": lambda _: self._extend(self._since_mark()),
            "ADDITEMS": lambda _: self._extend(self._since_mark()),
            "SETITEM": lambda _: self._set([self.stack.pop(-2), self.stack.pop()]),
            "SETITEMS": lambda _: self._set(self._since_mark()),
            "BINPUT": self._put,
            "LONG_BINPUT": self._put,
            "MEMOIZE": lambda _: self._put(len(self.memo)),
            "BINGET": lambda key: self.stack.append(self.memo[key]),
            "LONG_BINGET": lambda key: self.stack.append(self.memo[key]),
            "GLOBAL": lambda text: self._name(*text.split(" ", 1)),
            "STACK_GLOBAL": lambda _: self._name(self.stack.pop(-2), self.stack.pop()),
            "BINPERSID": lambda _: self.stack.append(_storage(self.stack.pop())),
            "NEWOBJ": lambda _: self._made(_new),
            "REDUCE": lambda _: self._made(_called),
            "BUILD": lambda _: self._build(self.stack.pop()),
            "PROTO": lambda _: None,
            "FRAME": lambda _: None,
        }

    def run(self, data: bytes) -> Value:
        for opcode, argument, _ in pickletools.genops(data):
            name = opcode.name
            if name == "STOP":
                break
            if name in _CONSTANTS:
                self.stack.append(_CONSTANTS[name])
            elif name in _LITERALS:
                self.stack.append(argument)
            elif name in self.operations:
                self.operations[name](argument)
            else:
                raise ModelError(f"refused: the pickle in it uses the operation {name}")
        (value,) = self.stack
        return value

    def _mark(self, _: Any) -> None:
        self.below.append(self.stack)
        self.stack = []

    def _since_mark(self) -> list[Value]:
        items, self.stack = self.stack, self.below.pop()
        return items

    def _tuple_since_mark(self, _: Any) -> None:
        items = tuple(self._since_mark())
        self.stack.append(items)

    def _tuple(self, count: int) -> None:
        items = tuple(self.stack[-count:])
        if len(items) < count:
            raise IndexError("a tuple of too few values")
        self.stack[-count:] = [items]

    def _extend(self, items: list[Value]) -> None:
        target = self.stack[-1]
        if not isinstance(target, list):
            raise TypeError("values added to something that is no list")
        target.extend(items)

    def _set(self, items: list[Value]) -> None:
        target = self.stack[-1]
        keys, values = items[::2], items[1::2]
        if not isinstance(target, dict) or not all(isinstance(key, str | int) for key in keys):
            raise TypeError("entries that are not of a dictionary of names")
        target.update(zip(keys, values, strict=True))

    def _put(self, key: int) -> None:
        self.memo[key] = self.stack[-1]

    def _name(self, module: Value, name: Value) -> None:
        found = Name(module, name)
        if not isinstance(module, str) or not isinstance(name, str) or not _is_known(found):
            raise ModelError(f"refused: the pickle in it refers to {str(found)[:100]}")
        self.stack.append(found)

    def _made(self, make: Callable[[Value, Value], Value]) -> None:
        arguments, called = self.stack.pop(), self.stack.pop()
        self.stack.append(make(called, arguments))

    def _build(self, state: Value) -> None:
        target = self.stack[-1]
        if isinstance(target, Shell) and isinstance(state, dict):
            target.state.update(state)
        elif not isinstance(target, dict):  # what an OrderedDict has besides entries is dropped
            raise ModelError(f"refused: the pickle in it sets attributes of {_kind(target)}")


def _storage(reference: Value) -> Storage:
    """Take torch's reference to a record of the file: storage, type, record, device, count."""
    if isinstance(reference, tuple) and len(reference) == 5 and reference[0] == "storage":
        _, kind, key, _, count = reference
        if isinstance(kind, Name) and kind.name in _STORAGES and _is_text_and_count(key, count):
            return Storage(kind.name, key, count)
    first = reference[0] if isinstance(reference, tuple) and reference else reference
    what = first[:40] if isinstance(first, str) else _kind(first)
    raise ModelError(f"refused: the pickle in it refers to {what!r} outside of it")


def _new(kind: Value, arguments: Value) -> Shell:
    """Make an object of a class, without its attributes."""
    if isinstance(kind, Name) and _is_module(kind) and arguments == ():
        return Shell(kind, {})
    raise ModelError(f"refused: the pickle in it makes an object of {_kind(kind)}")


def _called(function: Value, arguments: Value) -> Value:
    """Do what the few known functions do, on records."""
    if not isinstance(arguments, tuple):
        raise TypeError("a call without arguments")
    match str(function) if isinstance(function, Name) else "":
        case "torch._utils._rebuild_tensor" | "torch._utils._rebuild_tensor_v2":
            return _view(*arguments[:4])
        case "torch._utils._rebuild_parameter" | "torch._utils._rebuild_parameter_with_state":
            return arguments[0]
        case "collections.OrderedDict" if not arguments:
            return {}
        case "builtins.set" | "__builtin__.set" if isinstance(arguments[0], list):
            return arguments[0]
        case "torch.Size" | "torch.device":
            return arguments
    raise ModelError(f"refused: the pickle in it calls {_kind(function)}")


def _view(storage: Value, offset: Value, shape: Value, strides: Value) -> View:
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
    return View(storage, offset, shape, strides)


_FUNCTIONS = frozenset({
    "torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v2",
    "torch._utils._rebuild_parameter", "torch._utils._rebuild_parameter_with_state",
    "collections.OrderedDict", "builtins.set", "__builtin__.set", "torch.Size", "torch.device",
})  # fmt: skip


def _is_known(name: Name) -> bool:
    is_storage = name.module == "torch" and name.name in _STORAGES
    return is_storage or str(name) in _FUNCTIONS or _is_module(name)


def _is_module(name: Name) -> bool:
    """Tell whether a name is a class of torch.nn, or of the published program."""
    of_torch = name.module.startswith(_NN) and name.name.isidentifier() and name.name[0].isupper()
    return of_torch or name.name in _PUBLISHED


def _is_text_and_count(key: Value, count: Value) -> bool:
    return isinstance(key, str) and _are_counts((count,))


def _are_counts(values: tuple[Value, ...]) -> bool:
    return all(type(value) is int and 0 <= value < 2**48 for value in values)


def _kind(value: Value) -> str:
    return str(value)[:100] if isinstance(value, Name) else f"a value ({type(value).__name__})"
