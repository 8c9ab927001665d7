"""`SampledSystem`: a stochastic system's answer, and the deviation over samples it is one of."""

from dataclasses import dataclass
from threading import Event
from typing import TYPE_CHECKING

from hsisr_geo.model.inference.spread import drawn
from hsisr_geo.raster.statistics import SceneStatistics
from hsisr_geo.resolver.protocol import CubesFunction, Sampled

if TYPE_CHECKING:
    from hsisr_geo.model.baselines.resolver import StochasticResolver

__all__ = ["SampledSystem"]


@dataclass(frozen=True, eq=False)
class SampledSystem:
    """A system's answer, and the standard deviation over its samples, of which it is the first."""

    resolver: "StochasticResolver"
    samples: int

    @property
    def context(self) -> int:
        """Reach of a sample."""
        return self.resolver.context

    def provenance(self) -> dict[str, str]:
        """Say what the spread was made of."""
        return {
            "content": "standard deviation over samples",
            **drawn(self.resolver.seed, self.samples),
        }

    def fit(self, statistics: SceneStatistics | None, given_up: Event) -> CubesFunction:
        """Bind the system to a scene; `Canceled` before the next sample, once that is given up."""
        return self.resolver.bound(statistics, given_up, samples=self.samples)


_: type[Sampled] = SampledSystem
