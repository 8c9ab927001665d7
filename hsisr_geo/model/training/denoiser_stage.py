"""Second training stage: the denoiser, on the frozen autoencoder's components and photographs."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from hsisr_geo.cube.degradation import named
from hsisr_geo.model import diffusion
from hsisr_geo.model.checkpoint import load_network, network_file
from hsisr_geo.model.inference.devices import choose_device
from hsisr_geo.model.network import Network
from hsisr_geo.model.training.component_patches import (
    ComponentPatches,
    component_images,
    residual_deviation,
    sides_in,
)
from hsisr_geo.model.training.grow import grown
from hsisr_geo.model.training.hold_out import say_scenes, split
from hsisr_geo.model.training.identity import told_configuration, told_photographs
from hsisr_geo.model.training.model_place import finish, place_of
from hsisr_geo.model.training.optimise import Lesson, Log, TrainingOptions, facts_of, optimise
from hsisr_geo.model.training.photographs import Photograph, load_photographs
from hsisr_geo.model.training.training_data import TrainingScene, degraded_pair, load_scenes
from hsisr_geo.model.training.validation import score
from hsisr_geo.resolver.config import ModelCard, ModelConfig

Batch = tuple[Tensor, Tensor, np.random.Generator]
"""True and interpolated patches of a step, and where its further draws come from."""

_REGRESSION_SHARE = 0.7  # of a batch at the level without signal, the one `detail 0` uses
_UNIT = "dB over bicubic, less 5 dB for each unit by which the spectral angle's ratio exceeds 1"
_TURN = (2, 4, 2, 4, 3)  # upscales in the order steps take them
_OTHERS = (("gaussian:0.2", 2, 0.01), ("gaussian:0.2", 4, 0.005))
"""Other sensors that a training for them is judged by: D, upscale, noise as a share of the mean."""


def train_diffusion(
    options: TrainingOptions,
    autoencoder: Path,
    *,
    blocks: int | None = None,
    components: int | None = None,
    log: Log = print,
) -> ModelCard:
    """Train the denoiser on the frozen autoencoder's components, and write the whole model.

    Parameters
    ----------
    autoencoder
        Model file with the first stage. One that has both stages is trained further.
    blocks, components
        Residual blocks of the denoiser, and components it is run on; None: as in the model file.

    Raises
    ------
    OutputError, ModelError : as `train_autoencoder`
    """
    with place_of(options.out, log):
        return _train(options, autoencoder, blocks, components, log)


def _train(
    options: TrainingOptions,
    autoencoder: Path,
    blocks: int | None,
    components: int | None,
    log: Log,
) -> ModelCard:
    torch.manual_seed(options.seed)
    device = choose_device(options.device)
    network, header = load_network(autoencoder)
    network, config = grown(network, header.config, blocks=blocks, components=components)
    train, held = split(load_scenes(options.scenes), options.holdout)
    photographs = load_photographs(options.photographs) if options.photographs else []
    patches, config = _patches(network, config, train, photographs, options)
    log(
        f"{len(train)} scenes and {len(photographs)} photographs to train on, "
        f"{len(held)} scenes held out; sigma_y {config.sigma_y}"
    )
    say_scenes(train, held, log)
    network.to(device)
    loss = stepwise_loss(network, config, patches, options.seed, ahead=True)
    judge = _validation(network, config, held, log, other_sensors=options.other_sensors > 0)
    facts = facts_of(
        options,
        "diffusion",
        train,
        held,
        photographs=told_photographs(photographs),
        start=header.sha256,
        **told_configuration(config),
    )
    card = header.card | optimise(options, network.denoiser, Lesson(loss, judge, _UNIT), facts, log)
    card |= {
        "stage": "diffusion",
        "scenes": [s.name for s in train],
        "held_out": [s.name for s in held],
        "photographs": len(photographs),
        "degradation": config.degradation,
    }
    finish(options.out, network_file(network, config, card))
    return card


def _patches(
    network: Network,
    config: ModelConfig,
    train: Sequence[TrainingScene],
    photographs: Sequence[Photograph],
    options: TrainingOptions,
) -> tuple[ComponentPatches, ModelConfig]:
    """Return what batches are drawn from, and the configuration with the scale of what is learned.

    What was chosen for the weights it starts from says nothing of the new ones. A trained denoiser
    answers in the units it was trained in, so those are kept.
    """
    sides = sides_in(train, config.upscales)
    images = component_images(network, config, train, sides)
    sigma_y = config.sigma_y or residual_deviation(images, config.upscales)
    patches = ComponentPatches(
        images,
        photographs,
        options.photograph_share,
        sides,
        other_sensors=options.other_sensors,
    )
    return patches, replace(config, sigma_y=sigma_y, shrinkage=(), shading=(), colour=(), spread=())


def _validation(
    network: Network,
    config: ModelConfig,
    held: Sequence[TrainingScene],
    log: Log,
    *,
    other_sensors: bool,
) -> Callable[[], float] | None:
    """Return what scores the network on the scenes held out; None without any."""
    judged = [(config.declared(s), 0.0) for s in config.upscales if s != 3]
    if other_sensors:
        judged += [(named(d, s), noise) for d, s, noise in _OTHERS if s in config.upscales]
    pairs = [degraded_pair(scene, d.factor, d, noise) for scene in held for d, noise in judged]

    def validate() -> float:
        gains = [score(network, config, pair) for pair in pairs]
        psnr, sam = (float(np.mean([g[i] for g in gains])) for i in range(2))
        for gain, pair in zip(gains, pairs, strict=True):
            said = f"x{pair.upscale} {pair.degradation.name} {pair.name}"
            log(f"      {said}: {gain.psnr_db:+.2f} {gain.sam_ratio:.3f}")
        log(f"    held-out sites: PSNR {psnr:+.3f} dB over bicubic, SAM x {sam:.3f}")
        return psnr - 5 * (sam - 1)
        # ^ one criterion of both: a hundredth of the angle counts as 0.05 dB

    return validate if pairs else None


def stepwise_loss(
    network: Network,
    config: ModelConfig,
    patches: ComponentPatches,
    seed: int,
    *,
    ahead: bool = False,
) -> Callable[[int], Tensor]:
    """Return the loss of the n-th step, at the upscale whose turn it is.

    `ahead`: draw the next step's batch meanwhile, by another thread; the numbers are the same. Not
    where processor time is a budget: a batch would be drawn while it is not counted.
    """
    device = next(network.parameters()).device
    network.denoiser.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    # ^ an eighth faster on a CPU

    def upscale_of(step: int) -> int:
        upscale = _TURN[step % len(_TURN)]
        known = config.upscales
        return upscale if upscale in known else known[step % len(known)]

    def draw(step: int) -> Batch:
        rng = np.random.default_rng([seed, step])
        return *patches.draw(config.declared(upscale_of(step)), rng), rng

    batch_of = drawn_ahead(draw) if ahead else draw

    def loss(step: int) -> Tensor:
        x, u, rng = batch_of(step)
        upscale = upscale_of(step)
        sigma = config.factor("sigma_y", upscale)
        with torch.autocast(device.type, dtype=torch.bfloat16, enabled=has_bfloat16(device)):
            return denoiser_loss(network, x.to(device), u.to(device), sigma, upscale, rng)

    return loss


def drawn_ahead(draw: Callable[[int], Batch]) -> Callable[[int], Batch]:
    """Return `draw` that makes the next step's batch while this step's is learned from."""
    pool, drawing = ThreadPoolExecutor(1, "draw"), dict[int, Future[Batch]]()

    def batch_of(step: int) -> Batch:
        batch = (drawing.pop(step, None) or pool.submit(draw, step)).result()
        drawing.clear()
        drawing[step + 1] = pool.submit(draw, step + 1)
        return batch

    return batch_of


def has_bfloat16(device: torch.device) -> bool:
    """Whether bfloat16 saves time: a CPU that emulates it takes several times as long."""
    if device.type != "cpu":
        return True
    tell = getattr(torch.cpu, "get_capabilities", None)  # older torch tells nothing: float32
    return tell is not None and bool(tell().get("avx512_bf16"))


def denoiser_loss(
    network: Network,
    x: Tensor,
    u: Tensor,
    sigma: float,
    upscale: int,
    rng: np.random.Generator,
    weight: Tensor | None = None,
) -> Tensor:
    """Loss of x0-prediction: a patch's root mean square at the level without signal, else squares.

    x, u and, where not every pixel counts alike, weight with mean 1 are (image, 1, row, col).

    Squares make every level predict a mean, which the best estimate is judged by and a chain needs.
    (L1, a median, draws edges sharper than it knows where they are.) The root, at the level that
    `detail 0` uses, keeps noisy components from outweighing the rest.
    """
    y0 = (x - u) / sigma
    regression = round(_REGRESSION_SHARE * len(y0))
    level = torch.zeros(len(y0))
    level[regression:] = torch.from_numpy(
        np.sin(0.5 * np.pi * rng.random(len(y0) - regression)).astype(np.float32)
    )
    noise = torch.from_numpy(rng.standard_normal(y0.shape).astype(np.float32))
    noise[:regression] = 0
    level, noise = level.to(y0), noise.to(y0)
    y_t = diffusion.diffuse(y0, noise, level)
    error = network.denoiser(y_t, u, level, upscale).float() - y0
    if weight is not None:
        error = error * weight.sqrt()
    best, others = error[:regression].square().mean(dim=(1, 2, 3)), error[regression:].square()
    loss: Tensor = (best + 1e-4).sqrt().mean() + 0.3 * others.mean()
    return loss
