"""Places that are told in an unusual way: control points, placeholders, headers of others."""

import importlib

import numpy as np
import pytest
import rasterio
from affine import Affine
from commands import bicubic, one_line_error
from rasterio.control import GroundControlPoint

from hsisr_geo.errors import RasterError
from hsisr_geo.raster.open import open_raster


def swath(path, step, rows=60, cols=50):
    """A raster whose band 1 is the row and band 2 the column, placed by control points only."""
    y, x = np.mgrid[0:rows, 0:cols]
    with rasterio.open(
        path, "w", driver="GTiff", height=rows, width=cols, count=4, dtype="float32"
    ) as file:
        file.write(np.stack([y, x, y + x, y * 2]).astype("f4"))
        points = [
            GroundControlPoint(r, c, 16.9 + 5e-4 * c, 25.1 - 5e-4 * r, 0)
            for r in range(0, rows + 1, step)
            for c in range(0, cols + 1, step)
        ]
        file.gcps = points, rasterio.CRS.from_epsg(4326)
    return path


@pytest.mark.parametrize("step", [10, 50])
def test_bounds_are_found_by_control_points(tmp_path, step):
    src = swath(tmp_path / "a.tif", step)
    bounds = (16.905, 25.08, 16.915, 25.09)
    assert open_raster(src).window_of(bounds) == (slice(20, 40), slice(10, 30))
    bicubic(src, tmp_path / "o.tif", "--bounds", *bounds)
    with rasterio.open(tmp_path / "o.tif") as made:
        assert made.shape == (40, 40)
        assert made.read(1).mean() == pytest.approx(29.5, abs=0.1)
        assert made.read(2).mean() == pytest.approx(19.5, abs=0.1)


def test_bounds_beside_control_points(tmp_path):
    with pytest.raises(RasterError, match=r"do not touch .*25\.1"):
        open_raster(swath(tmp_path / "a.tif", 10)).window_of((0, 0, 1, 1))


def test_bounds_in_rational_polynomials_are_refused(tmp_path):
    path = tmp_path / "a.tif"
    rpc = {
        "HEIGHT_OFF": 0, "HEIGHT_SCALE": 1, "LAT_OFF": 25, "LAT_SCALE": 1, "LINE_OFF": 30,
        "LINE_SCALE": 30, "LONG_OFF": 17, "LONG_SCALE": 1, "SAMP_OFF": 25, "SAMP_SCALE": 25,
        "LINE_NUM_COEFF": "0 0 1" + " 0" * 17, "LINE_DEN_COEFF": "1" + " 0" * 19,
        "SAMP_NUM_COEFF": "0 1" + " 0" * 18, "SAMP_DEN_COEFF": "1" + " 0" * 19,
    }  # fmt: skip
    with rasterio.open(
        path, "w", driver="GTiff", height=60, width=50, count=1, dtype="int16"
    ) as file:
        file.write(np.ones((1, 60, 50), "i2"))
        file.update_tags(ns="RPC", **rpc)
    assert open_raster(path).rpcs
    error = one_line_error(bicubic(path, tmp_path / "o.tif", "--bounds", 1, 1, 9, 9, code=1))
    assert "rational polynomial" in error


@pytest.mark.parametrize("bounds", [(10, 20, 30, 40), (10, -40, 30, -20)])
def test_bounds_of_a_raster_without_a_place_are_pixels_as_qgis_counts_them_too(tmp_path, bounds):
    with rasterio.open(
        tmp_path / "a.tif", "w", driver="GTiff", height=60, width=50, count=1, dtype="int16"
    ) as file:
        file.write(np.ones((1, 60, 50), "i2"))
    window = open_raster(tmp_path / "a.tif").window_of(bounds)
    assert window == (slice(20, 40), slice(10, 30))


