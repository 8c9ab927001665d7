"""TOML files read strictly: what is wrong is told by file, table and key."""

import difflib
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar, cast

from hsisr_geo.errors import OptionError
from hsisr_geo.paths import oddity

T = TypeVar("T")
_MOST = 1 << 22  # characters
_KINDS = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a text",
    list: "a list",
    dict: "a table",
}


def read_toml(path: Path) -> dict[str, Any]:
    """Parse a file.

    Raises
    ------
    OptionError
        It cannot be read or is no TOML, or a pipe that would be waited for; the message names it.
    """
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    # A pipe that is open already is no name of the disk: a shell's `<(...)`, /dev/stdin.
    if oddity(path) == "a pipe" and os.path.exists(os.path.realpath(path)):
        raise OptionError(f"{path} is a pipe: a configuration is read from a plain file")
    try:
        with path.open(encoding="utf-8") as file:
            text = file.read(_MOST + 1)  # a device may have no end
        if len(text) > _MOST:
            raise OptionError(f"{path}: too large for a configuration")
        return tomllib.loads(text)
    except OSError as e:
        raise OptionError(f"{path}: the configuration cannot be read: {e.strerror}") from e
    except ValueError as e:  # no TOML, or no UTF-8
        raise OptionError(f"{path}: not a TOML file: {e}") from e


@dataclass(frozen=True)
class TomlTable:
    """A table whose keys are taken one by one; `close` refuses those that nobody took.

    Attributes
    ----------
    place
        File and table, as messages name them.
    """

    place: str
    values: Mapping[str, Any]
    _taken: set[str] = field(default_factory=set)

    def take(self, key: str, kind: type[T], default: T | None = None) -> T:
        """Return a value that is there or has a default; errors as `maybe`, and if not."""
        value = self.maybe(key, kind)
        if value is None and default is None:
            raise OptionError(f"{self.place}: {key} is missing: give {_KINDS[kind]}")
        return cast(T, default if value is None else value)

    def maybe(self, key: str, kind: type[T]) -> T | None:
        """Return a value, None where there is none.

        Raises
        ------
        OptionError
            It is of another type.
        """
        self._taken.add(key)
        value = self.values.get(key)
        return None if value is None else self.checked(key, value, kind)

    def each(self, key: str, kind: type[T]) -> tuple[T, ...] | None:
        """Return the entries of a list without doubles, None where there is no list."""
        values = self.maybe(key, list)
        if values is None:
            return None
        entries = tuple(self.checked(f"{key}, entry {n}", v, kind) for n, v in enumerate(values, 1))
        if len(set(entries)) < len(entries):
            raise OptionError(f"{self.place}: {key} names something twice")
        return entries

    def inner(self, key: str) -> "TomlTable":
        """Return a table within, an empty one where there is none."""
        separator = " " if self.place.endswith("]") else ": "
        return TomlTable(f"{self.place}{separator}[{key}]", self.take(key, dict, {}))

    def tables(self) -> Iterator[tuple[str, "TomlTable"]]:
        """Give all tables within, by name."""
        for key in self.values:
            yield key, TomlTable(f"{self.place[:-1]}.{key}]", self.take(key, dict))

    def rest(self) -> dict[str, Any]:
        """Return what nobody took."""
        return {key: value for key, value in self.values.items() if key not in self._taken}

    def close(self) -> None:
        """Refuse keys that nobody took."""
        for key in self.rest():
            near = difflib.get_close_matches(key, self._taken, 1)
            hint = f"do you mean {near[0]}?" if near else f"known: {', '.join(sorted(self._taken))}"
            raise OptionError(f"{self.place}: unknown key {key}; {hint}")

    def checked(self, key: str, value: Any, kind: type[T]) -> T:
        """Return a value of the type that is asked for; a whole number is a number, too."""
        if kind is float and type(value) is int:
            return cast(T, float(value))
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise OptionError(f"{self.place}: {key} = {value!r} is not {_KINDS[kind]}")
        return value
