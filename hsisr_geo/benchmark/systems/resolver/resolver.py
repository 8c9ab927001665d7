"""`SystemResolver`: the model file of a published system as a `Resolver` of the pipeline."""

from dataclasses import dataclass, field, replace
from threading import Event
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from hsisr_geo.bands.radiometry import Cube
from hsisr_geo.benchmark.systems.checkpoint import load_system
from hsisr_geo.benchmark.systems.resolver.blocks import BLOCKS_VERSION, CONTEXT, MARGIN, SIDE
from hsisr_geo.benchmark.systems.resolver.cost import Rate, between, rate_of
from hsisr_geo.benchmark.systems.resolver.evaluation import Evaluation, Image, images
from hsisr_geo.benchmark.systems.system import System
from hsisr_geo.cube.degradation import Degradation
from hsisr_geo.cube.windows import Window, area, inside, moved
from hsisr_geo.errors import ModelError
from hsisr_geo.model.inference.cost import measured_speed
from hsisr_geo.model.inference.devices import Placed, Places, choose_device, copies
from hsisr_geo.model.inference.finite import check_finite, finite
from hsisr_geo.model.inference.spread import drawn
from hsisr_geo.model.noise import NOISE_VERSION
from hsisr_geo.raster.statistics import SceneStatistics, scene_scale
from hsisr_geo.resolver.catalogue import find_model
from hsisr_geo.resolver.load import Recipe, sent
from hsisr_geo.resolver.protocol import (
    BandsResolver,
    Cost,
    CubesFunction,
    PartResolver,
    PublishedResolver,
    Sampler,
    ScalingResolver,
    Spread,
    TileFunction,
    assumption,
    whole_windows,
)
from hsisr_geo.resolver.system_config import SystemConfig

if TYPE_CHECKING:
    pass

_BLOCK = SIDE + 2 * MARGIN  # the largest image that a system without a reach is run on


