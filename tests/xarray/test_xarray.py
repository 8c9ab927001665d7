"""The accessor: the file pipeline's values, chunk by chunk, with the labels that belong to them."""

import inspect
import json
import pickle
import re

import numpy as np
import pytest
import rasterio
import xarray as xr
from affine import Affine
from rasterio.control import GroundControlPoint

from hsisr_geo.api import super_resolve
from hsisr_geo.errors import ModelError, OptionError, RasterError
from hsisr_geo.raster.open import open_raster
from hsisr_geo.raster.read import read_window
from hsisr_geo.resolver.load import Recipe, load_resolver
from hsisr_geo.xarray.axes import axes_of, bands_of
from hsisr_geo.xarray.open import open_dataarray

rioxarray = pytest.importorskip("rioxarray")
pytestmark = pytest.mark.filterwarnings("ignore:Use `@` matmul:PendingDeprecationWarning")
# ^ rioxarray multiplies transforms with `*`

BANDS, ROWS, COLS = 12, 44, 37
CENTRES = np.linspace(450, 900, BANDS)
BAD = 4
TRANSFORM = Affine(30, 0, 500_000, 0, -30, 5_800_000)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """A float32 raster with holes, a bad band and an empty one."""
    rng = np.random.default_rng(1)
    low = rng.uniform(0.1, 0.4, (BANDS, 12, 10)).repeat(4, 1).repeat(4, 2)[:, :ROWS, :COLS]
    cube = (low + rng.normal(0, 0.01, low.shape)).astype(np.float32)
    cube[:, 10:14, 20:29] = cube[3, 30, 5] = cube[7] = -9999
    path = tmp_path_factory.mktemp("xarray") / "scene.tif"
    profile = {"driver": "GTiff", "count": BANDS, "height": ROWS, "width": COLS}
    with rasterio.open(
        path, "w", **profile, dtype="float32", nodata=-9999, crs="EPSG:32633", transform=TRANSFORM
    ) as dataset:
        dataset.write(cube)
        for band in range(BANDS):
            tags = {"wavelength": CENTRES[band], "wavelength_units": "Nanometers"}
            dataset.update_tags(band + 1, **tags, bbl=int(band != BAD))
    return path


@pytest.fixture(scope="module")
def array(path):
    return labelled(rioxarray.open_rasterio(path).load())


def labelled(array):
    """What a GeoTIFF's band tags say, as coordinates."""
    good = np.arange(BANDS) != BAD
    return array.assign_coords(wavelength=("band", CENTRES, {"units": "nm"}), good=("band", good))


def by_file(path, tmp_path, tile=16, **options):
    """What the pipeline writes, in physical values."""
    target = tmp_path / "fine.tif"
    super_resolve(path, target, resolver=load_resolver(**options), tile=tile, overwrite=True)
    with rasterio.open(target) as dataset:
        cube = dataset.read(masked=True).astype(np.float32)
        return cube.filled(np.nan), dataset.profile


REGULAR = {"band": 5, "y": 16, "x": 20}
IRREGULAR = {"band": 1, "y": (7, 30, 7), "x": -1}


# A network's context is most of the scene, whatever the chunk: few tiles and chunks of those.
@pytest.mark.parametrize(
    ("options", "tile", "chunkings"),
    [
        ({"model": "bicubic", "upscale": 3}, 16, [REGULAR, IRREGULAR]),
        (
            {"model": "back-projection", "upscale": 2, "psf": "gaussian:0.3"},
            16,
            [REGULAR, IRREGULAR],
        ),
        ({"upscale": 2}, 64, [REGULAR]),
        ({"upscale": 2, "detail": 1.0, "seed": 5}, 64, [{"y": 30, "x": -1}]),
    ],
    ids=["bicubic", "back-projection", "default", "detail"],
)
def test_the_values_are_those_of_the_file_however_it_is_chunked(
    path, array, tmp_path, options, tile, chunkings
):
    named = {"name_or_path" if k == "model" else k: v for k, v in options.items()}
    expected, profile = by_file(path, tmp_path, tile=tile, **named)
    whole = array.hsisr.super_resolve(**options)
    np.testing.assert_allclose(whole, expected, rtol=0, atol=2e-5)  # NaN in the same places
    assert whole.dtype == np.float32
    assert whole.rio.transform() == profile["transform"]
    assert whole.rio.transform(recalc=True).almost_equals(profile["transform"], 1e-9)
    assert whole.rio.crs == profile["crs"]
    for chunks in chunkings:
        lazy = array.chunk(chunks).hsisr.super_resolve(**options)
        np.testing.assert_allclose(lazy, whole, rtol=0, atol=2e-5)


