"""Products as their files may be all the same: other types, cases and units, places that are gone.

Written after the makers' descriptions, without `made_products`: what is varied is what these leave
open.
"""

import json

import h5py
import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.crs import CRS
from rasterio.warp import transform

from hsisr_geo.raster.open import open_raster
from hsisr_geo.raster.products import place
from hsisr_geo.raster.read import read_window

CENTRES, WIDTHS = (402.5, 551.0, 660.25, 865.0), (5.5, 5.5, 6.0, 6.5)
FIELDS, PLACES = "HDFEOS/SWATHS/HYP/Data Fields", "HDFEOS/SWATHS/HYP/Geolocation Fields"
GRID = "HDFEOS/GRIDS/HYP"


def numbered(rows=9, cols=7):
    band, row, col = np.ogrid[:4, :rows, :cols]
    return (1000 * band + 30 * row + col + 1).astype("f4")


def degrees(rows, cols, lon=12.0, lat=48.0):
    row, col = np.mgrid[:rows, :cols]
    return lon + 0.0004 * col + 0.00006 * row, lat - 0.0003 * row + 0.00005 * col


def swath(path, *, wavelengths=CENTRES, fwhm=WIDTHS, good=(1, 1, 0, 1), places=None, **fill):
    cube = numbered(*(places[0].shape if places else (9, 7)))
    cube[:, 0, 0] = -9999
    with h5py.File(path, "w") as file:
        data = file.create_dataset(f"{FIELDS}/toa_radiance", data=cube, chunks=True, **fill)
        for name, value in {
            "wavelengths": wavelengths,
            "FWHM": fwhm,
            "good_wavelengths": good,
        }.items():
            if value is not None:
                data.attrs[name] = value
        lon, lat = places or degrees(9, 7)
        file[f"{PLACES}/Longitude"], file[f"{PLACES}/Latitude"] = lon, lat
    return path


def read(path, **options):
    raster = open_raster(path, **options)
    return raster, read_window(raster, slice(0, raster.rows), slice(0, raster.cols))


@pytest.mark.parametrize(
    "told",
    [
        {"wavelengths": np.array(CENTRES, "f4")},
        {"wavelengths": np.array([CENTRES])},
        {"wavelengths": np.array([str(c) for c in CENTRES], "S8")},
        {"wavelengths": json.dumps(CENTRES)},
        {"wavelengths": [c / 1000 for c in CENTRES], "fwhm": [w / 1000 for w in WIDTHS]},
        {"wavelengths": [c / 1000 for c in CENTRES]},
        {"good": np.array([True, True, False, True])},
        {"fillvalue": -9999},
    ],
)
def test_lists_of_any_type_and_unit_are_those_of_the_bands(tmp_path, told):
    raster, cube = read(swath(tmp_path / "a.h5", **told))
    assert raster.bands.wavelengths_nm == pytest.approx(CENTRES)
    assert [band.fwhm_nm for band in raster.bands] == pytest.approx(WIDTHS)
    assert [band.good for band in raster.bands] == [True, True, False, True]
    assert np.isnan(cube[:, 0, 0]).all()
    assert (cube[:, 1:] == numbered()[:, 1:]).all()


def test_a_fill_value_that_hdf5_alone_tells(tmp_path):
    path = tmp_path / "a.nc"
    with h5py.File(path, "w") as file:
        lon, lat = degrees(9, 7)
        file["navigation/longitude"], file["navigation/latitude"] = lon, lat
        cube = np.moveaxis(numbered(), 0, 2)
        data = file.create_dataset("products/Lt", data=cube, chunks=True, fillvalue=1)
        data.attrs["Wavelengths"] = CENTRES
        file.create_group("products/Lt_more")
    raster, cube = read(path)
    assert raster.bands.wavelengths_nm == CENTRES
    assert np.isnan(cube[0, 0, 0])
    assert np.isfinite(cube).sum() == cube.size - 1


@pytest.mark.parametrize("code", ["32733", np.bytes_(b"EPSG:32733"), 32733.0, np.array([32733])])
def test_a_grid_whose_code_and_corners_are_spelled_otherwise(tmp_path, code):
    text = "UpperLeftPointMtrs = ( 300000.0, 6300000.0)\nLowerRightMtrs = (300210.0, 6299730.0)"
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file[f"{GRID}/Data Fields/surface_reflectance"] = numbered()
        file[GRID].attrs["epsg_code"] = code
        file["HDFEOS INFORMATION/StructMetadata.0"] = [text.encode()]
    raster = open_raster(tmp_path / "a.h5")
    assert CRS.from_wkt(raster.crs).to_epsg() == 32733
    assert raster.transform == Affine(30, 0, 300000, 0, -30, 6300000)


