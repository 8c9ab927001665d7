"""`cut`: a scene as tiles that are read with all the pixels that their output depends on."""

from hsisr_geo.cube.holes import REACH
from hsisr_geo.cube.tiling import TileGrid
from hsisr_geo.cube.windows import Window
from hsisr_geo.raster.raster import Raster
from hsisr_geo.resolver.protocol import Resolver, with_deviation


def cut(
    raster: Raster,
    resolver: Resolver,
    *,
    tile: int,
    samples: int | None = None,
    region: Window | None = None,
) -> TileGrid:
    """Cut a region so that all output that counts is computed from its full context.

    Parameters
    ----------
    tile
        Largest side of a core, in input pixels.
    samples
        Of the uncertainty, 0 where it is predicted; None without.
    region
        None for the whole scene.
    """
    context = (resolver if samples is None else with_deviation(resolver, samples)).context
    halo = context + REACH + margin(resolver.ramp, resolver.degradation.reach)
    return TileGrid.of(raster.shape, tile=tile, halo=halo, ramp=resolver.ramp, region=region)


def margin(ramp: int, reach: int) -> int:
    """Input pixels around a core whose output counts: for the ramps, and for the reach of D."""
    return max(ramp, reach)