def watched(array, chunks, read):
    """An array on dask that appends to `read` the (rows, cols) of each block that is loaded."""

    def load(block, block_info=None):
        if block_info:  # None while dask asks for a type
            read.append(block_info[0]["array-location"][1:])
        return block

    lazy = array.chunk(chunks)
    return lazy.copy(data=lazy.data.map_blocks(load, dtype=lazy.dtype))


def test_dask_stays_lazy_until_values_are_asked_for(array):
    read = []
    lazy = watched(array, {"y": 16, "x": 20}, read).hsisr.super_resolve(upscale=4)
    assert lazy.chunks == ((BANDS,), (64, 64, 48), (80, 68))
    part = lazy.isel(y=slice(0, 8), x=slice(100, 140))
    assert not read
    found = part.compute()
    assert len(read) == 12  # each block of the scene twice: for the survey, and around the chunk
    whole = array.hsisr.super_resolve(upscale=4)
    np.testing.assert_allclose(found, whole.isel(y=slice(0, 8), x=slice(100, 140)), atol=2e-5)


def test_a_window_reads_the_chunks_around_it_only(array):
    read = []
    lazy = watched(array, {"y": 11, "x": -1}, read).hsisr.super_resolve(model="bicubic", upscale=2)
    lazy.isel(y=slice(0, 22)).compute()
    assert {rows for rows, _ in read} == {(0, 11), (11, 22)}
    # ^ bicubic needs no survey; a halo of 2 + 4 pixels reaches the second row of chunks, no third


def test_labels_follow_the_grid(array):
    fine = array.hsisr.super_resolve(model="bicubic", upscale=2)
    assert fine.dims == array.dims
    assert fine.name == array.name
    assert array.rename(None).chunk().hsisr.super_resolve(model="bicubic").name is None
    assert float(fine.x[0]) == 500_000 + 7.5
    assert float(fine.y[-1]) == 5_800_000 - ROWS * 30 + 7.5
    np.testing.assert_array_equal(np.diff(fine.x), 15)
    np.testing.assert_array_equal(fine.wavelength, array.wavelength)
    assert fine.wavelength.attrs == {"units": "nm"}
    np.testing.assert_array_equal(fine.good, array.good)
    assert fine.x.attrs == array.x.attrs
    assert fine.attrs["HSISR_MODEL"] == "bicubic"
    assert fine.encoding["_FillValue"] == -9999
    assert "_FillValue" not in fine.attrs


def test_dimensions_keep_their_order(array):
    turned = array.transpose("y", "x", "band")
    fine = turned.hsisr.super_resolve(model="bicubic", upscale=2)
    assert fine.dims == ("y", "x", "band")
    expected = array.hsisr.super_resolve(model="bicubic", upscale=2)
    xr.testing.assert_allclose(fine.transpose("band", "y", "x"), expected)


def test_a_raster_written_from_it_lies_where_the_pipeline_puts_it(path, array, tmp_path):
    _, profile = by_file(path, tmp_path, name_or_path="bicubic", upscale=2)
    fine = array.chunk(y=16, x=16).hsisr.super_resolve(model="bicubic", upscale=2)
    fine.rio.to_raster(tmp_path / "from_xarray.tif")
    with rasterio.open(tmp_path / "from_xarray.tif") as dataset:
        assert dataset.transform == profile["transform"]
        assert dataset.crs == profile["crs"]
        assert dataset.nodata == -9999
        assert dataset.read_masks(1).min() == 0


