"""Layers that go in: what is a file and what is not, and which part. Layers that come out."""

import subprocess
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from conftest import ROOT
from osgeo import gdal
from processing_runs import run
from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsCoordinateTransform,
    QgsProcessingException,
    QgsProject,
    QgsRasterLayer,
    QgsRasterRange,
    QgsRectangle,
    QgsReferencedRectangle,
    QgsVectorLayer,
)

pytestmark = pytest.mark.usefixtures("plugin")


def values(path):
    return gdal.Open(str(path)).ReadAsArray()


@pytest.fixture
def empty_project():
    yield QgsProject.instance()
    QgsProject.instance().removeAllMapLayers()


# In.


def test_a_vrt_and_a_subdataset_are_rasters_on_disk(fields, tmp_path):
    vrt = tmp_path / "scene.vrt"
    gdal.Translate(str(vrt), str(fields), format="VRT").FlushCache()
    part = QgsRasterLayer(f"GTIFF_DIR:1:{fields}", "part", "gdal")
    by_name = {}
    for name, source in (("file", str(fields)), ("vrt", str(vrt)), ("part", part)):
        results, _ = run(
            {"INPUT": source, "MODEL": "bicubic", "OUTPUT": str(tmp_path / f"{name}.tif")}
        )
        by_name[name] = values(results["OUTPUT"])
    assert np.array_equal(by_name["vrt"], by_name["file"])
    assert np.array_equal(by_name["part"], by_name["file"])


@pytest.mark.parametrize(
    ("provider", "source", "told"),
    [
        ("postgresraster", 'dbname=\'gis\' table="public"."dem"', "PostGIS raster"),
        ("gdal", "PG:dbname=gis table=dem", "GDAL"),
        ("wcs", "url=https://localhost/wcs", "WCS"),
        ("gdal", "<GDAL_WMS></GDAL_WMS>", "GDAL"),
        ("gdal", "/vsimem/a.tif", "memory of QGIS"),
        ("gdal", "MEM:::DATAPOINTER=1", "memory of QGIS"),
        ("gdal", 'NETCDF:"/vsimem/a.nc":cube', "memory of QGIS"),
    ],
)
def test_what_is_no_file_is_refused_with_the_way_out(plugin, provider, source, told):
    from hsisr_geo_qgis.layers import layer_path

    layer = SimpleNamespace(
        name=lambda: "relief", source=lambda: source, providerType=lambda: provider
    )
    with pytest.raises(QgsProcessingException, match=f"'relief' .*{told}.*Save As"):
        layer_path(layer)


def test_a_web_map_is_refused_before_a_run(tmp_path, empty_project):
    web = QgsRasterLayer("type=xyz&url=http://localhost/{z}/{x}/{y}.png", "web map", "wms")
    assert web.isValid()
    with pytest.raises(QgsProcessingException, match=r"'web map' .*WMS.*Save As"):
        run({"INPUT": web, "OUTPUT": str(tmp_path / "never.tif")})


def test_a_vector_layer_is_refused(tmp_path, empty_project):
    points = QgsVectorLayer("Point?crs=EPSG:4326", "points", "memory")
    empty_project.addMapLayer(points)
    with pytest.raises(QgsProcessingException, match="INPUT: 'points' is not a raster layer"):
        run({"INPUT": points.id(), "OUTPUT": str(tmp_path / "never.tif")})
    with pytest.raises(QgsProcessingException, match=r"no raster layer and no file '.*gone.tif'"):
        run({"INPUT": str(tmp_path / "gone.tif"), "OUTPUT": str(tmp_path / "never.tif")})


