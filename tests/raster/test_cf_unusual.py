"""netCDF, HDF5 and Zarr as people have them: axes, wavelengths and places that CF does not tell."""

import warnings

import h5py
import numpy as np
import pytest
import rasterio
import xarray as xr
from affine import Affine
from commands import bicubic, call, write

from hsisr_geo.errors import RasterError
from hsisr_geo.raster.open import open_raster
from hsisr_geo.raster.read import read_window

CENTRES = [402.1, 450.5, 500.2, 550.9, 600.4, 700.7, 850.3, 990.6]
PLACE = {"y": 5808000 - 30.0 * np.arange(24), "x": 366000 + 30.0 * np.arange(20)}
CUBE = np.random.default_rng(0).random((24, 20, 8)).astype("f4")  # row, col, band


def netcdf(array, path):
    array.to_netcdf(path, engine="h5netcdf")
    return path


def read(path):
    raster = open_raster(path)
    return read_window(raster, slice(0, raster.rows), slice(0, raster.cols))


def centres(path):
    return [band.wavelength_nm for band in open_raster(path).bands]


@pytest.mark.parametrize(
    ("dims", "shape"),
    [
        (("time", "y", "x", "wavelength"), (1, 24, 20, 8)),
        (("y", "x", "wavelength", "time"), (24, 20, 8, 1)),
        (("y", "x", "time", "wavelength"), (24, 20, 1, 8)),
        (("downtrack", "crosstrack", "wavelength"), (24, 20, 8)),
        (("number_of_lines", "pixels_per_line", "wavelength_3d"), (24, 20, 8)),
        (("lines", "samples", "bands"), (24, 20, 8)),
        (("a", "b", "spectral"), (24, 20, 8)),
        (("time", "z", "b", "band"), (1, 24, 20, 8)),
    ],
)
def test_bands_may_be_last(tmp_path, dims, shape):
    if "z" in dims:
        dims = ("time", "scan", "pixel", "band")
    path = netcdf(xr.DataArray(CUBE.reshape(shape), dims=dims, name="r"), tmp_path / "a.nc")
    assert (read(path) == CUBE.transpose(2, 0, 1)).all()


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1)])
def test_axes_without_names_are_told_by_their_lengths_and_this_is_said(tmp_path, order):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["cube"] = CUBE.transpose(order)
    for name in (tmp_path / "a.h5", f'HDF5:"{tmp_path}/a.h5"://cube'):
        assert (read(name) == CUBE.transpose(2, 0, 1)).all()
        assert "have no names" in open_raster(name).notes[0]
    assert "have no names" in call("info", tmp_path / "a.h5").stdout


@pytest.mark.parametrize("shape", [(24, 20, 22), (20, 8, 24), (9, 10, 200)])
def test_axes_that_nothing_tells_apart_are_refused(tmp_path, shape):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["cube"] = np.ones(shape, "f4")
    with pytest.raises(RasterError, match=r"axes of cube .* have no names.*to_netcdf"):
        open_raster(tmp_path / "a.h5")


