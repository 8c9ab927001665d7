"""What all processes of a run must agree on to compute the same tiles.

It can be sent to another process: it holds no open file, no lock and, of a model, not the weights
but where they are.
"""

from dataclasses import dataclass
from threading import Event

from hsisr_geo.cube.windows import Window
from hsisr_geo.graph import Plan, Product, Work, cut_for
from hsisr_geo.journal.layout import Layout
from hsisr_geo.journal.records import JournalWriter
from hsisr_geo.raster.raster import Raster
from hsisr_geo.raster.statistics import SceneStatistics
from hsisr_geo.resolver.protocol import Resolver, Sampled, in_parts, sampled


@dataclass(frozen=True, eq=False)
class Assignment:
    """How the bands of a scene are made, before the method is bound to the scene.

    Attributes
    ----------
    samples
        Of the uncertainty, None without.
    resolved, interpolated
        Indices of the bands; together all of them.
    products
        What is written: one for each cube that the method makes.
    tile, region
        As for `graph.cut`.
    """

    raster: Raster
    resolver: Resolver
    samples: int | None
    statistics: SceneStatistics | None
    resolved: tuple[int, ...]
    interpolated: tuple[int, ...]
    products: tuple[Product, ...]
    tile: int
    region: Window | None

    @property
    def spread(self) -> Sampled | None:
        """The resolver with the spread of its samples, if that is asked for."""
        return None if self.samples is None else sampled(self.resolver, self.samples)

    @property
    def layout(self) -> Layout:
        """Grid of the tiles, and what their records hold."""
        grid = cut_for(
            self.raster,
            self.resolver,
            samples=self.samples or 0,
            tile=self.tile,
            region=self.region,
        )
        storages = tuple(product.storage for product in self.products)
        return Layout(grid, self.resolver.upscale, storages, len(self.resolved))

    def work(self, journal: JournalWriter) -> Work:
        """Bind the method to the scene: what this process needs to compute tiles."""
        return Work(self._plan(), self.layout, self.products, journal)

    def _plan(self) -> Plan:
        resolver, spread, given_up = self.resolver, self.spread, Event()
        return Plan(
            raster=self.raster,
            upscale=resolver.upscale,
            ramp=resolver.ramp,
            resolve=(
                spread.fit(self.statistics, given_up)
                if spread
                else in_parts(resolver, self.statistics, given_up)
            ),
            resolved=self.resolved,
            interpolated=self.interpolated,
            far=None if self.statistics is None else self.statistics.mean,
            degradation=resolver.degradation,
            given_up=given_up,
        )