def test_masked_and_scaled_integers_come_out_as_values_or_as_numbers(tmp_path):
    dn = np.random.default_rng(0).integers(100, 4000, (3, 12, 14)).astype(np.int16)
    dn[:, 2, 3] = -32768
    attrs = {"_FillValue": np.int16(-32768), "scale_factor": 1e-4, "add_offset": 0.0}
    array = xr.DataArray(dn, dims=("band", "y", "x"), attrs=attrs, name="reflectance")
    options = {"model": "back-projection", "upscale": 2}
    values = array.hsisr.super_resolve(**options)
    numbers = array.hsisr.super_resolve(**options, dtype="source")
    assert numbers.dtype == np.int16
    assert numbers.attrs["scale_factor"] == 1e-4
    assert (numbers[:, 4:6, 6:8] == -32768).all()
    assert np.isnan(values[:, 4:6, 6:8]).all()
    np.testing.assert_allclose(values, numbers.where(numbers != -32768) * 1e-4, atol=5.1e-5)
    # A file that xarray writes from the values holds these numbers, as the input's would.
    values.to_netcdf(tmp_path / "fine.nc")
    with xr.open_dataset(tmp_path / "fine.nc", mask_and_scale=False) as stored:
        assert stored.reflectance.dtype == np.int16
        np.testing.assert_array_equal(stored.reflectance, numbers)
    # What xarray has decoded already is not decoded again.
    with xr.open_dataset(tmp_path / "fine.nc") as decoded:
        again = decoded.reflectance.hsisr.super_resolve(model="bicubic", upscale=2, again=True)
        again_free = decoded.reflectance.hsisr.super_resolve(
            model="bicubic", upscale=2, again=True, valid_range=(-np.inf, np.inf)
        )
        np.testing.assert_allclose(again_free.mean(), values.mean(), rtol=1e-3)
        assert again.encoding["scale_factor"] == 1e-4


def test_an_opened_file_says_all_of_its_bands_and_place(path, tmp_path):
    array = open_dataarray(path, chunks=16)
    assert array.chunks == ((BANDS,), (16, 16, 12), (16, 16, 5))
    np.testing.assert_array_equal(array.wavelength, CENTRES)
    np.testing.assert_array_equal(np.flatnonzero(~array.good), [BAD])
    with rasterio.open(path) as dataset:
        assert array.rio.transform() == array.rio.transform(recalc=True) == dataset.transform
        assert array.rio.crs == dataset.crs
        np.testing.assert_array_equal(array, dataset.read(masked=True).filled(np.nan))
    expected, profile = by_file(path, tmp_path, name_or_path="back-projection", upscale=2)
    fine = array.hsisr.super_resolve(model="back-projection", upscale=2)
    np.testing.assert_allclose(fine, expected, atol=2e-5)
    fine.rio.to_raster(tmp_path / "written.tif")
    with rasterio.open(tmp_path / "written.tif") as dataset:
        assert (dataset.transform, dataset.crs) == (profile["transform"], profile["crs"])


def test_it_takes_all_that_open_raster_takes():
    of_raster, of_array = (inspect.signature(f).parameters for f in (open_raster, open_dataarray))
    assert {name: of_array.get(name) for name in of_raster} == {**of_raster}


