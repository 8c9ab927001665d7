"""`TorchKernels`: a tile's arithmetic by torch, on a CPU or a GPU."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from hsisr_geo.bands.radiometry import Cube
from hsisr_geo.cube.degradation import Degradation
from hsisr_geo.cube.windows import Window
from hsisr_geo.model import back_projection, diffusion
from hsisr_geo.model.checkpoint import load_network
from hsisr_geo.model.inference.decode import add_detail, components_of
from hsisr_geo.model.inference.devices import choose_device, copies
from hsisr_geo.model.inference.execution import Execution
from hsisr_geo.model.inference.kernels import Item, Kept, Kernels, Latents, OfScene
from hsisr_geo.model.inference.prepared_tile import PreparedTile
from hsisr_geo.model.network import Network
from hsisr_geo.model.scene import Scene
from hsisr_geo.raster.statistics import SceneStatistics
from hsisr_geo.resolver.config import ModelConfig
from hsisr_geo.resolver.header import ModelHeader
from hsisr_geo.resolver.load import Recipe


def super_resolve_tile(
    network: Network,
    config: ModelConfig,
    scene: Scene,
    x_lr: Tensor,
    upscale: int,
    detail: float = 0.0,
    noise: Tensor | None = None,
    degradation: Degradation | None = None,
) -> Tensor:
    """Super-resolve one window: (band, row, col) -> (band, upscale·row, upscale·col).

    Physical units in and out. At detail 0 it is the best estimate. Above, it is moved towards the
    sample of `noise`, (1, row, col) at output size: `detail` times the sample's shading and colour,
    each by the model's own gain (`chain.add_texture`); detail 1 is the sample itself only
    where both gains are one. The result is made consistent with the model's own degradation.
    """
    tile = PreparedTile.of(
        TorchKernels(network, scene, upscale, Execution.on(x_lr.device)),
        config,
        x_lr,
        evaluations=1 if detail == 0 else config.diffusion_steps,
        degradation=degradation,
    )
    made: Tensor = tile.physical(tile.answer(detail, noise))
    return made


def first_estimate(network: Network, c_u: Tensor, upscale: int) -> Tensor:
    """Best estimate of the components' change (component, row, col), in units of `sigma_y`."""
    execution, given = Execution.on(c_u.device), c_u[:, None]
    rows, cols = (slice(0, side // upscale) for side in c_u.shape[1:])

    def denoise(y: Tensor, level: Tensor) -> Tensor:
        return execution.denoise(network.denoiser, y, given, level, upscale, (rows, cols))

    return diffusion.best_estimate(denoise, given)[:, 0]


@dataclass(frozen=True, eq=False)
class TorchKernels(OfScene):
    """A network on a device, bound to a scene; as `Kernels`."""

    network: Network
    scene: Scene
    upscale: int
    execution: Execution

    @property
    def components(self) -> int:
        """How many there are."""
        return self.scene.basis.components

    def take(self, array: Cube | Tensor) -> Tensor:
        """Put an array on the device."""
        return torch.as_tensor(array).to(self.scene.mean)

    def give(self, array: Tensor) -> Cube:
        """Get an array from the device."""
        made: Cube = array.contiguous().cpu().numpy()
        return made

    def strips(self, pixels: slice, row_floats: int) -> Iterator[slice]:
        """Cut output rows into strips of bounded memory."""
        return self.execution.strips(pixels, row_floats)

    def each(self, do: Callable[[Item], None], items: Iterable[Item]) -> None:
        """Do the same for all items, one after another: torch has threads of its own."""
        for item in items:
            do(item)

    def empty(self, *shape: int) -> Tensor:
        """Return a tensor without content."""
        empty: Tensor = self.mean.new_empty(shape)
        return empty

    def interpolate(self, x_lr: Tensor, only: slice) -> Tensor:
        """Interpolate."""
        return back_projection.interpolate(x_lr, self.upscale, only=only)

    def components_of(self, u: Tensor, cols: slice) -> tuple[Tensor, Latents]:
        """Components of a cube; no latents, for memory's sake."""
        return components_of(self.network, self.scene, u.contiguous(), self.execution), None

    def add_detail(
        self, u: Tensor, latents: Latents, change: Tensor, *, keep: bool
    ) -> tuple[Tensor, Kept]:
        """Add what a change stands for; nothing is kept."""
        return add_detail(self.network, self.scene, u.contiguous(), change, self.execution), None

    def other_detail(
        self, best: Tensor, kept: Kept, change: Tensor, u: Callable[[], Tensor]
    ) -> Tensor:
        """Add what another change stands for."""
        return self.add_detail(u(), None, change, keep=False)[0]

    def denoise(self, y: Tensor | None, condition: Tensor, level: float, part: Window) -> Tensor:
        """Evaluate the denoiser."""
        given = condition[:, None]
        if not len(given):
            rows, cols = part
            sides = (self.upscale * (side.stop - side.start) for side in (rows, cols))
            return condition.new_empty(0, *sides)
        noisy = torch.zeros_like(given) if y is None else y[:, None].expand_as(given)
        levels = given.new_full((len(given),), level)
        return self.execution.denoise(
            self.network.denoiser, noisy, given, levels, self.upscale, part
        )[:, 0]


class TorchBackend:
    """torch, as `Backend`."""

    @property
    def name(self) -> str:
        """What an output's tags say."""
        return f"torch {torch.__version__}"

    def execution(self, device: torch.device, precision: str) -> Execution:
        """Return what suits a device."""
        return Execution.on(device, precision)

    def scene(
        self,
        network: Network,
        config: ModelConfig,
        statistics: SceneStatistics,
        degradation: Degradation,
    ) -> Scene:
        """Fit a network to a scene."""
        return Scene.fit(network, config, statistics, degradation)

    def kernels(
        self, network: Network, scene: Scene, upscale: int, execution: Execution
    ) -> Callable[[Any], TorchKernels]:
        """Return what binds a network, copied to each device where it is not yet."""
        put = copies(network)

        def bound(device: Any) -> TorchKernels:
            here = torch.device(str(device))
            return TorchKernels(put(here), scene.to(here), upscale, execution)

        return bound

    def session(self) -> AbstractContextManager[object]:
        """Return what is around the work of a tile."""
        return torch.inference_mode()


def load(recipe: Recipe, path: Path) -> tuple[Network, ModelHeader, torch.device]:
    """Load the network of a model file onto the device that a recipe names.

    Raises
    ------
    ModelError
        Corrupt or foreign file; a device that is not there.
    """
    network, header = load_network(path)
    place = choose_device(recipe.device)
    network.to(place).eval().requires_grad_(False)
    Execution.on(place, recipe.precision).prepare(network)
    return network, header, place


_: type[Kernels] = TorchKernels
