"""EnMAP and DESIS, on products made after their specification and on real EnMAP pixels."""

import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest
import rasterio
from made_products import ENMAP_CENTRES, ENMAP_WIDTHS, make_desis, make_enmap
from rasterio.rpc import RPC
from rasterio.transform import RPCTransformer

from hsisr_geo.api import super_resolve
from hsisr_geo.errors import OptionError, RasterError
from hsisr_geo.raster.facts.description import description
from hsisr_geo.raster.open import open_raster
from hsisr_geo.raster.read import read_window
from hsisr_geo.raster.scenes import find_scenes
from hsisr_geo.resolver.interpolation import BicubicResolver


def read(raster, bands=None):
    return read_window(raster, slice(0, raster.rows), slice(0, raster.cols), bands)


def test_a_folder_its_metadata_and_its_image_are_the_same_product(tmp_path):
    folder, stem, pixels = make_enmap(tmp_path / "p")
    names = (folder, f"{stem}-METADATA.XML", f"{stem}-SPECTRAL_IMAGE.TIF")
    opened = [open_raster(name) for name in names]
    assert {raster.product for raster in opened} == {"EnMAP L2A"}
    assert all(raster.bands == opened[0].bands for raster in opened)
    raster = opened[0]
    assert raster.bands.wavelengths_nm == ENMAP_CENTRES
    assert raster.bands.fwhm_nm == ENMAP_WIDTHS
    assert {(b.scale, b.offset, b.nodata) for b in raster.bands} == {(0.0001, 0, -32768)}
    assert {Path(name).name.rpartition("-")[2] for name in raster.files} == {
        "METADATA.XML", "QL_QUALITY_CLASSES.TIF",
    }  # fmt: skip
    expected = np.where(pixels == -32768, np.nan, pixels * 0.0001).astype("f4")
    expected[:, -1, -1] = np.nan  # background, say the classes; water and land are values
    assert np.array_equal(read(raster), expected, equal_nan=True)
    with rasterio.open(names[2]) as theirs:
        assert raster.transform == theirs.transform
        assert raster.crs == theirs.crs.to_wkt(version="WKT2_2019")


def test_a_product_is_super_resolved_with_all_that_its_metadata_say(tmp_path):
    folder, _, _ = make_enmap(tmp_path / "p")
    super_resolve(folder, tmp_path / "b.tif", resolver=BicubicResolver(2))
    source, result = open_raster(folder), open_raster(tmp_path / "b.tif")
    assert [b.name for b in result.bands] == [f"band {i}" for i in range(1, 7)]
    for attribute in ("wavelength_nm", "fwhm_nm", "good", "scale", "offset", "unit", "nodata"):
        ours = [getattr(band, attribute) for band in result.bands]
        assert ours == [getattr(band, attribute) for band in source.bands], attribute
    assert result.bounds == source.bounds
    with rasterio.open(tmp_path / "b.tif") as dataset:
        tags = dataset.tags()
    assert "METADATA.XML" in tags["HSISR_SOURCE_FILES"]
    holes = np.isnan(read(source)[0])
    assert np.array_equal(np.isnan(read(result)[0]), holes.repeat(2, 0).repeat(2, 1))


def test_radiance_has_its_gain_offset_and_unit(tmp_path):
    folder, _, pixels = make_enmap(tmp_path / "p", level="L1C", classes=False)
    raster = open_raster(folder)
    assert raster.product == "EnMAP L1C"
    assert raster.bands[1].unit == "W m-2 sr-1 nm-1"
    value = read(raster)[1, 9, 9]
    assert value == pytest.approx(pixels[1, 9, 9] * 2 * 0.000025 + 0.002, rel=1e-6)


def test_a_band_that_the_statistics_call_empty_is_bad(tmp_path):
    folder, _, _ = make_enmap(tmp_path / "p", statistics={1: 812.5, 5: -1000000})
    assert open_raster(folder).bands.good_indices == (0, 1, 2, 3, 5)


def test_desis_has_its_gains_and_its_nodata(tmp_path):
    folder, stem, pixels = make_desis(tmp_path / "d")
    raster = open_raster(f"{stem}-SPECTRAL_IMAGE.tif")
    assert (raster.product, raster.bands[0].unit) == ("DESIS L1C", "mW cm-2 sr-1 um-1")
    assert raster.bands.wavelengths_nm == (402.8, 405.35, 407.9, 410.45)
    assert raster.bands.fwhm_nm == (3.4,) * 4
    gains = np.array([0.0004, 0.0005, 0.0006, 0.0007])[:, None, None]
    expected = np.where(pixels == -32768, np.nan, pixels * gains).astype("f4")
    assert np.allclose(read(raster), expected, rtol=1e-6, equal_nan=True)
    assert open_raster(folder).bands == raster.bands


