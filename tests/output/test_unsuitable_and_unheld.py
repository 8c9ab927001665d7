"""What is refused before work, and what an output holds that its input has."""

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.control import GroundControlPoint
from rasterio.crs import CRS

from hsisr_geo import HsisrError
from hsisr_geo.api import super_resolve
from hsisr_geo.assessment.assess import assess
from hsisr_geo.bands.pixel_tags import finer_items
from hsisr_geo.output.formats.choice import WriteOptions
from hsisr_geo.output.formats.envi import Envi
from hsisr_geo.output.formats.geotiff import GeoTiff
from hsisr_geo.output.read_back import check_read_back
from hsisr_geo.raster.open import open_raster
from hsisr_geo.raster.read import read_window
from hsisr_geo.resolver.interpolation import BicubicResolver

RNG = np.random.default_rng(5)
UPRIGHT = Affine(30, 0, 500000, 0, -30, 5300000)


def write(path, cube, *, transform=UPRIGHT, **profile):
    count, height, width = cube.shape
    size = {"count": count, "height": height, "width": width, "dtype": cube.dtype.name}
    with rasterio.open(
        path, "w", driver="GTiff", crs="EPSG:32632", transform=transform, **size, **profile
    ) as d:
        d.write(cube)
    return path


def run(src, dst, **options):
    return super_resolve(src, dst, resolver=BicubicResolver(2), **options)


@pytest.fixture
def scene(tmp_path):
    return write(tmp_path / "scene.tif", RNG.integers(100, 3000, (4, 40, 36), np.uint16))


def test_a_result_of_ours_is_no_scene_unless_insisted(scene, tmp_path):
    fine = tmp_path / "fine.tif"
    run(scene, fine)
    for work in (lambda: run(fine, tmp_path / "f.tif"),
                 lambda: assess(fine, resolver=BicubicResolver(2))):  # fmt: skip
        with pytest.raises(HsisrError, match=r"made by bicubic from scene\.tif.*--again"):
            work()
    run(fine, tmp_path / "finer.tif", again=True)
    assert open_raster(tmp_path / "finer.tif").provenance["HSISR_SOURCE"] == "fine.tif"


@pytest.mark.parametrize("name", ["fine.img", "fine.zarr", "fine.vrt"])
def test_a_result_is_known_in_every_format(scene, tmp_path, name):
    run(scene, tmp_path / name)
    with pytest.raises(HsisrError, match="a result already"):
        run(tmp_path / name, tmp_path / "again.tif")


def test_palettes_classes_and_bits_are_refused(tmp_path):
    codes = RNG.integers(0, 5, (1, 40, 36), np.uint8)
    palette = write(tmp_path / "palette.tif", codes)
    with rasterio.open(palette, "r+") as d:
        d.write_colormap(1, {i: (i, 0, 0, 255) for i in range(5)})
    named = write(tmp_path / "named.tif", codes)
    (tmp_path / "named.tif.aux.xml").write_text(
        '<PAMDataset><PAMRasterBand band="1"><CategoryNames><Category>sea</Category>'
        "<Category>land</Category></CategoryNames></PAMRasterBand></PAMDataset>"
    )
    bits = write(tmp_path / "bits.tif", codes // 4, nbits=1)
    for src in (palette, named, bits):
        with pytest.raises(HsisrError, match=r"classes or codes.*nearest"):
            run(src, tmp_path / "out.tif")


@pytest.mark.parametrize("grid", [
    Affine.translation(5e5, 53e5) @ Affine.rotation(20) @ Affine.scale(30, -20),
    Affine(30, 5, 500000, 0, -30, 5300000),
    Affine(-30, 0, 500000, 0, -30, 5300000),
])  # fmt: skip
def test_envi_refuses_grids_that_it_cannot_tell(tmp_path, grid):
    src = write(tmp_path / "a.tif", RNG.integers(1, 9, (2, 20, 20), np.uint16), transform=grid)
    with pytest.raises(HsisrError, match=r"ENVI cannot tell the place.*GeoTIFF"):
        run(src, tmp_path / "a.img")


@pytest.mark.parametrize("grid", [
    UPRIGHT,
    Affine(30, 0, 500000, 0, -20, 5300000),
    Affine(30, 0, 500000, 0, 30, 5300000),
    Affine.translation(5e5, 53e5) @ Affine.rotation(20) @ Affine.scale(30, -30),
])  # fmt: skip
def test_envi_holds_the_others(tmp_path, grid):
    src = write(tmp_path / "a.tif", RNG.integers(1, 9, (2, 20, 20), np.uint16), transform=grid)
    run(src, tmp_path / "a.img")
    with rasterio.open(tmp_path / "a.img") as d:
        assert d.transform.almost_equals(grid @ Affine.scale(0.5), 1e-6)


ROTATED_POLE = (
    "+proj=ob_tran +o_proj=longlat +o_lon_p=0 +o_lat_p=39.25 +lon_0=18 +to_meter=0.0174532925199433"
)


def test_a_system_that_envi_makes_a_local_one_of_is_not_held(tmp_path):
    src = write(tmp_path / "a.tif", RNG.integers(1, 9, (2, 20, 20), np.uint16))
    with rasterio.open(src, "r+") as d:
        d.crs, d.transform = CRS.from_proj4(ROTATED_POLE), Affine(0.1, 0, 1, 0, -0.1, 2)
    with pytest.raises(HsisrError, match=r"envi does not hold .* reference system is another"):
        run(src, tmp_path / "a.img")
    with rasterio.open(src, "r+") as d:
        d.crs = CRS.from_wkt('LOCAL_CS["site",UNIT["metre",1]]')
    run(src, tmp_path / "a.img")


def test_envi_refuses_bytes_with_a_sign(tmp_path):
    src = write(tmp_path / "a.tif", RNG.integers(-47, 28, (2, 20, 20), np.int8))
    with pytest.raises(HsisrError, match=r"ENVI cannot hold int8.*GeoTIFF"):
        run(src, tmp_path / "a.img")
    run(src, tmp_path / "b.tif")
    with rasterio.open(tmp_path / "b.tif") as d:
        assert d.dtypes[0] == "int8"
        assert d.read().min() < -30


@pytest.mark.parametrize("name", ["b.tif", "b.img"])
def test_a_mask_of_floats_is_nodata_afterwards(tmp_path, name):
    src = write(tmp_path / "a.tif", RNG.random((3, 24, 20), np.float32))
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), rasterio.open(src, "r+") as d:
        mask = np.full((24, 20), 255, np.uint8)
        mask[:6, :6] = 0
        d.write_mask(mask)
    run(src, tmp_path / name)
    with rasterio.open(tmp_path / name) as d:
        assert np.isnan(d.nodata)
        found = d.read_masks(1)
    np.testing.assert_array_equal(found, mask.repeat(2, axis=0).repeat(2, axis=1))


