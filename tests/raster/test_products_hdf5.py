"""PRISMA, EMIT and NEON, on files made after their specifications; GDAL reads some of it, too."""

import pickle
from concurrent.futures import ThreadPoolExecutor

import h5py
import numpy as np
import pytest
import rasterio
import xarray as xr
from affine import Affine
from commands import write
from made_products import (
    EMIT_GRID,
    NEON_CENTRES,
    PRISMA_FIRST,
    make_emit,
    make_enmap,
    make_neon,
    make_prisma,
    numbered,
)
from rasterio import warp
from rasterio.control import GroundControlPoint
from rasterio.transform import GCPTransformer

from hsisr_geo.api import super_resolve
from hsisr_geo.errors import OptionError, RasterError
from hsisr_geo.raster.open import open_raster
from hsisr_geo.raster.read import read_window
from hsisr_geo.raster.statistics import scan_scene
from hsisr_geo.resolver.interpolation import BicubicResolver


def read(raster, bands=None):
    return read_window(raster, slice(0, raster.rows), slice(0, raster.cols), bands)


def place_of(gcps, row, col):
    """Where a pixel's centre lies by a thin plate spline, as gdalwarp -tps takes it."""
    points = [GroundControlPoint(p.row, p.col, p.x, p.y) for p in gcps]
    with GCPTransformer(points, tps=True) as transformer:
        return transformer.xy(row, col, offset="center")


# ---- PRISMA ----


def prisma_expected(cubes, scales):
    """Join by hand: each cube ascending, slots without a band left out, DN to values."""
    vnir, swir = (cube.transpose(1, 0, 2).astype(float) for cube in cubes)
    outside = ~np.concatenate([vnir, swir]).any(axis=0)
    joined = []
    for cube, kept, (scale, offset) in zip(
        (vnir, swir), ([4, 3, 2, 1], [2, 1, 0]), scales, strict=True
    ):
        values = np.maximum(cube[kept], 1) * scale + offset
        values[:, outside] = np.nan
        joined.append(values)
    return np.concatenate(joined)


@pytest.mark.parametrize(("overlap", "missing"), [("vnir", {943.36}), ("swir", {962.28, 972.65})])
def test_where_prismas_detectors_overlap_the_bands_of_one_can_be_taken(tmp_path, overlap, missing):
    make_prisma(tmp_path / "a.he5")
    whole, part = (open_raster(tmp_path / "a.he5", overlap=o) for o in ("keep", overlap))
    gone = {round(nm, 2) for nm in set(whole.bands.wavelengths_nm) - set(part.bands.wavelengths_nm)}
    assert gone == missing


def test_prisma_l2d_joins_its_detectors_ascending(tmp_path):
    cubes = make_prisma(tmp_path / "a.he5")
    raster = open_raster(tmp_path / "a.he5")
    assert (raster.product, raster.driver, raster.dtype) == ("PRISMA L2D", "HDF5", "uint16")
    assert [b.name for b in raster.bands] == [
        "VNIR 5", "VNIR 4", "VNIR 3", "VNIR 2", "SWIR 3", "SWIR 2", "SWIR 1",
    ]  # fmt: skip
    centres = (406.99, 550.1, 962.28, 972.65, 943.36, 1649.5, 2497.12)
    assert raster.bands.wavelengths_nm == pytest.approx(centres, abs=1e-4)
    assert raster.bands.fwhm_nm == pytest.approx((12, 11, 13.2, 13.1, 14, 11.5, 9.1), abs=1e-4)
    expected = prisma_expected(cubes, [(0.9 / 65535, 0), (1.21 / 65535, -0.01)])
    expected[1, 7, 4] = np.nan  # invalid; its neighbour (8, 4) is saturated, a value
    assert np.allclose(read(raster), expected, rtol=1e-5, equal_nan=True)
    assert np.isnan(read(raster)[:, :2, :3]).all()
    assert np.isfinite(read(raster)[3, 5, 6])  # 0 in one band only: dark, not outside


