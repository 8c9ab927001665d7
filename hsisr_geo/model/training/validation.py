"""Wald's protocol on a scene in memory: degrade it, super-resolve it, compare with itself."""

from typing import NamedTuple

import torch
from torch import Tensor

from hsisr_geo.metrics import evaluate
from hsisr_geo.model import back_projection
from hsisr_geo.model.inference.on_torch import super_resolve_tile
from hsisr_geo.model.network import Network
from hsisr_geo.model.scene import Scene
from hsisr_geo.model.training.training_data import Pair
from hsisr_geo.resolver.config import ModelConfig


class Gain(NamedTuple):
    """What the model is worth on one scene, against bicubic."""

    psnr_db: float
    sam_ratio: float


def super_resolve_pair(network: Network, config: ModelConfig, pair: Pair) -> Tensor:
    """Return the best estimate of a degraded scene, in physical units (band, row, col)."""
    scene = Scene.fit(network, config, pair.statistics, pair.degradation)
    x_lr = pair.lr.to(scene.mean.device)
    with torch.inference_mode():
        return super_resolve_tile(
            network, config, scene, x_lr, pair.upscale, degradation=pair.degradation
        ).cpu()


def score(network: Network, config: ModelConfig, pair: Pair) -> Gain:
    """Measure PSNR gained over bicubic, in dB, and spectral angle as a ratio of bicubic's."""
    reference = pair.hr.numpy()
    result = super_resolve_pair(network, config, pair).numpy()
    ours = evaluate(result, reference, upscale=pair.upscale)
    bicubic = back_projection.interpolate(pair.lr, pair.upscale).numpy()
    base = evaluate(bicubic, reference, upscale=pair.upscale)
    angle = ours.sam_deg / base.sam_deg if base.sam_deg else 1.0  # one band has no angles
    return Gain(ours.mpsnr - base.mpsnr, angle)
