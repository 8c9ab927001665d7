"""The `Resolver` protocol, and `BicubicResolver`, the torch-free baseline.

A resolver is a recipe: `fit` binds it to a scene's statistics and returns the function that turns
one window of the scene into its super-resolution. The pipeline knows no more of it than this.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from hsisr_geo.degradation import BICUBIC, Degradation, named
from hsisr_geo.resampling import upsample
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


def assumption(degradation: Degradation, *, back_projections: int) -> dict[str, str]:
    """Say which D was assumed, and whether the output was brought to agree with it."""
    return {
        "degradation": degradation.name,
        "back_projections": str(back_projections),
        "consistency": "back-projected" if back_projections else "not enforced",
    }


@dataclass(frozen=True)
class BicubicResolver:
    """Bicubic interpolation (a = -0.5), equal to `gdal_translate -r cubic` away from nodata.

    `psf` is what the output is measured against, and changes nothing in it; None: bicubic.
    """

    upscale: int
    name: str = "bicubic"
    context: int = 2
    ramp: int = 2
    uses_statistics: bool = False
    psf: Degradation | None = None

    @property
    def degradation(self) -> Degradation:
        """The D that the output is measured against."""
        return self.psf or named(BICUBIC, self.upscale)

    def provenance(self) -> dict[str, str]:
        """Nothing but the degradation: no weights, no seed, and no consistency enforced."""
        return assumption(self.degradation, back_projections=0)

    def fit(self, statistics: SceneStatistics | None) -> TileFunction:
        """Interpolation needs nothing from the scene."""
        return self._interpolate

    def _interpolate(self, cube: FloatCube, origin: tuple[int, int]) -> FloatCube:
        return upsample(cube, self.upscale)


_: type[Resolver] = BicubicResolver