def test_a_few_bands_tell_the_same_holes_as_all(tmp_path):
    make_prisma(tmp_path / "a.he5")
    raster = open_raster(tmp_path / "a.he5")
    everything = read(raster)
    for bands in ([3], [6, 0], [4, 5, 6], [0, 1, 2, 3, 4, 5, 6]):
        assert np.array_equal(read(raster, bands), everything[bands], equal_nan=True)
    part = read_window(raster, slice(4, 9), slice(2, 8), [3, 1])
    assert np.array_equal(part, everything[[3, 1], 4:9, 2:8], equal_nan=True)


@pytest.mark.parametrize("corners", ["centres", "corners"])
def test_prisma_l2d_is_not_half_a_pixel_off(tmp_path, corners):
    """Whatever its corner attributes mean: its first pixel's centre is where its Latitude says."""
    make_prisma(tmp_path / "a.he5", corners=corners)
    raster = open_raster(tmp_path / "a.he5")
    assert raster.transform @ (0.5, 0.5) == PRISMA_FIRST
    assert (raster.transform.a, raster.transform.e) == (30, -30)
    assert "32633" in raster.crs
    # ... and so does the last one, by GDAL's own coordinates
    with h5py.File(tmp_path / "a.he5") as file:
        geolocation = file["HDFEOS/SWATHS/PRS_L2D_HCO/Geolocation Fields"]
        lon, lat = (float(geolocation[name][-1, -1]) for name in ("Longitude", "Latitude"))
    ((x,), (y,)) = rasterio.warp.transform("EPSG:4326", raster.crs, [lon], [lat])
    centre = raster.transform @ (raster.cols - 0.5, raster.rows - 0.5)
    assert centre == pytest.approx((x, y), abs=1)  # float32 degrees are half a metre


@pytest.mark.parametrize("corners", ["centres", "corners"])
def test_without_geolocation_the_distance_of_the_corners_decides(tmp_path, corners):
    make_prisma(tmp_path / "a.he5", corners=corners)
    with h5py.File(tmp_path / "a.he5", "a") as file:
        del file["HDFEOS/SWATHS/PRS_L2D_HCO/Geolocation Fields"]
    assert open_raster(tmp_path / "a.he5").transform @ (0.5, 0.5) == PRISMA_FIRST


def test_prisma_l1_keeps_its_place_as_control_points(tmp_path):
    cubes = make_prisma(tmp_path / "a.he5", level="L1")
    raster = open_raster(tmp_path / "a.he5")
    assert (raster.product, raster.bands[0].unit) == ("PRISMA L1", "W m-2 sr-1 um-1")
    expected = prisma_expected(cubes, [(0.01, 0), (0.02, -2)])
    expected[1, 7, 4] = np.nan
    assert np.allclose(read(raster), expected, rtol=1e-5, equal_nan=True)
    assert not raster.has_transform
    assert 100 < len(raster.gcps) <= 144
    for row, col in ((0, 0), (11, 6), (19, 16)):
        x, y = place_of(raster.gcps, row, col)
        assert (x, y) == pytest.approx(
            (12.5 + 4e-4 * col - 1e-4 * row, 52.4 - 2.7e-4 * row - 6e-5 * col), abs=2e-6
        )


@pytest.mark.parametrize("level", ["L2B", "L2C"])
def test_the_control_points_survive_super_resolution(tmp_path, level):
    make_prisma(tmp_path / "a.he5", level=level)
    super_resolve(tmp_path / "a.he5", tmp_path / "b.tif", resolver=BicubicResolver(2))
    source, result = open_raster(tmp_path / "a.he5"), open_raster(tmp_path / "b.tif")
    assert source.product == f"PRISMA {level}"
    assert source.bands[0].unit == ("W m-2 sr-1 um-1" if level == "L2B" else None)
    assert result.bands.wavelengths_nm == source.bands.wavelengths_nm
    assert [b.scale for b in result.bands] == [b.scale for b in source.bands]
    fine = place_of(result.gcps, [20, 21, 20, 21], [10, 10, 11, 11])
    assert np.mean(fine, axis=1) == pytest.approx(place_of(source.gcps, 10, 5), abs=1e-7)


