"""What `gdalbuildvrt` leaves out of a VRT is taken from its sources."""

import re
import shutil
import subprocess

import numpy as np
import pytest
import rasterio
from affine import Affine
from commands import bicubic
from made_products import make_kuva
from rasterio.windows import Window

from hsisr_geo.errors import RasterError
from hsisr_geo.raster import gdal
from hsisr_geo.raster.facts.mosaic import told_by_sources
from hsisr_geo.raster.open import open_raster
from hsisr_geo.raster.suitability import check_suitable

pytestmark = pytest.mark.skipif(
    shutil.which("gdalbuildvrt") is None, reason="gdalbuildvrt is not on PATH (Debian: gdal-bin)"
)


def build_vrt(target, *sources, options=(), leaving_out=True):
    named = map(str, (target, *sources))
    subprocess.run(["gdalbuildvrt", "-q", *options, *named], check=True)
    if leaving_out:  # as before GDAL 3.13
        pattern = r"<Metadata>.*?</Metadata>|<Description>.*?</Description>"
        target.write_text(re.sub(pattern, "", target.read_text(), flags=re.DOTALL))
    return target


@pytest.fixture
def halves(tmp_path, scenes):
    """A real EnMAP scene in two parts, beside each other."""
    parts = []
    with rasterio.open(scenes.mosaic) as whole:
        for number, cols in enumerate((slice(0, 12), slice(12, 30))):
            window = Window.from_slices(slice(0, 20), cols)
            place = {"width": cols.stop - cols.start, "height": 20}
            place["transform"] = whole.transform @ Affine.translation(cols.start, 0)
            parts.append(tmp_path / f"part{number}.tif")
            with rasterio.open(parts[-1], "w", **(whole.profile | place)) as part:
                part.write(whole.read(window=window))
                part.update_tags(**whole.tags())
                part.scales = whole.scales
                for band in range(1, whole.count + 1):
                    part.update_tags(band, **whole.tags(band))
    return parts


def told(raster):
    return [(b.wavelength_nm, b.fwhm_nm, b.good) for b in raster.bands]


def test_a_mosaic_has_the_wavelengths_of_its_parts(halves, tmp_path):
    part = open_raster(halves[0])
    mosaic = open_raster(build_vrt(tmp_path / "m.vrt", *halves))
    nested = open_raster(build_vrt(tmp_path / "n.vrt", tmp_path / "m.vrt"))
    assert part.bands.wavelengths_nm
    assert told(mosaic) == told(nested) == told(part)
    assert "it tells no wavelengths: those of its sources are taken, of part0.tif" in mosaic.notes
    bicubic(tmp_path / "m.vrt", tmp_path / "fine.tif", "--bands", "1-4")
    assert told(open_raster(tmp_path / "fine.tif")) == told(part)[:4]


def test_bands_put_on_one_another_have_each_their_own(halves, tmp_path):
    bands = []
    with rasterio.open(halves[0]) as part:
        for band in (30, 3, 200):
            bands.append(tmp_path / f"b{band}.tif")
            with rasterio.open(bands[-1], "w", **(part.profile | {"count": 1})) as one:
                one.write(part.read([band]))
                one.update_tags(1, **part.tags(band))
    stack = open_raster(build_vrt(tmp_path / "s.vrt", *bands, options=["-separate"]))
    expected = told(open_raster(halves[0]))
    assert told(stack)[:2] == [expected[29], expected[2]]
    assert stack.bands[2].wavelength_nm == expected[199][0]


def test_parts_of_two_sensors_give_none(halves, tmp_path):
    with rasterio.open(halves[1], "r+") as part:
        part.update_tags(7, wavelength="1.9", wavelength_units="um")
    mosaic = open_raster(build_vrt(tmp_path / "m.vrt", *halves))
    assert mosaic.bands.wavelengths_nm is None
    assert any("different wavelengths of band 7" in note for note in mosaic.notes)


def test_a_result_in_a_vrt_is_a_result(halves, tmp_path):
    bicubic(halves[0], tmp_path / "fine.tif", "--bands", "1-4")
    for leaving_out in (False, True):
        build_vrt(tmp_path / "v.vrt", tmp_path / "fine.tif", leaving_out=leaving_out)
        with pytest.raises(RasterError, match="is a result already"):
            check_suitable(open_raster(tmp_path / "v.vrt"))


def test_sources_that_cannot_be_read_or_name_themselves_tell_nothing(halves, tmp_path):
    text = build_vrt(tmp_path / "m.vrt", *halves).read_text()
    (tmp_path / "self.vrt").write_text(text.replace("part0.tif", "self.vrt"))
    assert open_raster(tmp_path / "self.vrt").bands.wavelengths_nm is None
    halves[0].unlink()
    assert open_raster(tmp_path / "m.vrt").bands.wavelengths_nm is None


def test_a_source_that_a_library_stumbles_over_tells_nothing(halves, tmp_path):
    def stumble(path):
        raise KeyError(path)

    raster = gdal.describe(str(build_vrt(tmp_path / "m.vrt", *halves)))
    assert told_by_sources(raster, stumble) == raster


def scalings(raster):
    return [(band.scale, band.offset, band.nodata) for band in raster.bands]


def test_scales_that_a_products_metadata_tell_are_those_of_its_image_in_a_vrt(tmp_path):
    image, _ = make_kuva(tmp_path)
    mosaic = open_raster(build_vrt(tmp_path / "m.vrt", image))
    assert scalings(mosaic) == scalings(open_raster(image))
    assert mosaic.bands[3].scale == 4e-4
    assert mosaic.bands.nodata == 0
    # who has put physical values into a VRT is believed
    unscaled = tmp_path / "u.vrt"
    text = (tmp_path / "m.vrt").read_text().replace("SimpleSource", "ComplexSource")
    changed = "<ScaleRatio>0.0001</ScaleRatio></ComplexSource>"
    unscaled.write_text(text.replace("</ComplexSource>", changed))
    assert scalings(open_raster(unscaled)) == [(1, 0, None)] * 4


def test_sources_with_different_scales_leave_numbers_as_they_are_and_this_is_said(tmp_path):
    images = []
    for number, factor in enumerate((1000, 10000)):
        image, east = tmp_path / f"{number}.img", 366000 + 120 * number
        np.full((2, 3, 4), 2500, "<i2").tofile(image)
        image.with_suffix(".hdr").write_text(
            "ENVI\nsamples = 4\nlines = 3\nbands = 2\ndata type = 2\ninterleave = bsq\n"
            f"map info = {{UTM, 1, 1, {east}, 5808000, 30, 30, 33, North, WGS-84}}\n"
            f"byte order = 0\nreflectance scale factor = {factor}\n"
        )
        images.append(image)
    assert open_raster(images[1]).bands[0].scale == 1e-4
    same = open_raster(build_vrt(tmp_path / "s.vrt", images[1]))
    assert same.bands[0].scale == 1e-4
    mosaic = open_raster(build_vrt(tmp_path / "m.vrt", *images))
    assert scalings(mosaic) == [(1, 0, None)] * 2
    assert any("scale band 1 by 0.001 and 0.0001" in note for note in mosaic.notes)
