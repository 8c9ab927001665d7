"""netCDF and Zarr as GDAL, rioxarray, odc-stac and stackstac leave them, by CF or without."""

import numpy as np
import pytest
import rasterio
import xarray as xr
from affine import Affine
from commands import bicubic
from pyproj import CRS as ProjCRS
from rasterio.crs import CRS

from hsisr_geo.errors import RasterError
from hsisr_geo.raster.facts.origin import origin_of
from hsisr_geo.raster.open import open_raster
from hsisr_geo.raster.read import read_window
from hsisr_geo.raster.scenes import find_scenes

CENTRES = [402.1, 450.5, 500.2, 550.9]
UTM = CRS.from_epsg(32633)
PLACE = Affine(30, 0, 366000, 0, -30, 5808000)
AXES = {"y": 5807985 - 30.0 * np.arange(12), "x": 366015 + 30.0 * np.arange(10)}
PIXELS = np.arange(480, dtype="i2").reshape(4, 12, 10)


def cube(coords=AXES, **attributes):
    return xr.DataArray(PIXELS, coords, ("band", "y", "x"), "cube", attributes)


def stored(data, path):
    if path.suffix == ".zarr":
        data.to_dataset().to_zarr(path, zarr_format=2, consolidated=False)
    else:
        data.to_netcdf(path, engine="h5netcdf")
    return open_raster(path)


def test_each_variable_tells_of_its_own_band(tmp_path):
    """As GDAL writes bands into netCDF, and SNAP."""
    told = [
        {"wavelength": nm, "wavelength_units": "nm", "fwhm": 6.5 + i, "bbl": int(i != 2)}
        for i, nm in enumerate(CENTRES)
    ]
    snaps = [{"radiation_wavelength": nm / 1e3, "radiation_wavelength_unit": "um",
              "bandwidth": (6.5 + i) / 1e3} for i, nm in enumerate(CENTRES)]  # fmt: skip
    for number, each in enumerate((told, snaps)):
        planes = {f"Band{i + 1}": (("y", "x"), PIXELS[i], each[i]) for i in range(4)}
        path = tmp_path / f"{number}.nc"
        xr.Dataset(planes, AXES).to_netcdf(path, engine="h5netcdf")
        bands = open_raster(path).bands
        assert [b.wavelength_nm for b in bands] == CENTRES
        assert [b.fwhm_nm for b in bands] == [6.5, 7.5, 8.5, 9.5]
        assert [b.good for b in bands] == [True, True, number == 1, True]


def test_the_first_bands_tags_among_the_attributes_hide_no_coordinate(tmp_path):
    """rioxarray.open_rasterio leaves tags of the first band on the array."""
    along = {"wavelength": ("band", CENTRES), "full_width_half_max": ("band", [6.0, 7, 8, 9]),
             "good": ("band", [1, 1, 0, 1])}  # fmt: skip
    left = {"wavelength": 402.1, "fwhm": 6.0, "bbl": 1, "long_name": ["a", "b", "c", "d"]}
    bands = stored(cube({**AXES, **along}, **left), tmp_path / "a.nc").bands
    assert [(b.wavelength_nm, b.fwhm_nm, b.good) for b in bands] == [
        (402.1, 6, True), (450.5, 7, True), (500.2, 8, False), (550.9, 9, True)
    ]  # fmt: skip
    assert [b.name for b in bands] == left["long_name"]


def test_a_hole_may_be_told_by_nodata_beside_a_fill_of_nan(tmp_path):
    """odc-stac tells `nodata`; xarray gives every float NaN for its fill."""
    data = cube(nodata=-9999.0).astype("f4")
    assert stored(data, tmp_path / "a.nc").bands.nodata == -9999
    with xr.open_dataset(tmp_path / "a.nc") as written:
        assert np.isnan(written.cube.encoding["_FillValue"])


WAYS = {
    "_CRS of GDAL": (AXES, {"_CRS": {"wkt": UTM.to_wkt()}}),
    "projjson of it": (AXES, {"_CRS": {"projjson": ProjCRS(32633).to_json_dict()}}),
    "address of it": (AXES, {"_CRS": {"url": "http://www.opengis.net/def/crs/EPSG/0/32633"}}),
    "GeoZarr": ({}, {"proj:code": "EPSG:32633", "spatial:transform": list(PLACE)[:6]}),
    "GeoZarr, of centres": (
        {},
        {
            "proj:wkt2": UTM.to_wkt(),
            "spatial:transform": list(PLACE @ Affine.translation(0.5, 0.5))[:6],
            "spatial:registration": "node",
        },
    ),
    "older xarray": ({}, {"crs": "+init=epsg:32633", "transform": list(PLACE)[:6]}),
    "stackstac": ({**AXES, "epsg": 32633}, {}),
}