@pytest.mark.parametrize("level", ["L1", "L2C"])
def test_prisma_is_put_on_a_map_by_the_places_of_its_pixels(tmp_path, level):
    make_prisma(tmp_path / "a.he5", level=level)
    swath = open_raster(tmp_path / "a.he5")
    mapped = open_raster(tmp_path / "a.he5", orthorectify=True)
    assert (mapped.product, mapped.gcps) == (f"PRISMA {level}, orthorectified", ())
    assert mapped.bands == swath.bands
    pixels, plane = read(swath)[0], read(mapped)[0]
    rows, cols = np.nonzero(np.isfinite(plane))
    assert len(rows) > 250
    assert len(np.unique(pixels[np.isfinite(pixels)])) == np.isfinite(pixels).sum()
    row, col = np.argwhere(pixels == plane[rows, cols][:, None, None])[:, 1:].T
    lon, lat = 12.5 + 4e-4 * col - 1e-4 * row, 52.4 - 2.7e-4 * row - 6e-5 * col
    there = warp.transform("EPSG:4326", mapped.crs, lon, lat)
    x, y = mapped.transform @ (cols + 0.5, rows + 0.5)
    assert np.hypot(x - there[0], y - there[1]).max() < 25  # of pixels of 28 m
    cube = f'HDF5:"{tmp_path}/a.he5"://HDFEOS/SWATHS/PRS_{level}_HCO/Data_Fields/VNIR_Cube'
    assert open_raster(cube, orthorectify=True).product == mapped.product


# ---- EMIT ----


def test_emit_as_the_sensor_saw_it(tmp_path, caplog):
    cube, _, _ = make_emit(tmp_path / "a.nc")
    with caplog.at_level("INFO"):
        raster = open_raster(tmp_path / "a.nc")
    assert "--orthorectify puts it on its map grid" in caplog.text
    assert (raster.product, raster.shape) == ("EMIT L2A", (22, 18))
    expected = np.where(cube == -9999, np.nan, cube).transpose(2, 0, 1)
    assert np.array_equal(read(raster), expected, equal_nan=True)
    assert raster.bands.good_indices == (0, 1, 3, 4)
    assert raster.bands.wavelengths_nm[0] == 381.0056
    x, y = place_of(raster.gcps, 9, 4)
    assert x == pytest.approx(16.9 + 0.00054 * (0.87 * 4 + 0.5 * 9), abs=1e-6)
    assert y == pytest.approx(25.1 - 0.00054 * (0.87 * 9 - 0.5 * 4), abs=1e-6)


@pytest.mark.parametrize("chunks", [(8, 8, 2), (22, 18, 5), None])
def test_emit_orthorectified_takes_the_pixels_that_its_table_names(tmp_path, chunks):
    cube, glt_x, glt_y = make_emit(tmp_path / "a.nc", chunks=chunks or (1, 18, 5))
    raster = open_raster(tmp_path / "a.nc", orthorectify=True)
    assert raster.product == "EMIT L2A, orthorectified"
    assert (raster.shape, raster.transform, raster.gcps) == ((26, 26), EMIT_GRID, ())
    expected = np.full((5, 26, 26), np.nan, "f4")  # as emit-utils does it, all at once
    taken = (glt_x > 0) & (glt_y > 0)
    expected[:, taken] = cube[glt_y[taken] - 1, glt_x[taken] - 1].T
    expected[expected == -9999] = np.nan
    assert 0.3 < taken.mean() < 0.9
    assert np.array_equal(read(raster), expected, equal_nan=True)
    part = read_window(raster, slice(5, 19), slice(3, 22), [4, 0])
    assert np.array_equal(part, expected[[4, 0], 5:19, 3:22], equal_nan=True)
    corner = read_window(raster, slice(0, 2), slice(0, 2))
    assert np.isnan(corner).all()  # not one pixel of the swath there


