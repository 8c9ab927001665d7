"""A tile's answer and its standard deviation in one go: over N of its samples, or predicted.

What all samples share is made once: statistics, interpolation, components, and the first step of
the sampler, which is the best estimate. Each sample then costs the other steps and is forgotten, so
memory does not grow with N.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from threading import Event

import numpy as np

from hsisr_geo.bands.radiometry import Cube
from hsisr_geo.cube.degradation import BICUBIC
from hsisr_geo.cube.windows import Window, inside, scaled, widened
from hsisr_geo.errors import ModelError
from hsisr_geo.model import deviation
from hsisr_geo.model.chain import Array
from hsisr_geo.model.inference.bind import Sampling, bind
from hsisr_geo.model.inference.prepared_tile import PreparedTile
from hsisr_geo.model.noise import NOISE_VERSION
from hsisr_geo.raster.statistics import SceneStatistics
from hsisr_geo.resolver.protocol import CubesFunction, PartResolver, Spread, in_parts
from hsisr_geo.threads import cores, each


@dataclass(frozen=True, eq=False)
class SampledResolver:
    """A model's answer at its own detail, and the spread of its samples at detail 1.

    Sample k is drawn from the noise field of the resolver's seed with the number k, so that sample
    0 is what the resolver itself answers at detail 1.

    Attributes
    ----------
    sampler
        The resolver at detail 1.
    """

    resolver: Sampling
    sampler: Sampling
    samples: int

    @property
    def context(self) -> int:
        """Reach of a sample."""
        return self.sampler.context

    @property
    def factor(self) -> float:
        """Calibration of the model at this upscale: the deviation is multiplied by it."""
        return self.resolver.config.factor("spread", self.resolver.upscale)

    def provenance(self) -> dict[str, str]:
        """Say what the spread was made of."""
        return {
            "content": "standard deviation over samples at detail 1",
            **drawn(self.resolver.seed, self.samples),
            "spread": f"{self.factor:g}",
        }

    def fit(self, statistics: SceneStatistics | None, given_up: Event) -> CubesFunction:
        """Bind the model to a scene; tiles go through the device one at a time.

        Once `given_up` is set, a tile raises `Canceled` before its next sample is finished.
        """
        resolver, sampler = self.resolver, self.sampler

        def answer(tile: PreparedTile, where: Window) -> tuple[Array, Array]:
            best = tile.answer(resolver.detail, resolver.noise(where))
            deviation = standard_deviation(
                tile.answer(1.0, sampler.noise(where, sample)) for sample in range(self.samples)
            )
            deviation *= self.factor * tile.kernels.std
            return tile.physical(best), deviation

        return bind(sampler, statistics, given_up, answer, self.samples)


def drawn(seed: int, samples: int) -> dict[str, str]:
    """Say for an output's tags which samples were drawn."""
    return {
        "samples": str(samples),
        "seed": str(seed),
        "seeds": f"{seed}/0-{samples - 1}",  # of the noise fields: seed/number
        "noise": NOISE_VERSION,
    }


def standard_deviation(samples: Iterable[Array]) -> Array:
    """Return the deviation, with n - 1, over at least two arrays of which none is kept.

    Mean and sum of squares are updated in place (Welford 1962), so there is no difference of large
    numbers at the end.
    """
    count = 0
    mean: Array = None
    squares: Array = None
    for count, x in enumerate(samples, start=1):
        if count == 1:
            mean, squares = x + 0, x - x
        before = x - mean
        mean += before / count
        squares += before * (x - mean)
    return (squares / (count - 1)) ** 0.5


@dataclass(frozen=True, eq=False)
class PredictedResolver:
    """A model's answer, and the standard deviation that is predicted of what is seen around it."""

    resolver: PartResolver

    @property
    def context(self) -> int:
        """Reach of the answer, and of what is seen of it."""
        return self.resolver.context + deviation.ANSWER_REACH

    @property
    def weights(self) -> deviation.Weights:
        """Those of the upscale, and of the D that is assumed."""
        weights = deviation.weights_of(self.resolver.upscale)
        blurred = self.resolver.degradation.name != BICUBIC
        return {**weights, "constant": weights["constant"] + blurred * weights["blurred"]}

    def provenance(self) -> dict[str, str]:
        """Say that nothing was drawn, and for which model the prediction was fitted."""
        return {
            "content": "standard deviation, predicted",
            "deviation_weights": str(deviation.table()["version"]),
            "deviation_fitted_for": str(deviation.table()["model"]),
        }

    def fit(self, statistics: SceneStatistics | None, given_up: Event) -> CubesFunction:
        """Bind the model to a scene.

        Raises
        ------
        ModelError
            No statistics.
        """
        if statistics is None:
            raise ModelError(f"model {self.resolver.name} needs the statistics of the scene")
        resolve = in_parts(self.resolver, statistics, given_up)
        facts, weights = deviation.BandNoise.of(statistics), self.weights
        upscale = self.resolver.upscale

        def both(cube: Cube, origin: tuple[int, int], part: Window) -> tuple[Cube, Cube]:
            all_ = slice(0, cube.shape[1]), slice(0, cube.shape[2])
            wide = widened(part, deviation.ANSWER_REACH, all_)
            near = widened(part, deviation.INPUT_REACH, all_)
            (sr,) = resolve(cube, origin, wide)
            lr, over, within = cube[(slice(None), *near)], inside(wide, near), inside(part, near)
            rows, cols = scaled(inside(part, wide), upscale)
            answer = sr[:, rows, cols]
            sigma = np.empty(answer.shape, np.float32)

            def predict(bands: slice) -> None:
                x, y = lr[bands], sr[bands]
                sigma[bands] = deviation.predict_deviation(
                    x, y, over, within, facts[bands], weights
                )

            each(predict, deviation.chunks(len(cube)), cores())
            return answer, sigma

        return both


_: type[Spread] = SampledResolver
_predicted: type[Spread] = PredictedResolver
