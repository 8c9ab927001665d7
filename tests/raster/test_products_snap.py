"""BEAM-DIMAP: a header, and a raw file for each band, as SNAP's DimapHeaderWriter has them."""

import numpy as np
import pytest
from affine import Affine
from commands import bicubic
from made_products import numbered
from rasterio.crs import CRS

from hsisr_geo.errors import RasterError
from hsisr_geo.raster.facts.origin import origin_of
from hsisr_geo.raster.open import open_raster
from hsisr_geo.raster.read import read_window
from hsisr_geo.raster.scenes import find_scenes

CENTRES, WIDTHS = (450.5, 550.25, 2200.125), (9.9, 10.1, 12.3)
SHAPE = ROWS, COLS = 9, 11
PIXELS = numbered(3, ROWS, COLS, ">u2")
MAP = (
    f"<Coordinate_Reference_System><WKT>\n{CRS.from_epsg(32633).to_wkt()}\n</WKT>"
    "</Coordinate_Reference_System><Geoposition><IMAGE_TO_MODEL_TRANSFORM>"
    "30.0,1.0,2.0,-30.0,366000.0,5808000.0</IMAGE_TO_MODEL_TRANSFORM></Geoposition>"
)
SWATH = (
    "<Geoposition><Geoposition_Points><TIE_POINT_GRID_NAME_LAT>lat</TIE_POINT_GRID_NAME_LAT>"
    "<TIE_POINT_GRID_NAME_LON>lon</TIE_POINT_GRID_NAME_LON></Geoposition_Points></Geoposition>"
)


def raw(folder, name, pixels, order=1):
    rows, cols = pixels.shape
    kind = {"u1": 1, "u2": 12, "f4": 4}[pixels.dtype.str[1:]]
    (folder / f"{name}.img").write_bytes(pixels.tobytes())
    (folder / f"{name}.hdr").write_text(
        f"ENVI\nsamples = {cols}\nlines = {rows}\nbands = 1\nheader offset = 0\ndata type = {kind}"
        f"\ninterleave = bsq\nbyte order = {order}\nband names = {{ {name} }}\n"
    )


def band(index, name, pixels, kind, wavelength=0.0, width=0.0):
    rows, cols = pixels.shape
    return (
        f"<Spectral_Band_Info><BAND_INDEX>{index}</BAND_INDEX><BAND_NAME>{name}</BAND_NAME>"
        f"<BAND_RASTER_WIDTH>{cols}</BAND_RASTER_WIDTH><BAND_RASTER_HEIGHT>{rows}"
        f"</BAND_RASTER_HEIGHT><DATA_TYPE>{kind}</DATA_TYPE><PHYSICAL_UNIT>dl</PHYSICAL_UNIT>"
        f"<BAND_WAVELEN>{wavelength}</BAND_WAVELEN><BANDWIDTH>{width}</BANDWIDTH>"
        "<SCALING_FACTOR>1.0E-4</SCALING_FACTOR><SCALING_OFFSET>0.5</SCALING_OFFSET>"
        "<LOG10_SCALED>false</LOG10_SCALED><NO_DATA_VALUE_USED>true</NO_DATA_VALUE_USED>"
        "<NO_DATA_VALUE>0.0</NO_DATA_VALUE></Spectral_Band_Info>"
    )


def grid(name):
    return (
        f"<Tie_Point_Grid_Info><TIE_POINT_GRID_NAME>{name}</TIE_POINT_GRID_NAME><NCOLS>3</NCOLS>"
        "<NROWS>2</NROWS><OFFSET_X>0.5</OFFSET_X><OFFSET_Y>0.5</OFFSET_Y><STEP_X>5.0</STEP_X>"
        "<STEP_Y>8.0</STEP_Y></Tie_Point_Grid_Info>"
    )