@pytest.mark.parametrize("form", ["gtiff", "cog"])
def test_control_points_of_pixels_that_are_points_stay_where_they_are(tmp_path, form):
    places = [(4, 4), (4, 30), (30, 4)]
    points = [GroundControlPoint(row=r, col=c, x=5e5 + c, y=53e5 - r) for r, c in places]
    with rasterio.open(
        tmp_path / "a.tif", "w", driver="GTiff", count=1, height=40, width=36, dtype="uint16"
    ) as d:
        d.gcps = (points, CRS.from_epsg(32632))
        d.update_tags(AREA_OR_POINT="Point")
        d.write(RNG.integers(1, 9, (1, 40, 36), np.uint16))
    with rasterio.open(tmp_path / "a.tif") as d:
        before = [(2 * p.row, 2 * p.col) for p in d.gcps[0]]
    from hsisr_geo.output.formats.choice import WriteOptions

    run(tmp_path / "a.tif", tmp_path / "b.tif", write=WriteOptions(form))
    with rasterio.open(tmp_path / "b.tif") as d:
        assert d.tags()["AREA_OR_POINT"] == "Point"
        assert [(p.row, p.col) for p in d.gcps[0]] == before


def test_a_valid_pixel_never_turns_transparent(tmp_path):
    cube = RNG.integers(100, 3000, (5, 24, 24)).astype(np.uint16)
    cube[4] = 255
    cube[4, 8:16, 8:16] = 1
    cube[4, :4] = 0
    src = write(tmp_path / "a.tif", cube, alpha="YES")
    with rasterio.open(src, "r+") as d:
        d.colorinterp = [*d.colorinterp[:4], rasterio.enums.ColorInterp.alpha]
    lines = []
    run(src, tmp_path / "b.tif", log=lines.append)
    with rasterio.open(tmp_path / "b.tif") as d:
        alpha = d.read(5)
    np.testing.assert_array_equal(alpha > 0, (cube[4] > 0).repeat(2, axis=0).repeat(2, axis=1))
    assert not any("bad or empty" in line for line in lines)


def test_the_size_of_a_pixel_follows_the_grid(scene, tmp_path):
    with rasterio.open(scene, "r+") as d:
        d.update_tags(gsd_m="30", Pixel_Size="about 30 m", sensor="EnMAP")
    run(scene, tmp_path / "b.tif")
    with rasterio.open(tmp_path / "b.tif") as d:
        assert d.tags()["gsd_m"] == "15"
        assert "Pixel_Size" not in d.tags()
        assert d.tags()["sensor"] == "EnMAP"
    assert finer_items({"spatial resolution": "30.0 m"}, 4) == {"spatial resolution": "7.5 m"}