@pytest.mark.parametrize("part", ["mosaic", "tile"])
def test_real_enmap_pixels_under_their_product_name(scenes, tmp_path, part):
    """A real image, as DLR would name it, with metadata made from its own tags."""
    image = getattr(scenes, part)
    plain = open_raster(image)
    folder, stem, _ = make_enmap(tmp_path / "p", classes=False)
    shutil.copy(image, f"{stem}-SPECTRAL_IMAGE.TIF")
    rows = "".join(
        f'<bandID number="{i}"><wavelengthCenterOfBand>{b.wavelength_nm}</wavelengthCenterOfBand>'
        f"<FWHMOfBand>{b.fwhm_nm}</FWHMOfBand><GainOfBand>0.0001</GainOfBand>"
        "<OffsetOfBand>0</OffsetOfBand></bandID>"
        for i, b in enumerate(plain.bands, start=1)
    )
    Path(f"{stem}-METADATA.XML").write_text(
        f"<level_X><base><level>L2A</level></base><specific><bandCharacterisation>{rows}"
        "</bandCharacterisation></specific></level_X>"
    )
    raster = open_raster(folder)
    assert (raster.shape, raster.transform, raster.crs) == (plain.shape, plain.transform, plain.crs)
    assert raster.bands.wavelengths_nm == plain.bands.wavelengths_nm
    factor = 0.0001 / plain.bands[0].scale
    assert np.allclose(read(raster, [40]), read(plain, [40]) * factor, rtol=1e-6, equal_nan=True)
    assert pickle.loads(pickle.dumps(raster)) == raster


def test_folders_of_products_are_scenes_of_a_batch(tmp_path):
    enmap, _, _ = make_enmap(tmp_path / "all" / "enmap")
    desis, _, _ = make_desis(tmp_path / "all" / "desis")
    assert find_scenes([str(tmp_path / "all")]) == [str(desis), str(enmap)]
    assert find_scenes([str(enmap)]) == [str(enmap)]


# ---- what is wrong with a product is said ----


def test_names_in_other_capitals_are_the_same_product(tmp_path):
    """File systems and archives change them; a file system here may tell them apart."""
    folder, _, _ = make_enmap(tmp_path / "a")
    whole = description(open_raster(folder))
    for path in list(folder.iterdir()):
        path.rename(folder / path.name.lower())
    (image,) = folder.glob("*-spectral_image.tif")
    for name in (folder, image):
        assert description(open_raster(name)) == whole
        assert len(open_raster(name).files) == 2  # metadata and classes


def test_a_folder_around_a_product_names_it(tmp_path):
    folder, _, _ = make_enmap(tmp_path / "dims_op/ENMAP.HSI.L2A/ENMAP01-L2A")
    with pytest.raises(RasterError, match=f"in {folder} is one: name that"):
        open_raster(tmp_path / "dims_op")


def test_an_image_without_its_metadata(tmp_path):
    folder, stem, _ = make_enmap(tmp_path / "p")
    Path(f"{stem}-METADATA.XML").unlink()
    for path in (folder, f"{stem}-SPECTRAL_IMAGE.TIF"):
        with pytest.raises(RasterError, match=r"METADATA\.XML is missing beside it"):
            open_raster(path)


def test_metadata_without_their_image(tmp_path):
    folder, stem, _ = make_enmap(tmp_path / "p")
    Path(f"{stem}-SPECTRAL_IMAGE.TIF").unlink()
    with pytest.raises(RasterError, match="SPECTRAL_IMAGE of this EnMAP L2A product is missing"):
        open_raster(folder)


def test_another_number_of_bands(tmp_path):
    folder, _, _ = make_enmap(tmp_path / "p", bands=4)
    with pytest.raises(RasterError, match=r"tells of 6 bands, but .* has 4"):
        open_raster(folder)


def test_a_level_in_the_geometry_of_the_sensor(tmp_path):
    folder, _, _ = make_desis(tmp_path / "p", level="L1B")
    with pytest.raises(RasterError, match=r"L1B is not read, .* order L1C or L2A"):
        open_raster(folder)


