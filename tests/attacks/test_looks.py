"""Somebody looks at an input while it is read, or between a run and its resume: nothing stops."""

import shutil
import warnings
from dataclasses import replace

import numpy as np
import pytest
import rasterio
from attacks.test_inputs_hold_still import at, run, scene, stop, vrt
from rasterio.crs import CRS
from scenes import read_pixels

from hsisr_geo.engine.identity import Snapshot, changed_at, input_identity
from hsisr_geo.errors import Canceled, OutputError, RasterError
from hsisr_geo.raster.open import open_raster

STATISTICS = '<MDI key="STATISTICS_MAXIMUM">8998</MDI>'
SAID = {
    "place": "<GeoTransform>1, 30, 0, 1, 0, -30</GeoTransform>",
    "nodata": '<PAMRasterBand band="1"><NoDataValue>7</NoDataValue></PAMRasterBand>',
    "scale": '<PAMRasterBand band="2"><Scale>2</Scale></PAMRasterBand>',
    "wavelength": '<PAMRasterBand band="2"><Metadata><MDI key="wavelength">500</MDI></Metadata>'
    "</PAMRasterBand>",
    "points": '<GCPList Projection="EPSG:32633"><GCP Id="1" Pixel="1" Line="1" X="1" Y="1"/>'
    "</GCPList>",
}


def plain(folder):
    return scene(folder / "in.tif"), folder / "in.tif"


def virtual(folder):
    return vrt(folder / "v.vrt", scene(folder / "in.tif").name, relative=True), folder / "v.vrt"


def source_of_a_vrt(folder):
    return vrt(folder / "v.vrt", scene(folder / "in.tif").name, relative=True), folder / "in.tif"


def envi(folder):
    return scene(folder / "in.img", driver="ENVI", nodata=None), folder / "in.img"


