"""What the group autoencoder of a system loses: scenes encoded and decoded, nothing in between."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from hsisr_geo.errors import ModelError
from hsisr_geo.model.baselines.checkpoint import load_system
from hsisr_geo.model.baselines.gae import GroupAutoencoder
from hsisr_geo.model.devices import choose_device
from hsisr_geo.training_run import NamedCube

__all__ = ["Reconstruction", "reconstruct"]

_SIDE = 256  # pixels; a scene is taken in parts so large, as activations take 64 times its memory


@dataclass(frozen=True)
class Reconstruction:
    """Groups of an autoencoder, and the PSNR of what it reconstructs, dB.

    The PSNR is of a peak of one, its mean over bands, then over scenes, as `MPSNR`.
    """

    group: int
    overlap: int
    psnr: float


@torch.no_grad()
def reconstruct(path: Path, scenes: Sequence[NamedCube], device: str = "auto") -> Reconstruction:
    """Let the autoencoder of a model file reconstruct scenes at their full resolution.

    Raises
    ------
    ModelError
        Not the file of a system, or of one that has no group autoencoder.
    """
    system, _ = load_system(path)
    autoencoder = getattr(system, "autoencoder", None)
    if not isinstance(autoencoder, GroupAutoencoder):
        raise ModelError(f"{path}: this system has no group autoencoder")
    place = choose_device(device)
    autoencoder = autoencoder.to(place)
    psnr = [_psnr(autoencoder, torch.from_numpy(scene.cube).to(place)) for scene in scenes]
    return Reconstruction(autoencoder.size, autoencoder.overlap, sum(psnr) / len(psnr))


def _psnr(autoencoder: GroupAutoencoder, cube: Tensor) -> float:
    """Return the PSNR of one scene (band, row, col), mean over bands."""
    squares = torch.stack(
        [(autoencoder(part[None])[0] - part).square().sum(dim=(1, 2)) for part in _parts(cube)]
    ).sum(dim=0)
    errors = squares / (cube.shape[1] * cube.shape[2])
    return float(-10 * errors.clamp_min(1e-12).log10().mean())


def _parts(cube: Tensor) -> Iterator[Tensor]:
    for rows in torch.split(cube, _SIDE, dim=1):
        yield from torch.split(rows, _SIDE, dim=2)
