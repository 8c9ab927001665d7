"""`PlainNetwork`: the weights of a model file, read and checked without torch."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file

from hsisr_geo.errors import ModelError, one_line
from hsisr_geo.model.groups import GLOBAL_TAPS
from hsisr_geo.model.inference.finite import check_weights
from hsisr_geo.model.plain.denoiser import PlainDenoiser
from hsisr_geo.model.plain.spectra import PlainAutoencoder
from hsisr_geo.model.reach import LEVEL_FREQUENCIES
from hsisr_geo.resolver.config import ModelConfig
from hsisr_geo.resolver.header import ModelHeader, read_network_header

Shape = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class PlainNetwork:
    """Both stages of a model."""

    autoencoder: PlainAutoencoder
    denoiser: PlainDenoiser


def load_network(path: Path) -> tuple[PlainNetwork, ModelHeader]:
    """Read a model file.

    Raises
    ------
    ModelError
        Corrupt or foreign file, or weights that do not fit the configuration beside them, or no
        training.
    """
    header = read_network_header(path)
    config = header.config
    try:
        weights = load_file(path)
    except (SafetensorError, OSError, ValueError, TypeError) as e:
        raise ModelError(
            f"{path}: the weights cannot be read: {one_line(e)}; get the file again"
        ) from e
    fit = {name: weight.shape for name, weight in weights.items()} == dict(shapes(config))
    if not fit or any(weight.dtype != np.float32 for weight in weights.values()):
        raise ModelError(
            f"{path}: the weights do not fit the configuration in its header; get the file again"
        )
    check_weights(path, weights)
    autoencoder = PlainAutoencoder.of(weights, config.group_size, config.group_overlap)
    return PlainNetwork(autoencoder, PlainDenoiser(weights, config.denoiser_blocks)), header


def shapes(config: ModelConfig) -> Iterator[tuple[str, Shape]]:
    """Names and shapes of a network's weights, as torch names them."""
    size, latent, width = config.group_size, config.latent_channels, config.autoencoder_width
    for net, (given, made) in {"encoder": (size, latent), "decoder": (latent, size)}.items():
        name = f"autoencoder.{net}"
        yield f"{name}.linear.weight", (made, given, 1, 1)
        yield from _layer(f"{name}.head", (width, given, 1, 1))
        for block in range(config.autoencoder_depth):
            for layer in ("expand", "project"):
                yield from _layer(f"{name}.blocks.{block}.{layer}", (width, width, 1, 1))
        yield from _layer(f"{name}.tail", (made, width, 1, 1))
    if inner := config.global_width:
        yield from _layer("autoencoder.global_stage.0", (inner, 1, GLOBAL_TAPS, 1))
        yield from _layer("autoencoder.global_stage.2", (1, inner, GLOBAL_TAPS, 1))
    yield from _denoiser(config)


def _denoiser(config: ModelConfig) -> Iterator[tuple[str, Shape]]:
    width, fine, waves = config.denoiser_width, config.denoiser_fine_width, LEVEL_FREQUENCIES
    yield from _layer("denoiser.level.0", (4 * waves, 2 * waves))
    yield from _layer("denoiser.level.2", (4 * waves, 4 * waves))
    yield from _layer("denoiser.head", (fine, 2, 3, 3))
    for block in range(config.denoiser_blocks):
        for layer in ("first", "second"):
            yield from _layer(f"denoiser.blocks.{block}.{layer}", (width, width, 3, 3))
        yield from _layer(f"denoiser.blocks.{block}.level", (2 * width, 4 * waves))
    for upscale in config.upscales:
        yield from _layer(f"denoiser.down.{upscale}", (width, fine, upscale, upscale))
        yield from _layer(f"denoiser.up.{upscale}.0", (fine * upscale**2, width, 3, 3))
    yield from _layer("denoiser.join", (fine, fine, 3, 3))
    yield from _layer("denoiser.tail", (1, fine, 3, 3))


def _layer(name: str, weight: Shape) -> Iterator[tuple[str, Shape]]:
    yield f"{name}.weight", weight
    yield f"{name}.bias", weight[:1]
