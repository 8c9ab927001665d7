"""AVIRIS-3 and -NG: ENVI with a lookup table beside it, and netCDF with a group for the cube."""

import made_products as made
import numpy as np
import pytest
from commands import bicubic

from hsisr_geo.errors import OptionError, RasterError
from hsisr_geo.raster.facts.origin import origin_of
from hsisr_geo.raster.open import open_raster
from hsisr_geo.raster.products.swaths.geolocation import BandPlaces
from hsisr_geo.raster.read import read_window


def read(raster, rows=None, cols=None):
    return read_window(raster, rows or slice(0, raster.rows), cols or slice(0, raster.cols))


LINES = {
    "AVIRIS-3": {},
    "AVIRIS-NG": {"line": "ang20190624t230039", "endings": ("_rdn_v2u1_img", "_glt")},
}


@pytest.mark.parametrize("product", LINES)
def test_a_pixel_of_the_map_is_the_one_that_the_table_names(tmp_path, product):
    image, cube, (sample, line) = made.make_aviris_glt(tmp_path, **LINES[product])
    raster = open_raster(image, orthorectify=True)
    assert raster.product == f"{product}, orthorectified"
    assert raster.transform == made.AVIRIS_GRID
    assert "UTM zone 10N" in raster.crs
    expected = cube[:, np.abs(line) - 1, np.abs(sample) - 1]
    expected[:, sample == 0] = np.nan
    assert np.array_equal(read(raster), expected, equal_nan=True)  # also where it is interpolated
    part = slice(3, 9), slice(5, 14)
    assert np.array_equal(read(raster, *part), expected[(slice(None), *part)], equal_nan=True)
    assert (sample < 0).any()
    bicubic(image, tmp_path / "fine.tif", "--orthorectify")
    assert open_raster(tmp_path / "fine.tif").bounds == raster.bounds


def test_without_the_option_it_is_as_the_sensor_saw_it(tmp_path):
    image, cube, _ = made.make_aviris_glt(tmp_path)
    raster = open_raster(image)
    assert np.array_equal(read(raster), cube)
    assert "--orthorectify" in " ".join(raster.notes)
    sensor, when, level = origin_of(raster)
    assert (sensor, str(when), level) == ("AVIRIS-3", "2023-09-26T20:16:18Z", "L1B")


def test_a_table_of_another_image_is_refused(tmp_path):
    image, _, table = made.make_aviris_glt(tmp_path)
    (path,) = tmp_path.glob("*_GLT")
    (table * 2).tofile(path)
    with pytest.raises(RasterError, match="table of another image"):
        open_raster(image, orthorectify=True)
    path.unlink()
    with pytest.raises(OptionError, match="lookup table"):
        open_raster(image, orthorectify=True)


@pytest.mark.parametrize("ending", ["_L1B_LOC_000_cc_LOC", "_rdn_igm"])
def test_an_image_is_placed_by_the_places_of_its_pixels(tmp_path, ending):
    image, cube, _ = made.make_aviris_glt(tmp_path)
    (table,) = tmp_path.glob("*_GLT")
    table.unlink()
    x, y, lon, lat = made.make_aviris_loc(image, ending=ending)
    raster = open_raster(image)
    assert np.array_equal(read(raster), cube)
    assert [(p.row, p.col, p.x, p.y) for p in (raster.gcps[0], raster.gcps[-1])] == [
        (0.5, 0.5, lon[0], lat[0]), (13.5, 9.5, lon[-1], lat[-1])
    ]  # fmt: skip
    mapped = open_raster(image, orthorectify=True)
    assert mapped.product == "AVIRIS-3, orthorectified"
    assert "UTM zone 10N" in mapped.crs
    numbers, corners = read(mapped)[0], mapped.transform
    rows, cols = np.nonzero(np.isfinite(numbers))
    found = np.argwhere(cube[0] == numbers[rows, cols][:, None, None])[:, 1:]
    east, north = corners @ (cols + 0.5, rows + 0.5)
    away = np.hypot(east - x[tuple(found.T)], north - y[tuple(found.T)])
    assert len(rows) > 100
    assert away.max() < 0.75 * 30.6


