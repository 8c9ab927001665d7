"""The torch-free methods: nearest, bilinear, bicubic, and bicubic + back-projection."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from hsisr_geo.bands.radiometry import Cube
from hsisr_geo.cube.degradation import BICUBIC, Degradation, named
from hsisr_geo.cube.resampling import along_cols, along_rows, between, upsample
from hsisr_geo.raster.statistics import SceneStatistics
from hsisr_geo.resolver.protocol import Resolver, TileFunction, assumption


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

    def _interpolate(self, cube: Cube, origin: tuple[int, int]) -> Cube:
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
    psf: Degradation | None = None

    @property
    def degradation(self) -> Degradation:
        """The D that the output is made consistent with; bicubic where no `psf` was given."""
        return self.psf or named(BICUBIC, self.upscale)

    @property
    def context(self) -> int:
        """Two pixels for interpolation; two and D's reach in each iteration."""
        return 2 + (2 + self.degradation.reach) * self.iterations

    def provenance(self) -> dict[str, str]:
        """Say which degradation the output is consistent with."""
        return assumption(self.degradation, back_projections=self.iterations)

    def fit(self, statistics: SceneStatistics | None) -> TileFunction:
        """Back-projection needs nothing from the scene either."""
        return self._back_project

    def _back_project(self, cube: Cube, origin: tuple[int, int]) -> Cube:
        x = upsample(cube, self.upscale)
        for _ in range(self.iterations):
            x += upsample(cube - self.degradation.apply(x), self.upscale)
        return x


_bicubic: type[Resolver] = BicubicResolver


_back_projection: type[Resolver] = BackProjectionResolver


@dataclass(frozen=True)
class Interpolation:
    """An interpolation as a resolver.

    Attributes
    ----------
    interpolate
        (band, row, col), upscale -> (band, upscale * row, upscale * col).
    context
        Input pixels around a pixel that its output depends on.
    """

    name: str
    upscale: int
    interpolate: Callable[[Cube, int], Cube]
    context: int
    ramp: int = 2
    uses_statistics: bool = False
    psf: Degradation | None = None

    @property
    def degradation(self) -> Degradation:
        """The D that the output is measured against; bicubic where no `psf` was given."""
        return self.psf or named(BICUBIC, self.upscale)

    def provenance(self) -> dict[str, str]:
        """Nothing beyond the name."""
        return {}

    def fit(self, statistics: SceneStatistics | None) -> TileFunction:
        """Interpolation needs nothing from the scene."""
        return lambda cube, origin: self.interpolate(cube, self.upscale)


def baselines(upscale: int, psf: Degradation | None = None) -> tuple[Resolver, ...]:
    """Return the baselines, the simplest first; `psf` is the D they assume, None for bicubic."""
    return (
        Interpolation("nearest", upscale, nearest, context=0, psf=psf),
        Interpolation("bilinear", upscale, bilinear, context=1, psf=psf),
        BicubicResolver(upscale, psf=psf),
        BackProjectionResolver(upscale, psf=psf),
    )


def nearest(cube: Cube, upscale: int) -> Cube:
    """Repeat every pixel."""
    return cube.repeat(upscale, axis=-2).repeat(upscale, axis=-1)


def bilinear(cube: Cube, upscale: int) -> Cube:
    """Interpolate linearly between pixel centres, and continue flat beyond the outermost."""
    rows, cols = (_linear_weights(size, upscale) for size in cube.shape[-2:])
    return along_cols(cols, along_rows(rows, cube))


@lru_cache(maxsize=64)
def _linear_weights(n: int, upscale: int) -> NDArray[np.float32]:
    """Weights (upscale * n, n) of n pixels; pixels are areas, as everywhere in this package."""
    pixels = np.arange(upscale * n)
    before, after, share = between(pixels, n, upscale)
    weights = np.zeros((upscale * n, n), np.float32)
    weights[pixels, before] = 1 - share
    weights[pixels, after] += share
    weights.flags.writeable = False  # shared by all callers through the cache
    return weights


_: type[Resolver] = Interpolation
