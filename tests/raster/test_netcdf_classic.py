"""netCDF before version 4 says what netCDF-4 of that content says; lines stay in order."""

import h5py
import numpy as np
import pytest
import xarray as xr
from commands import bicubic
from rasterio import warp

from hsisr_geo.errors import RasterError
from hsisr_geo.raster.facts.description import description
from hsisr_geo.raster.open import open_raster
from hsisr_geo.raster.read import read_window

ROWS, COLS = 24, 20
CUBE = np.random.default_rng(0).random((3, ROWS, COLS)).astype("f4")
WAVES = {"wavelength": ("wavelength", [450.5, 550.5, 650.5], {"units": "nm"})}
DOWN = np.mgrid[0:ROWS, 0:COLS] * 0.001
SWATH = {
    "latitude": (("downtrack", "crosstrack"), 50 - DOWN[0]),
    "longitude": (("downtrack", "crosstrack"), 10 + DOWN[1]),
}


def axis(name, values, **attributes):
    return {name: (name, values, attributes)}


def scene(dims, cube=CUBE, **coords):
    return xr.Dataset({"radiance": (dims, cube)}, {**WAVES, **coords})


UTM = {"standard_name": "projection_x_coordinate"}, {"standard_name": "projection_y_coordinate"}
EASTINGS = axis("x", 366000.0 + 30 * np.arange(COLS), **UTM[0])
NORTHINGS = 5808000.0 - 30 * np.arange(ROWS)
DEGREES = axis("lon", 10 + 0.001 * np.arange(COLS), units="degrees_east")
SCENES = {
    "no place": scene(("wavelength", "downtrack", "crosstrack")),
    "bands last": scene(("y", "x", "wavelength"), CUBE.transpose(1, 2, 0)),
    "swath": scene(("wavelength", "downtrack", "crosstrack"), **SWATH),
    "north to south": scene(("wavelength", "y", "x"), **EASTINGS, **axis("y", NORTHINGS, **UTM[1])),
    "south to north": scene(
        ("wavelength", "y", "x"), **EASTINGS, **axis("y", NORTHINGS[::-1], **UTM[1])
    ),
    "degrees": scene(
        ("lat", "lon", "wavelength"), CUBE.transpose(1, 2, 0), **DEGREES,
        **axis("lat", 50 + 0.001 * np.arange(ROWS), units="degrees_north"),
    ),
    "a variable for each band": xr.Dataset(
        {f"rhos_{nm}": (("y", "x"), plane) for nm, plane in zip((443, 560, 665), CUBE, strict=True)}
    ),
}  # fmt: skip


def read(path, **options):
    raster = open_raster(path, **options)
    return read_window(raster, slice(0, raster.rows), slice(0, raster.cols))


@pytest.mark.parametrize("name", SCENES)
def test_a_scene_is_the_same_in_every_version(tmp_path, name):
    version = ("NETCDF3_CLASSIC", "NETCDF3_64BIT")[list(SCENES).index(name) % 2]
    SCENES[name].to_netcdf(tmp_path / "4.nc", engine="h5netcdf")
    SCENES[name].to_netcdf(tmp_path / "3.nc", engine="scipy", format=version)
    for old in (tmp_path / "3.nc", f"NETCDF:{tmp_path}/3.nc:radiance"):
        if "radiance" in SCENES[name] or old == tmp_path / "3.nc":
            assert description(open_raster(old)) == description(open_raster(tmp_path / "4.nc"))
    turned = name in ("south to north", "degrees")
    for path in (tmp_path / "3.nc", tmp_path / "4.nc"):
        assert (read(path) == (CUBE[:, ::-1] if turned else CUBE)).all()


def test_64_bit_data_are_refused_with_what_makes_a_raster_of_them(tmp_path):
    (tmp_path / "a.nc").write_bytes(b"CDF\x05" + bytes(64))
    with pytest.raises(RasterError, match=r"a\.nc is netCDF of 64-bit data.* nccopy -k nc4"):
        open_raster(tmp_path / "a.nc")


def test_one_variable_in_records_is_not_padded(tmp_path):
    cube = (CUBE[:, :, :3] * 9000).astype("i2")
    data = xr.Dataset({"radiance": (("wavelength", "y", "x"), cube)})
    data.to_netcdf(tmp_path / "a.nc", engine="scipy", unlimited_dims=["wavelength"])
    assert (read(tmp_path / "a.nc") == cube).all()


