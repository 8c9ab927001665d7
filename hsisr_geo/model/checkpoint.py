"""A model file: weights, configuration and card in one safetensors file; never a pickle."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import nn

from hsisr_geo.errors import ModelError
from hsisr_geo.files import drafted
from hsisr_geo.model.inference.finite import check_numbers, check_weights
from hsisr_geo.model.network import Network
from hsisr_geo.resolver.config import ModelCard, ModelConfig
from hsisr_geo.resolver.header import (
    CARD_KEY,
    CONFIG_KEY,
    ModelHeader,
    read_network_header,
    with_checksum,
)  # fmt: skip

M = TypeVar("M", bound=nn.Module)


def save_network(path: Path, network: Network, config: ModelConfig, card: ModelCard) -> None:
    """Write a model file under its name in one move, so that no reader sees half of it."""
    _write(path, network_file(network, config, card))


def network_file(network: Network, config: ModelConfig, card: ModelCard) -> bytes:
    """Return what a model file holds; it gets a checksum."""
    tensors = {name: tensor.detach().cpu() for name, tensor in network.state_dict().items()}
    said = {CONFIG_KEY: config.to_json(), CARD_KEY: json.dumps(card)}
    return with_checksum(_packed(tensors, said))


def save_tensors(path: Path, tensors: dict[str, torch.Tensor], metadata: dict[str, str]) -> None:
    """Write a safetensors file beside its name, then rename it; a model's gets a checksum."""
    content = _packed(tensors, metadata)
    _write(path, with_checksum(content) if CONFIG_KEY in metadata else content)


def _packed(tensors: dict[str, torch.Tensor], metadata: dict[str, str]) -> bytes:
    return save({name: tensor.contiguous() for name, tensor in tensors.items()}, metadata)


def _write(path: Path, content: bytes) -> None:
    with drafted(path) as draft:
        draft.write_bytes(content)


def load_network(path: Path) -> tuple[Network, ModelHeader]:
    """Read a model file onto the CPU.

    Raises
    ------
    ModelError
        Corrupt or foreign file, or weights that do not fit the configuration beside them, or no
        training.
    """
    header = read_network_header(path)
    network = with_weights(path, lambda: Network(header.config))
    check_weights(path, {name: value.numpy() for name, value in network.state_dict().items()})
    return network, header


def with_weights(path: Path, make: Callable[[], M]) -> M:
    """Build a module, at first without memory for it, and give it the weights of a model file.

    Raises
    ------
    ModelError
        Weights that do not fit the module, are not float32 or not finite.
    """
    try:
        with torch.device("meta"):  # shapes only: a foreign configuration may ask for terabytes
            module = make()
        weights = load_file(path)
        module.load_state_dict(weights, assign=True)
        if any(weight.dtype != torch.float32 for weight in weights.values()):
            raise RuntimeError("weights of another type than float32")
        if _has_meta(module):  # what it computes of its settings, and is not in the file
            module = make()
            module.load_state_dict(weights)
    except (SafetensorError, RuntimeError, OSError) as e:
        raise ModelError(
            f"{path}: the weights do not fit the configuration in its header; get the file again"
        ) from e
    for name, value in module.state_dict().items():
        check_numbers(path, name, value.numpy())
    return module


def _has_meta(module: nn.Module) -> bool:
    """Tell whether tensors of a module have no values yet: buffers, or plain attributes."""
    return any(
        isinstance(value, torch.Tensor) and value.is_meta
        for part in module.modules()
        for value in (*vars(part).values(), *part._buffers.values())
    )