@pytest.mark.parametrize(("detector", "bands"), [("VNIR", slice(0, 3)), ("SWIR", slice(3, 6))])
def test_enmap_l1b_is_one_detectors_cube_with_its_own_bands_and_polynomials(
    tmp_path, detector, bands
):
    folder, stem, pixels = make_enmap(tmp_path / "p", level="L1B")
    raster = open_raster(f"{stem}-SPECTRAL_IMAGE_{detector}.TIF")
    assert raster.product == f"EnMAP L1B {detector}"
    assert raster.bands.wavelengths_nm == ENMAP_CENTRES[bands]
    assert raster.bands.fwhm_nm == ENMAP_WIDTHS[bands]
    gain = 0.000025 * (bands.start + 2)  # of the second band
    assert (raster.bands[1].scale, raster.bands[1].offset) == (pytest.approx(gain), 0.002)
    expected = np.where(pixels[bands][1] == -32768, np.nan, pixels[bands][1] * gain + 0.002)
    np.testing.assert_allclose(read(raster)[1], expected, rtol=1e-6)
    # Both images have one geotransform, through the corners of the scene (FujiangJi/hyperproc)
    assert (raster.has_transform, raster.crs) == (False, None)
    with RPCTransformer(RPC.from_gdal(dict(raster.rpcs))) as place:
        lon, lat = place.xy(7, 11, zs=40)
    middle = bands.start + 2  # the number of the middle band, from 1
    assert (lon, lat) == pytest.approx((13 + 0.0004 * (11 - middle / 10), 52.5 - 0.00027 * 7))
    with pytest.raises(RasterError, match=r"two cubes.*_VNIR.TIF or .*_SWIR.TIF"):
        open_raster(folder)


def test_polynomials_of_enmap_l1b_follow_the_finer_grid(tmp_path):
    _, stem, _ = make_enmap(tmp_path / "p", level="L1B")
    source, fine = f"{stem}-SPECTRAL_IMAGE_VNIR.TIF", tmp_path / "fine.tif"
    super_resolve(source, fine, resolver=BicubicResolver(2))
    with rasterio.open(fine) as dataset, RPCTransformer(dataset.rpcs) as place:
        lon, lat = place.xy(15, 23, zs=40, offset="ul")  # the centre of pixel (7, 11)
    assert (lon, lat) == pytest.approx((13 + 0.0004 * (11 - 0.2), 52.5 - 0.00027 * 7))


@pytest.mark.parametrize(
    ("overlap", "kept"),
    [("keep", [0, 1, 2, 3, 4, 5]), ("vnir", [0, 1, 2, 4, 5]), ("swir", [0, 1, 3, 4, 5])],
)
def test_where_enmaps_detectors_overlap_the_bands_of_one_can_be_taken(tmp_path, overlap, kept):
    folder, _, _ = make_enmap(tmp_path / "p")
    raster = open_raster(folder, overlap=overlap)
    assert raster.bands.wavelengths_nm == tuple(ENMAP_CENTRES[i] for i in kept)
    whole = read(open_raster(folder))
    assert np.array_equal(read(raster), whole[kept], equal_nan=True)


def test_what_has_no_two_detectors_has_no_overlap(tmp_path):
    folder, _, _ = make_desis(tmp_path / "p")
    with pytest.raises(OptionError, match="EnMAP and PRISMA"):
        open_raster(folder, overlap="vnir")
    folder, _, _ = make_enmap(tmp_path / "q")
    with pytest.raises(OptionError, match="none of keep, vnir, swir"):
        open_raster(folder, overlap="both")
    # numbers are those of the file, whatever is chosen
    assert len(open_raster(folder, overlap="vnir", bands="4-5").bands) == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("<level_X><base>", "is damaged"),
        ("<other/>", "have no bandCharacterisation"),
        ('<!DOCTYPE a [<!ENTITY b "c">]><level_X/>', "no entities"),
    ],
)
def test_damaged_metadata(tmp_path, text, words):
    _, stem, _ = make_enmap(tmp_path / "p")
    Path(f"{stem}-METADATA.XML").write_text(text)
    with pytest.raises(RasterError, match=words):
        open_raster(f"{stem}-METADATA.XML")


def test_a_folder_of_two_products(tmp_path):
    make_enmap(tmp_path / "p")
    make_desis(tmp_path / "p")
    with pytest.raises(RasterError, match="several products: name one of DESIS"):
        open_raster(tmp_path / "p")


def test_classes_of_another_size(tmp_path):
    folder, stem, _ = make_enmap(tmp_path / "p")
    profile = {"count": 1, "height": 3, "width": 3, "dtype": "uint8"}
    place = rasterio.Affine(2, 0, 0, 0, -2, 0)
    path = f"{stem}-QL_QUALITY_CLASSES.TIF"
    rasterio.open(path, "w", driver="GTiff", transform=place, **profile).close()
    with pytest.raises(RasterError, match="3 x 3 pixels, not 20 x 24"):
        open_raster(folder)


def test_metadata_files_of_others_are_none_of_ours(tmp_path):
    (tmp_path / "a-METADATA.xml").write_text("<something/>")
    with pytest.raises(RasterError, match="is no metadata file of EnMAP or DESIS"):
        open_raster(tmp_path / "a-METADATA.xml")