@pytest.mark.parametrize("blank", ["", " ", "\n "])
@pytest.mark.parametrize("epsg", [25832, 32633])
def test_the_crs_string_of_an_envi_header_is_read_with_blanks_too(tmp_path, blank, epsg):
    """Spectral Python puts a blank after the brace, and GDAL then takes another datum."""
    path = tmp_path / "a.img"
    place = Affine(30, 0, 500000, 0, -30, 5300000)
    with rasterio.open(
        path, "w", driver="ENVI", count=1, height=4, width=3, dtype="uint16",
        crs=f"EPSG:{epsg}", transform=place,
    ) as file:  # fmt: skip
        file.write(np.ones((1, 4, 3), "u2"))
    header = path.with_suffix(".hdr")
    text = header.read_text().replace("system string = {", "system string = {" + blank)
    header.write_text(text)
    raster = open_raster(path)
    assert rasterio.CRS.from_wkt(raster.crs).to_epsg() == epsg
    assert raster.transform == place


def test_a_place_that_libraries_stumble_over_is_refused_in_words(tmp_path, monkeypatch):
    path = swath(tmp_path / "a.tif", 50)
    module = importlib.import_module("hsisr_geo.raster.gdal.describe")
    monkeypatch.setattr(module, "described", lambda *a: (_ for _ in ()).throw(KeyError("odd")))
    error = one_line_error(bicubic(path, tmp_path / "o.tif", code=1))
    assert "unexpected" not in error
    assert "not understood" in error


def test_a_header_names_data_with_any_ending(tmp_path):
    np.arange(60, dtype="<i2").tofile(tmp_path / "raw.hyspex")
    (tmp_path / "raw.txt").write_text("of the flight, " * 20)
    (tmp_path / "raw.hdr").write_text(
        "ENVI\nsamples = 5\nlines = 4\nbands = 3\ndata type = 2\ninterleave = bsq\nbyte order = 0\n"
    )
    raster = open_raster(tmp_path / "raw.hdr")
    assert (raster.rows, raster.cols, len(raster.bands)) == (4, 5, 3)


def test_a_geotransform_whose_pixels_have_no_area_is_said_and_left_out(tmp_path):
    src = tmp_path / "flat.tif"
    profile = {"driver": "GTiff", "count": 3, "height": 20, "width": 24, "dtype": "int16"}
    with rasterio.open(src, "w", **profile, transform=Affine(30, 0, 5e5, 0, 0, 5.8e6)) as file:
        file.write(np.random.default_rng(0).integers(1, 900, (3, 20, 24)).astype("i2"))
    assert "gives pixels no area" in bicubic(src, tmp_path / "fine.tif").stderr
    with rasterio.open(tmp_path / "fine.tif") as fine:
        assert fine.transform == Affine.identity()
        assert fine.shape == (40, 48)


@pytest.mark.parametrize(("epsg", "foot"), [(2229, False), (2913, True), (32633, False)])
def test_a_foot_in_an_envi_header_is_the_one_of_its_own_system(tmp_path, epsg, foot):
    """GDAL makes an international foot of any: in California 13 feet of the false easting."""
    grid = Affine(1, 0, 6_500_000, 0, -1, 1_800_000)
    profile = {"driver": "GTiff", "crs": f"EPSG:{epsg}", "transform": grid}
    size = {"count": 2, "height": 9, "width": 8, "dtype": "uint16"}
    with rasterio.open(tmp_path / "a.tif", "w", **profile, **size) as file:
        file.write(np.full((2, 9, 8), 7, "u2"))
        crs = file.crs
    bicubic(tmp_path / "a.tif", tmp_path / "b.img")
    (line,) = (x for x in (tmp_path / "b.hdr").read_text().splitlines() if "map info" in x)
    assert ("units=Feet" in line) == foot
    with rasterio.open(tmp_path / "b.img") as made:
        assert made.crs == crs
    with rasterio.open(tmp_path / "c.img", "w", **{**profile, "driver": "ENVI"}, **size) as file:
        pass
    assert rasterio.CRS.from_wkt(open_raster(tmp_path / "c.img").crs) == crs