def test_the_number_of_wavelengths_tells_axes_apart(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["cube"] = np.arange(22 * 24 * 20, dtype="f4").reshape(24, 20, 22)
        file["wavelengths"] = np.linspace(400, 1000, 22)
    assert read(tmp_path / "a.h5").shape == (22, 24, 20)
    assert centres(tmp_path / "a.h5")[0] == 400


def test_a_level_2_file_of_pace(tmp_path):
    path = tmp_path / "pace.nc"
    sizes = {"number_of_lines": 24, "pixels_per_line": 20, "wavelength_3d": 8}
    stored = (CUBE * 9000).astype("i2")
    with h5py.File(path, "w") as file:
        for name, size in sizes.items():
            file.create_dataset(name, data=np.zeros(size, "f4")).make_scale(
                f"This is a netCDF dimension but not a netCDF variable.{size:10d}"
            )
        rrs = file.create_dataset("geophysical_data/Rrs", data=stored)
        rrs.attrs.update(scale_factor=np.float32(2e-6), _FillValue=np.int16(-32767))
        for i, name in enumerate(sizes):
            rrs.dims[i].attach_scale(file[name])
        y, x = np.mgrid[0:24, 0:20]
        file["navigation_data/latitude"] = (50 - 0.01 * y).astype("f4")
        file["navigation_data/longitude"] = (10 + 0.01 * x).astype("f4")
        file["sensor_band_parameters/wavelength_3d"] = np.linspace(346, 719, 8)
    for name in (path, f'NETCDF:"{path}":/geophysical_data/Rrs'):
        raster = open_raster(name)
        assert (len(raster.bands), raster.rows, raster.cols) == (8, 24, 20)
        assert raster.bands[0].wavelength_nm == pytest.approx(346)
        assert raster.bands[7].scale == pytest.approx(2e-6)
        assert len(raster.gcps) == 144
        assert raster.gcps[0].y == pytest.approx(50)


def test_a_swath_of_tanager(tmp_path):
    path = tmp_path / "basic.h5"
    with h5py.File(path, "w") as file:
        cube = file.create_dataset(
            "HDFEOS/SWATHS/HYP/Data Fields/toa_radiance", data=CUBE.transpose(2, 0, 1)
        )
        good = np.ones(8, "i4")
        good[2] = 0
        cube.attrs.update(
            wavelengths=np.linspace(380, 2500, 8), fwhm=np.full(8, 5.0), good_wavelengths=good,
            _FillValue=np.float32(-9999),
        )  # fmt: skip
        y, x = np.mgrid[0:24, 0:20]
        file["HDFEOS/SWATHS/HYP/Geolocation Fields/Latitude"] = 25 - 0.0003 * y
        file["HDFEOS/SWATHS/HYP/Geolocation Fields/Longitude"] = 17 + 0.0003 * x
    raster = open_raster(path)
    assert (read(path) == CUBE.transpose(2, 0, 1)).all()
    assert raster.bands.wavelengths_nm == pytest.approx(np.linspace(380, 2500, 8))
    assert raster.bands.fwhm_nm == (5.0,) * 8
    assert raster.bands.good_indices == (0, 1, 3, 4, 5, 6, 7)
    assert raster.bands.nodata == -9999
    assert len(raster.gcps) == 144


@pytest.mark.parametrize(
    ("prefix", "known"),
    [("rhos_{}", CENTRES), ("Rrs_{}nm", CENTRES), ("B{}", CENTRES), ("B{:02d}", None)],
)
@pytest.mark.parametrize("time", [False, True])
def test_a_variable_for_each_band(tmp_path, prefix, known, time):
    """As ACOLITE and openEO write."""
    numbers = range(1, 9) if known is None else [round(nm) for nm in CENTRES]
    names = [prefix.format(n) for n in numbers]
    dims = ("t", "y", "x") if time else ("y", "x")
    planes = {
        name: (dims, CUBE[..., i][None] if time else CUBE[..., i]) for i, name in enumerate(names)
    }
    path = tmp_path / "a.nc"
    xr.Dataset({**planes, "flags": (("y", "x"), np.ones((24, 20), "u1"))}, PLACE).to_netcdf(
        path, engine="h5netcdf"
    )
    raster = open_raster(path)
    assert (read(path) == CUBE.transpose(2, 0, 1)).all()
    assert [band.name for band in raster.bands] == names
    assert raster.transform.c == 365985
    assert any("taken as 8 bands; flags" in note for note in raster.notes)
    if known:
        assert centres(path) == [round(nm) for nm in CENTRES]
    bicubic(path, tmp_path / "o.tif")


CF_NAME = "sensor_band_central_radiation_wavelength"


def cube_along(dim, **more):
    return xr.DataArray(
        CUBE.transpose(2, 0, 1), dims=(dim, "y", "x"), name="r", coords={**PLACE, **more}
    )


@pytest.mark.parametrize(
    "array",
    [
        cube_along("band", band=CENTRES),
        cube_along("wavelength", wavelength=("wavelength", CENTRES, {"units": "Wavelength [nm]"})),
        cube_along("wavelength", wavelength=[f"{nm} nm" for nm in CENTRES]),
        cube_along("spectral", center_wavelengths=("spectral", CENTRES)),
        cube_along("band", band=range(1, 9)).assign_attrs(
            wavelength=CENTRES, wavelength_units="nm"
        ),
        cube_along("wl", wl=("wl", np.array(CENTRES) / 1e3, {"units": "um"})),
        cube_along("wl", wl=("wl", np.array(CENTRES) / 1e3, {"units": "nm"})),
        cube_along("c", radiation_wavelength=("c", np.array(CENTRES) * 1e-9, {"units": "m"})),
        cube_along("c", centres=("c", CENTRES, {"units": "nm", "standard_name": CF_NAME})),
    ],
)  # fmt: skip
def test_wavelengths_wherever_xarray_keeps_them(tmp_path, array):
    assert centres(netcdf(array, tmp_path / "a.nc")) == pytest.approx(CENTRES)


@pytest.mark.parametrize(("name", "unit"), [("wavelength", "cm-1"), ("wavenumber", "")])
def test_wavenumbers_are_wavelengths(tmp_path, name, unit):
    numbers = 1e7 / np.array(CENTRES)
    coords = {name: (name, numbers, {"units": unit}), "fwhm": (name, 0.001 * numbers)}
    array = xr.DataArray(CUBE, dims=("y", "x", name), coords=PLACE | coords, name="r")
    bands = open_raster(netcdf(array, tmp_path / "a.nc")).bands
    assert bands.wavelengths_nm == pytest.approx(CENTRES)
    assert bands.fwhm_nm == pytest.approx([0.001 * nm for nm in CENTRES], rel=1e-5)


def test_numbers_of_bands_are_no_wavelengths(tmp_path):
    assert centres(netcdf(cube_along("band", band=range(1, 9)), tmp_path / "a.nc")) == [None] * 8


def test_an_attribute_of_another_length_is_said(tmp_path):
    array = cube_along("band").assign_attrs(wavelengths=CENTRES[:5])
    assert "8 bands" in open_raster(netcdf(array, tmp_path / "a.nc")).notes[0]


LAEA = {
    "grid_mapping_name": "lambert_azimuthal_equal_area", "latitude_of_projection_origin": 52.0,
    "longitude_of_projection_origin": 10.0, "false_easting": 4321000.0,
    "false_northing": 3210000.0, "semi_major_axis": 6378137.0, "inverse_flattening": 298.257222101,
}  # fmt: skip


@pytest.mark.parametrize(("unit", "metres"), [("m", 1.0), ("km", 1000.0), ("meter", 1.0)])
def test_a_grid_mapping_of_attributes_only(tmp_path, unit, metres):
    """EPSG:3035 without WKT, also with kilometres along its axes: the place is GDAL's."""
    array = cube_along("wavelength").assign_coords(
        crs=((), 0, LAEA),
        x=("x", (4321000 + 30.0 * np.arange(20)) / metres,
           {"units": unit, "standard_name": "projection_x_coordinate"}),
        y=("y", (3210000 - 30.0 * np.arange(24)) / metres,
           {"units": unit, "standard_name": "projection_y_coordinate"}),
    ).assign_attrs(grid_mapping="crs")  # fmt: skip
    path = netcdf(array, tmp_path / "a.nc")
    raster = open_raster(path)
    with rasterio.open(path) as theirs:
        assert tuple(raster.transform) == pytest.approx(tuple(theirs.transform), abs=1e-3)
        ours = rasterio.CRS.from_wkt(raster.crs)
        assert ours.to_dict()["proj"] == theirs.crs.to_dict()["proj"] == "laea"
    assert raster.transform.a == pytest.approx(30)
    assert raster.crs


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("spatial_epsg", np.int32(3413)), ("epsg_code", "EPSG:3413"),
        ("srid", "urn:ogc:def:crs:EPSG::3413"),
        ("proj4text", "+proj=stere +lat_0=90 +lat_ts=70 +lon_0=-45 +datum=WGS84 +units=m"),
    ],
)  # fmt: skip
def test_a_grid_mapping_that_names_its_crs_in_other_words(tmp_path, key, value):
    """As files of NSIDC have it (polar stereographic north, EPSG:3413)."""
    array = xr.DataArray(CUBE, dims=("y", "x", "wavelength"), coords=PLACE, name="r")
    dataset = array.to_dataset()
    dataset["crs"] = ((), 0, {key: value})
    dataset["r"].attrs["grid_mapping"] = "crs"
    crs = rasterio.crs.CRS.from_wkt(open_raster(netcdf(dataset, tmp_path / "a.nc")).crs)
    told = crs.to_dict()
    assert (told["proj"], told["lat_ts"], told["lon_0"]) == ("stere", 70, -45)


