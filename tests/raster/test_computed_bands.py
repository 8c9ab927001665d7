"""Bands of a VRT that are computed: read as GDAL computes them, refused where it cannot."""

import numpy as np
import pytest
import rasterio
from scenes import reflectance

from hsisr_geo.errors import RasterError
from hsisr_geo.raster.open import open_raster
from hsisr_geo.raster.read import read_window

SOURCE = (
    '<SimpleSource><SourceFilename relativeToVRT="1">scene.tif</SourceFilename>'
    "<SourceBand>{band}</SourceBand></SimpleSource>"
)


@pytest.fixture
def scene(tmp_path):
    cube = (reflectance(6, 5, [450.0, 550.0, 650.0], seed=1) * 1e4).astype("float32")
    path = tmp_path / "scene.tif"
    options = {"driver": "GTiff", "count": 3, "height": 6, "width": 5, "dtype": "float32"}
    with rasterio.open(path, "w", crs="EPSG:32633", **options) as file:
        file.write(cube)
    return cube


def vrt(folder, *functions):
    """A VRT of a band for each function, of as many sources as are told."""
    bands = "".join(
        f'<VRTRasterBand dataType="Float32" band="{number}" subClass="VRTDerivedRasterBand">'
        f"<PixelFunctionType>{function}</PixelFunctionType>"
        f"{''.join(SOURCE.format(band=band) for band in sources)}</VRTRasterBand>"
        for number, (function, sources) in enumerate(functions, start=1)
    )
    path = folder / "computed.vrt"
    path.write_text(f'<VRTDataset rasterXSize="5" rasterYSize="6">{bands}</VRTDataset>')
    return path


def test_computed_bands_are_read_as_gdal_computes_them(scene, tmp_path):
    raster = open_raster(vrt(tmp_path, ("diff", (1, 2)), ("sum", (1, 2, 3))))
    read = read_window(raster, slice(0, 6), slice(0, 5))
    np.testing.assert_allclose(read, [scene[0] - scene[1], scene.sum(axis=0)], rtol=1e-6)


@pytest.mark.parametrize(("function", "sources"), [("diff", (2,)), ("cmul", (1, 2, 3))])
def test_a_band_that_gdal_cannot_compute_is_an_error_not_zeros(scene, tmp_path, function, sources):
    """Rasterio returns zeros, and in bands after it what was in memory: findings/."""
    computed = vrt(tmp_path, ("sum", (1, 2)), (function, sources), ("sum", (1, 2)))
    with pytest.raises(RasterError, match=r"computed\.vrt: GDAL cannot compute band 2: .* sources"):
        open_raster(computed)


def test_a_function_that_gdal_does_not_have_is_an_error(scene, tmp_path):
    computed = vrt(tmp_path, ("nonsense", (1,)))
    with pytest.raises(RasterError, match=r"computed\.vrt.*'nonsense' not registered"):
        open_raster(computed)