@pytest.mark.parametrize("way", WAYS)
def test_the_place_without_a_grid_mapping(tmp_path, way):
    coords, attributes = WAYS[way]
    raster = stored(cube(coords, **attributes), tmp_path / "a.zarr")
    assert raster.transform == PLACE
    assert CRS.from_wkt(raster.crs) == UTM


def test_rioxarrays_geotransform_places_a_cube_without_coordinates(tmp_path):
    turned = Affine(30, 5, 366000, 5, -30, 5808000)
    mapping = {"crs_wkt": UTM.to_wkt(), "GeoTransform": " ".join(map(str, turned.to_gdal()))}
    data = cube({"spatial_ref": ((), 0, mapping)}, grid_mapping="spatial_ref")
    raster = stored(data, tmp_path / "a.nc")
    assert raster.transform == turned
    with rasterio.open(f'NETCDF:"{tmp_path}/a.nc":cube') as by_gdal:
        assert by_gdal.transform == turned


def test_coordinates_that_count_are_no_degrees_though_a_crs_is_told(tmp_path):
    """emit_tools writes a swath so, with the map grid's CRS."""
    count = {"y": np.arange(12.0), "x": np.arange(10.0)}
    raster = stored(cube(count, spatial_ref=CRS.from_epsg(4326).to_wkt()), tmp_path / "a.nc")
    assert not raster.has_transform
    assert raster.crs is None


def test_coordinates_in_pixels_are_no_place(tmp_path):
    """OpenHSI writes bands, columns, rows, each with units; read as northings they turned it."""
    units = {"units": "pixels"}
    coords = {"x": ("x", np.arange(10), units), "y": ("y", np.arange(12), units)}
    swath = cube(coords).transpose("band", "x", "y").isel(x=slice(4, None))
    raster = stored(swath, tmp_path / "a.nc")
    assert not raster.has_transform
    rows, cols = slice(0, raster.rows), slice(0, raster.cols)
    assert (read_window(raster, rows, cols) == PIXELS[:, :, 4:]).all()


def test_coordinates_spread_over_corners_are_those_of_the_geotransform(tmp_path):
    """hypercoast spreads NEON's so, and leaves `transform`; pixels came out a ninth too wide."""
    coords = {"y": np.linspace(5808000, 5807640, 12), "x": np.linspace(366000, 366300, 10)}
    raster = stored(cube(coords, crs="EPSG:32633", transform=tuple(PLACE)[:6]), tmp_path / "a.nc")
    assert raster.transform == PLACE
    assert any("from corner to corner" in note for note in raster.notes)


def test_a_range_after_a_wavelength_hides_it_not(tmp_path):
    """As satpy writes the wavelength of a variable into netCDF."""
    told = [f"{nm / 1e3} µm ({nm / 1e3 - 0.01}-{nm / 1e3 + 0.01} µm)" for nm in CENTRES]
    planes = {f"ch{i}": (("y", "x"), PIXELS[i], {"wavelength": told[i]}) for i in range(4)}
    xr.Dataset(planes, AXES).to_netcdf(tmp_path / "a.nc", engine="h5netcdf")
    assert open_raster(tmp_path / "a.nc").bands.wavelengths_nm == tuple(CENTRES)


@pytest.mark.parametrize("part", [slice(None), slice(2, None)])
@pytest.mark.parametrize("centred", [False, True])
def test_coordinates_are_of_corners_where_the_geotransform_says_so(tmp_path, part, centred):
    """emit_tools of 2023 put them there, later into the centres. stackstac leaves `transform`."""
    shift = 0.5 if centred else 0.0
    x, y = 366000 + 30 * (np.arange(10) + shift), 5808000 - 30 * (np.arange(12) + shift)
    coords = {"y": y, "x": x}
    first = part.start or 0
    for number, told in enumerate(
        ({"geotransform": list(PLACE.to_gdal())}, {"transform": tuple(PLACE)[:9]})
    ):
        whole = cube(coords, crs="EPSG:32633").to_dataset().assign_attrs(told)
        path = tmp_path / f"{number}.nc"
        whole.isel(x=part, y=part).to_netcdf(path, engine="h5netcdf")
        raster = open_raster(path)
        assert raster.transform == PLACE @ Affine.translation(first, first)
        assert any("of pixels' corners" in note for note in raster.notes) is not centred


