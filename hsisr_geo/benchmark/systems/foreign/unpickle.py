"""A pickle that others wrote, read without running any of it: every object becomes an inert record.

A pickle is a program, and Python's own reader runs it. This one knows the few operations that a
pickled network is made of, and does them on plain values and records (`names.py`).
"""

import pickletools  # nosec B403 # lists the operations of a pickle and does none of them
from collections.abc import Callable
from typing import Any

from hsisr_geo.benchmark.systems.foreign.names import (
    Shell,
    Value,
    called,
    kind_of,
    name_of,
    new,
    storage_of,
)
from hsisr_geo.errors import ModelError

_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_TUPLE": ()}
_LITERALS = frozenset({
    "BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT", "BINUNICODE", "SHORT_BINUNICODE",
})  # fmt: skip


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
            "BINPERSID": lambda _: self.stack.append(storage_of(self.stack.pop())),
            "NEWOBJ": lambda _: self._made(new),
            "REDUCE": lambda _: self._made(called),
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
        self.stack.append(name_of(module, name))

    def _made(self, make: Callable[[Value, Value], Value]) -> None:
        arguments, called = self.stack.pop(), self.stack.pop()
        self.stack.append(make(called, arguments))

    def _build(self, state: Value) -> None:
        target = self.stack[-1]
        if isinstance(target, Shell) and isinstance(state, dict) and not target.state:
            target.state = state
            # ^ not copied: a pickle may give a large one to each of a million objects
        elif not isinstance(target, dict):  # what an OrderedDict has besides entries is dropped
            raise ModelError(f"refused: the pickle in it sets attributes of {kind_of(target)}")