@pytest.mark.parametrize(("change", "told"), [
    ({"transform": UPRIGHT @ Affine.translation(1, 0)}, "1 pixels away"),
    ({"crs": "EPSG:32633"}, "coordinate reference system is another"),
    ({"nodata": 7}, "nodata value is 7"),
    ({"dtype": "int32"}, "numbers are int32, not uint16"),
    ({"height": 41}, "size is another"),
])  # fmt: skip
@pytest.mark.parametrize("form", [GeoTiff(), Envi()])
def test_what_was_written_is_read_back_and_compared(scene, tmp_path, form, change, told):
    raster = open_raster(scene)
    check_read_back(scene, scene, form, raster)
    with rasterio.open(scene) as d:
        profile = d.profile
    other = tmp_path / "other.tif"
    with rasterio.open(other, "w", **{**profile, **change}):
        pass
    with pytest.raises(HsisrError, match=told):
        check_read_back(other, tmp_path / "asked.tif", form, raster)


def test_a_nodata_value_that_float32_rounds_is_the_same_value(tmp_path):
    """A text header says -1e+30, a GeoTIFF of float32 -1.0000000150474662e+30: one pixel value."""
    cube = np.full((2, 4, 5), 7, np.float32)
    cube[:, 0, 0] = -1e30
    with rasterio.open(
        tmp_path / "a.img", "w", driver="ENVI", count=2, height=4, width=5, dtype="float32",
        nodata=-1e30, crs="EPSG:32633", transform=Affine(30, 0, 364095, 0, -30, 5809965),
    ) as file:  # fmt: skip
        file.write(cube)
    run(tmp_path / "a.img", tmp_path / "fine.tif")
    with rasterio.open(tmp_path / "fine.tif") as fine:
        assert not fine.read_masks(1)[:2, :2].any()
        assert fine.read_masks(1).sum() == 76 * 255


XMP = '<x:xmpmeta xmlns:x="adobe:ns:meta/"><owner>me=you</owner></x:xmpmeta>'


@pytest.mark.parametrize("name", ["fine.tif", "cog.tif", "fine.vrt"])
def test_domains_of_xml_are_kept_as_gdal_translate_keeps_them(scene, tmp_path, name):
    with rasterio.open(scene, "r+") as dataset:
        # rasterio puts a "=" between name and value, which such a document has in it anyway
        dataset.update_tags(ns="xml:XMP", **dict([XMP.split("=", 1)]))
        dataset.update_tags(ns="xml:OTHER", **{"<a b": "''/>"})
    how = WriteOptions("cog") if name.startswith("cog") else WriteOptions()
    run(scene, tmp_path / name, write=how)
    with rasterio.open(tmp_path / name) as fine:
        same = {"".join(text.split()) for text in fine.tags(ns="xml:XMP").values()}
        assert same == {"".join(XMP.split())}
        if not name.startswith("cog"):  # GDAL copies no other such domain
            assert fine.tags(ns="xml:OTHER")["xml:OTHER"].startswith("<a b=")


def test_control_points_beside_a_geotransform_are_told(scene, tmp_path):
    point = '<GCP Id="1" Pixel="{0}" Line="{0}" X="{0}" Y="{0}"/>'
    points = "".join(point.format(n) for n in range(4))
    text = f"""<VRTDataset rasterXSize="36" rasterYSize="40"><SRS>EPSG:32632</SRS>
    <GeoTransform>{", ".join(map(str, UPRIGHT.to_gdal()))}</GeoTransform>
    <GCPList Projection="EPSG:4326">{points}</GCPList>
    <VRTRasterBand dataType="UInt16" band="1"><SimpleSource><SourceFilename relativeToVRT="1">
    scene.tif</SourceFilename><SourceBand>1</SourceBand></SimpleSource></VRTRasterBand>
    </VRTDataset>"""
    (tmp_path / "both.vrt").write_text(text)
    raster = open_raster(tmp_path / "both.vrt")
    assert raster.transform == UPRIGHT
    assert "4 control points stand beside a geotransform" in " ".join(raster.notes)


def test_a_grid_that_begins_in_the_south_is_held_by_zarr(tmp_path):
    cube = RNG.integers(100, 3000, (4, 20, 24), np.uint16)
    south = write(tmp_path / "south.tif", cube, transform=Affine(30, 0, 500000, 0, 30, 5300000))
    run(south, tmp_path / "fine.zarr")
    run(south, tmp_path / "fine.tif")
    raster = open_raster(tmp_path / "fine.zarr")
    with rasterio.open(tmp_path / "fine.tif") as fine:
        assert sorted(raster.bounds) == sorted(fine.bounds)
        found = read_window(raster, slice(0, 40), slice(0, 48))
        np.testing.assert_array_equal(found, fine.read()[:, ::-1])