def lies_on_its_map(path, lon, lat, cube):
    """How many pixels of a swath lie elsewhere on the map, and which of its pixels are there."""
    raster, found = read(path, orthorectify=True)
    known = np.argwhere(np.isfinite(lon) & np.isfinite(cube[0]))
    xs, ys = transform("EPSG:4326", raster.crs, *(a[tuple(known.T)] for a in (lon, lat)))
    cols, rows = ~raster.transform @ (np.array(xs), np.array(ys))
    taken = found[0, rows.astype(int), cols.astype(int)]
    return (taken != cube[(0, *known.T)]).mean(), set(found[0][np.isfinite(found[0])])


def test_pixels_without_a_place_are_on_no_map_and_the_others_are(tmp_path):
    lon, lat = degrees(20, 16)
    for axis in (lon, lat):
        axis[:2], axis[:, -1], axis[9, 8] = -9999, np.nan, -32767
    path = swath(tmp_path / "a.h5", places=(lon, lat))
    cube, gone = numbered(20, 16), ~(np.abs(lon) < 360)
    elsewhere, there = lies_on_its_map(path, np.where(gone, np.nan, lon), lat, cube)
    assert elsewhere < 0.2  # neighbours, where the map's pixels are wider
    assert not there & set(cube[0][gone])
    assert len(open_raster(path).gcps) > 50


def test_a_swath_across_180_degrees_is_one(tmp_path):
    lon, lat = degrees(20, 16, lon=179.997)
    path = swath(tmp_path / "a.h5", places=(np.where(lon > 180, lon - 360, lon), lat))
    xs = [point.x for point in open_raster(path).gcps]
    assert max(xs) - min(xs) < 0.01
    elsewhere, there = lies_on_its_map(path, lon, lat, numbered(20, 16))
    assert elsewhere < 0.2
    assert len(there) > 250


def test_the_places_of_a_swath_are_projected_together(tmp_path, monkeypatch):
    """A call for each takes minutes for a scene."""
    calls, real = [], place._transform
    monkeypatch.setattr(place, "_transform", lambda *given: calls.append(1) or real(*given))
    read(swath(tmp_path / "a.h5", places=degrees(40, 30)), orthorectify=True)
    assert len(calls) < 5


def pace(path, names, groups=()):
    lon, lat = degrees(9, 7)
    with h5py.File(path, "w") as file:
        for group in ("geolocation_data", "navigation_data"):
            file[f"{group}/longitude"], file[f"{group}/latitude"] = lon, lat
        for name, centres in names.items():
            file[f"sensor_band_parameters/{name.rpartition('_')[2]}_wavelength"] = centres
            file[name] = numbered()
        for group in groups:
            file.create_group(group)
    return open_raster(path)


def test_pace_without_its_first_detector_and_with_more_groups(tmp_path):
    found = pace(tmp_path / "a.nc", {"observation_data/rhot_red": CENTRES})
    assert (found.product, found.bands.wavelengths_nm) == ("PACE OCI L1B", CENTRES)
    with h5py.File(tmp_path / "b.nc", "w") as file:
        lon, lat = degrees(9, 7)
        file["navigation_data/longitude"], file["navigation_data/latitude"] = lon, lat
        file["sensor_band_parameters/wavelength_3d"] = np.array(CENTRES) / 1000
        file["geophysical_data/Rrs"] = np.moveaxis(numbered(), 0, 2)
        file.create_group("geophysical_data/more")
    found = open_raster(tmp_path / "b.nc")
    assert found.product == "PACE OCI L2"
    assert found.bands.wavelengths_nm == pytest.approx(CENTRES)


def geotiff(path, cube, **profile):
    with rasterio.open(
        path, "w", driver="GTiff", count=4, height=9, width=7, dtype=cube.dtype, crs="EPSG:32633",
        transform=Affine(5, 0, 500000, 0, -5, 5300000), **profile,
    ) as file:  # fmt: skip
        file.write(cube)
    return path


