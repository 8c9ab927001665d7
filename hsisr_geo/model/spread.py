"""`SampledResolver`: a tile's answer, and the standard deviation over N of its samples, in one go.

What all samples share is made once: statistics, interpolation, components, and the first step of
the sampler, which is the best estimate. Each sample then costs the other steps and is forgotten, so
memory does not grow with N.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from threading import Event, Lock
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from hsisr_geo.errors import Canceled
from hsisr_geo.model.prepared import PreparedTile
from hsisr_geo.noise import NOISE_VERSION
from hsisr_geo.resolver import CubesFunction, FloatCube, Sampled
from hsisr_geo.statistics import SceneStatistics
from hsisr_geo.tiling import Window

if TYPE_CHECKING:
    from hsisr_geo.model.resolver import DiffusionResolver

__all__ = ["SampledResolver", "standard_deviation"]


@dataclass(frozen=True, eq=False)
class SampledResolver:
    """A model's answer at its own detail, and the spread of its samples at detail 1.

    Sample k is drawn from the noise field of the resolver's seed with the number k, so that sample
    0 is what the resolver itself answers at detail 1.
    """

    resolver: "DiffusionResolver"
    samples: int

    @property
    def context(self) -> int:
        """Reach of a sample."""
        return self._sampler.context

    @property
    def _sampler(self) -> "DiffusionResolver":
        return replace(self.resolver, detail=1.0)

    @property
    def factor(self) -> float:
        """Calibration of the model at this upscale: the deviation is multiplied by it."""
        return self.resolver.config.factor("spread", self.resolver.upscale)

    def provenance(self) -> dict[str, str]:
        """Say what the spread was made of."""
        seed = self.resolver.seed
        return {
            "content": "standard deviation over samples at detail 1",
            "samples": str(self.samples),
            "seed": str(seed),
            "seeds": f"{seed}/0-{self.samples - 1}",  # of the noise fields: seed/number
            "noise": NOISE_VERSION,
            "spread": f"{self.factor:g}",
        }

    def fit(self, statistics: SceneStatistics | None, given_up: Event) -> CubesFunction:
        """Bind the model to a scene; tiles go through the device one at a time.

        Once `given_up` is set, a tile raises `Canceled` before its next sample.
        """
        resolver, sampler = self.resolver, self._sampler
        scene = resolver.scene(statistics)
        device_lock = Lock()

        def resolve(
            cube: FloatCube, origin: tuple[int, int], part: Window
        ) -> tuple[FloatCube, FloatCube]:
            with device_lock, torch.inference_mode():
                _check(given_up)
                x_lr = torch.from_numpy(cube).to(scene.mean.device)
                tile = PreparedTile.of(
                    resolver.network,
                    resolver.config,
                    scene,
                    x_lr,
                    resolver.upscale,
                    part,
                    degradation=resolver.degradation,
                )
                best = tile.answer(resolver.detail, resolver.noise(cube.shape, origin))
                deviation = standard_deviation(
                    tile.answer(1.0, sampler.noise(cube.shape, origin, sample))
                    for sample in _until(given_up, self.samples)
                )
                x, sigma = best * scene.std + scene.mean, self.factor * deviation * scene.std
                return x.cpu().numpy(), sigma.cpu().numpy()

        return resolve


def _until(given_up: Event, samples: int) -> Iterator[int]:
    """Count the samples while somebody waits for them."""
    for sample in range(samples):
        _check(given_up)
        yield sample


def _check(given_up: Event) -> None:
    if given_up.is_set():
        raise Canceled("the run was given up")


def standard_deviation(samples: Iterable[Tensor]) -> Tensor:
    """Return the deviation, with n - 1, over at least two tensors of which none is kept.

    Mean and sum of squares are updated in place (Welford 1962), so there is no difference of large
    numbers at the end.
    """
    count, mean, squares = 0, torch.empty(0), torch.empty(0)
    for count, x in enumerate(samples, start=1):
        if count == 1:
            mean, squares = x.clone(), torch.zeros_like(x)
        before = x - mean
        mean += before / count
        squares += before * (x - mean)
    return (squares / (count - 1)).sqrt()


_: type[Sampled] = SampledResolver