@pytest.mark.parametrize("first", [180.01, 200, 359.9, 360, 370])
@pytest.mark.parametrize("form", ["nc", "zarr"])
def test_a_grid_from_0_to_360_is_written_where_it_lies(tmp_path, first, form):
    """GDAL and we read it west of Greenwich; over Greenwich it goes on beyond 360."""
    src, dst = tmp_path / "a.tif", tmp_path / f"b.{form}"
    write(
        src, CUBE.transpose(2, 0, 1), crs="EPSG:4326", transform=Affine(0.01, 0, first, 0, -0.01, 9)
    )
    bicubic(src, dst)
    transform = open_raster(dst).transform
    assert transform.c == pytest.approx(first - 360)
    assert transform.a == pytest.approx(0.005)


@pytest.mark.parametrize(
    ("first", "west"),
    [(350.0, -10.0), (190.0, -170.0), (179.96, 179.96), (-10.0, -10.0), (-180.0, -180.0)],
)
@pytest.mark.parametrize("swath", [False, True])
def test_longitudes_from_0_to_360_lie_where_gdal_puts_them(tmp_path, first, west, swath):
    """East of 180 a place is as far west of Greenwich; across it a scene goes on to 181."""
    lon, lat = first + 0.01 * np.arange(20), 50 - 0.01 * np.arange(24)
    lon = np.where(lon > 180, lon - 360, lon) if first == 179.96 else lon
    places = {"lat": ("lat", lat), "lon": ("lon", lon)}
    dims = ["lat", "lon"]
    if swath:
        dims = ["row", "col"]
        shape = lat.size, lon.size
        places = {"lat": (dims, np.broadcast_to(lat[:, None], shape)),
                  "lon": (dims, np.broadcast_to(lon, shape))}  # fmt: skip
    array = xr.DataArray(CUBE, dims=(*dims, "wavelength"), coords=places, name="r")
    array["lon"].attrs = {"units": "degrees_east", "standard_name": "longitude"}
    array["lat"].attrs = {"units": "degrees_north", "standard_name": "latitude"}
    raster = open_raster(netcdf(array, tmp_path / "a.nc"))
    left = raster.gcps[0].x if swath else raster.bounds[0] + 0.005
    right = max(point.x for point in raster.gcps) if swath else raster.bounds[2] - 0.005
    assert (left, right) == pytest.approx((west, west + 0.19))


