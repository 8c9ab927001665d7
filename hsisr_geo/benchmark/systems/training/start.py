"""A training that starts from the weights of another model, or of a part of it."""

from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from hsisr_geo.benchmark.systems import gae
from hsisr_geo.benchmark.systems.build import build, settings_of
from hsisr_geo.benchmark.systems.checkpoint import load_system
from hsisr_geo.benchmark.systems.system import System
from hsisr_geo.errors import ModelError
from hsisr_geo.resolver.header import read_system_header
from hsisr_geo.resolver.system_config import SystemConfig

_OF_GROUPS = ("group_size", "group_overlap")
_OF_GLOBAL = ("global_width", "global_blocks")
_OF_TRAINING = ("autoencoder_patch",)


def start_from(system: System, config: SystemConfig, path: Path) -> None:
    """Give a system of some configuration the weights of a model file that have the same names.

    E.g. to `dmgasr` those of an imported autoencoder (architecture `gae`): with its setting
    `autoencoder_share = 0` only the diffusion is trained then.

    Raises
    ------
    ModelError
        As `check_start`; nothing is changed then.
    """
    other, header = load_system(path)
    shared = _shared(system, other, path)
    _check_alike(config, header.config, path)
    system.load_state_dict(shared, strict=False)


def check_start(config: SystemConfig, path: Path) -> None:
    """Refuse a model file that a system cannot start from, without its weights.

    Raises
    ------
    ModelError
        It is not there, holds no published system, or one for other bands; no weight has the same
        name, one that has is of another shape, or an autoencoder's groups are others.
    """
    header = read_system_header(path)
    _check_alike(config, header.config, path)
    with torch.device("meta"):
        _shared(build(config), build(header.config), path)


def _shared(system: System, other: System, path: Path) -> Mapping[str, Tensor]:
    """Return the weights of another system whose names are known here."""
    own, weights = system.state_dict(), other.state_dict()
    shared = {name: weight for name, weight in weights.items() if name in own}
    if not shared:
        raise ModelError(f"{path}: no weight in it is one of the system that is to start from it")
    for name, weight in shared.items():
        if weight.shape != own[name].shape:
            raise ModelError(
                f"{path}: {name} is of shape {tuple(weight.shape)} there, {tuple(own[name].shape)} "
                "here: train with the settings and the number of bands of that model"
            )
    return shared


def _check_alike(here: SystemConfig, there: SystemConfig, path: Path) -> None:
    """Refuse other bands, and an autoencoder that means something else by the same weights."""
    if there.bands and there.bands != here.bands:
        raise ModelError(
            f"{path}: it is for {there.bands} bands, the system that is to start from it for "
            f"{here.bands}"
        )
    ours, theirs = (settings_of(each.architecture, each.settings) for each in (here, there))
    if isinstance(ours, gae.Settings) and isinstance(theirs, gae.Settings):
        told = ", ".join(_differences(ours, theirs))
        if told:
            raise ModelError(f"{path}: {told}: give the system these settings of that model")


def _differences(ours: gae.Settings, theirs: gae.Settings) -> Iterator[str]:
    """Tell settings that differ, of those that matter as the others are."""
    without = set(_OF_TRAINING)
    without |= set() if ours.grouping or theirs.grouping else set(_OF_GROUPS)
    without |= set() if ours.global_decoding or theirs.global_decoding else set(_OF_GLOBAL)
    for key in (field.name for field in fields(gae.Settings) if field.name not in without):
        here, there = getattr(ours, key), getattr(theirs, key)
        if here != there:
            yield f"{key} is {_toml(there)} there, {_toml(here)} here"


def _toml(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