@dataclass(frozen=True, eq=False)
class SystemResolver(Placed):
    """A published system behind the pipeline's seam.

    Parameters
    ----------
    seed
        Chooses the answer of a system that is stochastic; without meaning for others.
    degradation
        The D that the output is measured against.
    device
        "cuda" without a number: a tile each on all that are visible.
    recipe
        What it was loaded by: what other processes are told in place of the weights.
    scale
        What values are divided by; None for each scene's own scale.
    """

    system: System = field(repr=False)
    config: SystemConfig = field(repr=False)
    sha256: str
    degradation: Degradation
    seed: int = 0
    device: torch.device = torch.device("cpu")  # noqa: RUF009 - immutable
    uses_statistics: bool = True
    ramp: int = 2
    recipe: Recipe | None = None
    scale: float | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        """Send where the weights are, and not the weights."""
        now = {"seed": self.seed, "psf": self.degradation, "sha256": self.sha256}
        _, recipe = sent(self.name, self.recipe, **now)
        return _load_scaled, (*recipe, self.scale)

    @property
    def name(self) -> str:
        """Name of the model."""
        return self.config.name

    @property
    def upscale(self) -> int:
        """Spatial factor."""
        return self.config.upscale

    @property
    def as_published(self) -> bool:
        """True: its values are not cut, unless somebody asks for a range."""
        return True

    @property
    def context(self) -> int:
        """Reach of the system; for one without, what contains the blocks a pixel is made of."""
        return CONTEXT if self.system.reach is None else self.system.reach

    def pinned(self, number: int) -> "SystemResolver":
        """Return the same on a single device; workers take turns at those that are visible."""
        return replace(self, device=self.devices[number % len(self.devices)])

    def scaled_by(self, scale: float | None) -> "SystemResolver":
        """Return the same for values that are to be divided by that, whatever the scene."""
        return replace(self, scale=scale)

    def check_bands(self, bands: int) -> None:
        """Refuse a scene with another number of good bands; errors as `SystemConfig`'s."""
        self.config.check_bands(bands)

    def provenance(self) -> dict[str, str]:
        """Say which system and weights made the output, and from what images."""
        entries = {
            "model_version": self.config.version,
            "model_sha256": self.sha256,
            "architecture": self.config.architecture,
            "trained_degradation": self.config.degradation,
            "precision": "float32",
            **assumption(self.degradation, back_projections=0),
        }
        if self.system.reach is None:
            entries["blocks"] = BLOCKS_VERSION
        if self.system.stochastic:
            entries |= {"seed": str(self.seed), "noise": NOISE_VERSION}
        return entries

    def cost(self, bands: int, shape: tuple[int, int], part: Window, samples: int = 0) -> Cost:
        """Return what a part of a window takes; of one in blocks as if it began the scene."""
        reads = images(self.system.reach, _all(*shape), part, self.upscale)
        areas = [area(read) for read in reads]
        rate = self._rate(bands, max(areas))
        work = rate.multiply_adds * sum(areas) * max(1, samples)
        made = 4 * bands * area(part) * self.upscale**2 * (2 if samples else 1)
        return Cost(work, work, round(rate.memory * max(areas)) + made)

    def speed(self, bands: int) -> float:
        """Measure the work that one place does in a second, by a tile of the size it allows."""
        least = 16 if self.on_cpu else SIDE  # the published widths take seconds for 16 x 16 pixels
        return measured_speed(self.pinned(0), self.config.bands or bands, least, most=SIDE)

    def fit(self, statistics: SceneStatistics | None) -> TileFunction:
        """Bind the system to a scene; a tile is all of its window."""
        return whole_windows(self.fit_parts(statistics, Event()))

    def fit_parts(self, statistics: SceneStatistics | None, given_up: Event) -> CubesFunction:
        """Bind the system to a scene; each device takes one tile at a time.

        Raises
        ------
        ModelError
            No statistics, or of another number of bands than the system takes.
        """
        return self.bound(statistics, given_up, samples=0)

    def bound(
        self, statistics: SceneStatistics | None, given_up: Event, *, samples: int
    ) -> CubesFunction:
        """Bind the system to a scene, for its answer and the deviation over samples, if any."""
        if statistics is None:
            raise ModelError(f"model {self.name} needs the statistics of the scene")
        self.check_bands(len(statistics.mean))
        reach, scale = self.system.reach, self.scale or scene_scale(statistics)
        evaluation = Evaluation(reach, self.upscale, scale, self.seed, samples, given_up)
        places = Places(self.devices, copies(self.system))

        def resolve(cube: Cube, origin: tuple[int, int], part: Window) -> tuple[Cube, ...]:
            with places.lent() as place, torch.inference_mode():
                window = moved(_all(*cube.shape[1:]), origin)
                image = Image(cube, window)

                def make(piece: Window) -> tuple[Cube, ...]:
                    with finite(self, float(np.abs(cube).max())):
                        cubes = evaluation.make(place, image, piece)
                        check_finite(cubes)
                    return cubes

                def need(piece: Window) -> int:
                    if reach is None:
                        return 0  # a block is as large as it is, whatever the piece
                    bands, rows, cols = cube.shape
                    return self.cost(bands, (rows, cols), inside(piece, window), samples).memory

                return place.amount.make(moved(part, origin), self.upscale, make, need)

        return resolve

    def _rate(self, bands: int, pixels: int) -> Rate:
        """Return what a pixel takes, in an image of so many where attention makes it depend."""
        bands = self.config.bands or bands
        few = rate_of(self.system, bands, SIDE // 2)
        if self.system.reach is not None:
            return few
        return between(few, rate_of(self.system, bands, _BLOCK), SIDE // 2, _BLOCK, pixels)


class StochasticResolver(SystemResolver):
    """The same of a system whose answer is a sample: it can tell how far its samples spread."""

    def sampled(self, samples: int) -> Spread:
        """Return the system with the spread of so many samples, at least 2."""
        return SampledSystem(self, samples)


def load(recipe: Recipe) -> SystemResolver:
    """Load the model file of a published system as a resolver.

    Its output is only measured against the recipe's D; detail, precision and consistency mean
    nothing to it.

    Raises
    ------
    ModelError
        Corrupt or foreign file, an upscale that the system was not made for, a device that is not
        there.
    """
    path = find_model(recipe.model)
    system, header = load_system(path)
    config = header.config
    if recipe.upscale != config.upscale:
        raise ModelError(f"model {config.name} ({path}) knows upscale {config.upscale}")
    place = choose_device(recipe.device)
    system.to(place).eval().requires_grad_(False)
    torch.backends.cudnn.allow_tf32 = False  # on CUDA float32 is to mean float32
    return (StochasticResolver if system.stochastic else SystemResolver)(
        system, config, header.sha256, recipe.assumed(config), recipe.seed, place, recipe=recipe
    )


def _load_scaled(recipe: Recipe, scale: float | None) -> SystemResolver:
    """Load what was loaded in another process, if it is here."""
    found = recipe.load()
    assert isinstance(found, SystemResolver)  # by its hash
    return found.scaled_by(scale)


def _all(rows: int, cols: int) -> Window:
    return slice(0, rows), slice(0, cols)


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


_: type[PartResolver] = SystemResolver
_bands: type[BandsResolver] = SystemResolver
_published: type[PublishedResolver] = SystemResolver
_scaling: type[ScalingResolver] = SystemResolver
_sampler: type[Sampler] = StochasticResolver
_sampled: type[Spread] = SampledSystem