@pytest.mark.parametrize("length", [40, 300, -1])
def test_a_file_that_was_cut_short_is_refused(tmp_path, length):
    SCENES["swath"].to_netcdf(tmp_path / "whole.nc", engine="scipy")
    (tmp_path / "a.nc").write_bytes((tmp_path / "whole.nc").read_bytes()[:length])
    with pytest.raises(RasterError, match=r"a\.nc.*(damaged|truncated)"):
        open_raster(tmp_path / "a.nc")


@pytest.mark.parametrize("engine", ["scipy", "h5netcdf"])
@pytest.mark.parametrize("dims", [("u", "v"), ("p", "u", "v")])
def test_lines_of_what_gdal_reads_stay_in_order_too(tmp_path, engine, dims):
    cube = CUBE if len(dims) == 3 else CUBE[0]
    data = xr.Dataset({"height": (dims, cube)})
    data.to_netcdf(tmp_path / "a.nc", engine=engine)
    assert open_raster(tmp_path / "a.nc").product == ""
    assert (read(tmp_path / "a.nc") == cube).all()


def test_where_nothing_was_written_are_holes(tmp_path):
    """netCDF's own library fills with this number, and declares it in HDF5 only."""
    fill = np.float32(9.969209968386869e36)
    cube = CUBE.copy()
    cube[:, 4:9, 2:5] = fill
    dims = ("wavelength", "downtrack", "crosstrack")
    plain = {"_FillValue": None}
    scene(dims, cube).to_netcdf(tmp_path / "3.nc", engine="scipy", encoding={"radiance": plain})
    with h5py.File(tmp_path / "4.h5", "w") as file:
        made = file.create_dataset("radiance", data=cube, fillvalue=fill)
        for i, (name, size) in enumerate(zip(dims, cube.shape, strict=True)):
            file[name] = np.zeros(size, "f4")
            file[name].make_scale(
                f"This is a netCDF dimension but not a netCDF variable.{size:10d}"
            )
            made.dims[i].attach_scale(file[name])
    for name in ("3.nc", "4.h5"):
        assert (np.isnan(read(tmp_path / name)) == (cube == fill)).all()


def test_a_swath_comes_out_right_way_up_with_its_place(tmp_path):
    SCENES["swath"].to_netcdf(tmp_path / "a.nc", engine="scipy")
    bicubic(tmp_path / "a.nc", tmp_path / "fine.tif")
    fine = open_raster(tmp_path / "fine.tif")
    means = read(tmp_path / "fine.tif").reshape(3, ROWS, 2, COLS, 2).mean(axis=(2, 4))
    assert abs(means - CUBE).mean() < 0.1 < abs(means[:, ::-1] - CUBE).mean()
    assert (fine.gcps[0].row, fine.gcps[0].col) == (1, 1)
    assert (fine.gcps[0].x, fine.gcps[0].y) == pytest.approx((10, 50))


@pytest.mark.parametrize("container", ["3.nc", "4.nc", "a.zarr"])
def test_a_swath_is_put_on_a_map_by_the_places_of_its_pixels(tmp_path, container):
    """Latitudes are packed, as in many products: whole numbers, a scale and an offset."""
    row, col = np.mgrid[0:ROWS, 0:COLS].astype(float)
    lon, lat = 10 + 0.001 * col + 0.0003 * row, 50 - 0.001 * row + 0.0002 * col
    packed = {
        "latitude": {"dtype": "i4", "scale_factor": 1e-7, "add_offset": 45.0, "_FillValue": -1}
    }
    data = scene(
        ("wavelength", *(dims := ("downtrack", "crosstrack"))), latitude=(dims, lat),
        longitude=(dims, lon),
    )  # fmt: skip
    path = tmp_path / container
    if container == "a.zarr":
        pytest.importorskip("zarr")
        data.to_zarr(path, encoding=packed, consolidated=False)
    else:
        data.to_netcdf(
            path, engine={"3.nc": "scipy", "4.nc": "h5netcdf"}[container], encoding=packed
        )
    swath = open_raster(path)
    assert (swath.gcps[-1].x, swath.gcps[-1].y) == pytest.approx((lon[-1, -1], lat[-1, -1]))
    mapped = open_raster(path, orthorectify=True)
    assert mapped.product == "CF cube 'radiance', orthorectified"
    assert "UTM zone 32N" in mapped.crs
    plane = read(path, orthorectify=True)[0]
    rows, cols = np.nonzero(np.isfinite(plane))
    found = np.argwhere(CUBE[0] == plane[rows, cols][:, None, None])[:, 1:].T
    x, y = mapped.transform @ (cols + 0.5, rows + 0.5)
    there = warp.transform("EPSG:4326", mapped.crs, lon[tuple(found)], lat[tuple(found)])
    assert len(rows) > 300
    assert np.hypot(x - there[0], y - there[1]).max() < 0.75 * 111