def look(path):
    """Do what QGIS does when it shows a layer: statistics, overviews, a style."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with rasterio.open(path) as dataset:
            for band in dataset.indexes:
                dataset.statistics(band, clear_cache=True)
    pyramid = {"driver": "GTiff", "dtype": "uint16", "count": 3, "height": 24, "width": 24}
    with rasterio.open(f"{path}.ovr", "w", **pyramid) as overviews:
        overviews.write(np.ones((3, 24, 24), np.uint16))
    path.with_suffix(".qml").write_text("<qgis/>")
    path.with_suffix(".qmd").write_text("<qgis/>")


def sidecar(path, *said):
    bands = f'<PAMRasterBand band="3"><Metadata>{STATISTICS}</Metadata></PAMRasterBand>'
    text = f"<PAMDataset>{''.join(said)}{bands}</PAMDataset>"
    path.with_name(f"{path.name}.aux.xml").write_text(text)


def interrupted(src, dst):
    """Begin a run that is kept after four tiles."""
    with pytest.raises(Canceled):
        run(src, dst, resume=True, progress=at(4, stop))


SEEN = [plain, virtual, source_of_a_vrt, envi]


@pytest.mark.parametrize("seen", SEEN)
@pytest.mark.parametrize("before", [False, True])
def test_a_look_while_a_run_goes_on(tmp_path, seen, before):
    src, shown = seen(tmp_path)
    run(src, tmp_path / "true.tif")
    if before:
        look(shown)
    run(src, tmp_path / "out.tif", progress=at(4, lambda: look(shown)))
    np.testing.assert_array_equal(
        read_pixels(tmp_path / "out.tif"), read_pixels(tmp_path / "true.tif")
    )


@pytest.mark.parametrize("seen", SEEN)
def test_a_look_before_resume(tmp_path, seen):
    src, shown = seen(tmp_path)
    dst = tmp_path / "out.tif"
    interrupted(src, dst)
    look(shown)
    assert run(src, dst, resume=True).kept >= 4


@pytest.mark.parametrize("seen", SEEN)
def test_a_look_changes_no_tag_of_the_output(tmp_path, seen):
    src, shown = seen(tmp_path)
    told = []
    for name in ("a.tif", "b.tif"):
        run(src, tmp_path / name)
        with rasterio.open(tmp_path / name) as dataset:
            told.append(dataset.tags())
        look(shown)
    assert told[0] == told[1]


@pytest.mark.parametrize("what", SAID)
def test_what_a_sidecar_says_besides_is_watched(tmp_path, what):
    src, _ = plain(tmp_path)
    sidecar(src)
    with pytest.raises(RasterError, match="while it was being read"):
        run(src, tmp_path / "a.tif", progress=at(4, lambda: sidecar(src, SAID[what])))
    other = next(said for said in SAID if said != what)
    sidecar(src, SAID[other])
    with pytest.raises(RasterError, match="while it was being read"):
        run(src, tmp_path / "a.tif", progress=at(4, lambda: sidecar(src, SAID[what])))
    assert not (tmp_path / "a.tif").exists()


@pytest.mark.parametrize("what", SAID)
@pytest.mark.parametrize("seen", [plain, source_of_a_vrt])
def test_a_sidecar_that_comes_while_a_run_goes_on(tmp_path, what, seen):
    src, shown = seen(tmp_path)
    with pytest.raises(RasterError, match=r"in\.tif\.aux\.xml: came while it was being read"):
        run(src, tmp_path / "a.tif", progress=at(4, lambda: sidecar(shown, SAID[what])))
    assert not (tmp_path / "a.tif").exists()


def test_a_mask_that_comes_while_a_run_goes_on(tmp_path):
    src = scene(tmp_path / "in.tif", nodata=None)
    (tmp_path / "other").mkdir()
    other = shutil.copy(src, tmp_path / "other" / "in.tif")
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=False), rasterio.open(other, "r+") as dataset:
        dataset.write_mask(np.arange(48 * 48).reshape(48, 48) > 99)
    mask = tmp_path / "other" / "in.tif.msk"
    with pytest.raises(RasterError, match=r"in\.tif\.msk: came while it was being read"):
        run(src, tmp_path / "a.tif", progress=at(4, lambda: mask.rename(tmp_path / mask.name)))
    assert not (tmp_path / "a.tif").exists()


def test_a_raster_that_was_changed_after_it_was_opened_is_one_of_its_user(tmp_path):
    src = scene(tmp_path / "in.tif", crs=None)
    placed = replace(open_raster(src, bands="1-2"), crs=CRS.from_epsg(32633).to_wkt())
    run(placed, tmp_path / "a.tif", progress=at(4, lambda: look(src)))
    assert "UTM zone 33N" in open_raster(tmp_path / "a.tif").crs


@pytest.mark.parametrize("what", SAID)
def test_what_a_sidecar_says_besides_ends_a_resume(tmp_path, what):
    src, _ = plain(tmp_path)
    interrupted(src, tmp_path / "a.tif")
    sidecar(src, SAID[what])
    with pytest.raises(OutputError, match="not as they were"):
        run(src, tmp_path / "a.tif", resume=True)


def test_a_mask_or_a_world_file_that_comes_ends_a_resume(tmp_path):
    src = scene(tmp_path / "in.tif", nodata=None)
    interrupted(src, tmp_path / "a.tif")
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=False), rasterio.open(src, "r+") as dataset:
        dataset.write_mask(np.arange(48 * 48).reshape(48, 48) > 99)
    assert (tmp_path / "in.tif.msk").exists()
    with pytest.raises(OutputError, match="input files: not as they were"):
        run(src, tmp_path / "a.tif", resume=True)
    cut = scene(tmp_path / "b.tif")
    shutil.copy(cut, tmp_path / "kept.tif")
    with pytest.raises(RasterError, match=r"in\.tif\.msk: .*while it was being read"):
        run(src, tmp_path / "c.tif", progress=at(4, lambda: scene(tmp_path / "in.tif.msk")))


def test_a_sidecar_half_written_is_waited_for(tmp_path, monkeypatch):
    beside = scene(tmp_path / "in.tif").with_name("in.tif.aux.xml")
    names = ["in.vrt", str(tmp_path / "in.tif"), str(beside)]
    alone = input_identity(names)
    beside.write_text("<PAMDataset><PAMRaster")
    monkeypatch.setattr(
        "hsisr_geo.raster.facts.remarks.time.sleep", lambda _: beside.write_text("<PAMDataset/>")
    )
    assert input_identity(names) == alone


def test_a_sidecar_of_nonsense_counts_as_it_is(tmp_path, monkeypatch):
    monkeypatch.setattr("hsisr_geo.raster.facts.remarks.time.sleep", lambda _: None)
    beside = scene(tmp_path / "in.tif").with_name("in.tif.aux.xml")
    names = ["in.vrt", str(tmp_path / "in.tif"), str(beside)]
    alone, told = input_identity(names), set()
    deep = "<a>" * 9999 + "</a>" * 9999
    for text in ("no XML", "<!DOCTYPE x [<!ENTITY a 'b'>]><PAMDataset/>", "<a>" * 9999, deep):
        beside.write_text(text)
        told.add(input_identity(names))
    assert len(told | {alone}) == 5


@pytest.mark.parametrize("what", SAID)
def test_what_a_sidecar_of_a_source_says_ends_a_resume(tmp_path, what):
    src, shown = source_of_a_vrt(tmp_path)
    interrupted(src, tmp_path / "a.tif")
    sidecar(shown, SAID[what])
    with pytest.raises(OutputError, match="input files: not as they were"):
        run(src, tmp_path / "a.tif", resume=True)


def test_overviews_that_are_an_input_count(tmp_path):
    named = [str(scene(tmp_path / name)) for name in ("in.tif.ovr", "in.tif")]
    before = Snapshot.of(named), changed_at(named), input_identity(named)
    scene(tmp_path / "in.tif.ovr", 2)
    assert before[0].changed == named[0]
    assert changed_at(named) != before[1]
    assert input_identity(named) != before[2]


def test_a_look_at_a_zarr(tmp_path):
    pytest.importorskip("zarr")
    run(scene(tmp_path / "in.tif"), tmp_path / "in.zarr")
    src = open_raster(tmp_path / "in.zarr")
    text = (
        f"<PAMDataset><PAMRasterBand><Metadata>{STATISTICS}</Metadata></PAMRasterBand></PAMDataset>"
    )
    noted = tmp_path / "in.zarr" / "pam.aux.xml"
    run(src, tmp_path / "out.tif", again=True, progress=at(4, lambda: noted.write_text(text)))