def test_a_grid_of_the_whole_globe_begins_where_it_does(tmp_path):
    for first in (-180, 0):
        lon, lat = first + 18.0 * np.arange(20) + 9, 85 - 7.0 * np.arange(24)
        array = xr.DataArray(CUBE, dims=("lat", "lon", "wavelength"), name="r",
                             coords={"lat": lat, "lon": lon})  # fmt: skip
        array["lon"].attrs["units"] = "degrees_east"
        assert open_raster(netcdf(array, tmp_path / f"{first}.nc")).bounds[0] == first


@pytest.mark.parametrize("first", [0, 0.5, 1])
@pytest.mark.parametrize("placed", [True, False])
def test_coordinates_that_only_count_pixels_are_no_place(tmp_path, first, placed):
    """What emit_tools (NASA, EMIT-Data-Resources) writes with ortho=False counts lines from 0, and
    rioxarray counts 0.5, 1.5, ...: read as northings they turned the scene upside down."""
    row, col = np.mgrid[:24, :20]
    coords = {"downtrack": np.arange(24) + first, "crosstrack": np.arange(20) + first}
    if placed:
        dims = ("downtrack", "crosstrack")
        coords |= {"lon": (dims, 17 + 0.0005 * col), "lat": (dims, 25 - 0.0005 * row)}
    dims = ("downtrack", "crosstrack", "wavelengths")
    path = netcdf(xr.DataArray(CUBE, dims=dims, coords=coords, name="r"), tmp_path / "a.nc")
    raster = open_raster(path)
    assert (read(path) == CUBE.transpose(2, 0, 1)).all()
    assert not raster.has_transform
    assert bool(raster.gcps) == placed
    for point in raster.gcps:
        x, y = 17 + 0.0005 * (point.col - 0.5), 25 - 0.0005 * (point.row - 0.5)
        assert (point.x, point.y) == pytest.approx((x, y))