def test_an_orthorectified_run_is_placed_like_its_grid(tmp_path):
    make_emit(tmp_path / "a.nc")
    raster = open_raster(tmp_path / "a.nc", orthorectify=True, drop_bad=True)
    super_resolve(raster, tmp_path / "b.tif", resolver=BicubicResolver(2), tile=8)
    result = open_raster(tmp_path / "b.tif")
    assert result.bounds == pytest.approx(raster.bounds)
    assert result.bands.wavelengths_nm == raster.bands.wavelengths_nm
    assert len(result.bands) == 4
    assert result.provenance["HSISR_SOURCE_PRODUCT"] == "EMIT L2A, orthorectified"


@pytest.mark.parametrize("name", ["NETCDF:{}:reflectance", 'NETCDF:"{}":/reflectance'])
@pytest.mark.parametrize("orthorectify", [False, True])
def test_the_subdataset_that_gdal_names_is_the_product(tmp_path, name, orthorectify):
    """GDAL takes the lines of the swath for bands; QGIS knows EMIT by this name only."""
    path = tmp_path / "emit.nc"
    make_emit(path)
    whole = open_raster(path, orthorectify=orthorectify)
    assert open_raster(name.format(path), orthorectify=orthorectify) == whole
    glt = open_raster(f"NETCDF:{path}:/location/glt_x")
    assert (len(glt.bands), glt.product) == (1, "")


def test_a_cube_of_prisma_or_neon_is_the_product(tmp_path):
    make_prisma(tmp_path / "prisma.he5")
    make_neon(tmp_path / "neon.h5")
    for path, cube in (
        (tmp_path / "prisma.he5", "HDFEOS/SWATHS/PRS_L2D_HCO/Data Fields/VNIR_Cube"),
        (tmp_path / "neon.h5", "HARV/Reflectance/Reflectance_Data"),
    ):
        assert open_raster(f'HDF5:"{path}"://{cube}') == open_raster(path)


def test_a_table_that_points_beyond_the_image(tmp_path):
    make_emit(tmp_path / "a.nc")
    with h5py.File(tmp_path / "a.nc", "a") as file:
        file["location/glt_y"][12, 12] = 23
    with pytest.raises(RasterError, match="points beyond the image"):
        read(open_raster(tmp_path / "a.nc", orthorectify=True))


def test_emit_without_spectra_names_what_to_give(tmp_path):
    make_emit(tmp_path / "a.nc", variable="mask")
    with pytest.raises(RasterError, match=r"has no spectra: give the reflectance \(EMIT_L2A_RFL"):
        open_raster(tmp_path / "a.nc")


def test_orthorectify_of_others_says_what_to_do(tmp_path, scenes):
    points = [GroundControlPoint(0, 0, 10, 50), GroundControlPoint(0, 9, 11, 50),
              GroundControlPoint(9, 0, 10, 49)]  # fmt: skip
    write(tmp_path / "a.tif", np.ones((2, 9, 9), "u1"), gcps=points, crs="EPSG:4326")
    with pytest.raises(OptionError, match="gdalwarp -tps"):
        open_raster(tmp_path / "a.tif", orthorectify=True)
    _, stem, _ = make_enmap(tmp_path / "enmap", level="L1B")
    with pytest.raises(OptionError, match="gdalwarp -rpc"):
        open_raster(f"{stem}-SPECTRAL_IMAGE_VNIR.TIF", orthorectify=True)
    with pytest.raises(OptionError, match="on a map grid already"):
        open_raster(scenes.tile, orthorectify=True)


# ---- NEON ----


