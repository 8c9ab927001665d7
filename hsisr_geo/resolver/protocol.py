"""`Resolver`: the seam behind which every method of super-resolution stands."""

import logging
from collections.abc import Callable, Mapping
from threading import Event
from typing import NamedTuple, Protocol, TypeAlias, runtime_checkable

from hsisr_geo.bands.radiometry import Cube
from hsisr_geo.blur.find import find_blur
from hsisr_geo.cube.degradation import Degradation, named
from hsisr_geo.cube.windows import Window, scaled
from hsisr_geo.errors import ModelError
from hsisr_geo.raster.raster import Raster
from hsisr_geo.raster.statistics import SceneStatistics

_LOG = logging.getLogger(__name__)
TileFunction: TypeAlias = Callable[[Cube, tuple[int, int]], Cube]
"""(cube of the good bands with holes filled (band, row, col), (row, col) of its first pixel in the
scene) -> (band, upscale * row, upscale * col). Called from several threads."""
CubesFunction: TypeAlias = Callable[[Cube, tuple[int, int], Window], tuple[Cube, ...]]
"""(cube and origin as for a `TileFunction`, the part of the cube that counts, in its own pixels) ->
one or several cubes of the finer grid over that part. Called from several threads."""


class Resolver(Protocol):
    """What the pipeline asks of a super-resolution method.

    Attributes
    ----------
    name
        "bicubic", or the model's name.
    upscale
        Spatial factor.
    context
        Input pixels around a core on which its output depends: the full reach of the method.
    ramp
        Input pixels on each side of a core border over which neighbouring tiles are blended.
    uses_statistics
        False: `fit` is called with None, and no pass is made over the scene.
    degradation
        The D that is assumed to have made the input: the output is measured against it.
    """

    @property
    def name(self) -> str: ...  # noqa: D102 - described above
    @property
    def upscale(self) -> int: ...  # noqa: D102
    @property
    def context(self) -> int: ...  # noqa: D102
    @property
    def ramp(self) -> int: ...  # noqa: D102
    @property
    def uses_statistics(self) -> bool: ...  # noqa: D102
    @property
    def degradation(self) -> Degradation: ...  # noqa: D102

    def provenance(self) -> dict[str, str]:
        """Say what made the output: model hash, seed, detail, degradation; keys in lower case."""
        ...

    def fit(self, statistics: SceneStatistics | None) -> TileFunction:
        """Bind the method to a scene; statistics are of the good bands, in file order."""
        ...


@runtime_checkable
class SceneResolver(Resolver, Protocol):
    """A resolver whose D may be said in words that only a scene gives a meaning to.

    Attributes
    ----------
    psf
        Those words, as `blur.find_blur` takes them; "" where D is settled.
    """

    @property
    def psf(self) -> str: ...  # noqa: D102

    def assuming(self, degradation: Degradation, told: Mapping[str, str]) -> Resolver:
        """Return the same for a D; `told` is what an output says of where it is from."""
        ...


def settled(resolver: Resolver, raster: Raster) -> Resolver:
    """Return the resolver for a scene: where its D depends on the scene, that is looked at now.

    Raises
    ------
    OptionError, RasterError : as `find_blur`
    """
    if not isinstance(resolver, SceneResolver) or not resolver.psf:
        return resolver
    blur = find_blur(raster, resolver.psf)
    _LOG.info("PSF: %s (%s; %s)", blur.psf, blur.source, blur.told)
    told = {"psf_source": blur.source, "psf_told": blur.told}
    return resolver.assuming(named(blur.psf, resolver.upscale), told)


def assumption(degradation: Degradation, *, back_projections: int) -> dict[str, str]:
    """Say which D was assumed, and whether the output was brought to agree with it."""
    return {
        "degradation": degradation.name,
        "back_projections": str(back_projections),
        "consistency": "back-projected" if back_projections else "not enforced",
    }


class Spread(Protocol):
    """A resolver together with the standard deviation of its answer, made in one go.

    Attributes
    ----------
    context
        As of a `Resolver`, but of both.
    """

    @property
    def context(self) -> int: ...  # noqa: D102

    def provenance(self) -> dict[str, str]:
        """Say what the deviation was made of: samples, calibration; keys in lower case."""
        ...

    def fit(self, statistics: SceneStatistics | None, given_up: Event) -> CubesFunction:
        """Return the function that makes two cubes: the resolver's answer, standard deviation.

        A tile of many samples takes minutes: once `given_up` is set, by another thread, it raises
        `Canceled` before the next sample.
        """
        ...


