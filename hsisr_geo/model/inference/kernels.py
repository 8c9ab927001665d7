"""`Kernels`: the arithmetic of a tile, behind which torch stands, or NumPy with ncnn.

What is done in which order is `PreparedTile`'s; arrays are of the one or of the other throughout.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from threading import Event
from typing import Any, Protocol, TypeVar

from hsisr_geo.bands.radiometry import Cube
from hsisr_geo.cube.degradation import Degradation
from hsisr_geo.cube.windows import Window
from hsisr_geo.errors import Canceled
from hsisr_geo.model.axes.normalise import Normaliser
from hsisr_geo.model.axes.signal import SignalAxes
from hsisr_geo.model.chain import Array
from hsisr_geo.model.scene import Scene
from hsisr_geo.raster.statistics import SceneStatistics
from hsisr_geo.resolver.config import ModelConfig

Item = TypeVar("Item")

Latents = Any
"""What a backend keeps of the encoder's answer for some pixels, so as not to ask it again, or None.
"""

Kept = Any
"""What the decoder keeps of some pixels, to decode another change there for less."""


@dataclass(frozen=True, kw_only=True)
class UnderWay:
    """What an execution asks and tells the run that it is a part of.

    Attributes
    ----------
    given_up
        Set when nobody waits for the tile any more: it is not finished.
    tell
        Told which share of an evaluation of the denoiser was made.
    """

    given_up: Event = field(default_factory=Event, compare=False)
    tell: Callable[[float], None] = field(default=lambda _: None, compare=False)

    def check(self) -> None:
        """Raise `Canceled` if the tile was given up."""
        if self.given_up.is_set():
            raise Canceled("the run was given up")


class OfScene:
    """What kernels of any backend say of the scene that they are bound to; a part of `Kernels`."""

    scene: Scene
    execution: Any

    @property
    def mean(self) -> Array:
        """Of the bands."""
        return self.scene.mean

    @property
    def std(self) -> Array:
        """Of the bands."""
        return self.scene.std

    @property
    def normaliser(self) -> Normaliser | None:
        """Of the scene's blur."""
        return self.scene.normaliser

    @property
    def signal(self) -> SignalAxes | None:
        """In the scene's axes."""
        return self.scene.signal

    @property
    def bands(self) -> int:
        """Bands that are back-projected together."""
        bands: int = self.execution.bands
        return bands

    def check(self) -> None:
        """Raise `Canceled` if the tile was given up."""
        self.execution.check()


class Amounts(Protocol):
    """How much of a tile goes through at a time, which says what memory it takes."""

    @property
    def images(self) -> int: ...  # noqa: D102
    @property
    def keeps_latents(self) -> bool: ...  # noqa: D102
    @property
    def layer_bytes(self) -> int: ...  # noqa: D102
    @property
    def strip_bytes(self) -> int: ...  # noqa: D102
    @property
    def given_up(self) -> Event: ...  # noqa: D102


class Backend(Protocol):
    """What computes networks: torch, or NumPy and ncnn.

    `name` is what an output's tags and a run's fingerprint say.
    """

    @property
    def name(self) -> str: ...  # noqa: D102

    def execution(self, device: Any, precision: str) -> Any:
        """Return how a network is run: `Amounts`."""
        ...

    def scene(
        self,
        network: Any,
        config: ModelConfig,
        statistics: SceneStatistics,
        degradation: Degradation,
    ) -> Scene:
        """Fit a network to a scene."""
        ...

    def kernels(
        self, network: Any, scene: Scene, upscale: int, execution: Any
    ) -> "Callable[[Any], Kernels]":
        """Return what binds a network to a scene, for each device."""
        ...

    def session(self) -> AbstractContextManager[object]:
        """Return what is around the work of a tile."""
        ...


class Kernels(Protocol):
    """A network bound to a scene and an upscale.

    Attributes
    ----------
    mean, std
        Of the bands, (band, 1, 1).
    normaliser
        What brings the scene's blur to what the network knows; None where it has that.
    signal
        How far answers are brought back along the scene's axes; None for all the way in every band.
    components
        How many there are.
    bands
        Bands that are back-projected together.
    """

    @property
    def upscale(self) -> int: ...  # noqa: D102
    @property
    def mean(self) -> Array: ...  # noqa: D102
    @property
    def std(self) -> Array: ...  # noqa: D102
    @property
    def normaliser(self) -> Normaliser | None: ...  # noqa: D102
    @property
    def signal(self) -> SignalAxes | None: ...  # noqa: D102
    @property
    def components(self) -> int: ...  # noqa: D102
    @property
    def bands(self) -> int: ...  # noqa: D102

    def check(self) -> None:
        """Raise `Canceled` if the tile was given up."""
        ...

    def take(self, array: Any) -> Array:
        """Take what NumPy holds to where it is computed."""
        ...

    def give(self, array: Array) -> Cube:
        """Give an array to NumPy."""
        ...

    def strips(self, pixels: slice, row_floats: int) -> Iterator[slice]:
        """Cut output rows into strips of bounded memory; `row_floats` are those of one row."""
        ...

    def each(self, do: Callable[[Item], None], items: Iterable[Item]) -> None:
        """Do the same for all items, several at a time where there are cores for it."""
        ...

    def empty(self, *shape: int) -> Array:
        """Return an array without content."""
        ...

    def interpolate(self, x_lr: Array, only: slice) -> Array:
        """Interpolate (band, row, col) -> output rows `only`, of all output columns."""
        ...

    def components_of(self, u: Array, cols: slice) -> tuple[Array, Latents]:
        """Whitened components (component, row, col) of a standardised cube; latents of columns."""
        ...

    def add_detail(
        self, u: Array, latents: Latents, change: Array, *, keep: bool
    ) -> tuple[Array, Kept]:
        """Add what a change of the components stands for; may change `u`.

        `latents` are those of `u`, as `components_of` gave them.
        """
        ...

    def other_detail(self, best: Array, kept: Kept, change: Array, u: Callable[[], Array]) -> Array:
        """Return what `add_detail` makes of `u` with another change; `best` and `kept` it made."""
        ...

    def denoise(self, y: Array | None, condition: Array, level: float, part: Window) -> Array:
        """Evaluate the denoiser over a part of images (component, row, col); `y` None: zeros."""
        ...


def chunks(length: int, size: int) -> Iterator[slice]:
    """Cut a length into slices of a size, the last as long as is left."""
    for start in range(0, length, size):
        yield slice(start, min(start + size, length))