@pytest.mark.parametrize("name", ["tile", "hyspex", "emit", "aviris"])
def test_scenes_of_all_kinds_can_be_opened(scenes, name, tmp_path):
    raster = open_raster(scenes.products[name])
    array = open_dataarray(scenes.products[name])
    cube = read_window(raster, slice(0, raster.rows), slice(0, raster.cols))
    np.testing.assert_array_equal(array, cube)
    assert ("x" in array.coords) == (name in ("tile", "hyspex"))  # the others lie askew, or nowhere
    if raster.has_transform:
        assert array.rio.transform() == raster.transform
    assert array.good.values.tolist() == [band.good for band in raster.bands]
    array.to_netcdf(tmp_path / "scene.nc", engine="h5netcdf")
    with xr.open_dataset(tmp_path / "scene.nc", engine="h5netcdf", decode_coords="all") as stored:
        np.testing.assert_allclose(stored[array.name], array, rtol=1e-6)
        np.testing.assert_array_equal(stored.wavelength, array.wavelength)


@pytest.mark.parametrize("unit", ["Wavelength [um]", "unknown", ""])
def test_units_of_wavelengths_are_understood_as_in_files(array, unit):
    """What holds the unit within words, or says that there is none, is no unit that is unknown."""
    factor = 1e-3 if "um" in unit else 1.0
    centres = [factor * nm for nm in CENTRES]
    told = array.assign_coords(wavelength=("band", centres, {"units": unit}))
    bands = bands_of(told, axes_of(told))
    assert [band.wavelength_nm for band in bands] == pytest.approx([*CENTRES])


def test_cf_says_by_a_standard_name_what_wavelengths_are(array):
    centres = ("band", 1e-9 * CENTRES, {"units": "m", "standard_name": "radiation_wavelength"})
    told = array.drop_vars("wavelength").assign_coords(c=centres)
    bands = bands_of(told, axes_of(told))
    assert [band.wavelength_nm for band in bands] == pytest.approx([*CENTRES])


def test_a_dataset_needs_no_name_for_its_only_cube(array):
    dataset = xr.Dataset(
        {
            "reflectance": array.drop_vars(["wavelength", "good", "band"]),
            "wavelengths": ("band", CENTRES, {"units": "nm"}),
            "good_wavelengths": ("band", (np.arange(BANDS) != BAD).astype(np.float32)),
            "mask": (("y", "x"), np.zeros((ROWS, COLS), np.uint8)),
        },
        attrs={"title": "scene"},
    )
    fine = dataset.hsisr.super_resolve(upscale=2)
    np.testing.assert_allclose(fine.reflectance, array.hsisr.super_resolve(upscale=2), atol=2e-5)
    assert set(fine.data_vars) == {"reflectance", "wavelengths", "good_wavelengths"}
    assert fine.attrs == {"title": "scene"}
    assert fine.rio.crs == array.rio.crs
    with pytest.raises(RasterError, match="several variables have three dimensions, name one"):
        dataset.assign(other=dataset.reflectance).hsisr.super_resolve()
    with pytest.raises(RasterError, match="no variable 'radiance'"):
        dataset.hsisr.super_resolve("radiance")
    apart = array.drop_vars(["wavelength", "good"]).to_dataset("band")
    # as odc-stac has attributes, with the planes, which are what to_dataarray leaves out
    apart = xr.Dataset({n: plane.assign_attrs(apart.attrs) for n, plane in apart.items()})
    with pytest.raises(RasterError, match=r"for each band, \.to_dataarray\('band'\)") as told:
        apart.hsisr.super_resolve()
    advised = eval(
        "dataset" + re.search(r"each band, (\..*)", str(told.value))[1], {"dataset": apart}
    )
    kept = advised.hsisr.super_resolve(model="bicubic")
    np.testing.assert_array_equal(
        np.isnan(kept), np.isnan(array.hsisr.super_resolve(model="bicubic"))
    )


