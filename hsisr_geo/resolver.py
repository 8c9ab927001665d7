"""The `Resolver` protocol, and the torch-free ones: `BicubicResolver`, `BackProjectionResolver`.

A resolver is a recipe: `fit` binds it to a scene's statistics and returns the function that turns
one window of the scene into its super-resolution. The pipeline knows no more of it than this.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from hsisr_geo.resampling import decimate, upsample
from hsisr_geo.statistics import SceneStatistics

FloatCube: TypeAlias = NDArray[np.float32]
"""float32 array (band, row, col)."""

TileFunction: TypeAlias = Callable[[FloatCube, tuple[int, int]], FloatCube]
"""(cube of the good bands with holes filled (band, row, col), (row, col) of its first pixel in the
scene) -> (band, upscale * row, upscale * col). Called from several threads."""


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

    def provenance(self) -> dict[str, str]:
        """Say what made the output: model hash, seed, detail, degradation; keys in lower case."""
        ...

    def fit(self, statistics: SceneStatistics | None) -> TileFunction:
        """Bind the method to a scene; statistics are of the good bands, in file order."""
        ...


@dataclass(frozen=True)
class BicubicResolver:
    """Bicubic interpolation (a = -0.5), equal to `gdal_translate -r cubic` away from nodata."""

    upscale: int
    name: str = "bicubic"
    context: int = 2
    ramp: int = 2
    uses_statistics: bool = False

    def provenance(self) -> dict[str, str]:
        """Nothing beyond the name: no weights, no seed."""
        return {}

    def fit(self, statistics: SceneStatistics | None) -> TileFunction:
        """Interpolation needs nothing from the scene."""
        return self._interpolate

    def _interpolate(self, cube: FloatCube, origin: tuple[int, int]) -> FloatCube:
        return upsample(cube, self.upscale)


@dataclass(frozen=True)
class BackProjectionResolver:
    """Bicubic, then `iterations` times x <- x + up(x_lr - D x) (Irani & Peleg 1991).

    What a network's answer is added to: the pipeline of a model whose network finds no detail, in
    numpy. What a model gains over this is what its network knows.
    """

    upscale: int
    iterations: int = 2
    name: str = "back-projection"
    ramp: int = 2
    uses_statistics: bool = True
    # ^ only their mean, which the pipeline puts deep into holes: the context reaches there

    @property
    def context(self) -> int:
        """Two pixels for interpolation; four for D and up in each iteration."""
        return 2 + 4 * self.iterations

    def provenance(self) -> dict[str, str]:
        """Say which degradation the output is consistent with."""
        return {"degradation": "bicubic", "back_projections": str(self.iterations)}

    def fit(self, statistics: SceneStatistics | None) -> TileFunction:
        """Back-projection needs nothing from the scene either."""
        return self._back_project

    def _back_project(self, cube: FloatCube, origin: tuple[int, int]) -> FloatCube:
        x = upsample(cube, self.upscale)
        for _ in range(self.iterations):
            x += upsample(cube - decimate(x, self.upscale), self.upscale)
        return x


_bicubic: type[Resolver] = BicubicResolver
_back_projection: type[Resolver] = BackProjectionResolver