def dimap(folder, place=MAP, order=1):
    """Write three spectral bands, one of flags and one of errors; return the header."""
    data = folder / "scene.data"
    (data / "tie_point_grids").mkdir(parents=True)
    flags, infos = np.ones(SHAPE, "u1"), []
    for i, pixels in enumerate(PIXELS):
        raw(data, f"band_{i}", pixels.astype(">u2" if order else "<u2"), order)
        infos.append(band(i, f"band_{i}", pixels, "uint16", CENTRES[i], WIDTHS[i]))
    raw(data, "flags", flags)
    infos += [band(3, "flags", flags, "uint8"), band(4, "b_err", PIXELS[0], "uint16", 450.5)]
    infos.append("<Spectral_Band_Info><VIRTUAL_BAND>true</VIRTUAL_BAND></Spectral_Band_Info>")
    for name, values in (("lon", [[13, 13.1, 13.2]] * 2), ("lat", [[52] * 3, [51] * 3])):
        raw(data / "tie_point_grids", name, np.array(values, ">f4"))
    files = "".join(
        f'<Data_File><DATA_FILE_PATH href="old.data/{name}.hdr" /><BAND_INDEX>{i}</BAND_INDEX>'
        "</Data_File>" for i, name in enumerate(("band_0", "band_1", "band_2", "flags", "b_err"))
    )  # fmt: skip
    header = folder / "scene.dim"
    header.write_text(
        '<?xml version="1.0" encoding="ISO-8859-1"?>\n<Dimap_Document name="scene.dim">\n'
        '<Metadata_Id><METADATA_FORMAT version="2.12.1">DIMAP</METADATA_FORMAT>'
        "<METADATA_PROFILE>BEAM-DATAMODEL-V1</METADATA_PROFILE></Metadata_Id><Production>"
        "<PRODUCT_SCENE_RASTER_START_TIME>24-JUL-2022 10:24:02.004320"
        f"</PRODUCT_SCENE_RASTER_START_TIME></Production>{place}{grid('lon')}{grid('lat')}"
        f"<Data_Access>{files}</Data_Access>"
        f"<Image_Interpretation>{''.join(infos[::-1])}</Image_Interpretation></Dimap_Document>\n",
        encoding="iso-8859-1",
    )
    return header


@pytest.mark.parametrize("order", [0, 1])
@pytest.mark.parametrize("name", ["scene.dim", "scene.data"])
def test_a_product_has_the_bands_that_are_spectra_scaled_and_on_its_map(tmp_path, order, name):
    dimap(tmp_path, order=order)
    raster = open_raster(tmp_path / name)
    assert raster.bands.wavelengths_nm == CENTRES
    assert raster.bands.fwhm_nm == WIDTHS
    assert [b.name for b in raster.bands] == ["band_0", "band_1", "band_2"]
    assert {(b.scale, b.offset, b.nodata) for b in raster.bands} == {(1e-4, 0.5, 0.0)}
    assert raster.transform == Affine(30, 2, 366000, 1, -30, 5808000)
    assert CRS.from_wkt(raster.crs) == CRS.from_epsg(32633)
    assert str(origin_of(raster).acquired) == "2022-07-24T10:24:02Z"
    assert raster.notes == ("its bands flags, b_err are no spectra, or of another size or type",)
    found = read_window(raster, slice(2, 9), slice(1, 4))
    assert found == pytest.approx(PIXELS[:, 2:9, 1:4] * 1e-4 + 0.5)
    bicubic(tmp_path / name, tmp_path / "fine.tif")
    fine = open_raster(tmp_path / "fine.tif")
    assert fine.transform == Affine(15, 1, 366000, 0.5, -15, 5808000)
    assert fine.bands.wavelengths_nm == CENTRES


def test_a_swath_is_placed_by_its_tie_points(tmp_path):
    raster = open_raster(dimap(tmp_path, SWATH))
    assert not raster.has_transform
    assert [(p.row, p.col, p.y) for p in raster.gcps] == [
        (row, col, lat) for row, lat in ((0.5, 52), (8.5, 51)) for col in (0.5, 5.5, 10.5)
    ]
    assert [p.x for p in raster.gcps] == pytest.approx([13, 13.1, 13.2] * 2)


def test_without_a_place_it_says_so(tmp_path):
    raster = open_raster(dimap(tmp_path, ""))
    assert not raster.gcps
    assert "its place is not understood: let SNAP reproject it" in raster.notes


def test_a_band_that_is_missing_or_too_short_is_named(tmp_path):
    header = dimap(tmp_path)
    path = tmp_path / "scene.data" / "band_1.img"
    path.write_bytes(path.read_bytes()[:-2])
    with pytest.raises(RasterError, match=r"band_1.img is truncated: it has not 9 x 11 numbers"):
        open_raster(header)
    path.unlink()
    with pytest.raises(RasterError, match=r"scene.data/band_1.img, a band of it, is missing"):
        open_raster(header)


def test_a_folder_with_a_product_has_one_scene(tmp_path):
    header = dimap(tmp_path)
    assert find_scenes([str(tmp_path)]) == [str(header)]


def test_a_header_without_bands_is_refused(tmp_path):
    header = dimap(tmp_path)
    header.write_text(header.read_text()[:400] + "</Dimap_Document>")
    with pytest.raises(RasterError, match="tells of no bands that are in files"):
        open_raster(header)
