"""Masks of clouds that products come with: holes on request, values otherwise."""

import h5py
import made_products as made
import numpy as np
import pytest
import rasterio
from commands import bicubic, call, one_line_error, pixels, tags_of, write

from hsisr_geo.errors import OptionError
from hsisr_geo.raster.open import open_raster
from hsisr_geo.raster.read import read_window

CLOUD = slice(8, 11), slice(9, 13)


def flags(shape, other):
    """1 in the cloud; `other`, which is no cloud, in one pixel beside it."""
    found = np.zeros(shape, "uint8")
    found[CLOUD] = 1
    found[12, 10] = other
    return found


def enmap(folder, shape=(20, 24)):
    product, stem, _ = made.make_enmap(folder / "enmap")
    profile = {"driver": "GTiff", "count": 1, "height": shape[0], "width": shape[1]}
    with rasterio.open(f"{stem}-QL_QUALITY_CLOUD.TIF", "w", **profile, dtype="uint8") as layer:
        layer.write(flags(shape, 0)[None])
    return product


def desis(folder):
    """Shadow, land, snow, haze and cloud over land and over water, water, aerosol, vapour."""
    product, stem, _ = made.make_desis(folder / "desis", level="L2A")
    cloud = flags((18, 16), 0)
    layers = np.stack([1 - cloud] * 5 + [cloud, cloud] + [np.ones_like(cloud)] * 3)
    layers[5, 9:] = layers[6, :9] = 0  # one half of the cloud over land, one over water
    profile = {"driver": "GTiff", "count": 10, "height": 18, "width": 16, "dtype": "uint8"}
    with rasterio.open(f"{stem}-QL_QUALITY-2.tif", "w", **profile) as beside:
        beside.write(layers)
    return product


def prisma(folder):
    path = folder / "l1.he5"
    made.make_prisma(path, level="L1")
    with h5py.File(path, "r+") as file:  # 10: of no class; 255: error
        file["HDFEOS/SWATHS/PRS_L1_HCO/Data Fields/Cloud_Mask"] = flags((20, 17), 10)
    return path


def tanager(folder, *, grid=False):
    path = folder / "tanager.h5"
    made.make_tanager(path, grid=grid)
    group = "GRIDS" if grid else "SWATHS"
    with h5py.File(path, "r+") as file:  # 255: fill
        file[f"HDFEOS/{group}/HYP/Data Fields/beta_cloud_mask"] = flags((24, 20), 255)
    return path


def emit(folder, first="Cloud flag", version="001"):
    path = folder / "EMIT_L2A_RFL_001_20230329T145406_2308809_052.nc"
    made.make_emit(path)
    mask = np.zeros((22, 18, 8), "f4")
    mask[..., 0] = flags((22, 18), 0)
    mask[0, 1, 1] = 1  # cirrus
    beside = folder / path.name.replace("RFL_001", f"MASK_{version}")
    with h5py.File(path) as granule, h5py.File(beside, "w") as file:
        file["mask"] = mask
        file["sensor_band_parameters/mask_bands"] = [first, "Cirrus flag"]
        granule.copy("location", file)
    return path


def emit_masked_anew(folder):
    """Version 002 has 11 bands, named as emit_tools' tests (NASA, EMIT-Data-Resources) have them.

    There is none of the reflectance, so that granules have masks of another version than theirs.
    """
    return emit(folder, first="Cloud Flag", version="002")


def wyvern(folder, bands=2, suffix="_l1b_data_mask"):
    """Bands of the usable data mask: clear, cloud, and of version 2.0 haze and shadow."""
    path, _ = made.make_wyvern(folder)
    cloud = flags((20, 16), 255)  # no data, as the image's collar
    mask = np.stack([1 - cloud % 2, cloud, *[np.ones_like(cloud)] * 2])[:bands]
    with rasterio.open(path) as image:
        profile = {**image.profile, "count": bands, "dtype": "uint8", "nodata": 255}
    name = path.name.replace("_l1b", suffix)
    with rasterio.open(path.with_name(name), "w", **profile) as beside:
        beside.write(mask)
    return path


def wyvern_2(folder):
    return wyvern(folder, bands=4, suffix="_data_mask")


def holes(raster):
    return np.isnan(read_window(raster, slice(None), slice(None)))