def test_an_extent_in_another_crs_covers_that_part(tile, tmp_path):
    """As 'select extent on canvas' gives it: in the CRS of the project."""
    layer = QgsRasterLayer(str(tile), "scene", "gdal")
    whole, size = layer.extent(), layer.rasterUnitsPerPixelX()
    west, north = whole.xMinimum() + 6 * size, whole.yMaximum() - 8 * size
    wanted = QgsRectangle(west, north - 9 * size, west + 10 * size, north)
    wgs84 = QgsCoordinateReferenceSystem("EPSG:4326")
    there = QgsCoordinateTransform(layer.crs(), wgs84, QgsProject.instance())
    extent = QgsReferencedRectangle(there.transformBoundingBox(wanted), wgs84)
    output = str(tmp_path / "part.tif")
    run({"INPUT": layer, "MODEL": "bicubic", "EXTENT": extent, "OUTPUT": output})
    part = QgsRasterLayer(output, "part", "gdal")
    assert part.crs() == layer.crs()
    assert part.extent().contains(wanted)
    assert part.extent().width() < wanted.width() + 4 * size  # the corners turn a little
    text = f"{extent.xMinimum()},{extent.xMaximum()},{extent.yMinimum()},{extent.yMaximum()}"
    again = str(tmp_path / "again.tif")
    run({"INPUT": layer, "MODEL": "bicubic", "EXTENT": f"{text} [EPSG:4326]", "OUTPUT": again})
    assert np.array_equal(values(again), values(output))
    column = round((part.extent().xMinimum() - whole.xMinimum()) / size * 2)
    row = round((whole.yMaximum() - part.extent().yMaximum()) / size * 2)
    everything = str(tmp_path / "all.tif")
    run({"INPUT": layer, "MODEL": "bicubic", "OUTPUT": everything})
    rows, cols = slice(row, row + part.height()), slice(column, column + part.width())
    assert np.allclose(values(output), values(everything)[:, rows, cols], rtol=1e-5)


@pytest.mark.parametrize("extent", ["-60.1,-60,10,10.1", "10,11,10,11"])
def test_an_extent_elsewhere_says_so(extent, tile, tmp_path):
    """Not in which CRS to give it: QGIS takes any."""
    with pytest.raises(QgsProcessingException, match=f"EXTENT lies beside {tile.stem}"):
        run(
            {
                "INPUT": str(tile),
                "MODEL": "bicubic",
                "EXTENT": f"{extent} [EPSG:4326]",
                "OUTPUT": str(tmp_path / "never.tif"),
            }
        )
    assert list(tmp_path.iterdir()) == []


def test_bands_are_chosen_and_left_out(fields, tmp_path):
    chosen = {"BANDS": "1-3", "EXCLUDE": "2", "DROP_BAD": True}
    results, _ = run(
        {"INPUT": str(fields), "MODEL": "bicubic", "OUTPUT": str(tmp_path / "sr.tif"), **chosen}
    )
    assert gdal.Open(results["OUTPUT"]).RasterCount == 2
    with pytest.raises(QgsProcessingException, match=r"9"):
        run(
            {
                "INPUT": str(fields),
                "MODEL": "bicubic",
                "BANDS": "9",
                "OUTPUT": str(tmp_path / "never.tif"),
            }
        )


def made_product(engine, product, path, **options):
    """A product as the tests of the engine make it, by the engine's Python."""
    python = Path(engine).with_name("python")
    code = f"import sys; from made_products import {product}; {product}(sys.argv[1], **{options})"
    subprocess.run([python, "-c", code, path], cwd=ROOT / "tests", check=True)
    return path


def test_a_range_of_wavelengths_the_wrong_way_round_speaks_of_its_fields(fields, tmp_path):
    never = {"INPUT": str(fields), "MODEL": "bicubic", "OUTPUT": str(tmp_path / "never.tif")}
    with pytest.raises(QgsProcessingException, match="FROM_NM is larger than TO_NM"):
        run({**never, "FROM_NM": 900, "TO_NM": 400})


def test_emit_is_put_on_its_map_grid(engine, tmp_path, empty_project):
    """QGIS opens its cube as a subdataset, and takes the lines of the swath for bands."""
    granule = made_product(engine, "make_emit", tmp_path / "EMIT_L2A #1.nc", rows=40, cols=36)
    source = QgsRasterLayer(f'NETCDF:"{granule}":reflectance', "emit", "gdal")
    assert source.isValid()
    assert source.bandCount() == 40
    parameters = {"INPUT": source, "MODEL": "bicubic", "ORTHORECTIFY": True}
    results, _ = run({**parameters, "OUTPUT": str(tmp_path / "fine.tif")})
    layer = QgsRasterLayer(results["OUTPUT"], "fine", "gdal")
    assert layer.crs().authid() == "EPSG:4326"
    assert (layer.width(), layer.height(), layer.bandCount()) == (52, 52, 5)
    page, _ = run({"INPUT": source, "ORTHORECTIFY": True, "OUTPUT": "TEMPORARY_OUTPUT"}, "info")
    assert page["BANDS"] == 5
    assert "EMIT L2A, orthorectified" in Path(page["OUTPUT"]).read_text(encoding="utf-8")
    # Over the result that is there; by the file's name, too, by which QGIS opens nothing.
    assert set(loaded({**parameters, "OUTPUT": results["OUTPUT"]})) == {"emit ×2 (bicubic)"}
    before = values(results["OUTPUT"])
    empty_project.removeAllMapLayers()
    by_name = {**parameters, "INPUT": str(granule), "OUTPUT": results["OUTPUT"]}
    assert set(loaded(by_name)) == {"EMIT_L2A #1.nc ×2 (bicubic)"}
    assert np.array_equal(values(results["OUTPUT"]), before, equal_nan=True)