def test_packed_places_are_exact_and_those_of_no_value_are_left_out(tmp_path):
    """In 32-bit integers beside a float32 scale, of which xarray makes float32: 1.7 m at 178 E."""
    row, col = np.mgrid[:24, :20]
    places = {"lon": 178 + 1e-5 * col + 1e-5 * row, "lat": 10 - 1e-5 * row}
    coords = {}
    for name, degrees in places.items():
        stored = np.rint(degrees * 1e7).astype("i4")
        stored[0, 0], stored[-1, -1] = -9999, -2147483648
        attributes = {"scale_factor": np.float32(1e-7), "standard_name": f"{name}gitude"}
        attributes |= {"missing_value": np.int32(-9999), "_FillValue": np.int32(-2147483648)}
        coords[name] = (("row", "col"), stored, attributes)
    coords["lat"][2]["standard_name"] = "latitude"
    array = xr.DataArray(CUBE, dims=("row", "col", "wavelength"), coords=coords, name="r")
    points = open_raster(netcdf(array, tmp_path / "a.nc")).gcps
    corners = {(0.5, 0.5), (23.5, 19.5)}
    assert not corners & {(point.row, point.col) for point in points}
    scale = float(np.float32(1e-7)) / 1e-7
    for point in points:
        expected = 178 + 1e-5 * (point.col - 0.5) + 1e-5 * (point.row - 0.5)
        assert point.x == pytest.approx(expected * scale, abs=1e-8)


def test_a_grid_mapping_that_is_not_understood_is_said(tmp_path):
    array = cube_along("wavelength").assign_coords(crs=((), 0, {"grid_mapping_name": "odd"}))
    path = netcdf(array.assign_attrs(grid_mapping="crs"), tmp_path / "a.nc")
    assert "odd is not understood" in open_raster(path).notes[0]


def test_a_crs_whose_text_is_not_ascii(tmp_path):
    text = rasterio.CRS.from_epsg(32632).to_wkt()
    text = text.replace("WGS 84 / UTM zone 32N", "UTM 6°E to 12°E", 1)
    path = netcdf(cube_along("wavelength").assign_attrs(grid_mapping="crs"), tmp_path / "a.nc")
    with h5py.File(path, "a") as file:
        raw = np.array(text.encode())
        kind = h5py.h5t.TypeID.copy(h5py.h5t.C_S1)
        kind.set_size(raw.dtype.itemsize)
        kind.set_cset(h5py.h5t.CSET_ASCII)
        crs = file.create_dataset("crs", data=np.int32(0))
        space = h5py.h5s.create(h5py.h5s.SCALAR)
        h5py.h5a.create(crs.id, b"crs_wkt", kind, space).write(raw)
    raster = open_raster(path)
    assert "6°E" in raster.crs
    assert raster.transform.a == 30


