"""Arrays that anyone can write: nothing wraps, nothing lands on nodata, bands stay."""

import numpy as np
import pytest
import rasterio
import rioxarray  # registers .rio
import xarray as xr
from affine import Affine

import hsisr_geo.xarray as hx
from hsisr_geo import HsisrError
from hsisr_geo.raster.open import open_raster


@pytest.fixture
def scene(tmp_path):
    dn = np.full((4, 40, 40), 20, np.uint16)
    dn[:, :, 20:] = 3000
    dn[:, 5, 5] = 65535
    path = tmp_path / "w.tif"
    with rasterio.open(
        path, "w", driver="GTiff", count=4, height=40, width=40, dtype="uint16", nodata=65535,
        crs="EPSG:32632", transform=Affine(30, 0, 5e5, 0, -30, 53e5),
    ) as d:  # fmt: skip
        d.write(dn)
        d.scales = [1e-4] * 4
        for band in range(1, 5):
            d.update_tags(band, wavelength=str(400 + 100 * band), wavelength_units="nm", fwhm="9")
            d.set_band_description(band, f"B{band}")
    return path


def fine_of(scene):
    # Without the default range bicubic undershoots to -0.019 here.
    anything = (-np.inf, np.inf)
    array = hx.open_dataarray(scene)
    return array.hsisr.super_resolve(upscale=2, model="bicubic", valid_range=anything)


@pytest.mark.filterwarnings("ignore:Use `@`:PendingDeprecationWarning")  # rioxarray
def test_nothing_wraps_whoever_writes(scene, tmp_path):
    fine = fine_of(scene)
    assert float(fine.min()) == 0
    top = float(fine.max())
    fine.rio.to_raster(tmp_path / "o.tif")
    with rasterio.open(tmp_path / "o.tif") as d:
        dn = d.read()
    assert dn[dn != 65535].max() == round(top * 1e4)
    assert (dn == 65535).sum() == 4 * 4
    dataset = fine.to_dataset(name="r")
    dataset.to_netcdf(tmp_path / "o.nc", engine="h5netcdf")
    with xr.open_dataset(tmp_path / "o.nc", engine="h5netcdf") as back:
        assert float(back.r.max()) == pytest.approx(top, abs=5.1e-5)
        assert int(np.isnan(back.r).sum()) == 4 * 4


def test_no_value_becomes_nodata_by_rounding():
    dn = np.full((2, 12, 12), 50, np.uint8)
    dn[:, :, 6:] = 250
    attrs = {"_FillValue": np.uint8(255)}
    array = xr.DataArray(dn, dims=("band", "y", "x"), attrs=attrs)
    fine = array.hsisr.super_resolve(upscale=4, model="bicubic")
    assert 254 <= float(fine.max()) < 254.5


def test_to_raster_keeps_what_is_known_of_bands(scene, tmp_path):
    hx.to_raster(fine_of(scene), tmp_path / "o.tif")
    raster, source = open_raster(tmp_path / "o.tif"), open_raster(scene)
    assert raster.bands.wavelengths_nm == source.bands.wavelengths_nm == (500, 600, 700, 800)
    assert raster.bands.fwhm_nm == source.bands.fwhm_nm
    assert [band.name for band in raster.bands] == ["B1", "B2", "B3", "B4"]
    assert raster.transform == source.upscaled(2).transform
    assert (raster.dtype, raster.bands.nodata) == ("uint16", 65535)
    assert raster.bands[0].scale == 1e-4
    assert raster.provenance["HSISR_MODEL"] == "bicubic"


def test_a_result_is_no_scene(scene):
    with pytest.raises(HsisrError, match="again=True"):
        fine_of(scene).hsisr.super_resolve(upscale=2, model="bicubic")


@pytest.mark.parametrize(("dtype", "number"), [("f4", -3.3e38), ("f8", 1e300)])
@pytest.mark.parametrize("chunks", [None, {"y": 10}])
def test_values_that_float32_has_no_room_for_are_refused(dtype, number, chunks):
    cube = np.random.default_rng(0).random((3, 20, 24)).astype(dtype)
    cube[1, 3:6, 3:9] = number
    places = {"y": 5e6 - 30.0 * np.arange(20), "x": 4e5 + 30.0 * np.arange(24)}
    array = xr.DataArray(cube, dims=("band", "y", "x"), coords=places)
    array = array if chunks is None else array.chunk(chunks)
    with pytest.raises(HsisrError, match=r"array holds .*float32 has room for.*_FillValue"):
        array.hsisr.super_resolve(upscale=2, model="bicubic").compute()
    filled = array.assign_attrs(_FillValue=cube[1, 3, 3])
    fine = filled.hsisr.super_resolve(upscale=2, model="bicubic")
    assert np.isnan(fine).sum() == 4 * 18


