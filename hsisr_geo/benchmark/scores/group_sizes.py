"""An autoencoder by the size of its groups: what it loses of the truth, and how long it takes.

The paper's figure 9. What is lost is measured on the truth that scoring has kept.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from hsisr_geo.benchmark.data.protocols import Protocol
from hsisr_geo.benchmark.scores.times import Times, measure
from hsisr_geo.errors import RasterError

SIDE = 128
"""Side of the image that is timed, in output pixels."""


@dataclass(frozen=True)
class GroupSizes:
    """What a system's autoencoder is like.

    Attributes
    ----------
    group, overlap
        Bands of a group, and bands that neighbouring groups share.
    psnr
        Of reconstructed truth, dB: mean over scenes of means over bands.
    scenes
        The same of each scene, by name.
    times
        Of whole inference, diffusion included.
    """

    group: int
    overlap: int
    psnr: float
    scenes: dict[str, float]
    times: Times

    def record(self) -> dict[str, object]:
        """Return all of it as JSON has it; times as in their own records."""
        mine = {key: value for key, value in asdict(self).items() if key != "times"}
        return {**mine, **self.times.record()}


def measure_groups(
    model: Path,
    truth: Path,
    *,
    upscale: int,
    protocol: Protocol,
    bands: int,
    device: str = "auto",
    sizes: Sequence[int] = (SIDE,),
) -> GroupSizes:
    """Measure the autoencoder of a model file.

    Parameters
    ----------
    truth
        Folder of true cubes `{scene}-x{upscale}.npy` (band, row, col).
    protocol
        How these cubes are scaled, and the peak value.
    bands, sizes
        As for `times.measure`; no sizes where the system is timed elsewhere.

    Raises
    ------
    ModelError
        No file of a system with a group autoencoder, or one for another number of bands.
    RasterError
        There is no truth.
    """
    from hsisr_geo.benchmark.systems.resolver.reconstruction import load_reconstructor

    reconstructor = load_reconstructor(model, device=device)
    ending = f"-x{upscale}"
    scale = None if protocol.scaling == "scene" else 1.0  # the others have scaled the truth
    scenes = {
        path.stem.removesuffix(ending): reconstructor.psnr(
            np.load(path, allow_pickle=False), scale=scale, data_range=protocol.data_range
        )
        for path in sorted(truth.glob(f"*{ending}.npy"))
    }
    if not scenes:
        raise RasterError(f"{truth}: there is no scene of upscale {upscale} to reconstruct")
    times = measure(model, upscale=upscale, bands=bands, sizes=sizes, device=device, repeats=1)
    mean = float(np.mean(list(scenes.values())))
    return GroupSizes(reconstructor.group, reconstructor.overlap, mean, scenes, times)
