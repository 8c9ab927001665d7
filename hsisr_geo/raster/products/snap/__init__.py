"""What SNAP writes: its own BEAM-DIMAP, and GeoTIFFs with the header of that in a tag."""

from hsisr_geo.raster.products.snap.dimap import describe, dimap_of, is_dimap
from hsisr_geo.raster.products.snap.geotiff import as_snap_means

__all__ = ["as_snap_means", "describe", "dimap_of", "is_dimap"]