@pytest.fixture
def swath(tmp_path):
    """Write a swath of 24 x 20 pixels with the place of each; its bands have wavelengths."""
    row, col = np.mgrid[:24, :20]
    dims = ("downtrack", "crosstrack")
    xr.Dataset(
        {"radiance": (("wavelength", *dims), np.random.default_rng(0).random((3, 24, 20)))},
        {
            "wavelength": ("wavelength", [450.0, 550.0, 650.0], {"units": "nm"}),
            "latitude": (dims, 50 - 0.001 * row + 0.0002 * col),
            "longitude": (dims, 10 + 0.001 * col + 0.0002 * row),
        },
    ).to_netcdf(tmp_path / "swath.nc", engine="h5netcdf")
    return tmp_path / "swath.nc"


def told_by(gcp):
    """Where the centre of a pixel lies, by the rule of the swath and of a finer grid."""
    row, col = gcp.row / 2 - 0.5, gcp.col / 2 - 0.5
    return 10 + 0.001 * col + 0.0002 * row, 50 - 0.001 * row + 0.0002 * col


def test_to_raster_keeps_the_place_of_a_swath(swath, tmp_path):
    """As control points of the file, or by the places of pixels that xarray shows."""
    ours = hx.open_dataarray(swath)
    with xr.open_dataset(swath, engine="h5netcdf") as theirs:
        arrays = (ours, theirs.load().radiance)
    for number, array in enumerate(arrays):
        fine = array.hsisr.super_resolve(upscale=2, model="bicubic")
        hx.to_raster(fine, tmp_path / f"{number}.tif")
        found = open_raster(tmp_path / f"{number}.tif")
        assert (len(found.gcps), found.crs) == (144, None)
        assert "WGS 84" in found.gcp_crs
        for point in found.gcps:
            assert (point.x, point.y) == pytest.approx(told_by(point), abs=1e-9)


def test_a_part_of_a_swath_lies_where_it_lay(swath, tmp_path):
    with xr.open_dataset(swath, engine="h5netcdf") as theirs:
        part = theirs.load().radiance.isel(downtrack=slice(10, 20), crosstrack=slice(5, 15))
    hx.to_raster(part, tmp_path / "part.tif")
    first = open_raster(tmp_path / "part.tif").gcps[0]
    assert (first.row, first.col) == (0.5, 0.5)
    assert (first.x, first.y) == pytest.approx((10.007, 49.991))


@pytest.fixture
def gains(tmp_path):
    """Bands of 0.2 and 20, stored by two scales."""
    path = tmp_path / "gains.tif"
    with rasterio.open(
        path, "w", driver="GTiff", count=4, height=12, width=12, dtype="int16", nodata=-32768,
        crs="EPSG:32632", transform=Affine(30, 0, 5e5, 0, -30, 53e5),
    ) as d:  # fmt: skip
        d.write(np.full((4, 12, 12), 2000, np.int16))
        d.scales = [1e-4] * 2 + [1e-2] * 2
    return path


@pytest.mark.filterwarnings("ignore:Use `@`:PendingDeprecationWarning")  # rioxarray
@pytest.mark.filterwarnings("ignore:Scales differ:UserWarning")  # rioxarray
@pytest.mark.parametrize("options", [{}, {"masked": True}, {"mask_and_scale": True}])
def test_bands_of_different_scales_keep_their_values_whoever_writes(gains, tmp_path, options):
    # rioxarray 0.23.0 scales each band, and on writing rounds what it has scaled: 0.2 becomes 0.
    array = rioxarray.open_rasterio(gains, **options)
    fine = array.hsisr.super_resolve(upscale=2, model="bicubic")
    fine.rio.to_raster(tmp_path / "rio.tif")
    hx.to_raster(fine, tmp_path / "ours.tif")
    hx.to_raster(array, tmp_path / "same.tif")
    for name in ("rio.tif", "ours.tif", "same.tif"):
        values = hx.open_dataarray(tmp_path / name)
        assert values.mean(("y", "x")).values == pytest.approx([0.2, 0.2, 20, 20], rel=1e-3), name
    with rasterio.open(tmp_path / "same.tif") as d:
        assert (d.scales, d.nodata, d.dtypes[0]) == ((1e-4, 1e-4, 1e-2, 1e-2), -32768, "int16")


@pytest.mark.filterwarnings("ignore:Use `@`:PendingDeprecationWarning")  # rioxarray
def test_stored_numbers_are_written_with_what_they_mean(scene, tmp_path):
    hx.to_raster(rioxarray.open_rasterio(scene), tmp_path / "o.tif")
    with rasterio.open(scene) as before, rasterio.open(tmp_path / "o.tif") as after:
        assert np.array_equal(before.read(), after.read())
        assert (after.scales, after.nodata, after.dtypes) == (before.scales, 65535, before.dtypes)
