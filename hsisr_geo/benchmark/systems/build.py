"""From an architecture's name and settings to the system: a table, and strict checks.

A configuration may come from a foreign file, so nothing in it is taken on trust: unknown names are
refused by naming the known ones, and a network of absurdly many layers is not built to the end.
"""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import Any, NamedTuple, get_type_hints

import torch
from torch import nn
from torch.nn.modules.module import register_module_parameter_registration_hook

from hsisr_geo.benchmark.systems.system import System
from hsisr_geo.errors import ModelError
from hsisr_geo.resolver.system_config import Setting, SystemConfig


class Architecture(NamedTuple):
    """Where a system is: a module, imported when it is asked for, and the names in it."""

    module: str
    system: str
    settings: str = "Settings"


def _here(module: str, system: str) -> Architecture:
    return Architecture(f"hsisr_geo.benchmark.systems.{module}", system)


ARCHITECTURES: dict[str, Architecture] = {
    "edsr": _here("edsr", "EDSR"),
    "gdrrn": _here("gdrrn", "GDRRN"),
    "sspsr": _here("sspsr", "SSPSR"),
    "mcnet": _here("mcnet", "MCNet"),
    "cegatsr": _here("cegatsr", "Cegatsr"),
    "gelin": _here("gelin", "Gelin"),
    "dmgasr": _here("dmgasr", "Dmgasr"),
    "gae": _here("gae", "Autoencoder"),
    "diff-pb": _here("diffusion_bands", "PartialBands"),
    "diff-fb": _here("diffusion_bands", "FullBands"),
}
"""All published systems, by the name that a model file and a benchmark's settings use."""

_MOST_PARAMETERS = 10_000  # tensors; the published systems have hundreds, and more take minutes


def build(config: SystemConfig) -> System:
    """Build the system of a configuration, with fresh weights on torch's default device.

    Raises
    ------
    ModelError
        Unknown architecture or setting, a value of the wrong type, bands or an upscale that the
        architecture cannot be built for.
    """
    made_by = system_class(config.architecture)
    settings = settings_of(config.architecture, config.settings)
    if config.bands == 0 and not (made_by.any_bands or getattr(settings, "any_bands", False)):
        raise ModelError(
            f"model {config.name}: {config.architecture} is built for a number of bands, not for 0"
        )
    try:
        with _bounded(config.name):
            system: System = made_by(config.bands, config.upscale, settings)  # type: ignore[call-arg]
    except (ValueError, ZeroDivisionError, IndexError) as e:
        raise ModelError(
            f"model {config.name}: {config.architecture} cannot be built for upscale "
            f"{config.upscale} and {config.bands} bands with these settings: {e}"
        ) from e
    return system


def check_buildable(
    architecture: str, upscales: Sequence[int], bands: int, settings: Mapping[str, Setting]
) -> None:
    """Refuse settings that a system cannot be built of, at no expense: without its weights.

    Raises
    ------
    ModelError
        As `build`.
    """
    settings_of(architecture, settings)  # what is wrong with one is told in fewer words
    for upscale in upscales:
        config = SystemConfig(architecture, "1", (upscale,), architecture, bands, dict(settings))
        with torch.device("meta"):
            build(config)


def system_class(architecture: str) -> type[System]:
    """Return the class of an architecture; `ModelError` for an unknown one, naming the known."""
    found: type[System] = _named(architecture, "system")
    return found


def settings_of(architecture: str, values: Mapping[str, Setting]) -> Any:
    """Return the settings of an architecture: as published, but for the given values.

    Raises
    ------
    ModelError
        An unknown architecture or setting, naming the known ones; a value of the wrong type.
    """
    kind = _named(architecture, "settings")
    known = [field.name for field in dataclasses.fields(kind)]
    if unknown := sorted(values.keys() - set(known)):
        raise ModelError(
            f"{architecture} has no setting {', '.join(unknown)[:200]}; it has {', '.join(known)}"
        )
    hints = get_type_hints(kind)
    typed = {key: _typed(architecture, key, value, hints[key]) for key, value in values.items()}
    try:
        return kind(**typed)
    except ValueError as e:
        raise ModelError(f"{architecture}: {e}") from e


def _named(architecture: str, what: str) -> Any:
    if architecture not in ARCHITECTURES:
        raise ModelError(
            f"unknown architecture {architecture!r}; known: {', '.join(ARCHITECTURES)}. A file "
            "written by a newer version of hsisr-geo needs that version"
        )
    where = ARCHITECTURES[architecture]
    return getattr(import_module(where.module), getattr(where, what))


def _typed(architecture: str, key: str, value: Any, hint: Any) -> Any:
    """Return a plain value of the annotated type; whole numbers become floats."""
    if hint is float and type(value) is int:
        return float(value)
    if type(value) is hint:
        return value
    wanted = getattr(hint, "__name__", hint)
    raise ModelError(f"{architecture}: {key} = {repr(value)[:60]} is not of the type {wanted}")


@contextmanager
def _bounded(name: str) -> Iterator[None]:
    """Stop the construction of a network that has more parameters than any sensible one."""
    count = 0

    def counted(_: nn.Module, __: str, ___: nn.Parameter) -> None:
        nonlocal count
        count += 1
        if count > _MOST_PARAMETERS:
            raise ModelError(
                f"model {name}: its settings ask for more than {_MOST_PARAMETERS} layers"
            )

    hook = register_module_parameter_registration_hook(counted)
    try:
        yield
    finally:
        hook.remove()