@runtime_checkable
class Sampler(Protocol):
    """A resolver that can draw samples."""

    def sampled(self, samples: int) -> Spread:
        """Return the resolver with the spread of so many samples, at least 2."""
        ...


@runtime_checkable
class Predictor(Protocol):
    """A resolver whose deviation can be predicted, without samples."""

    def predicted(self) -> Spread:
        """Return the resolver with the deviation that is predicted of its answer."""
        ...


DEFAULT_SAMPLES = 8
"""Of a resolver whose deviation cannot be predicted."""


def with_deviation(resolver: Resolver, samples: int = 0) -> Spread:
    """Return a resolver with the deviation of its answer: over samples, or, of 0, predicted.

    Raises
    ------
    ModelError
        The resolver draws none, and nothing predicts its deviation.
    """
    if not samples and isinstance(resolver, Predictor):
        return resolver.predicted()
    if not isinstance(resolver, Sampler):
        raise ModelError(
            f"model {resolver.name} draws no samples, so it cannot tell its uncertainty: "
            "choose another --model, or leave out --uncertainty"
        )
    return resolver.sampled(samples or DEFAULT_SAMPLES)


class Cost(NamedTuple):
    """What a part of a tile takes.

    Attributes
    ----------
    multiply_adds
        All that are made for it.
    work
        The same, those that take longer weighing more: time follows it.
    memory
        Bytes of the method's own arrays, at the peak.
    """

    multiply_adds: float
    work: float
    memory: int


@runtime_checkable
class PartResolver(Resolver, Protocol):
    """A resolver that makes a part of a window for less than the whole of it, and knows the cost.

    Attributes
    ----------
    places
        Devices that take a tile each at the same time.
    on_cpu
        False where the method's arrays are in a device's own memory.
    """

    @property
    def places(self) -> int: ...  # noqa: D102
    @property
    def on_cpu(self) -> bool: ...  # noqa: D102

    def fit_parts(self, statistics: SceneStatistics | None, given_up: Event) -> CubesFunction:
        """Bind the method to a scene; once `given_up` is set, a tile raises `Canceled`."""
        ...

    def cost(self, bands: int, shape: tuple[int, int], part: Window, samples: int = 0) -> Cost:
        """Return what a part of a window of so many (rows, cols) takes; with so many samples."""
        ...

    def speed(self, bands: int) -> float:
        """Measure the work (`Cost.work`) that one place does in a second, for so many bands."""
        ...

    def pinned(self, number: int) -> Resolver:
        """Return the same on a single one of its places, for the worker of a number from 0 on."""
        ...


@runtime_checkable
class BandsResolver(Resolver, Protocol):
    """A resolver that does not take any number of bands."""

    def check_bands(self, bands: int) -> None:
        """Raise `ModelError` if it does not take so many."""
        ...


@runtime_checkable
class ScalingResolver(Resolver, Protocol):
    """A resolver that divides each scene by a scale of its own, if it is not told another."""

    def scaled_by(self, scale: float) -> Resolver:
        """Return the same for values that are to be divided by that, whatever the scene."""
        ...


@runtime_checkable
class PublishedResolver(Resolver, Protocol):
    """A method of others, whose values are handed on as it made them.

    Attributes
    ----------
    as_published
        True: values are cut only where a range was asked for.
    """

    @property
    def as_published(self) -> bool: ...  # noqa: D102


def pinned(resolver: Resolver, number: int) -> Resolver:
    """Return the resolver for one of several workers: on one GPU, where there are GPUs."""
    return resolver.pinned(number) if isinstance(resolver, PartResolver) else resolver


def in_parts(
    resolver: Resolver, statistics: SceneStatistics | None, given_up: Event
) -> CubesFunction:
    """Bind a resolver to a scene, as a function that makes the part of a window that counts."""
    if isinstance(resolver, PartResolver):
        return resolver.fit_parts(statistics, given_up)
    return alone(resolver.fit(statistics), resolver.upscale)


def alone(resolve: TileFunction, upscale: int) -> CubesFunction:
    """Return a tile function as one that makes a single cube."""

    def one(cube: Cube, origin: tuple[int, int], part: Window) -> tuple[Cube, ...]:
        rows, cols = scaled(part, upscale)
        return (resolve(cube, origin)[:, rows, cols],)

    return one


def whole_windows(resolve: CubesFunction) -> TileFunction:
    """Return what makes all of a window, of a function that makes a single cube of parts."""

    def whole(cube: Cube, origin: tuple[int, int]) -> Cube:
        rows, cols = cube.shape[1:]
        (sr,) = resolve(cube, origin, (slice(0, rows), slice(0, cols)))
        return sr

    return whole
