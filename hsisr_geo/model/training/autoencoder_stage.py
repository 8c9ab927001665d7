"""First training stage: the group autoencoder, on spectra of scenes and of their blurred selves."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from hsisr_geo.model import back_projection
from hsisr_geo.model.checkpoint import network_file
from hsisr_geo.model.inference.devices import choose_device
from hsisr_geo.model.network import Network
from hsisr_geo.model.training.hold_out import say_scenes, split
from hsisr_geo.model.training.identity import told_configuration
from hsisr_geo.model.training.model_place import finish, place_of
from hsisr_geo.model.training.optimise import Lesson, Log, TrainingOptions, facts_of, optimise
from hsisr_geo.model.training.training_data import Pair, TrainingScene, degraded_pair, load_scenes
from hsisr_geo.resolver.config import ModelCard, ModelConfig

_SPECTRA = 1024  # per step
_PLAIN_SHARE = 0.3  # weight of plain reconstruction beside detail reconstruction


def train_autoencoder(
    options: TrainingOptions, config: ModelConfig, *, log: Log = print
) -> ModelCard:
    """Train the group autoencoder and write it as a model file without a diffusion stage.

    The loss is what detail decoding needs, |u + Dec(E(x)) - Dec(E(u)) - x|, plus a share of plain
    reconstruction, both on standardised spectra. A table of losses is written beside it (`curve`).

    Raises
    ------
    OutputError : no model file can be written there
    ModelError : nothing to train on or to hold out; progress of another training
    """
    with place_of(options.out, log):
        return _train(options, config, log)


def _train(options: TrainingOptions, config: ModelConfig, log: Log) -> ModelCard:
    torch.manual_seed(options.seed)
    device = choose_device(options.device)
    network = Network(config).to(device)
    train, held = split(load_scenes(options.scenes), options.holdout)
    say_scenes(train, held, log)
    lesson = autoencoder_lesson(network, config, train, held, options.seed, log)
    facts = facts_of(options, "autoencoder", train, held, **told_configuration(config))
    card = optimise(options, network.autoencoder, lesson, facts, log)
    card |= {
        "stage": "autoencoder",
        "scenes": [s.name for s in train],
        "held_out": [s.name for s in held],
    }
    finish(options.out, network_file(network, config, card))
    return card


def autoencoder_lesson(
    network: Network,
    config: ModelConfig,
    train: Sequence[TrainingScene],
    held: Sequence[TrainingScene],
    seed: int,
    log: Log,
    *,
    checked_upscale: int = 4,
) -> Lesson:
    """Return what the autoencoder learns by; weights are checked at one upscale."""
    device = next(network.parameters()).device
    spectra = _spectra(train, config, seed)
    log(f"{len(train)} scenes to train on, {len(held)} held out, {len(spectra)} sets of spectra")

    def loss(step: int) -> Tensor:
        rng = np.random.default_rng([seed, step])
        x, u = (s.to(device) for s in _draw_spectra(spectra, rng))
        return _autoencoder_loss(network, x, u)

    declared = config.declared(checked_upscale)
    pairs = [degraded_pair(scene, checked_upscale, declared) for scene in held]

    def validate() -> float:
        error = float(np.mean([_ceiling_error(network, pair) for pair in pairs]))
        log(f"    held-out scenes: error {error:.4f} of a band's standard deviation")
        return -error

    unit = "minus the mean error of detail decoding, in standard deviations of a band"
    return Lesson(loss, validate if pairs else None, unit)


def _spectra(
    scenes: Sequence[TrainingScene], config: ModelConfig, seed: int
) -> list[tuple[Tensor, Tensor]]:
    """Standardised spectra (band, pixel) of scenes and of what interpolation makes of them.

    Each scene comes as it is and four times as another sensor would see it.
    """
    rng = np.random.default_rng([seed, 2**32])
    sets = []
    for scene in scenes:
        for variant in range(5):
            seen = scene if variant == 0 else scene.resampled(rng)
            for upscale in config.upscales:
                pair = degraded_pair(seen, upscale, config.declared(upscale))
                u = back_projection.interpolate(pair.lr, upscale)
                sets.append((pair.standardise(pair.hr).flatten(1), pair.standardise(u).flatten(1)))
    return sets


def _draw_spectra(
    sets: Sequence[tuple[Tensor, Tensor]], rng: np.random.Generator
) -> tuple[Tensor, Tensor]:
    """Random pixels of one set, as images of one column (band, pixel, 1)."""
    x, u = sets[int(rng.integers(len(sets)))]
    pixels = torch.from_numpy(rng.integers(0, x.shape[1], _SPECTRA))
    return x[:, pixels, None], u[:, pixels, None]


def _autoencoder_loss(network: Network, x: Tensor, u: Tensor) -> Tensor:
    autoencoder, bands = network.autoencoder, len(x)
    x_rec = autoencoder.decode(autoencoder.encode(x), bands)
    u_rec = autoencoder.decode(autoencoder.encode(u), bands)
    detail = (u + x_rec - u_rec - x).abs().mean()
    return detail + _PLAIN_SHARE * (x_rec - x).abs().mean()


def _ceiling_error(network: Network, pair: Pair) -> float:
    """Mean error of detail decoding with the true latents: what no denoiser can undercut."""
    device = next(network.parameters()).device
    x = pair.standardise(pair.hr).to(device)
    u = pair.standardise(back_projection.interpolate(pair.lr, pair.upscale)).to(device)
    encode = network.autoencoder.encode
    return float((u + network.autoencoder.detail(encode(x), encode(u), len(x)) - x).abs().mean())
