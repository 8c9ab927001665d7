"""Second training stage: the denoiser, on the frozen autoencoder's components and photographs."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from hsisr_geo.config import ModelCard, ModelConfig
from hsisr_geo.degradation import Degradation
from hsisr_geo.model import back_projection, diffusion
from hsisr_geo.model.checkpoint import load_network, save_network
from hsisr_geo.model.growing import grown
from hsisr_geo.model.latents import LatentBasis
from hsisr_geo.model.network import Network
from hsisr_geo.model.resolver import choose_device
from hsisr_geo.model.training import Log, TrainingOptions, optimise, split
from hsisr_geo.model.training_data import (
    Photograph,
    TrainingScene,
    as_a_sensor_would,
    degraded_pair,
    load_photographs,
    load_scenes,
    photograph_patches,
    random_mix,
    turn,
)
from hsisr_geo.model.validation import score

__all__ = ["denoiser_loss", "train_diffusion"]

_REGRESSION_SHARE = 0.7  # of a batch at the level without signal, the one `detail 0` uses
_EXACT_SHARE = 1 / 3  # of a batch's scene patches: components as the pipeline makes them
# ^ the others are components taken as images: any grid, softness, contrast and noise. A handful of
#   scenes has few pixels: half a batch of them, seen a thousand times over, made held-out sites of
#   the same flights better and other scenes worse (docs/experiments.md).
_INPUT_PIXELS = 18432  # per step: 72 patches of 16², 32 of 24²
_PATCH = {2: 24, 3: 16, 4: 16}  # input pixels a side
_TURN = (2, 4, 2, 4, 3)  # upscales in the order steps take them
_MARGIN = 4  # input pixels cut off around a photograph's patch: interpolation's own edge


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
    """
    torch.manual_seed(options.seed)
    device = choose_device(options.device)
    network, header = load_network(autoencoder)
    network, config = grown(network, header.config, blocks=blocks, components=components)
    train, held = split(load_scenes(options.scenes), options.holdout)
    images = [i for scene in train for i in _component_images(network, config, scene)]
    sigma_y = config.sigma_y or _residual_deviation(images, config.upscales)
    # ^ a trained denoiser answers in the units it was trained in
    config = replace(config, sigma_y=sigma_y, shrinkage=(), shading=(), colour=(), spread=())
    # ^ what was chosen for the weights it starts from says nothing of the new ones
    photographs = load_photographs(options.photographs) if options.photographs else []
    log(
        f"{len(train)} scenes and {len(photographs)} photographs to train on, "
        f"{len(held)} scenes held out; sigma_y {config.sigma_y}"
    )
    network.to(device)
    network.denoiser.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    # ^ an eighth faster on a CPU

    def loss(step: int) -> Tensor:
        rng = np.random.default_rng([options.seed, step])
        upscale = _TURN[step % len(_TURN)]
        if upscale not in config.upscales:
            upscale = config.upscales[step % len(config.upscales)]
        x, u = _draw_patches(
            images, photographs, options.photograph_share, config.declared(upscale), rng
        )
        sigma = config.factor("sigma_y", upscale)
        with torch.autocast(device.type, dtype=torch.bfloat16):
            return denoiser_loss(network, x.to(device), u.to(device), sigma, upscale, rng)

    pairs = [
        degraded_pair(scene, s, config.declared(s))
        for scene in held
        for s in config.upscales
        if s != 3
    ]

    def validate() -> float:
        gains = [score(network, config, pair) for pair in pairs]
        psnr, sam = (float(np.mean([g[i] for g in gains])) for i in range(2))
        for gain, pair in zip(gains, pairs, strict=True):
            log(f"      x{pair.upscale} {pair.name}: {gain.psnr_db:+.2f} {gain.sam_ratio:.3f}")
        log(f"    held-out sites: PSNR {psnr:+.3f} dB over bicubic, SAM x {sam:.3f}")
        return psnr - 5 * (sam - 1)
        # ^ one criterion of both: a hundredth of the angle counts as 0.05 dB

    card = header.card | optimise(options, network.denoiser, loss, validate, log)
    card |= {
        "stage": "diffusion",
        "scenes": [s.name for s in train],
        "held_out": [s.name for s in held],
        "photographs": len(photographs),
        "degradation": config.degradation,
    }
    save_network(options.out, network, config, card)
    return card


