"""The model file of a published system: the same safetensors layout as ours; never a pickle."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import torch

from hsisr_geo.benchmark.systems.build import build, settings_of
from hsisr_geo.benchmark.systems.system import System
from hsisr_geo.errors import ModelError
from hsisr_geo.model.checkpoint import save_tensors, with_weights
from hsisr_geo.resolver.config import ModelCard
from hsisr_geo.resolver.header import CARD_KEY, CONFIG_KEY, SystemHeader, read_system_header
from hsisr_geo.resolver.system_config import SystemConfig


def save_system(path: Path, system: System, config: SystemConfig, card: ModelCard) -> None:
    """Write a model file under its name in one move, so that no reader sees half of it.

    All settings are written, so that the file means the same whatever the defaults become; and for
    bands what the system says: 0 where one set of weights serves any number.
    """
    settings = asdict(settings_of(config.architecture, config.settings))
    config = replace(config, bands=system.bands, settings=settings)
    save_tensors(
        path,
        _separate({name: tensor.detach().cpu() for name, tensor in system.state_dict().items()}),
        {CONFIG_KEY: config.to_json(), CARD_KEY: json.dumps(card)},
    )


def load_system(path: Path) -> tuple[System, SystemHeader]:
    """Read the model file of a published system onto the CPU.

    Raises
    ------
    ModelError
        Corrupt or foreign file, one of our own networks, an unknown architecture or setting, or
        weights that do not fit the configuration beside them.
    """
    header = read_system_header(path)
    system = with_weights(path, lambda: _built(path, header.config))
    return system.eval(), header


def _built(path: Path, config: SystemConfig) -> System:
    try:
        return build(config)
    except ModelError as e:
        raise ModelError(f"{path}: {e}") from e


def _separate(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Copy what shares memory with another: a block that is repeated has several names."""
    seen: set[int] = set()
    separate = {}
    for name, tensor in tensors.items():
        place = tensor.untyped_storage().data_ptr()
        separate[name] = tensor.clone() if place in seen else tensor
        seen.add(place)
    return separate
