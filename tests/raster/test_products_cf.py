"""CF cubes in netCDF-4 and Zarr, written by xarray and rioxarray, held against what these read."""

import warnings

import numpy as np
import pytest
import rasterio
import xarray as xr

from hsisr_geo.api import super_resolve
from hsisr_geo.errors import RasterError
from hsisr_geo.raster.open import open_raster
from hsisr_geo.raster.read import read_window
from hsisr_geo.resolver.interpolation import BicubicResolver

rioxarray = pytest.importorskip("rioxarray")
# rioxarray 0.19 multiplies transforms as affine 2 did.
pytestmark = pytest.mark.filterwarnings("ignore:Use `@` matmul:PendingDeprecationWarning")

WAVELENGTHS = [450.25, 550.5, 1650.0]
ORDERS = [
    ("wavelength", "y", "x"), ("y", "x", "wavelength"), ("y", "wavelength", "x"),
    ("x", "y", "wavelength"),
]  # fmt: skip


def made(order=ORDERS[0], *, south_up=False):
    """A reflectance cube as a notebook has it: labelled axes, a CRS, packed when written."""
    values = (np.arange(3 * 6 * 5).reshape(3, 6, 5) / 100).astype("f4")
    values[:, 2, 3] = np.nan
    y = 5000.0 - 30 * np.arange(6)
    cube = xr.DataArray(
        values,
        dims=("wavelength", "y", "x"),
        coords={
            "wavelength": ("wavelength", WAVELENGTHS, {"units": "nm"}),
            "fwhm": ("wavelength", [8.0, 9.0, 11.5], {"units": "nm"}),
            "good_wavelengths": ("wavelength", np.array([1, 0, 1], "i1")),
            "y": ("y", y, {"standard_name": "projection_y_coordinate", "units": "m"}),
            "x": ("x", 700.0 + 30 * np.arange(5), {"standard_name": "projection_x_coordinate"}),
        },
        name="reflectance",
    )
    if south_up:
        cube = cube.isel(y=slice(None, None, -1))
    return cube.transpose(*order).rio.write_crs("EPSG:32633")


def write(cube, path, **encoding):
    dataset = cube.to_dataset()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # zarr's about formats to come
        if path.suffix == ".zarr":
            dataset.to_zarr(path, encoding={"reflectance": encoding}, zarr_format=2)
        else:
            dataset.to_netcdf(path, engine="h5netcdf", encoding={"reflectance": encoding})
    return path


def read(raster, bands=None):
    return read_window(raster, slice(0, raster.rows), slice(0, raster.cols), bands)


@pytest.mark.parametrize("suffix", [".nc", ".zarr"])
@pytest.mark.parametrize("order", ORDERS, ids="-".join)
def test_axes_in_any_order_are_the_same_raster(tmp_path, suffix, order):
    if suffix == ".zarr":
        pytest.importorskip("zarr")
    cube = made(order)
    path = write(cube, tmp_path / f"a{suffix}", _FillValue=np.float32(-9999))
    raster = open_raster(path)
    assert raster.product == "CF cube 'reflectance'"
    expected = made().values
    assert np.array_equal(read(raster), expected, equal_nan=True)
    assert np.array_equal(read(raster, [2, 0]), expected[[2, 0]], equal_nan=True)
    window = read_window(raster, slice(1, 4), slice(2, 5), [1])
    assert np.array_equal(window, expected[[1], 1:4, 2:5], equal_nan=True)
    assert raster.transform == made().rio.transform()  # rioxarray's, from the same coordinates
    assert rasterio.CRS.from_wkt(raster.crs) == made().rio.crs
    assert list(raster.bands.wavelengths_nm) == WAVELENGTHS
    assert raster.bands.fwhm_nm == (8, 9, 11.5)
    assert raster.bands.good_indices == (0, 2)


def test_packed_values_keep_their_packing(tmp_path):
    packing = {"dtype": "int16", "scale_factor": 1e-4, "add_offset": 0.1, "_FillValue": -32768}
    path = write(made(ORDERS[1]), tmp_path / "a.nc", **packing)
    raster = open_raster(path)
    assert raster.dtype == "int16"
    assert {(b.scale, b.offset, b.nodata) for b in raster.bands} == {(1e-4, 0.1, -32768)}
    with xr.open_dataset(path, engine="h5netcdf") as theirs:
        values = theirs["reflectance"].transpose(*ORDERS[0]).values
    assert np.allclose(read(raster), values, atol=1e-6, equal_nan=True)
    super_resolve(path, tmp_path / "b.tif", resolver=BicubicResolver(2))
    result = open_raster(tmp_path / "b.tif")
    assert [(b.scale, b.offset, b.nodata) for b in result.bands] == [(1e-4, 0.1, -32768)] * 3
    assert result.bounds == raster.bounds