def test_a_product_is_taken_by_its_folder(engine, tmp_path):
    """The engine knows it; QGIS has no layer of it, so that it cannot tell an extent's place."""
    folder = tmp_path / "EnMAP"
    folder.mkdir()
    made_product(engine, "make_enmap", folder)
    page, _ = run({"INPUT": str(folder), "OUTPUT": str(tmp_path / "info.html")}, "info")
    assert page["BANDS"] == 6
    assert "EnMAP L2A" in Path(page["OUTPUT"]).read_text(encoding="utf-8")
    never = {"INPUT": str(folder), "MODEL": "bicubic", "OUTPUT": str(tmp_path / "never.tif")}
    with pytest.raises(QgsProcessingException, match="EXTENT needs a raster that QGIS can open"):
        run({**never, "EXTENT": "0,1,0,1"})


# Out.


def loaded(parameters):
    import processing

    processing.runAndLoadResults("hsisr:superresolve", parameters)
    return {layer.name(): layer for layer in QgsProject.instance().mapLayers().values()}


def test_layers_are_named_by_scene_factor_and_model_and_styled(fields, tmp_path, empty_project):
    layers = loaded(
        {
            "INPUT": str(fields),
            "UPSCALE": "2",
            "SAMPLES": 2,
            "UNCERTAINTY_BANDS": "mean",
            "EXTENT": "359745,360105,5809785,5810085 [EPSG:32633]",
            "OUTPUT": str(tmp_path / "sr.tif"),
            "UNCERTAINTY": str(tmp_path / "sigma.tif"),
        }
    )
    name = "fields part ×2 (hsisr-base)"
    assert set(layers) == {name, f"{name}: uncertainty"}
    sigma = layers["fields part ×2 (hsisr-base): uncertainty"]
    renderer = sigma.renderer()
    assert renderer.type() == "singlebandpseudocolor"
    band = renderer.inputBand() if hasattr(renderer, "inputBand") else renderer.band()
    found = values(tmp_path / "sigma.tif") * sigma.dataProvider().bandScale(band)
    low, high = np.percentile(found, [2, 98])
    span = found.max() - found.min()
    assert abs(renderer.classificationMin() - low) < 0.05 * span
    assert abs(renderer.classificationMax() - high) < 0.05 * span
    made, dataset = gdal.Open(str(tmp_path / "sr.tif")), gdal.Open(str(tmp_path / "sigma.tif"))
    assert dataset.GetGeoTransform() == made.GetGeoTransform()
    assert (dataset.RasterXSize, dataset.RasterYSize, dataset.RasterCount) == (24, 20, 1)
    assert dataset.GetMetadataItem("HSISR_SAMPLES") == "2"
    assert (found > 0).all()
    items = renderer.shader().rasterShaderFunction().colorRampItemList()
    assert items[0].color.lightness() > items[-1].color.lightness()


def test_what_qgis_alone_knows_of_a_layer_is_on_the_map_and_told(tmp_path, empty_project):
    """Its CRS is somebody's word, and so is a value for no data: neither is in the file."""
    import processing
    from processing_runs import Heard

    path = tmp_path / "plain.tif"
    made = gdal.GetDriverByName("GTiff").Create(str(path), 12, 12, 4, gdal.GDT_UInt16)
    made.SetGeoTransform((359745.0, 30.0, 0.0, 5810085.0, 0.0, -30.0))
    made.WriteArray(np.arange(4 * 144).reshape(4, 12, 12) % 500 + 7)
    del made
    layer = QgsRasterLayer(str(path), "plain", "gdal")
    layer.setCrs(QgsCoordinateReferenceSystem("EPSG:32633"))
    layer.dataProvider().setUserNoDataValue(2, [QgsRasterRange(7, 7)])
    empty_project.addMapLayer(layer)
    asked = {"INPUT": layer.id(), "MODEL": "bicubic", "OUTPUT": str(tmp_path / "sr.tif")}
    heard = Heard()
    processing.runAndLoadResults("hsisr:superresolve", asked, feedback=heard)
    (result,) = empty_project.mapLayersByName("plain ×2 (bicubic)")
    assert result.crs() == layer.crs()
    assert result.extent() == layer.extent()
    assert [
        word
        for word in ("EPSG:32633", "7 is no data in 'plain'", "NODATA")
        if not any(word in warning for warning in heard.warned)
    ] == []
    _, heard = run({**asked, "NODATA": 7})
    assert not any("no data" in warning for warning in heard.warned)


