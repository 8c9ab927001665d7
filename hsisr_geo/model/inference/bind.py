"""A model bound to a scene: put on every device once, then a tile on one of them at a time.

Numpy in, numpy out; the devices stay inside.
"""

from collections.abc import Callable
from dataclasses import replace
from threading import Event
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor

from hsisr_geo.cube.windows import Window, inside, moved
from hsisr_geo.model.inference.devices import Places, copies
from hsisr_geo.model.inference.prepared_tile import PreparedTile
from hsisr_geo.model.network import Network
from hsisr_geo.model.scene import Scene
from hsisr_geo.raster.statistics import SceneStatistics
from hsisr_geo.resolver.protocol import CubesFunction, FloatCube

if TYPE_CHECKING:
    from hsisr_geo.model.inference.resolver import DiffusionResolver

__all__ = ["bind"]

Answer = Callable[[PreparedTile, Window], tuple[Tensor, ...]]
"""(tile made ready, what it covers in input pixels of the scene) -> cubes over its part."""


class _Put(NamedTuple):
    network: Network
    scene: Scene


def bind(
    resolver: "DiffusionResolver",
    statistics: SceneStatistics | None,
    given_up: Event,
    answer: Answer,
    samples: int = 0,
) -> CubesFunction:
    """Return the function of a tile; once `given_up` is set, it raises `Canceled`.

    `samples` of an uncertainty are what an answer takes memory for.
    """
    scene, put_network = resolver.scene(statistics), copies(resolver.network)
    places = Places(resolver.devices, lambda device: _Put(put_network(device), scene.to(device)))
    execution = replace(resolver.execution, given_up=given_up)

    def resolve(cube: FloatCube, origin: tuple[int, int], part: Window) -> tuple[FloatCube, ...]:
        with places.lent() as place, torch.inference_mode():
            network, scene = place.here

            def make(piece: Window) -> tuple[FloatCube, ...]:
                execution.check()
                rows, cols = cube.shape[1:]
                extents = resolver.extents((rows, cols), piece)
                read = cube[(slice(None), *extents.read)]
                tile = PreparedTile.of(
                    network,
                    resolver.config,
                    scene,
                    torch.from_numpy(read).to(place.device),
                    resolver.upscale,
                    inside(piece, extents.read),
                    evaluations=resolver.evaluations,
                    degradation=resolver.degradation,
                    execution=execution,
                )
                return tuple(x.cpu().numpy() for x in answer(tile, moved(extents.read, origin)))

            def need(piece: Window) -> int:
                bands, rows, cols = cube.shape
                return resolver.cost(bands, (rows, cols), piece, samples).memory

            return place.amount.make(part, resolver.upscale, make, need)

    return resolve
