"""Windows of a GDAL dataset's stored numbers, and what of them are no values."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from rasterio.env import set_gdal_config
from rasterio.errors import RasterioError
from rasterio.windows import Window

from hsisr_geo.bands.declared_range import Limits, outside
from hsisr_geo.errors import RasterError
from hsisr_geo.raster.datasets import reason, thread_handle
from hsisr_geo.raster.raster import Missing, Stored

_POOL = "GDAL_MAX_DATASET_POOL_SIZE"
_OPAQUE = 65535  # the most that an alpha is, of any type that has one by convention


@dataclass(frozen=True)
class GdalSource:
    """Windows of a GDAL dataset.

    Attributes
    ----------
    path : as GDAL takes it
    masked : a mask tells, beyond nodata values, which pixels are valid
    alpha : numbers, from 1, of alpha bands
    dtypes : of the bands, where they are not all the same
    limits : stored numbers beyond them are no values
    open_sources : of a VRT, how many of its sources GDAL keeps open, each with what it decodes
    """

    path: str
    masked: bool = False
    alpha: tuple[int, ...] = ()
    dtypes: tuple[str, ...] = ()
    limits: Limits | None = None
    open_sources: int = 0

    def read(self, bands: Sequence[int], rows: slice, cols: slice) -> tuple[Stored, Missing | None]:
        """Read a window as `Source.read` says."""
        window = Window.from_slices(rows, cols)
        numbers = [i + 1 for i in bands]
        if self.open_sources:
            set_gdal_config(_POOL, self.open_sources)  # heeded when the first VRT is opened
        try:
            dataset = thread_handle(self.path)
            stored = dataset.read(numbers, window=window)
            missing = dataset.read_masks(numbers, window=window) == 0 if self.masked else None
            for number in self.alpha:
                # GDAL itself heeds an alpha band only beside one band or three. What is
                # transparent is a hole of that band too, or interpolation would smooth its rim.
                # Numbers with a sign may run from the least of their type (rio-tiler's do).
                clear = dataset.read(number, window=window) <= 0
                missing = clear[None] if missing is None else missing | clear
            if stored.dtype.kind == "f":  # whose largest number is beyond arithmetic
                for place in (i for i, number in enumerate(numbers) if number in self.alpha):
                    np.clip(stored[place], 0, _OPAQUE, out=stored[place])
            if self.limits is not None:
                beyond = outside(stored, self.limits)
                missing = beyond if missing is None else missing | beyond
        except RasterioError as error:
            where = f"rows {rows.start}-{rows.stop - 1}, columns {cols.start}-{cols.stop - 1}"
            told = f"cannot read {where}: {reason(error)}; damaged?"
            raise RasterError(f"{self.path}: {told}") from error
        return stored, missing
