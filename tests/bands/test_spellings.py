"""Names that files have for wavelengths, and names of bands that are wavelengths."""

import logging

import numpy as np
import pytest
import rasterio
import xarray as xr

from hsisr_geo.bands.spellings import spelled
from hsisr_geo.raster.open import open_raster

CENTRES = (402.5, 550.25, 860.5, 1602.5)
NAMES = [
    "wavelength", "Wavelength (nm)", "Wavelength [nm]", "wavelength_nm", "wavelengths_in_nm",
    "center_wavelength", "CenterWavelength", "Central wavelength (nm)", "centre_wavelength_um",
    "central_band_wavelength", "band centers", "Band_Center", "BandCentres", "peak_wavelength",
    "wavelength_centers", "wl", "wvl_nm", "cwl", "lambda_um", "Wavelength (µm)",
]  # fmt: skip


def geotiff(path, *, names=(), tags=None, of_bands=()):
    with rasterio.open(
        path, "w", driver="GTiff", width=4, height=3, count=max(len(names), 4), dtype="int16",
        crs="EPSG:32633", transform=rasterio.Affine(30, 0, 0, 0, -30, 0),
    ) as dataset:  # fmt: skip
        dataset.write(np.ones((dataset.count, 3, 4), np.int16))
        dataset.update_tags(**(tags or {}))
        for number, items in enumerate(of_bands, start=1):
            dataset.update_tags(number, **items)
        for number, name in enumerate(names, start=1):
            dataset.set_band_description(number, name)
    return path


def centres(path):
    return open_raster(path).bands.wavelengths_nm


def in_unit_of(name):
    return [w / 1000 if ("um" in name or "µm" in name) else w for w in CENTRES]


@pytest.mark.parametrize("name", NAMES)
def test_a_wavelength_is_found_by_whatever_name_it_has(tmp_path, name):
    numbers = [f"{number:.9g}" for number in in_unit_of(name)]
    of_bands = [{name: number} for number in numbers]
    assert centres(geotiff(tmp_path / "bands.tif", of_bands=of_bands)) == CENTRES
    raster = open_raster(geotiff(tmp_path / "a.tif", tags={name: f"{{{', '.join(numbers)}}}"}))
    assert raster.bands.wavelengths_nm == CENTRES
    assert name not in raster.tags.get("", {})  # of other bands it would be the wrong list


@pytest.mark.parametrize("name", ["wavelength_um", "CenterWavelength_nm", "band_centers"])
def test_so_it_is_in_netcdf(tmp_path, name):
    cube = xr.DataArray(
        np.ones((4, 6, 5), np.float32), dims=("channel", "y", "x"), name="r",
        coords={name: ("channel", in_unit_of(name)), "y": np.arange(6.0, 0, -1), "x": range(5)},
    )  # fmt: skip
    cube.to_netcdf(tmp_path / "a.nc", engine="h5netcdf")
    assert centres(tmp_path / "a.nc") == CENTRES


def test_widths_are_found_by_their_names_too(tmp_path):
    of_bands = [{"Wavelength (nm)": w, "Band Width (nm)": "9.5"} for w in CENTRES]
    assert open_raster(geotiff(tmp_path / "a.tif", of_bands=of_bands)).bands.fwhm_nm == (9.5,) * 4


@pytest.mark.parametrize(
    "name", ["lambda", "band", "wavelength_range", "wave", "centers", "wl_count", "bandwidth_unit"]
)
def test_other_names_tell_no_wavelength(name):
    assert spelled(name) is None or spelled(name).name != "wavelength"


def test_an_abbreviation_that_has_no_list_is_something_else(tmp_path):
    raster = open_raster(geotiff(tmp_path / "a.tif", tags={"WL": "mean water level", "CWL": "3"}))
    assert raster.bands.wavelengths_nm is None
    assert raster.notes == ()
    assert raster.tags[""]["WL"] == "mean water level"


@pytest.mark.parametrize(
    "pattern",
    ["B{1:.0f}", "B{1:.0f}nm", "R{1}nm", "b{0:03d}_{1:.0f}", "Band {0} ({1:.0f})", "R-{1:.0f}",
     "Band {0} ({1} nm)", "wavelength={1:.0f}", "wl: {1:.0f}", "{2:.5f}", "Band {0} ({2:.5f})"],
)  # fmt: skip
def test_names_of_bands_are_read_whatever_counts_them(tmp_path, pattern):
    names = [pattern.format(i, w, w / 1000) for i, w in enumerate(CENTRES, start=1)]
    whole = ":.0f" in pattern
    expected = tuple(float(f"{w:.0f}") for w in CENTRES) if whole else CENTRES
    assert centres(geotiff(tmp_path / "a.tif", names=names)) == expected


@pytest.mark.parametrize(
    "names",
    [
        [f"B{n:02d}" for n in range(1, 9)],
        [f"band_{n}" for n in range(300, 308)],  # counts
        [f"NDVI_{n}" for n in range(1990, 2020, 5)],  # years
        [f"{n}" for n in range(300, 1000, 100)],  # thresholds, depths, anything
        [f"z={n}" for n in range(300, 1000, 100)],  # levels
        [f"0.{n}" for n in range(1, 9)],  # quantiles
        [f"2020{n:02d}01" for n in range(1, 9)],  # days
        ["B2", "B3", "B4", "B5", "B6", "B7", "B8", "B8A"],
    ],
)
def test_names_that_count_or_date_tell_no_wavelength(tmp_path, names):
    assert centres(geotiff(tmp_path / "a.tif", names=names)) is None


def test_a_guess_by_names_is_said(tmp_path, caplog):
    with caplog.at_level(logging.INFO, logger="hsisr_geo"):
        open_raster(geotiff(tmp_path / "a.tif", names=[f"B{w:.0f}" for w in CENTRES]))
    assert "wavelengths from the band names, which names no unit: taken as Nanometers" in (
        caplog.text
    )