@pytest.mark.parametrize(("dims", "packed"), [(3, False), (3, True), (2, False)])
@pytest.mark.parametrize("fill", [None, -1])
def test_what_is_outside_the_valid_range_is_missing(tmp_path, dims, fill, packed):
    stored = np.random.default_rng(0).integers(200, 2900, (4, 24, 20)).astype("i2")
    stored[:, 10:13, 10:13] = 3500
    told = {"valid_range": np.array([100, 3000], "i2"), "_FillValue": fill}
    if packed:
        told |= {"scale_factor": 0.5, "valid_range": np.array([50.0, 1500.0])}
    with h5py.File(tmp_path / "a.nc", "w") as file:
        for name, values in {"w": np.arange(4.0), **PLACE}.items():
            file.create_dataset(name, data=values).make_scale(name)
            kinds = {"x": "projection_x_coordinate", "y": "projection_y_coordinate"}
            file[name].attrs["standard_name"] = kinds.get(name, "")
        cube = file.create_dataset("r", data=stored if dims == 3 else stored[0])
        cube.attrs.update({key: value for key, value in told.items() if value is not None})
        for axis, name in enumerate("wyx"[-dims:]):
            cube.dims[axis].attach_scale(file[name])
    found = np.isnan(read(tmp_path / "a.nc"))
    assert found[:, 10:13, 10:13].all()
    assert found.sum() == 9 * len(found)
    assert open_raster(tmp_path / "a.nc").bands.nodata == (-32768 if fill is None else fill)


def test_unsigned_numbers_in_a_signed_type(tmp_path):
    stored = np.full((3, 6, 5), 200, "u1")
    array = xr.DataArray(stored.view("i1"), dims=("band", "y", "x"), name="r")
    path = netcdf(array.assign_attrs(_Unsigned="true"), tmp_path / "a.nc")
    assert (read(path) == 200).all()