def test_positions_are_those_of_gdal_also_south_up(tmp_path):
    for south_up in (False, True):
        path = write(made(south_up=south_up), tmp_path / f"{south_up}.nc")
        ours = open_raster(path)
        with rasterio.open(f"NETCDF:{path}:reflectance") as theirs:
            assert ours.transform.almost_equals(theirs.transform)  # north up
            assert np.array_equal(read(ours), theirs.read(masked=False), equal_nan=True)
        x, y = ours.transform @ (1.5, 0.5)
        cube = made(south_up=south_up)
        assert (x, y) == (float(cube.x[1]), float(cube.y[-1 if south_up else 0]))


def test_longitude_and_latitude_are_wgs_84_without_being_told(tmp_path):
    cube = made().drop_vars("spatial_ref").rename(x="lon", y="lat")
    cube["lon"] = ("lon", 12 + 0.01 * np.arange(5), {"standard_name": "longitude"})
    cube["lat"] = ("lat", 52 - 0.01 * np.arange(6), {"standard_name": "latitude"})
    raster = open_raster(write(cube, tmp_path / "a.nc"))
    assert rasterio.CRS.from_wkt(raster.crs).to_epsg() == 4326
    assert raster.transform @ (0.5, 0.5) == pytest.approx((12, 52))


def test_a_swath_keeps_its_place_as_control_points(tmp_path):
    cube = made().drop_vars(["x", "y", "spatial_ref"])
    row, col = np.mgrid[:6, :5].astype(float)
    cube = cube.assign_coords(
        lon=(("y", "x"), 12 + 0.01 * col + 0.002 * row, {"standard_name": "longitude"}),
        lat=(("y", "x"), 52 - 0.01 * row, {"standard_name": "latitude"}),
    )
    raster = open_raster(write(cube, tmp_path / "a.nc"))
    assert not raster.has_transform
    points = {(p.row, p.col): (p.x, p.y) for p in raster.gcps}
    assert len(points) == 30
    assert points[3.5, 2.5] == pytest.approx((12.026, 51.97))


@pytest.mark.parametrize("x", [[0, 30, 60, 95, 120], [np.nan, 30, 60, 90, 120]])
def test_uneven_coordinates_are_refused(tmp_path, x):
    cube = made()
    cube["x"] = ("x", np.array(x, float), cube.x.attrs)
    with pytest.raises(RasterError, match="x are not evenly spaced"):
        open_raster(write(cube, tmp_path / "a.nc"))


def test_two_cubes_of_one_size(tmp_path):
    dataset = made().to_dataset()
    dataset["radiance"] = dataset["reflectance"] * 2
    dataset.to_netcdf(tmp_path / "a.nc", engine="h5netcdf")
    with pytest.raises(RasterError, match=r"several cubes of one size \(reflectance, radiance\)"):
        open_raster(tmp_path / "a.nc")
    one = f'NETCDF:"{tmp_path / "a.nc"}":radiance'
    super_resolve(one, tmp_path / "b.tif", resolver=BicubicResolver(2))
    said = open_raster(tmp_path / "b.tif").provenance
    assert (said["HSISR_SOURCE"], said["HSISR_SOURCE_PRODUCT"]) == ("a.nc", "CF cube 'radiance'")


def test_a_store_without_a_cube(tmp_path):
    pytest.importorskip("zarr")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        xr.Dataset().to_zarr(tmp_path / "a.zarr", zarr_format=2)
    with pytest.raises(RasterError, match=r"holds no cube.*as xarray"):
        open_raster(tmp_path / "a.zarr")


def test_a_store_without_the_package_zarr_is_gdals(tmp_path, monkeypatch):
    """GDAL reads a cube whose bands come first; of others the message says what to install."""
    pytest.importorskip("zarr")
    path = write(made(), tmp_path / "a.zarr")
    monkeypatch.setattr(
        "hsisr_geo.raster.products.cf.describe.importlib.util.find_spec", lambda name: None
    )
    assert open_raster(path).driver == "Zarr"
    (tmp_path / "b.zarr").mkdir()
    (tmp_path / "b.zarr" / ".zgroup").write_text('{"zarr_format": 2}')
    with pytest.raises(RasterError, match=r"install hsisr-geo\[zarr\]"):
        open_raster(tmp_path / "b.zarr")