def test_of_the_parts_of_a_flight_line_each_has_its_own_files(tmp_path):
    image, _, table = made.make_aviris_glt(tmp_path, endings=("_L1B_RDN_001_aa", "_GLT"))
    for name in ("", ".hdr"):
        (first,) = tmp_path.glob(f"*_GLT{name}")
        second = first.with_name(first.name.replace("_000_", "_001_"))
        second.write_bytes(first.read_bytes())
    (table[::-1] * 0 + 1).astype("<i4").tofile(next(tmp_path.glob("*_000_*_GLT")))
    assert len(np.unique(read(open_raster(image, orthorectify=True))[0])) > 50


def test_eastings_without_a_zone_are_told(tmp_path):
    image, _, _ = made.make_aviris_glt(tmp_path)
    (table,) = tmp_path.glob("*_GLT")
    table.unlink()
    made.make_aviris_loc(image, ending="_rdn_igm", degrees=False)
    raster = open_raster(image)
    assert raster.gcps == ()
    assert "_rdn_igm is not used: it has no degrees" in " ".join(raster.notes)
    with pytest.raises(OptionError, match="lookup table"):
        open_raster(image, orthorectify=True)


def test_eastings_are_in_the_zone_of_the_table(tmp_path):
    """ENVI makes the table (GLT) of a line from its IGM, on a map of the same projection."""
    image, _, _ = made.make_aviris_glt(tmp_path)
    _, _, lon, lat = made.make_aviris_loc(image, ending="_rdn_igm", degrees=False)
    raster = open_raster(image)
    places = [(p.row, p.col, p.x, p.y) for p in (raster.gcps[0], raster.gcps[-1])]
    expected = [(0.5, 0.5, lon[0], lat[0]), (13.5, 9.5, lon[-1], lat[-1])]
    np.testing.assert_allclose(places, expected, rtol=0, atol=1e-8)


@pytest.mark.parametrize("name", ["raw_7296_rd", "raw_7296_rd.bil"])
def test_any_image_has_the_place_of_what_bears_its_whole_name(tmp_path, name):
    """Headwall's cubes, as in NEON's notes (earthlab/neon-headwall-data): raw_7296_rd_igm."""
    image, cube, _ = made.make_aviris_glt(tmp_path, line="raw_7296_rd", endings=("", "_GLT"))
    image = image.rename(tmp_path / name)
    made.make_aviris_loc(tmp_path / "raw.7296", ending="_igm")
    for found in [*tmp_path.glob("raw.7296*"), *tmp_path.glob("*_GLT*")]:
        end = ".hdr" if found.suffix == ".hdr" else ""
        kind = "glt" if "GLT" in found.name else "igm"
        found.rename(tmp_path / f"raw_7296_rd_{kind}{end}")
    raster = open_raster(image)
    assert len(raster.gcps) > 50
    mapped = open_raster(image, orthorectify=True)
    assert (mapped.product, mapped.transform) == ("ENVI, orthorectified", made.AVIRIS_GRID)
    (tmp_path / "raw_7296_rd_glt").write_bytes(b"")  # is looked into where it is asked for
    assert open_raster(image).gcps == raster.gcps
    with pytest.raises(RasterError, match="raw_7296_rd_glt"):
        open_raster(image, orthorectify=True)
    (tmp_path / "raw_7296_rd_igm").write_bytes(b"")
    assert "raw_7296_rd_igm is not used" in " ".join(open_raster(image).notes)
    other = tmp_path / "raw_7297_rd"
    cube.tofile(other)
    (tmp_path / "raw_7297_rd.hdr").write_text((tmp_path / "raw_7296_rd.hdr").read_text())
    assert open_raster(other).gcps == ()


