"""Coordinates beside a cube in Zarr, by the CF conventions: bands, rows, columns, and the CRS."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rasterio.crs import CRS

from hsisr_geo.raster.raster import Raster


class Coordinates:
    """The arrays beside the cube, by CF's conventions."""

    def __init__(self, raster: Raster) -> None:
        self._raster = raster
        self._known = raster.bands.wavelengths_nm
        distinct = self._known is not None and len(set(self._known)) == len(self._known)
        self.dimension = "wavelength" if distinct else "band"

    def write(self, group: Any) -> None:
        """Write them, and name those of the bands, so that xarray knows them for coordinates."""
        self._group = group
        beside = self._write_bands()
        if self._raster.has_transform:
            self._write_axes()
        self._write_spatial_ref()
        group.attrs.update({"Conventions": "CF-1.8", "coordinates": " ".join(beside)})

    def _write_bands(self) -> list[str]:
        bands, dimension = self._raster.bands, self.dimension
        numbers = np.arange(1, len(bands) + 1)
        columns: dict[str, tuple[Any, dict[str, str]]] = {}
        if any(band.label for band in bands):
            columns["band_name"] = np.array([band.label for band in bands]), {}
        if dimension == "band" or self._known is None:
            columns["band"] = numbers, {}
        if any(band.wavelength_nm is not None for band in bands):
            attributes = {"units": "nm", "standard_name": "radiation_wavelength"}
            columns["wavelength"] = _floats(b.wavelength_nm for b in bands), attributes
        if any(band.fwhm_nm is not None for band in bands):
            columns["fwhm"] = (
                _floats(b.fwhm_nm for b in bands),
                {"units": "nm", "long_name": "full width at half maximum"},
            )
        columns["good"] = (
            np.array([b.good for b in bands], np.int8),
            {"long_name": "1 for a good band, 0 for a bad one (ENVI bbl)"},
        )
        for name, (values, attributes) in columns.items():
            self._array(name, values, [dimension], attributes)
        return [*(name for name in columns if name != dimension), "spatial_ref"]

    def _write_axes(self) -> None:
        raster, transform = self._raster, self._raster.transform
        x = transform.c + transform.a * (np.arange(raster.cols) + 0.5)
        y = transform.f + transform.e * (np.arange(raster.rows) + 0.5)
        degrees = bool(raster.crs) and CRS.from_wkt(raster.crs).is_geographic
        for name, values, projected, geographic, unit in (
            ("x", x, "projection_x_coordinate", "longitude", "degrees_east"),
            ("y", y, "projection_y_coordinate", "latitude", "degrees_north"),
        ):
            attributes = {"axis": name.upper(), "standard_name": projected}
            if degrees:
                attributes |= {"standard_name": geographic, "units": unit}
            elif raster.crs:
                attributes["units"] = CRS.from_wkt(raster.crs).linear_units
            self._array(name, values, [name], attributes)

    def _write_spatial_ref(self) -> None:
        raster = self._raster
        attributes: dict[str, str] = {}
        if raster.crs:  # two names: of CF, and of GDAL
            attributes |= {"crs_wkt": raster.crs, "spatial_ref": raster.crs}
        if raster.has_transform:
            geotransform = raster.transform.to_gdal()
            attributes["GeoTransform"] = " ".join(repr(float(value)) for value in geotransform)
        self._array("spatial_ref", np.array(0, np.int32), [], attributes)

    def _array(
        self, name: str, values: NDArray[Any], dimensions: Sequence[str], attributes: dict[str, str]
    ) -> None:
        array = self._group.create_array(
            name,
            shape=values.shape,
            chunks=values.shape,
            dtype=values.dtype,
            compressors=None,
            fill_value=None,
        )
        array[...] = values
        array.attrs.update({"_ARRAY_DIMENSIONS": list(dimensions), **attributes})


def _floats(values: Iterable[float | None]) -> NDArray[np.float64]:
    return np.array([math.nan if value is None else value for value in values], np.float64)