@pytest.mark.parametrize("told", ["2024-06-01T10:20:30Z", "2024-06-01"])
def test_the_only_time_of_a_cube_is_when_it_was_taken(tmp_path, told):
    """odc-stac and stackstac have it as a coordinate, of a scene or of a day."""
    when = np.datetime64(told.removesuffix("Z"), "ns")
    one = cube().expand_dims(time=[when])
    found = origin_of(stored(one, tmp_path / "a.nc")).acquired
    day = ("2024-06-01T00:00:00Z", "2024-06-01T23:59:59Z")
    assert str(found) == ("/".join(day) if len(told) == 10 else told)
    assert origin_of(stored(cube(), tmp_path / "c.nc")).acquired is None


def as_acolite_writes(path, families, *, mapped=True):
    """A variable for each band and quantity (acolite/output/nc_write.py), named by wavelength."""
    centres, widths = (442.7, 551.2, 2201.4), (9.9, 10.1, 12.3)
    row, col = np.mgrid[:6, :8]
    dims = ("y", "x")
    planes = {"lon": (dims, 13 + 4e-4 * col), "lat": (dims, 52.4 - 3e-4 * row),
              "sza": (dims, np.full((6, 8), 40.0))}  # fmt: skip
    for base, (family, count) in enumerate(families.items()):
        for i, (nm, width) in enumerate(zip(centres[:count], widths, strict=False)):
            told = {"wavelength": nm, "wave_mu": nm / 1e3, "width": width, "units": "1"}
            pixels = (100.0 * base + 10 * i + row + col / 10).astype("f4")
            planes[f"{family}_{nm:.0f}"] = (dims, pixels, told)
    place = {"x": 366015.0 + 30 * np.arange(8), "y": 5808985.0 - 30 * np.arange(6)}
    made = xr.Dataset(planes, place if mapped else {})
    made.attrs = {"generated_by": "ACOLITE", "sensor": "PRISMA", "isodate": "2023-06-01T10:21:30"}
    made.to_netcdf(path, engine="h5netcdf")
    return path


@pytest.mark.parametrize("mapped", [True, False])
def test_of_two_families_of_bands_one_has_to_be_named(tmp_path, mapped):
    """ACOLITE's L2R has rhot, at the top of the atmosphere, in every band, and rhos in most."""
    path = as_acolite_writes(tmp_path / "L2R.nc", {"rhot": 3, "rhos": 2}, mapped=mapped)
    with pytest.raises(RasterError, match=r"\(rhot_\*, rhos_\*\): name one, e.g. NETCDF.*rhos_\*"):
        open_raster(path)
    raster = open_raster(f'NETCDF:"{path}":rhos_*')
    assert raster.bands.wavelengths_nm == (442.7, 551.2)
    assert raster.bands.fwhm_nm == (9.9, 10.1)
    assert raster.product == "CF cube of 2 variables, rhos_443 to rhos_551"
    assert str(origin_of(raster).acquired) == "2023-06-01T10:21:30Z"
    assert (raster.transform.c == 366000) is mapped
    assert bool(raster.gcps) is not mapped
    pixels = read_window(raster, slice(0, 6), slice(0, 8))
    assert pixels[:, 2, 3] == pytest.approx([102.3, 112.3])
    bicubic(raster.opening.path, tmp_path / "fine.tif")
    assert open_raster(tmp_path / "fine.tif").bands.wavelengths_nm == (442.7, 551.2)


def test_a_family_of_bands_that_is_alone_is_the_cube(tmp_path):
    path = as_acolite_writes(tmp_path / "L2W.nc", {"Rrs": 3})
    assert open_raster(path).bands.wavelengths_nm == (442.7, 551.2, 2201.4)
    with pytest.raises(RasterError, match=r"no variables that are named rhos_\*"):
        open_raster(f'NETCDF:"{path}":rhos_*')


def test_of_a_pyramid_that_xcube_writes_the_finest_level_is_read(tmp_path):
    coarse = {"y": AXES["y"][::2], "x": AXES["x"][::2]}
    whole = {"band": [nm / 1 for nm in CENTRES]}
    for level, array in enumerate((cube({**AXES, **whole}), cube()[:, ::2, ::2])):
        place = tmp_path / "scene.levels" / f"{level}.zarr"
        array.assign_coords(coarse if level else {}).to_dataset().to_zarr(place, zarr_format=2)
    raster = open_raster(tmp_path / "scene.levels")
    assert raster.shape == (12, 10)
    assert raster.transform == PLACE
    assert raster.bands.wavelengths_nm == tuple(CENTRES)
    assert "of its levels the finest is read" in raster.notes
    assert find_scenes([str(tmp_path)]) == [str(tmp_path / "scene.levels")]
    (tmp_path / "scene.levels").rename(tmp_path / "numbered")  # stores that have numbers for names
    with pytest.raises(RasterError, match="a folder without a product"):
        open_raster(tmp_path / "numbered")