def test_places_of_all_pixels_are_read_once(tmp_path, monkeypatch):
    image, _, _ = made.make_aviris_glt(tmp_path)
    made.make_aviris_loc(image)
    reads, read_all = [], BandPlaces.read
    monkeypatch.setattr(BandPlaces, "read", lambda places: reads.append(1) or read_all(places))
    open_raster(image)
    assert len(reads) == 1


def test_the_first_avirises_integers_are_divided_by_the_factors_beside_them(tmp_path):
    """ "AVIRIS Distribution Document" 030217: "When each spectrum is divided by the factors in this
    file the 16-bit integers are converted to radiance"; -50 off the line as in hyperproc."""
    image, cube = made.make_aviris_gain(tmp_path)
    raster = open_raster(image)
    expected = cube / np.array([300, 300, 600, 1200.0])[:, None, None]
    np.testing.assert_allclose(read(raster)[:, 3:], expected[:, 3:], rtol=1e-6)
    assert np.isnan(read(raster)[:, :3, :2]).all()
    assert np.isfinite(read(raster)).sum() == cube.size - 4 * 6
    assert {band.unit for band in raster.bands} == {"uW cm-2 sr-1 nm-1"}
    assert origin_of(raster).sensor == "AVIRIS"
    assert raster.bands.wavelengths_nm == made.AVIRIS_CENTRES
    (tmp_path / "f080611t01p00r07rdn_c.gain").unlink()
    assert "no radiance without" in " ".join(open_raster(image).notes)


def test_a_table_in_the_file_puts_its_radiance_on_the_map(tmp_path):
    """AVIRIS-3 and -5, L1B, as isofit, HyTools and emit-utils read them: the GeoTransform is of
    the table's grid."""
    path = tmp_path / "AV320230926t201618_000_L1B_RDN_3d6e_RDN.nc"
    cube, table = made.make_aviris_table(path)
    raster = open_raster(path)
    assert np.array_equal(read(raster), cube)
    assert not raster.has_transform
    assert "--orthorectify" in " ".join(raster.notes)
    assert raster.bands.wavelengths_nm == made.AVIRIS_CENTRES  # not 550.4000244
    assert raster.bands.fwhm_nm == (8.3,) * 4
    mapped = open_raster(path, orthorectify=True)
    assert mapped.transform == made.AVIRIS_GRID
    assert "UTM zone 10N" in mapped.crs
    expected = cube[:, np.abs(table["line"]) - 1, np.abs(table["sample"]) - 1]
    expected[:, table["line"] == 0] = np.nan
    assert np.array_equal(read(mapped), expected, equal_nan=True)
    named = open_raster(f'NETCDF:"{path}":/radiance/radiance', orthorectify=True)
    assert named.bounds == mapped.bounds


def test_what_is_above_the_group_of_a_cube_places_it(tmp_path):
    cube = made.make_aviris_netcdf(tmp_path / "AV320230926t201618_000_L2A_OE_RFL_ORT.nc")
    raster = open_raster(tmp_path / "AV320230926t201618_000_L2A_OE_RFL_ORT.nc")
    assert raster.transform.almost_equals(made.AVIRIS_GRID)
    assert "UTM zone 10N" in raster.crs
    assert raster.bands.wavelengths_nm == pytest.approx(made.AVIRIS_CENTRES, rel=1e-6)
    assert raster.bands.fwhm_nm == (8.5,) * 4
    assert np.array_equal(read(raster), np.where(cube == -9999, np.nan, cube), equal_nan=True)
    assert origin_of(raster).sensor == "AVIRIS-3"


@pytest.mark.parametrize("places", [False, True])
def test_the_header_of_the_table_is_a_file_of_what_it_places(tmp_path, places):
    """It tells the map; of places in metres it tells the zone."""
    image, *_ = made.make_aviris_glt(tmp_path)
    if places:
        made.make_aviris_loc(image, degrees=False)
    raster = open_raster(image, orthorectify=not places)
    names = {name.rpartition("/")[2] for name in raster.files}
    assert {"AV320230926t201618_L1B_ORT_000_bb_GLT" + end for end in ("", ".hdr")} <= names
    assert raster.crs or raster.gcps
