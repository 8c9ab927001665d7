"""EnMAP and DESIS, as DLR delivers them: folders of an image, its metadata and layers of flags."""

from hsisr_geo.raster.products.dlr.product import (
    describe,
    find_metadata,
    holds_metadata,
    metadata_of,
    products_below,
)

__all__ = ["describe", "find_metadata", "holds_metadata", "metadata_of", "products_below"]