@pytest.mark.parametrize("named", [True, False])
def test_a_zarr_array_without_a_group_is_read_as_gdal_does(tmp_path, named):
    zarr = pytest.importorskip("zarr")
    cube = CUBE.transpose(2, 0, 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        array = zarr.open_array(
            tmp_path / "a.zarr", mode="w", shape=cube.shape, dtype="f4", zarr_format=2
        )
        array[:] = cube
    assert (read(tmp_path / "a.zarr") == cube).all()


def test_no_library_speaks_on_stderr(tmp_path):
    """xarray's about coordinates, rasterio's about places, GDAL's about anything."""
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["cube"] = CUBE
    assert call("info", tmp_path / "a.h5").stderr == ""


@pytest.mark.parametrize(
    ("filled", "attributes", "nodata"),
    [
        (-9999, {}, -9999),  # as GDAL takes it; zarr 3.1 and xarray 2026.9 leave it at that
        (-9999, {"_FillValue": -1}, -1),
        (0, {}, None),  # what every array of version 3 has that says nothing
    ],
)
def test_holes_of_a_zarr_3_array_are_what_it_is_filled_with(tmp_path, filled, attributes, nodata):
    zarr = pytest.importorskip("zarr", minversion="3.1")
    array = zarr.create_group(tmp_path / "a.zarr", zarr_format=3).create_array(
        "cube",
        shape=(8, 24, 20),
        dtype="i2",
        fill_value=filled,
        dimension_names=("wavelength", "y", "x"),
        attributes=attributes,
    )
    array[:] = 7
    assert open_raster(tmp_path / "a.zarr").bands[0].nodata == nodata


@pytest.mark.parametrize("scheme", ["NETCDF", "netcdf", "HDF5", "hdf5"])
def test_a_swath_is_the_same_by_whichever_name_and_not_upside_down(tmp_path, scheme):
    """GDAL 3.10's netCDF turns it, its HDF5 takes lines for bands; rasterio has small letters."""
    swath = xr.DataArray(CUBE, dims=("downtrack", "crosstrack", "bands"), name="reflectance")
    path = netcdf(swath, tmp_path / "a.nc")
    inside = "//reflectance" if scheme.upper() == "HDF5" else "reflectance"
    assert (read(f'{scheme}:"{path}":{inside}') == CUBE.transpose(2, 0, 1)).all()


@pytest.fixture
def two_cubes(tmp_path):
    """A Zarr 3 store of two cubes, as xarray writes it, which GDAL 3.12 takes 0 for a hole in."""
    pytest.importorskip("zarr", minversion="3.1")
    numbers = np.full((8, 24, 20), 7.0)
    numbers[:, 0, 0] = np.nan
    cubes = {
        name: (("wavelength", "y", "x"), numbers + more) for name, more in (("a", 0), ("b", 5))
    }
    made = xr.Dataset(cubes, {"wavelength": ("wavelength", CENTRES, {"units": "nm"}), **PLACE})
    packed = {name: {"dtype": "int16", "_FillValue": -32768} for name in cubes}
    path = tmp_path / "a.zarr"
    made.to_zarr(path, encoding=packed, zarr_format=3, consolidated=False)
    made.to_zarr(path, group="inner", encoding=packed, zarr_format=3, consolidated=False)
    return path


@pytest.mark.parametrize(
    "name", ['ZARR:"{}":/b', 'zarr:"{}":/b', "ZARR:{}:/b", 'ZARR:"{}":/inner/b']
)
def test_an_array_of_a_zarr_store_has_its_holes_by_the_name_that_gdal_gives_it(two_cubes, name):
    told = open_raster(name.format(two_cubes))
    assert (told.bands[0].nodata, centres(name.format(two_cubes))) == (-32768, CENTRES)
    holes = np.isnan(read(name.format(two_cubes)))
    assert holes[:, 0, 0].all()
    assert holes.sum() == 8


def test_a_zarr_store_of_several_cubes_says_how_to_name_one(two_cubes):
    with pytest.raises(RasterError, match=r'ZARR:"(.+)":/[ab]$') as told:
        open_raster(two_cubes)
    assert len(open_raster(str(told.value).rpartition("e.g. ")[2]).bands) == 8


@pytest.mark.parametrize("version", [2, 3])
def test_the_cube_of_a_tree_of_groups_is_found_in_zarr_as_in_netcdf(tmp_path, version):
    zarr = pytest.importorskip("zarr", minversion="3.1")
    cube = xr.DataArray(CUBE, dims=("y", "x", "wavelength"), name="r").to_dataset()
    path = tmp_path / "a.zarr"
    zarr.create_group(path, zarr_format=version, attributes={"title": "a scene"})
    options = {"zarr_format": version, "consolidated": False}
    cube.isel(wavelength=0).to_zarr(path, group="quality", **options)
    cube.to_zarr(path, group="measurements/r30m", **options)
    zarr.open_group(path, mode="a").create_array("odd/one", shape=(3, 4), dtype="u1")  # no names
    assert (read(path) == CUBE.transpose(2, 0, 1)).all()
    bicubic(path, tmp_path / "b.tif")
    with rasterio.open(tmp_path / "b.tif") as made:
        assert (made.count, made.shape) == (8, (48, 40))


@pytest.mark.parametrize("name", ["t", "time"])
def test_a_cube_is_dated_by_its_dimension_and_info_says_which(tmp_path, name):
    """As openEO and the Open Data Cube write."""
    when = np.array(["2022-07-24T10:24:02"], "datetime64[ns]")
    cube = xr.DataArray(
        CUBE.transpose(2, 0, 1)[None], dims=(name, "bands", "y", "x"), name="r",
        coords={**PLACE, name: when},
    )  # fmt: skip
    cube.to_netcdf(tmp_path / "a.nc", engine="h5netcdf")
    told = call("info", tmp_path / "a.nc").stdout
    assert f"2022-07-24T10:24:02Z (by dimension_{name})" in told