def test_the_uncertainty_is_shown_in_green_light(plugin):
    from hsisr_geo_qgis.map.sequential import shown_band

    assert shown_band([450.0, 555.0, None, 700.0]) == 2
    assert shown_band([None, None]) == 1


def test_a_name_of_the_users_stays(tile, tmp_path, empty_project):
    from qgis.core import QgsProcessingOutputLayerDefinition

    output = QgsProcessingOutputLayerDefinition(str(tmp_path / "sr.tif"), empty_project)
    output.destinationName = "My finer scene"
    layers = loaded({"INPUT": str(tile), "MODEL": "bicubic", "OUTPUT": output})
    assert set(layers) == {"My finer scene"}


def test_qgis_shows_physical_values_and_wavelengths(tile, tmp_path, engine):
    """It applies scale and offset itself, and its lists of bands show the names."""
    made = tmp_path / "sr.tif"
    command = [engine, "run", str(tile), str(made), "--upscale", "2", "--model", "bicubic"]
    subprocess.run(command, check=True, capture_output=True)
    layer, number = QgsRasterLayer(str(made), "sr", "gdal"), 20
    provider, dataset = layer.dataProvider(), gdal.Open(str(made))
    band = dataset.GetRasterBand(number)
    stored = band.ReadAsArray()[5, 7]
    scale, offset = band.GetScale() or 1.0, band.GetOffset() or 0.0
    shown = provider.block(number, layer.extent(), layer.width(), layer.height()).value(5, 7)
    assert shown == pytest.approx(stored * scale + offset)
    wavelength = float(band.GetMetadataItem("wavelength"))
    assert f"{wavelength:.0f}" in layer.bandName(number) or f"{wavelength:g}" in layer.bandName(
        number
    )


def first_block(band):
    """Where in its file the first block of a band lies."""
    return int(band.GetMetadataItem("BLOCK_OFFSET_0_0", "TIFF"))


def test_the_format_is_the_names_or_the_one_asked_for(fields, tmp_path, empty_project):
    """GeoTIFF, COG, ENVI and netCDF, all of which QGIS opens; Zarr where its GDAL can."""
    plain = {"INPUT": str(fields), "MODEL": "bicubic"}
    found = {}
    for name, options in (
        ("a.tif", {}),
        ("b.tif", {"FORMAT": "cog", "CREATION": "COMPRESS=LZW|BLOCKXSIZE=32|BLOCKYSIZE=32"}),
        ("c.bsq", {}),
        ("d.zarr", {"FORMAT": "zarr"}),
        ("e.nc", {}),
    ):
        results, _ = run({**plain, **options, "OUTPUT": str(tmp_path / name)})
        found[name] = results["OUTPUT"]
    stored = [gdal.Open(found[name]).GetMetadata("IMAGE_STRUCTURE") for name in ("a.tif", "b.tif")]
    assert (stored[0]["COMPRESSION"], stored[1]["COMPRESSION"]) == ("ZSTD", "LZW")
    dataset = gdal.Open(found["b.tif"])
    cog = dataset.GetRasterBand(1)
    assert cog.GetBlockSize() == [32, 32]
    assert [cog.GetOverview(i).XSize for i in range(cog.GetOverviewCount())] == [48, 24]
    directories = [band.GetMetadataItem("IFD_OFFSET", "TIFF") for band in (cog, cog.GetOverview(0))]
    assert 8 == int(directories[0]) < int(directories[1]) < first_block(cog.GetOverview(1))
    assert first_block(cog.GetOverview(1)) < first_block(cog.GetOverview(0)) < first_block(cog)
    assert gdal.Open(found["c.bsq"]).GetDriver().ShortName == "ENVI"
    assert (tmp_path / "d.zarr").is_dir()
    assert gdal.Open(found["e.nc"]).GetDriver().ShortName == "netCDF"
    for name in ("b.tif", "c.bsq", "e.nc"):
        assert np.array_equal(values(found[name]), values(found["a.tif"]))
        assert QgsRasterLayer(found[name], name, "gdal").isValid()