@dataclass(frozen=True, eq=False)
class ComponentImage:
    """Whitened components of a scene and of its interpolated input (component, row, col)."""

    upscale: int
    x: Tensor
    u: Tensor
    weight: np.ndarray

    def as_photograph(self) -> Photograph:
        """Take the true components as an image that is white already."""
        channels = len(self.x)
        zero, one = np.zeros(channels, np.float32), np.eye(channels, dtype=np.float32)
        return Photograph(self.x.numpy(), zero, one, self.weight, most_coarsening=1)


@torch.no_grad()
def _component_images(
    network: Network, config: ModelConfig, scene: TrainingScene
) -> list[ComponentImage]:
    """Components of one scene at every upscale it is large enough for."""
    images = []
    for upscale in config.upscales:
        if min(scene.cube.shape[1:]) // (4 * upscale) * 4 < _PATCH[upscale]:
            continue
        pair = degraded_pair(scene, upscale, config.declared(upscale))
        spectra = pair.standardise(torch.from_numpy(pair.statistics.sample.T[:, :, None]))[:, :, 0]
        basis = LatentBasis.fit(network.autoencoder, spectra.T.numpy(), config.components)
        x, u = (
            basis.analyse(network.autoencoder.encode(pair.standardise(cube)))
            for cube in (pair.hr, back_projection.interpolate(pair.lr, upscale))
        )
        images.append(ComponentImage(upscale, x, u, basis.weight.numpy()))
    return images


def _residual_deviation(
    images: Sequence[ComponentImage], upscales: Sequence[int]
) -> tuple[float, ...]:
    """sigma_y: deviation of what super-resolution adds to a component, for each upscale."""
    return tuple(
        float(
            np.sqrt(np.mean([float((i.x - i.u).square().mean()) for i in images if i.upscale == s]))
        )
        for s in upscales
    )


def _draw_patches(
    images: Sequence[ComponentImage],
    photographs: Sequence[Photograph],
    photograph_share: float,
    degradation: Degradation,
    rng: np.random.Generator,
) -> tuple[Tensor, Tensor]:
    """Draw a batch of true and interpolated one-channel patches, (image, 1, row, col)."""
    upscale = degradation.factor
    side = _PATCH[upscale]
    candidates = [i for i in images if i.upscale == upscale]
    scenes = [i.as_photograph() for i in candidates if min(i.x.shape[1:]) >= _source_side(upscale)]
    exact, scene, photo = _shares(
        _INPUT_PIXELS // side**2, bool(scenes), photograph_share if photographs else 0.0
    )
    area = np.array([i.x[0].numel() for i in candidates], float)
    chosen = rng.choice(len(candidates), exact, p=area / area.sum())
    batches = [np.stack([_component_patch(candidates[k], side, rng) for k in chosen])]
    for source, count in ((scenes, scene), (photographs, photo)):
        if count:
            batches.append(_photograph_pairs(source, count, degradation, rng))
    x, u = torch.from_numpy(np.concatenate(batches)).unbind(1)
    return x[:, None], u[:, None]


def _shares(count: int, with_scenes: bool, photograph_share: float) -> tuple[int, int, int]:
    """Part a batch into exact components, components as images, and photographs."""
    photo = int(photograph_share * count)
    scene = int((1 - _EXACT_SHARE) * (count - photo)) if with_scenes else 0
    return count - scene - photo, scene, photo


def _source_side(upscale: int) -> int:
    """Side of what a patch and its margin are cut from, in pixels of the true image."""
    return upscale * (_PATCH[upscale] + 2 * _MARGIN)


def _component_patch(image: ComponentImage, side: int, rng: np.random.Generator) -> np.ndarray:
    """Cut one random mix of components at a random place: (2, row, col), true and interpolated."""
    s = image.upscale
    row, col = (int(rng.integers(n // s - side + 1)) * s for n in image.x.shape[1:])
    window = (slice(None), slice(row, row + s * side), slice(col, col + s * side))
    mix = random_mix(image.weight, rng)
    both = np.stack([np.tensordot(mix, c[window].numpy(), axes=1) for c in (image.x, image.u)])
    return turn(both, rng)


def _photograph_pairs(
    photographs: Sequence[Photograph],
    count: int,
    degradation: Degradation,
    rng: np.random.Generator,
) -> np.ndarray:
    """Draw photograph patches and what degrading makes of them: (count, 2, row, col)."""
    upscale = degradation.factor
    patches = photograph_patches(photographs, count, _source_side(upscale), rng)
    x = torch.from_numpy(as_a_sensor_would(patches, rng))
    u = back_projection.interpolate(back_projection.degrade(x, degradation), upscale)
    inside = slice(_MARGIN * upscale, -_MARGIN * upscale)
    return torch.stack([x, u], dim=1)[:, :, inside, inside].numpy()


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
