"""`PlainKernels`: a tile's arithmetic on a CPU, by NumPy and ncnn, a thread for each core."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from importlib.metadata import version

import numpy as np
from numpy.typing import NDArray

from hsisr_geo.cube.degradation import Degradation
from hsisr_geo.cube.resampling import along_cols, along_rows, cubic_upsampling
from hsisr_geo.cube.windows import Window
from hsisr_geo.heap import give_back
from hsisr_geo.model.inference.kernels import (
    Item,
    Kept,
    Kernels,
    Latents,
    OfScene,
    UnderWay,
    chunks,
)
from hsisr_geo.model.plain.network import PlainNetwork
from hsisr_geo.model.plain.spectra import Spectra
from hsisr_geo.model.scene import Scene
from hsisr_geo.raster.statistics import SceneStatistics
from hsisr_geo.resolver.config import ModelConfig
from hsisr_geo.threads import cores, each, products_in_one_thread

Floats = NDArray[np.float32]

_STRIP_BYTES = 1 << 22
_LAYER_BYTES = 1 << 23


@dataclass(frozen=True)
class PlainExecution(UnderWay):
    """How much goes through at a time; as `Execution`, for `PartCost`, too.

    Attributes
    ----------
    images
        Components in the denoiser at the same time, and threads.
    bands
        Bands that are back-projected together.
    keeps_latents
        Of the encoder, until they are decoded.
    """

    images: int = field(default_factory=cores)
    bands: int = 4
    keeps_latents: bool = True

    @property
    def strip_bytes(self) -> int:
        """What interpolated rows of all bands may take, in all threads.

        Each has the same, however many there are: products of other sizes are rounded otherwise.
        """
        return _STRIP_BYTES * self.images

    @property
    def layer_bytes(self) -> int:
        """What buffers of all threads take: a strip's, in the autoencoder and in the denoiser."""
        return _LAYER_BYTES * self.images


@dataclass(frozen=True, eq=False)
class PlainKernels(OfScene):
    """A network bound to a scene; as `Kernels`."""

    network: PlainNetwork
    scene: Scene
    spectra: Spectra
    upscale: int
    execution: PlainExecution

    @property
    def components(self) -> int:
        """How many there are."""
        return self.spectra.components

    def take(self, array: Floats) -> Floats:
        """Arrays are where they should be."""
        return array

    def give(self, array: Floats) -> Floats:
        """Return an array of its own, in order."""
        return np.ascontiguousarray(array)

    def strips(self, pixels: slice, row_floats: int) -> Iterator[slice]:
        """Cut output rows into strips, each of a thread's memory for them."""
        height = max(1, _STRIP_BYTES // (4 * max(row_floats, 1)))
        for rows in chunks(pixels.stop - pixels.start, height):
            yield slice(pixels.start + rows.start, pixels.start + rows.stop)

    def each(self, do: Callable[[Item], None], items: Iterable[Item]) -> None:
        """Do the same for all items, as many at a time as there are cores.

        What overflows is told once, by what comes of it (`inference.finite`).
        """
        each(np.errstate(all="ignore")(do), items, self.execution.images)

    def empty(self, *shape: int) -> Floats:
        """Return an array without content."""
        return np.empty(shape, np.float32)

    def interpolate(self, x_lr: Floats, only: slice) -> Floats:
        """Interpolate."""
        rows, cols = (cubic_upsampling(n, self.upscale) for n in x_lr.shape[1:])
        made: Floats = along_cols(cols, along_rows(rows[only], x_lr))
        return made

    def components_of(self, u: Floats, cols: slice) -> tuple[Floats, Latents]:
        """Components of a cube, and latents (latent · group, pixel) of some columns."""
        self.check()
        spectra = u.reshape(len(u), -1)
        out = self.empty(self.components, spectra.shape[1])
        z = self.empty(self.spectra.analysis.shape[1], spectra.shape[1])
        for some in chunks(spectra.shape[1], self.spectra.chunk()):
            out[:, some], z[:, some] = self.spectra.components_of(spectra[:, some])
        latents = np.ascontiguousarray(z.reshape(-1, *u.shape[1:])[:, :, cols])
        return out.reshape(-1, *u.shape[1:]), latents.reshape(len(z), -1)

    def add_detail(
        self, u: Floats, latents: Latents, change: Floats, *, keep: bool
    ) -> tuple[Floats, Kept]:
        """Add what a change stands for; latents and decoded detail are kept."""
        self.check()
        spectra, moves = u.reshape(len(u), -1), change.reshape(len(change), -1)
        kept: list[tuple[Floats, Floats]] = []
        for some in chunks(spectra.shape[1], self.spectra.chunk()):
            z = latents[:, some]
            decoded = self.spectra.add_detail(spectra[:, some], z, moves[:, some])
            kept += [(z, decoded)] if keep else []
        return spectra.reshape(u.shape), kept

    def other_detail(
        self, best: Floats, kept: Kept, change: Floats, u: Callable[[], Floats]
    ) -> Floats:
        """Add to the best estimate in what another change is decoded to more than its own."""
        self.check()
        spectra = best.reshape(len(best), -1).copy()
        moves = change.reshape(len(change), -1)
        parts = chunks(spectra.shape[1], self.spectra.chunk())
        for some, (latents, decoded) in zip(parts, kept, strict=True):
            self.spectra.move_detail(spectra[:, some], latents, decoded, moves[:, some])
        return spectra.reshape(best.shape)

    def denoise(self, y: Floats | None, condition: Floats, level: float, part: Window) -> Floats:
        """Evaluate the denoiser, a component in each thread."""
        sides = (self.upscale * (side.stop - side.start) for side in part)
        out = self.empty(len(condition), *sides)

        def one(component: int) -> None:
            noisy = None if y is None else y[min(component, len(y) - 1)]
            given = condition[component]
            denoiser = self.network.denoiser
            out[component] = denoiser(noisy, given, level, self.upscale, part, self.check)
            self.execution.tell(1 / len(condition))

        give_back()  # what encoding has left
        self.each(one, range(len(condition)))
        self.network.denoiser.release()
        return out


class PlainBackend:
    """NumPy and ncnn, as `Backend`."""

    @property
    def name(self) -> str:
        """What an output's tags say."""
        return f"ncnn {version('ncnn')}"

    def execution(self, device: object, precision: str) -> PlainExecution:
        """Return how much goes through at a time."""
        return PlainExecution()

    def scene(
        self,
        network: PlainNetwork,
        config: ModelConfig,
        statistics: SceneStatistics,
        degradation: Degradation,
    ) -> Scene:
        """Fit the model to a scene."""
        with products_in_one_thread():
            made = Scene.of(network.autoencoder.latents, config, statistics, degradation)
        network.denoiser.release()  # 60 MB of sampled spectra and what was made of them
        return made

    def kernels(
        self, network: PlainNetwork, scene: Scene, upscale: int, execution: PlainExecution
    ) -> Callable[[object], PlainKernels]:
        """Return what binds a network, for a device."""
        spectra = Spectra.of(network.autoencoder, scene)
        return lambda device: PlainKernels(network, scene, spectra, upscale, execution)

    def session(self) -> AbstractContextManager[object]:
        """Return what is around the work of a tile."""
        return products_in_one_thread()


_: type[Kernels] = PlainKernels