@pytest.mark.parametrize(
    "product", [enmap, desis, prisma, tanager, emit, emit_masked_anew, wyvern, wyvern_2]
)
def test_a_pixel_is_a_hole_where_the_maker_says_cloud_and_nowhere_else(product, tmp_path):
    path = product(tmp_path)
    as_it_is, masked = open_raster(path), open_raster(path, mask_clouds=True)
    cloud = np.zeros(as_it_is.shape, bool)
    cloud[CLOUD] = True
    np.testing.assert_array_equal(holes(masked), holes(as_it_is) | cloud)
    assert not holes(as_it_is)[:, cloud].any()


@pytest.mark.parametrize("product", [tanager, emit])
def test_the_mask_follows_the_swath_onto_its_map(product, tmp_path):
    path = product(tmp_path)
    whole = open_raster(path, orthorectify=True)
    clear = open_raster(path, orthorectify=True, mask_clouds=True)
    before, after = holes(whole)[0], holes(clear)[0]
    assert after.sum() - before.sum() > 5
    # what is left has the values of pixels outside the cloud
    seen = read_window(clear, slice(None), slice(None))[0]
    swath = read_window(open_raster(path), slice(None), slice(None))[0]
    assert not np.isin(swath[CLOUD], seen[~after]).any()


def test_a_choice_of_bands_keeps_the_clouds(tmp_path):
    masked = open_raster(enmap(tmp_path), bands="3,1", mask_clouds=True)
    assert holes(masked)[:, CLOUD[0], CLOUD[1]].all()


def test_the_output_has_the_holes_and_says_which_mask_they_are_of(tmp_path):
    source = tanager(tmp_path, grid=True)
    result = bicubic(source, tmp_path / "fine.tif", "--mask-clouds")
    assert "clouds are holes, as beta_cloud_mask marks them" in result.stderr
    bicubic(source, tmp_path / "whole.tif")
    fine, whole = open_raster(tmp_path / "fine.tif"), open_raster(tmp_path / "whole.tif")
    cloud = np.zeros(fine.shape, bool)
    cloud[16:22, 18:26] = True
    np.testing.assert_array_equal(holes(fine), holes(whole) | cloud)
    assert tags_of(tmp_path / "fine.tif")["HSISR_CLOUDS_MASKED"] == "beta_cloud_mask"
    marks = [tags_of(tmp_path / name) for name in ("fine.tif", "whole.tif")]
    assert marks[0]["HSISR_FINGERPRINT"] != marks[1]["HSISR_FINGERPRINT"]
    assert "HSISR_CLOUDS_MASKED" not in marks[1]


def test_what_has_no_mask_of_clouds_is_refused_in_words(tmp_path):
    made.make_prisma(tmp_path / "l2d.he5")
    result = bicubic(tmp_path / "l2d.he5", tmp_path / "fine.tif", "--mask-clouds", code=1)
    assert "--mask-clouds: PRISMA L2D has no mask of clouds here" in one_line_error(result)
    plain = write(tmp_path / "plain.tif", pixels())
    with pytest.raises(OptionError, match="--mask-clouds: a plain raster has no mask of clouds"):
        open_raster(plain, mask_clouds=True)


def test_a_mask_that_does_not_fit_is_none(tmp_path):
    with pytest.raises(OptionError, match="EnMAP L2A has no mask of clouds"):
        open_raster(enmap(tmp_path, shape=(18, 24)), mask_clouds=True)
    with pytest.raises(OptionError, match="Wyvern L1B has no mask of clouds"):
        open_raster(wyvern(tmp_path, bands=1), mask_clouds=True)
    with pytest.raises(OptionError, match="EMIT L2A has no mask of clouds"):
        open_raster(emit(tmp_path, first="Aggregate Flag"), mask_clouds=True)


@pytest.mark.parametrize(
    "command",
    [
        ("info", "IN"),
        ("assess", "IN", "--upscale", 2, "--report", "OUT"),
        ("adapt", "IN", "--upscale", 2, "--out", "OUT.safetensors"),
        ("batch", "IN", "--out-dir", "OUT", "--upscale", 2, "--model", "bicubic"),
    ],
)
def test_every_command_that_reads_scenes_takes_the_option(tmp_path, command):
    plain = write(tmp_path / "plain.tif", pixels())
    places = {"IN": str(plain), "OUT": str(tmp_path / "out")}
    words = [places.get(str(word), word) for word in command]
    words = [w.replace("OUT", places["OUT"]) if isinstance(w, str) else w for w in words]
    result = call(*words, "--mask-clouds", code=1)
    assert "--mask-clouds: a plain raster has no mask of clouds" in result.stderr
