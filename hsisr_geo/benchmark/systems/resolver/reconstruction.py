"""Losses of a group autoencoder: true cubes against what it makes of their own latents.

No diffusion is in it: the best that any diffusion of these latents could do (the paper's figure 9).
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from hsisr_geo.bands.radiometry import Cube
from hsisr_geo.benchmark.systems.checkpoint import load_system
from hsisr_geo.benchmark.systems.gae import GroupAutoencoder
from hsisr_geo.errors import ModelError
from hsisr_geo.metrics import default_data_range, evaluate
from hsisr_geo.model.inference.devices import choose_device


class Reconstructor(NamedTuple):
    """The autoencoder of a model file, on a device, and the groups that it makes of bands.

    Attributes
    ----------
    bands
        That a cube must have; 0 for any number.
    group, overlap
        Bands of a group, and bands that neighbouring groups share.
    """

    autoencoder: GroupAutoencoder
    bands: int
    group: int
    overlap: int
    device: torch.device

    def psnr(
        self, truth: Cube, *, scale: float | None = None, data_range: float | None = None
    ) -> float:
        """Return the mean PSNR over bands of a reconstructed cube (band, row, col), dB.

        Parameters
        ----------
        scale
            What values are divided by for the network; None for the 99.9 % quantile of the cube.
        data_range
            Peak value, in the cube's unit; None for that quantile.

        Raises
        ------
        ModelError
            The cube has another number of bands than the autoencoder.
        """
        if self.bands not in (0, len(truth)):
            raise ModelError(
                f"this autoencoder was made for {self.bands} bands, and the cube has {len(truth)}"
            )
        made = self._made(truth, scale or default_data_range(truth))
        return evaluate(made, truth, upscale=None, data_range=data_range).mpsnr

    def _made(self, truth: Cube, scale: float) -> Cube:
        cube = torch.from_numpy(np.ascontiguousarray(truth)).to(self.device)[None]
        with torch.inference_mode():
            made: Cube = (self.autoencoder(cube / scale)[0] * scale).cpu().numpy()
        return made


def load_reconstructor(path: Path, *, device: str = "auto") -> Reconstructor:
    """Load the autoencoder that a model file has in it.

    Raises
    ------
    ModelError
        Corrupt or foreign file, or one of a system without a group autoencoder.
    """
    system, _ = load_system(path)
    autoencoder = getattr(system, "autoencoder", None)
    if not isinstance(autoencoder, GroupAutoencoder):
        raise ModelError(f"{path}: there is no group autoencoder in it to reconstruct cubes by")
    place = choose_device(device)
    autoencoder.to(place).eval().requires_grad_(False)
    size = autoencoder.size
    overlap = min(autoencoder.overlap, size - 1)
    return Reconstructor(autoencoder, system.bands, size, overlap, place)
