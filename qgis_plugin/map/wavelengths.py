"""Wavelengths of a raster's bands, wherever GDAL puts them: tags of bands, a dimension of netCDF.

Plain Python over GDAL, which comes with QGIS.
"""

from __future__ import annotations

from osgeo import gdal

from .dataset import dataset_of

_NM_PER_UNIT = {"nanometers": 1.0, "nm": 1.0, "micrometers": 1000.0, "um": 1000.0, "µm": 1000.0}


def band_wavelengths_nm(path: str) -> list[float | None]:
    """Wavelength of each good band in nm, None where it has none or is marked bad."""
    dataset = dataset_of(path)
    if dataset is None:
        return []
    return [None if tag.get("bbl") == "0" else wavelength_nm(tag) for tag in band_tags(dataset)]


def band_tags(dataset: gdal.Dataset) -> list[dict[str, str]]:
    """Tags of each band, with the wavelength of a netCDF band in its ordinary place."""
    unit = dataset.GetMetadata().get("wavelength#units", "nm")
    bands = [dataset.GetRasterBand(index + 1) for index in range(dataset.RasterCount)]
    return [_with_dimension(band.GetMetadata(), unit) for band in bands]


def _with_dimension(tags: dict[str, str], unit: str) -> dict[str, str]:
    if "NETCDF_DIM_wavelength" not in tags:
        return tags
    return {"wavelength": tags["NETCDF_DIM_wavelength"], "wavelength_units": unit, **tags}


def wavelength_nm(tags: dict[str, str]) -> float | None:
    """Wavelength that the tags of a band tell, in nm."""
    factor = _NM_PER_UNIT.get(tags.get("wavelength_units", "nanometers").lower())
    try:
        return float(tags["wavelength"]) * factor
    except (KeyError, TypeError, ValueError):
        return None
