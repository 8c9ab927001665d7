"""The TOML file of a comparison, read and checked before any work.

Whether an architecture has a setting of that name is known where the networks are; `plan` asks.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hsisr_geo.benchmark.data.protocols import PRODUCT, PROTOCOLS
from hsisr_geo.benchmark.data.sources import without_variable
from hsisr_geo.benchmark.settings import BenchmarkSettings, Chosen, Entry, Pictured, Schooling
from hsisr_geo.benchmark.systems.training_run import Budget
from hsisr_geo.errors import OptionError
from hsisr_geo.resolver.system_config import Setting
from hsisr_geo.toml_file import TomlTable, read_toml

UPSCALES = (2, 3, 4)
_LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")  # labels are part of file names


def read_settings(path: Path) -> BenchmarkSettings:
    """Read and check a comparison; paths in it are relative to the file.

    Raises
    ------
    OptionError
        No TOML file, an unknown key, a value of the wrong type or out of its range, a folder that
        does not exist; naming file, table and key.
    """
    root = TomlTable(str(path), read_toml(path))
    schooling = _schooling(root.inner("budget"), None)
    upscales, seeds = _upscales(root, UPSCALES), _seeds(root, (0,))
    entries = _entries(root.inner("systems"), path, upscales, seeds, schooling)
    data = root.inner("data")
    settings = BenchmarkSettings(
        path=path,
        title=root.take("title", str, path.stem),
        protocol=_protocol(root),
        upscales=upscales,
        seeds=seeds,
        bands=_at_least_one(root, "bands"),
        train=_place(data, path, "train") if any(e.model is None for e in entries) else None,
        test=_place(data, path, "test"),
        held_out=data.each("held_out", str) or (),
        entries=entries,
        chosen=_chosen(root.inner("tables"), entries),
        pictured=_pictured(root.inner("figures")),
    )
    data.maybe("train", str)  # known, although nobody is trained
    data.close()
    root.close()
    return settings


def _entries(
    tables: TomlTable,
    path: Path,
    upscales: tuple[int, ...],
    seeds: tuple[int, ...],
    schooling: Schooling | None,
) -> tuple[Entry, ...]:
    entries = [
        _entry(label, table, path, upscales, seeds, schooling) for label, table in tables.tables()
    ]
    if not entries:
        raise OptionError(f"{path}: no system to compare: give a table [systems.LABEL] for each")
    if len({entry.label.casefold() for entry in entries}) < len(entries):
        # ^ where a file system takes them for the same, one would overwrite the other
        raise OptionError(f"{path}: two labels of systems differ in capital letters only")
    return tuple(entries)


def _entry(
    label: str,
    table: TomlTable,
    path: Path,
    upscales: tuple[int, ...],
    seeds: tuple[int, ...],
    schooling: Schooling | None,
) -> Entry:
    if not _LABEL.fullmatch(label):
        raise OptionError(f"{table.place}: a label has letters, digits and . _ - only")
    model = table.maybe("model", str)
    own = table.inner("budget")
    entry = Entry(
        label=label,
        title=table.take("title", str, label),
        upscales=_upscales(table, upscales),
        seeds=_seeds(table, seeds if model is None else seeds[:1]),
        # ^ what is not trained has no spread over seeds
        all_bands=table.take("all_bands", bool, True),
        schooling=_schooling(own, schooling) if model is None else None,
        model=None if model is None else _model(model, path),
        architecture=table.take("architecture", str, label) if model is None else "",
        start=_start(table, path) if model is None else None,
        settings={} if model is not None else _network_settings(table),
        own_schooling=bool(own.values),
    )
    if model is not None:
        _check_untrained(table, own)
    elif entry.schooling is None:
        raise OptionError(f"{path}: {label} is to be trained: give [budget] steps or cpu_minutes")
    return entry


def _check_untrained(table: TomlTable, own: TomlTable) -> None:
    if own.values:
        raise OptionError(f"{table.place}: a model that is there already takes no budget")
    if "architecture" in table.values:
        raise OptionError(f"{table.place}: give model or architecture, not both")
    table.close()


def _network_settings(table: TomlTable) -> dict[str, Setting]:
    rest: dict[str, Any] = {k: v for k, v in table.rest().items() if k != "budget"}
    for key, value in rest.items():
        if isinstance(value, list):
            rest[key] = tuple(value)
        elif not isinstance(value, (bool, int, float, str)):
            raise OptionError(f"{table.place}: {key} = {value!r} is no setting of a network")
    return rest


def _schooling(table: TomlTable, common: Schooling | None) -> Schooling | None:
    """Read a budget; what it does not say is as in the common one. None where there is none."""
    if not table.values:
        return common
    steps, minutes = _at_least_one(table, "steps"), _positive(table, "cpu_minutes")
    if steps is not None and minutes is not None:
        raise OptionError(f"{table.place}: give steps or cpu_minutes, not both")
    given = steps is not None or minutes is not None
    if not given and common is None:
        raise OptionError(f"{table.place}: give steps or cpu_minutes")
    budget = Budget(steps, minutes) if given or common is None else common.budget
    usual = common or Schooling(budget)
    schooling = Schooling(
        budget,
        _at_least_one(table, "batch") or usual.batch,
        _at_least_one(table, "patch") or usual.patch,
        _positive(table, "learning_rate") or usual.learning_rate,
    )
    table.close()
    return schooling


def _chosen(table: TomlTable, entries: Sequence[Entry]) -> Chosen:
    labels = {entry.label for entry in entries}
    lists = {name: table.each(name, str) or () for name in ("ablation", "groups", "times")}
    for name, chosen in lists.items():
        if unknown := sorted(set(chosen) - labels):
            raise OptionError(f"{table.place}: {name}: there is no system {unknown[0]!r}")
    times_at = _upscales(table, (), "times_at")
    table.close()
    return Chosen(**lists, times_at=times_at)


def _pictured(table: TomlTable) -> Pictured:
    pictured = Pictured(table.each("scenes", str) or (), table.take("svg", bool, False))
    table.close()
    return pictured


def _protocol(root: TomlTable) -> str:
    name = root.take("protocol", str, PRODUCT.name)
    if name not in PROTOCOLS:
        raise OptionError(f"{root.place}: protocol {name!r} is not one of {', '.join(PROTOCOLS)}")
    return name


def _upscales(table: TomlTable, default: tuple[int, ...], key: str = "upscales") -> tuple[int, ...]:
    upscales = table.each(key, int)
    if upscales is not None and not (upscales and set(upscales) <= set(UPSCALES)):
        raise OptionError(f"{table.place}: {key} are of 2, 3 and 4, not {list(upscales)}")
    return upscales or default


def _seeds(table: TomlTable, default: tuple[int, ...]) -> tuple[int, ...]:
    seeds = table.each("seeds", int)
    if seeds is not None and not (seeds and min(seeds) >= 0):
        raise OptionError(f"{table.place}: seeds are one or more numbers from 0, not {list(seeds)}")
    return seeds or default


def _at_least_one(table: TomlTable, key: str) -> int | None:
    value = table.maybe(key, int)
    if value is not None and value < 1:
        raise OptionError(f"{table.place}: {key} = {value} is below 1")
    return value


def _positive(table: TomlTable, key: str) -> float | None:
    value = table.maybe(key, float)
    if value is not None and not 0 < value < float("inf"):
        raise OptionError(f"{table.place}: {key} = {value} is not a positive number")
    return value


def _place(data: TomlTable, path: Path, key: str) -> Path:
    place = path.parent / Path(data.take(key, str)).expanduser()
    if not without_variable(place)[0].exists():
        raise OptionError(f"{data.place}: {key}: {place} does not exist; name your own scenes")
    return place


def _start(table: TomlTable, path: Path) -> Path | None:
    name = table.maybe("start", str)
    return None if name is None else path.parent / Path(name).expanduser()


def _model(name: str, path: Path) -> str:
    """Return a model's name, or the path of its file, which is relative to the configuration."""
    is_path = name.endswith(".safetensors") or "/" in name
    return str(path.parent / Path(name).expanduser()) if is_path else name