@pytest.mark.parametrize("kept", [str, dict])  # rioxarray keeps control points as both
def test_control_points_and_two_dimensional_places_follow(kept, tmp_path):
    path = tmp_path / "gcps.tif"
    points = [GroundControlPoint(r, c, 10 + c, 50 - r, 0) for r in (0, 20) for c in (0, 20)]
    profile = {"driver": "GTiff", "count": 1, "height": 20, "width": 20, "dtype": "float32"}
    with rasterio.open(path, "w", **profile, gcps=points, crs="EPSG:4326") as dataset:
        dataset.write(np.ones((1, 20, 20), np.float32))
    array = rioxarray.open_rasterio(path)
    if not isinstance(points := array.spatial_ref.attrs["gcps"], kept):
        points = json.loads(points) if kept is dict else json.dumps(points)
    array.spatial_ref.attrs["gcps"] = points
    lon, lat = np.meshgrid(10 + np.arange(20) + 0.5, 50 - np.arange(20) - 0.5)
    array = array.assign_coords(lon=(("y", "x"), lon), lat=(("y", "x"), lat))
    fine = array.hsisr.super_resolve(model="bicubic", upscale=4)
    told = fine.spatial_ref.attrs["gcps"]
    assert isinstance(told, kept)
    found = (told if kept is dict else json.loads(told))["features"]
    assert [f["properties"]["col"] for f in found] == [0, 80, 0, 80]
    assert fine.rio.transform() == Affine.identity()
    np.testing.assert_allclose(fine.lon[0, :3], [10.125, 10.375, 10.625])
    np.testing.assert_allclose(fine.lat[-1, 0], 30.125)


def test_one_column_gets_its_width_from_the_transform(array):
    fine = array.isel(x=slice(3, 4)).hsisr.super_resolve(model="bicubic", upscale=2)
    np.testing.assert_allclose(fine.x, [500_000 + 97.5, 500_000 + 112.5])


@pytest.mark.parametrize(
    ("change", "options", "error", "message"),
    [
        (lambda a: a[0], {}, RasterError, "has dimensions y, x: three are needed"),
        (lambda a: a.expand_dims("time"), {}, RasterError, r"one of time, \.isel\(time=0\)"),
        (lambda a: a.rename(y="u"), {}, RasterError, "say with y_dim= which of them is y"),
        (lambda a: a, {"x_dim": "z"}, RasterError, "has no dimension 'z'"),
        (lambda a: a, {"dtype": "int16"}, OptionError, "must be float32 or source"),
        (lambda a: a, {"tile": 0}, OptionError, "tile must be at least 1"),
        (lambda a: a, {"upscale": 7}, ModelError, "upscale 2, 3, 4, not 7"),
        (lambda a: a, {"model": "nil"}, ModelError, "unknown model 'nil'"),
        (lambda a: a > 0, {}, RasterError, "holds bool"),
        (lambda a: a.isel(x=slice(0)), {}, RasterError, "has no pixels"),
        (lambda a: a.assign_attrs(scale_factor=0.0), {}, RasterError, "band 1 has scale 0"),
    ],
)
def test_what_cannot_be_done_is_said(array, change, options, error, message):
    with pytest.raises(error, match=message):
        change(array).hsisr.super_resolve(**options)


def test_a_scene_without_values_has_none(array):
    empty = array.where(False).chunk(y=20)
    assert np.isnan(empty.hsisr.super_resolve(upscale=2)).all()


def test_a_recipe_is_small_loads_once_and_knows_its_weights(tmp_path):
    recipe = Recipe("default", 2).pinned()
    assert len(pickle.dumps(recipe)) < 1000
    assert pickle.loads(pickle.dumps(recipe)).load() is recipe.load()
    other = Recipe("default", 2, sha256="0" * 64)
    with pytest.raises(ModelError, match="other weights here"):
        other.load()


@pytest.mark.parametrize(
    "options",
    [{"model": "back-projection"}, pytest.param({"detail": 1.0}, marks=pytest.mark.slow)],
    ids=["back-projection", "detail"],
)
def test_other_processes_compute_the_same(array, options):
    distributed = pytest.importorskip("distributed")
    lazy = array.chunk(y=16, x=20).hsisr.super_resolve(upscale=2, **options)
    expected = lazy.compute(scheduler="sync")
    cluster = distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0")
    with cluster, distributed.Client(cluster):
        found = lazy.compute()
    np.testing.assert_allclose(found, expected, atol=2e-5)
