"""Clouds that the maker of a product has marked: on request their pixels are holes."""

from dataclasses import replace

from hsisr_geo.errors import OptionError
from hsisr_geo.raster.products.dlr.product import ClassedSource
from hsisr_geo.raster.raster import Raster

_WHOSE = "EnMAP, DESIS L2A, PRISMA L1, Tanager, Wyvern, and EMIT L2A beside its EMIT_L2A_MASK"


def without_clouds(raster: Raster) -> Raster:
    """Describe a raster whose pixels under its maker's mask of clouds are holes.

    Raises
    ------
    OptionError : it comes with no such mask
    """
    clouds = raster.clouds
    if clouds is None or raster.source is None:
        raise OptionError(
            f"{raster.path}: --mask-clouds: {raster.product or 'a plain raster'} has no mask of "
            f"clouds here, as {_WHOSE} have: leave it out, or set clouds to nodata beforehand"
        )
    unmarked = any(band.nodata is None for band in raster.bands)
    return replace(
        raster,
        source=ClassedSource(raster.source, clouds.source, clouds.flag, clouds.band),
        clouds=replace(clouds, masked=True),
        has_mask=raster.has_mask or unmarked,
        files=(*raster.files, *clouds.files),
    )