def test_neon(tmp_path):
    cube = make_neon(tmp_path / "a.h5")
    raster = open_raster(tmp_path / "a.h5")
    assert raster.product == "NEON reflectance"
    assert raster.transform == Affine(1, 0, 726000, 0, -1, 4699000)
    assert "32618" in raster.crs
    assert raster.bands.wavelengths_nm == NEON_CENTRES
    assert raster.bands.good_indices == (0, 1, 5)  # NEON names its windows of water vapour
    expected = np.where(cube == -9999, np.nan, cube / 10000).transpose(2, 0, 1).astype("f4")
    assert np.allclose(read(raster), expected, rtol=1e-6, equal_nan=True)
    assert np.array_equal(read(raster, [5, 0]), read(raster)[[5, 0]], equal_nan=True)


def test_neon_radiance_is_named(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_group("HARV/Radiance")["RadianceIntegerPart"] = np.zeros((2, 2, 2))
    with pytest.raises(RasterError, match="NEON radiance"):
        open_raster(tmp_path / "a.h5")


# ---- all of them ----

MAKERS = {"prisma": make_prisma, "emit": make_emit, "neon": make_neon}


@pytest.mark.parametrize("name", MAKERS)
def test_windows_are_the_same_from_any_thread_and_after_pickling(tmp_path, name):
    MAKERS[name](tmp_path / "a.h5")
    raster = open_raster(tmp_path / "a.h5", orthorectify=name == "emit")
    copied = pickle.loads(pickle.dumps(raster))
    assert copied == raster
    everything = read(raster)
    windows = [(slice(r, r + 4), slice(c, c + 5)) for r in range(0, 8, 4) for c in range(0, 10, 5)]
    with ThreadPoolExecutor(4) as pool:
        parts = list(pool.map(lambda window: read_window(copied, *window), windows * 4))
    for window, part in zip(windows * 4, parts, strict=True):
        assert np.array_equal(part, everything[(slice(None), *window)], equal_nan=True)
    assert scan_scene(raster, [0, 1]).count > 0


@pytest.mark.parametrize("name", MAKERS)
def test_a_truncated_file(tmp_path, name):
    path = tmp_path / "a.h5"
    MAKERS[name](path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(RasterError, match=r"a\.h5: this HDF5 file is damaged: truncated"):
        open_raster(path)


@pytest.mark.parametrize(
    ("name", "gone"),
    [
        ("prisma", "HDFEOS/SWATHS/PRS_L2D_HCO/Data Fields/SWIR_Cube"),
        ("prisma", "HDFEOS/SWATHS"),
        ("emit", "location/lon"),
        ("emit", "location"),
        ("emit", "sensor_band_parameters"),
        ("emit", "sensor_band_parameters/wavelengths"),
        ("neon", "HARV/Reflectance/Reflectance_Data"),
        ("neon", "HARV/Reflectance/Metadata/Spectral_Data/Wavelength"),
    ],
)
def test_a_missing_dataset_is_named(tmp_path, name, gone):
    MAKERS[name](tmp_path / "a.h5")
    with h5py.File(tmp_path / "a.h5", "a") as file:
        del file[gone]
    with pytest.raises(RasterError, match=f"lacks {gone}(/[a-z]+)?: it is incomplete"):
        open_raster(tmp_path / "a.h5")


@pytest.mark.parametrize("gone", ["glt_x", "glt_y"])
def test_without_the_lookup_table_only_the_map_is_missing(tmp_path, gone):
    make_emit(tmp_path / "a.nc")
    with h5py.File(tmp_path / "a.nc", "a") as file:
        del file[f"location/{gone}"]
    assert open_raster(tmp_path / "a.nc").product == "EMIT L2A"
    with pytest.raises(RasterError, match=f"lacks location/{gone}: it is incomplete"):
        open_raster(tmp_path / "a.nc", orthorectify=True)


@pytest.mark.parametrize(
    ("name", "told"), [("NEON_D01.h5", "no bands; as a product of NEON"), ("a.h5", "no bands$")]
)
def test_a_file_without_any_of_its_groups_may_be_an_incomplete_product(tmp_path, name, told):
    make_neon(tmp_path / name)
    with h5py.File(tmp_path / name, "a") as file:
        del file["HARV"]
    with pytest.raises(RasterError, match=told):
        open_raster(tmp_path / name)


@pytest.mark.parametrize("attribute", ["List_Cw_Vnir", "L2ScaleSwirMax", "Epsg_Code"])
def test_a_missing_attribute_is_named(tmp_path, attribute):
    make_prisma(tmp_path / "a.he5")
    with h5py.File(tmp_path / "a.he5", "a") as file:
        del file.attrs[attribute]
    with pytest.raises(RasterError, match=f"lacks the attribute {attribute}"):
        open_raster(tmp_path / "a.he5")


def test_minerals_of_emit_are_no_spectra_and_not_incomplete(tmp_path):
    """Variables as daac_output_abundance.py of emit-sds-l2b writes them."""
    make_emit(tmp_path / "EMIT_L2B_MIN_001.nc")
    with h5py.File(tmp_path / "EMIT_L2B_MIN_001.nc", "a") as file:
        for name in ("group_1_band_depth", "group_2_band_depth"):
            file[name] = file["reflectance"][..., 0]
        del file["reflectance"], file["sensor_band_parameters"]
        file.attrs["title"] = "EMIT L2B Estimated Mineral Identification and Band Depth 60 m V001"
    with pytest.raises(RasterError, match=r"Mineral .* has no spectra: give the reflectance"):
        open_raster(tmp_path / "EMIT_L2B_MIN_001.nc")


def test_a_level_that_is_not_read_is_named(tmp_path):
    with h5py.File(tmp_path / "a.he5", "w") as file:
        file.create_group("HDFEOS/SWATHS/PRS_L1_PCO/Data Fields")
    with pytest.raises(RasterError, match="this file has PRS_L1_PCO"):
        open_raster(tmp_path / "a.he5")


def test_damage_that_shows_only_in_a_window(tmp_path):
    path = tmp_path / "a.he5"
    make_emit(path)
    content = bytearray(path.read_bytes())
    with h5py.File(path) as file:
        info = file["reflectance"].id.get_chunk_info(4)
    content[info.byte_offset : info.byte_offset + info.size] = bytes(info.size)
    path.write_bytes(content)
    with pytest.raises(RasterError, match=r"a\.he5: cannot read rows .*; damaged\?"):
        read(open_raster(path))


@pytest.mark.parametrize("name", MAKERS)
def test_chunks_that_do_not_suit_windows_are_unpacked_once(tmp_path, name, monkeypatch, caplog):
    """NEON since 2022: a whole band in each chunk (EnSpec/hytools #29), compressed."""
    MAKERS[name](tmp_path / "a.h5")
    expected = read(open_raster(tmp_path / "a.h5", orthorectify=name == "emit"))
    MAKERS[name](tmp_path / "b.h5")
    with h5py.File(tmp_path / "b.h5", "a") as file:
        for cube in ("HARV/Reflectance/Reflectance_Data", "reflectance",
                     "HDFEOS/SWATHS/PRS_L2D_HCO/Data Fields/VNIR_Cube"):  # fmt: skip
            if cube in file:
                pixels, items = file[cube][()], dict(file[cube].attrs)
                whole = (*pixels.shape[:2], 1) if name != "prisma" else pixels.shape
                del file[cube]
                file.create_dataset(cube, data=pixels, chunks=whole, compression="gzip")
                file[cube].attrs.update(items)
    monkeypatch.setattr("hsisr_geo.raster.products.unpack.MOST_AT_ONCE", 400)
    raster = open_raster(tmp_path / "b.h5", orthorectify=name == "emit")
    with caplog.at_level("INFO"), ThreadPoolExecutor(3) as pool:
        windows = [(slice(i, i + 4), slice(2, 9)) for i in range(8)]
        parts = list(pool.map(lambda window: read_window(raster, *window, [3, 1]), windows))
    for window, part in zip(windows, parts, strict=True):
        assert np.array_equal(part, expected[[3, 1]][(slice(None), *window)], equal_nan=True)
    assert caplog.text.count("do not suit windows: unpacked once") == 1
    monkeypatch.setattr("hsisr_geo.raster.products.unpack.shutil.disk_usage", lambda _: NoRoom)
    monkeypatch.setattr("hsisr_geo.raster.products.unpack._UNPACKED", {})
    assert np.array_equal(read(raster), expected, equal_nan=True)
    assert "no room to unpack it" in caplog.text


class NoRoom:
    free = 0


def test_memory_follows_the_window_and_not_the_scene(tmp_path):
    """A strip of rows of the map touches many chunks: they are read one at a time."""
    import tracemalloc

    make_emit(tmp_path / "a.nc", rows=600, cols=500, bands=20, chunks=(64, 64, 20))
    with h5py.File(tmp_path / "a.nc", "a") as file:
        row, col = np.mgrid[:600, :500]
        del file["location/glt_x"], file["location/glt_y"]
        file["location/glt_x"] = ((col + row) % 500 + 1).astype("i4")
        file["location/glt_y"] = ((row + col) % 600 + 1).astype("i4")
    raster = open_raster(tmp_path / "a.nc", orthorectify=True)
    tracemalloc.start()
    strip = read_window(raster, slice(100, 104), slice(0, 500))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    chunk = 64 * 64 * 20 * 4
    assert peak < 6 * strip.nbytes + 4 * chunk
    expected = numbered(20, 600, 500, "f4") / 10000
    assert np.allclose(strip[:, 2, 5], expected[:, (102 + 5) % 600, (102 + 5) % 500])


@pytest.mark.parametrize(
    ("make", "name", "gone"),
    [
        (make_neon, "a.h5", "HARV/Reflectance/Metadata/Spectral_Data/FWHM"),
        (make_emit, "a.nc", "sensor_band_parameters/fwhm"),
        (make_prisma, "a.he5", "@List_Fwhm_Vnir"),
    ],
)
def test_a_product_without_widths_is_read_without(tmp_path, make, name, gone):
    make(tmp_path / name)
    whole = open_raster(tmp_path / name)
    with h5py.File(tmp_path / name, "a") as file:
        if gone.startswith("@"):
            del file.attrs[gone[1:]]
        else:
            del file[gone]
    raster = open_raster(tmp_path / name)
    assert raster.bands[0].fwhm_nm is None
    assert raster.bands.wavelengths_nm == whole.bands.wavelengths_nm


def compressed_by_what_nobody_has(path, name):
    """Have a dataset say that it went through zstd, which h5py does not bring."""
    with h5py.File(path, "r+") as file:
        old, scales = file[name][...], [list(axis.values()) for axis in file[name].dims]
        attributes = {k: v for k, v in file[name].attrs.items() if k in ("units", "_FillValue")}
        del file[name]
        made = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        made.set_chunk(old.shape)
        made.set_filter(32015, h5py.h5z.FLAG_OPTIONAL, (3,))
        kind, space = h5py.h5t.py_create(old.dtype), h5py.h5s.create_simple(old.shape)
        dataset = h5py.h5d.create(file.id, name.encode(), kind, space, made)
        dataset.write_direct_chunk((0,) * old.ndim, old.tobytes()[::2])
        file[name].attrs.update(attributes)
        for axis, scale in zip(file[name].dims, scales, strict=True):
            for one in scale:
                axis.attach_scale(one)
    return path


def test_a_compression_that_hdf5_does_not_know_here_is_told_by_its_name(tmp_path):
    make_emit(tmp_path / "emit.nc")
    cube = xr.DataArray(np.ones((4, 9, 8), "f4"), dims=("wavelength", "y", "x"), name="r")
    cube.to_dataset().to_netcdf(tmp_path / "cf.nc", engine="h5netcdf")
    for file, name in (("emit.nc", "reflectance"), ("cf.nc", "r")):
        path = compressed_by_what_nobody_has(tmp_path / file, name)
        with pytest.raises(RasterError, match=r"compressed with zstd, which .*hdf5plugin.*GZIP"):
            read_window(open_raster(path), slice(0, 4), slice(0, 4))
