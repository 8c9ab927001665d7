"""A model bound to a scene: put on every device once, then a tile on one of them at a time.

Numpy in, numpy out; the devices stay inside.
"""

from collections.abc import Callable
from dataclasses import replace
from threading import Event
from typing import Any, Protocol

import numpy as np

from hsisr_geo.bands.radiometry import Cube
from hsisr_geo.cube.degradation import Degradation
from hsisr_geo.cube.windows import Window, inside, moved
from hsisr_geo.model.chain import Array
from hsisr_geo.model.extents import Extents
from hsisr_geo.model.inference.devices import Places
from hsisr_geo.model.inference.finite import check_finite, finite
from hsisr_geo.model.inference.kernels import Backend
from hsisr_geo.model.inference.prepared_tile import PreparedTile
from hsisr_geo.model.scene import Scene
from hsisr_geo.raster.statistics import SceneStatistics
from hsisr_geo.resolver.config import ModelConfig
from hsisr_geo.resolver.load import Recipe
from hsisr_geo.resolver.protocol import Cost, CubesFunction
from hsisr_geo.resolver.watch import advance

_IN_NETWORK = 0.85  # of the time of a tile; the rest is not told while it is made
Answer = Callable[[PreparedTile, Window], tuple[Array, ...]]
"""(tile made ready, what it covers in input pixels of the scene) -> cubes over its part."""


class Sampling(Protocol):
    """What a bound tile asks of the model that makes it; `DiffusionResolver` is one."""

    @property
    def name(self) -> str: ...  # noqa: D102 - all as there
    @property
    def recipe(self) -> Recipe | None: ...  # noqa: D102
    @property
    def network(self) -> Any: ...  # noqa: D102
    @property
    def config(self) -> ModelConfig: ...  # noqa: D102
    @property
    def upscale(self) -> int: ...  # noqa: D102
    @property
    def detail(self) -> float: ...  # noqa: D102
    @property
    def seed(self) -> int: ...  # noqa: D102
    @property
    def degradation(self) -> Degradation: ...  # noqa: D102
    @property
    def context(self) -> int: ...  # noqa: D102
    @property
    def evaluations(self) -> int: ...  # noqa: D102
    @property
    def execution(self) -> Any: ...  # noqa: D102
    @property
    def backend(self) -> Backend: ...  # noqa: D102
    @property
    def devices(self) -> list[Any]: ...  # noqa: D102
    def scene(self, statistics: SceneStatistics | None) -> Scene: ...  # noqa: D102
    def noise(self, where: Window, sample: int = 0) -> Cube | None: ...  # noqa: D102
    def extents(self, shape: tuple[int, int], part: Window | None = None) -> Extents: ...  # noqa: D102
    def cost(self, bands: int, shape: tuple[int, int], part: Window, samples: int = 0) -> Cost: ...  # noqa: D102


def bind(
    resolver: Sampling,
    statistics: SceneStatistics | None,
    given_up: Event,
    answer: Answer,
    samples: int = 0,
) -> CubesFunction:
    """Return the function of a tile; once `given_up` is set, it raises `Canceled`.

    `samples` of an uncertainty are what an answer takes memory for. A tile raises `ModelError`
    where what is made of it is not finite.
    """
    backend, scene = resolver.backend, resolver.scene(statistics)
    evaluations = 1 + (resolver.evaluations - 1) * max(samples, 1)

    def tell(share: float) -> None:
        advance(given_up, _IN_NETWORK * share / evaluations)

    execution = replace(resolver.execution, given_up=given_up, tell=tell)
    put = backend.kernels(resolver.network, scene, resolver.upscale, execution)
    places = Places(resolver.devices, put)

    def resolve(cube: Cube, origin: tuple[int, int], part: Window) -> tuple[Cube, ...]:
        with places.lent() as place, backend.session():
            kernels = place.here

            def make(piece: Window) -> tuple[Cube, ...]:
                kernels.check()
                rows, cols = cube.shape[1:]
                extents = resolver.extents((rows, cols), piece)
                read = cube[(slice(None), *extents.read)]
                with finite(resolver, float(np.abs(read).max())):
                    tile = PreparedTile.of(
                        kernels,
                        resolver.config,
                        kernels.take(read),
                        inside(piece, extents.read),
                        evaluations=resolver.evaluations,
                        degradation=resolver.degradation,
                    )
                    made = answer(tile, moved(extents.read, origin))
                    cubes = tuple(kernels.give(x) for x in made)
                    check_finite(cubes)
                return cubes

            def need(piece: Window) -> int:
                bands, rows, cols = cube.shape
                return resolver.cost(bands, (rows, cols), piece, samples).memory

            return place.amount.make(part, resolver.upscale, make, need)

    return resolve
