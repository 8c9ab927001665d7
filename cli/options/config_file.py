"""The user's configuration file: defaults for options, as TOML.

A key is the long name of an option. Those in the table of a command, [run] or [train.diffusion],
are for that command; those outside of any table for every command that has such an option.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from hsisr_geo.errors import OptionError

from .variables import PREFIX, options_of, walk

VARIABLE = f"{PREFIX}_CONFIG"
_VALUES = (str, int, float, bool)


def config_path(given: str | None) -> Path | None:
    """Return the file that counts: the one given, or else that of the user if there is one.

    None where there is none, and where it is turned off by an empty name, from the command line or
    from the variable.
    """
    if given is None and os.environ.get(VARIABLE) != "":
        path = default_path()
        try:
            return path if path.is_file() else None
        except OSError as error:  # the home of whoever called sudo
            raise OptionError(
                f"{path}: whether it is there cannot be told ({error.strerror}): let HOME name a "
                f"folder of yours, or --config '' or {VARIABLE}= that no such file counts"
            ) from error
    return Path(given).expanduser() if given else None


def default_path() -> Path:
    """Return where the user's file is looked for."""
    return Path(click.get_app_dir("hsisr-geo")) / "config.toml"


def read_defaults(path: Path, cli: click.Group) -> dict[str, Any]:
    """Read a file as click's `default_map`: parameter names to values, below names of commands.

    Raises
    ------
    OptionError
        The file cannot be read, or a key is no option of the command; naming file and key.
    """
    from hsisr_geo.toml_file import read_toml  # milliseconds of --help

    content = read_toml(path)
    commands = dict(walk(cli))
    defaults: dict[tuple[str, ...], dict[str, Any]] = {command: {} for command in commands}
    for table, key, value in _entries(content, commands, path):
        known = {c: options_of(commands[c]) for c in commands if not table or c == table}
        having = [command for command, options in known.items() if key in options and command]
        if not having:
            of = f"hsisr-geo {' '.join(table)}" if table else "any command"
            raise OptionError(f"{path}: {_shown(table, key)}: no option --{key} of {of}")
        for command in having:
            defaults[command][str(known[command][key].name)] = value
    return _nested(defaults)


def _entries(
    content: Mapping[str, Any],
    commands: Mapping[tuple[str, ...], click.Command],
    path: Path,
    table: tuple[str, ...] = (),
) -> list[tuple[tuple[str, ...], str, Any]]:
    """Return (table, key, value) of all keys; outer tables first, so that inner ones win."""
    found, below = [], []
    for key, value in content.items():
        if isinstance(value, dict):
            inner = (*table, key)
            if inner not in commands:
                raise OptionError(f"{path}: [{'.'.join(inner)}]: no such command")
            below += _entries(value, commands, path, inner)
        elif all(isinstance(v, _VALUES) for v in (value if isinstance(value, list) else [value])):
            found.append((table, key.replace("_", "-"), value))
        else:
            raise OptionError(f"{path}: {_shown(table, key)}: no value of an option: {value}")
    return found + below


def _shown(table: tuple[str, ...], key: str) -> str:
    return f"[{'.'.join(table)}] {key}" if table else key


def _nested(defaults: Mapping[tuple[str, ...], Mapping[str, Any]]) -> dict[str, Any]:
    root: dict[str, Any] = {}
    for command, values in defaults.items():
        node = root
        for name in command:
            node = node.setdefault(name, {})
        node.update(values)
    return root