@pytest.mark.parametrize(
    ("item", "known"),
    [
        ({"assets": {"a": {"bands": [{"eo:center_wavelength": c / 1000} for c in CENTRES]}}}, True),
        ({"properties": {"eo:bands": [{"center_wavelength": c} for c in CENTRES]}}, True),
        (
            {"properties": {"eo:bands": [{"center_wavelength": f"{c / 1000}"} for c in CENTRES]}},
            True,
        ),
        ({"properties": {"eo:bands": ["a", "b", "c", "d"]}, "assets": None}, False),
    ],
)
def test_items_of_wyvern_as_stac_has_them_and_as_it_has_not(tmp_path, item, known):
    path = geotiff(tmp_path / "wyvern_dragonette-001_20240101T101010_a_l1b.tiff", numbered())
    path.with_suffix(".json").write_text(json.dumps(item))
    found = open_raster(path).bands.wavelengths_nm
    assert found == (pytest.approx(CENTRES) if known else None)


@pytest.mark.parametrize(
    "spelled", [lambda value: value, lambda value: [value], lambda value: str(value)]
)
def test_metadata_of_kuva_in_any_case_and_type(tmp_path, spelled):
    cube = numbered().astype("u2")
    path = geotiff(tmp_path / "l1c.TIF", cube)
    bands = [
        {
            "index": None,
            "wavelength": spelled(c / 1000),
            "scale": spelled(0.5),
            "offset": spelled(-3),
        }
        for c in CENTRES
    ]
    said = {"image": {"bands": bands}, "satellite": None}
    (tmp_path / "HyperField1a_l1c_1.json").write_text(json.dumps(said))
    raster, found = read(path)
    assert raster.bands.wavelengths_nm == pytest.approx(CENTRES)
    assert found == pytest.approx((cube - 3.0) * 0.5)


def test_a_header_of_pixxel_in_capitals(tmp_path):
    path = geotiff(tmp_path / "FF01_a_20240801_L2A_20240802_00100004.tif", numbered().astype("u2"))
    wavelengths = ", ".join(map(str, CENTRES))
    path.with_suffix(".HDR").write_text(f"ENVI\nbands = 4\nwavelength = {{{wavelengths}}}\n")
    assert open_raster(path).bands.wavelengths_nm == CENTRES


@pytest.mark.parametrize("dtype", ["i4", "f4"])
def test_a_lookup_table_that_says_nothing_by_another_number(tmp_path, dtype):
    stem = str(tmp_path / "AV320230926t201618_L1B_")
    head = "ENVI\nsamples = {}\nlines = {}\nbands = {}\ndata type = {}\ninterleave = bsq\n"
    table = np.full((2, 9, 7), -9999, dtype)
    table[:, 1, 2], table[:, 3, 4] = (5, 6), (-7, -8)
    for name, cube, more in (
        ("RDN", numbered(), ""),
        (
            "GLT",
            table,
            "data ignore value = -9999\n"
            "map info = {UTM, 1, 1, 3e5, 5e6, 30, 30, 33, North, WGS-84}\n",
        ),
    ):
        cube.tofile(stem + name)
        kind = {"i4": 3, "f4": 4}[cube.dtype.str[1:]]
        text = head.format(7, 9, len(cube), kind)
        with open(f"{stem}{name}.hdr", "w") as file:
            file.write(text + more)
    _, found = read(stem + "RDN", orthorectify=True)
    assert found[0, 1, 2] == numbered()[0, 5, 4]
    assert found[0, 3, 4] == numbered()[0, 7, 6]
    assert np.isfinite(found[0]).sum() == 2


def test_a_cube_of_one_line_has_its_pixel_from_the_geotransform(tmp_path):
    path = tmp_path / "a.nc"
    with h5py.File(path, "w") as file:
        for name, values in {
            "y": [5.0e6],
            "x": [3e5, 300030, 300060],
            "wavelength": CENTRES,
        }.items():
            file[name] = np.array(values)
            file[name].make_scale(name)
        file["wavelength"].attrs["units"] = "nm"
        file["tm"] = np.int32(0)
        file["tm"].attrs["crs_wkt"] = CRS.from_epsg(32633).to_wkt()
        file["tm"].attrs["GeoTransform"] = "299985 30 0 5000015 0 -30"
        data = file.create_dataset("reflectance", data=numbered(1, 3))
        data.attrs["grid_mapping"] = "tm"
        for axis, name in enumerate(("wavelength", "y", "x")):
            data.dims[axis].attach_scale(file[name])
    assert open_raster(path).transform == Affine(30, 0, 299985, 0, -30, 5000015)
