"""The difference between result and input as a VRT: computed by GDAL while it is looked at.

Plain Python over GDAL. The input is interpolated bilinearly to the result's grid, so what is left
is the detail that was added, and where it was.
"""

from __future__ import annotations

from xml.etree import ElementTree  # nosec B405 # it writes; nothing is parsed

from osgeo import gdal


def write_difference(after: str, before: str, path: str, bands) -> None:
    """Write `after` - `before` for bands given as ((of after, of before), ...).

    Both have to lie in the same CRS with parallel axes; `after` may be a part of `before`.

    Raises
    ------
    ValueError
        They do not.
    OSError
        The file cannot be written.
    """
    fine, coarse = gdal.Open(after), gdal.Open(before)
    window = _window(fine, coarse)
    root = ElementTree.Element(
        "VRTDataset", rasterXSize=str(fine.RasterXSize), rasterYSize=str(fine.RasterYSize)
    )
    ElementTree.SubElement(root, "SRS").text = fine.GetProjection()
    geotransform = ", ".join(repr(value) for value in fine.GetGeoTransform())
    ElementTree.SubElement(root, "GeoTransform").text = geotransform
    whole = (0.0, 0.0, float(fine.RasterXSize), float(fine.RasterYSize))
    for number, (of_after, of_before) in enumerate(bands, start=1):
        band = ElementTree.SubElement(
            *(root, "VRTRasterBand"),
            dataType="Float32",
            band=str(number),
            subClass="VRTDerivedRasterBand",
        )
        ElementTree.SubElement(band, "Description").text = fine.GetRasterBand(
            of_after
        ).GetDescription()
        ElementTree.SubElement(band, "PixelFunctionType").text = "diff"
        ElementTree.SubElement(band, "SourceTransferType").text = "Float32"
        _source(band, fine, after, of_after, whole, whole)
        _source(band, coarse, before, of_before, window, whole)
    with open(path, "w", encoding="utf-8") as file:
        file.write(ElementTree.tostring(root, encoding="unicode"))


def _window(fine, coarse) -> tuple[float, float, float, float]:
    """Return where `fine` lies in `coarse`: first column and row, columns and rows."""
    a, b = fine.GetGeoTransform(), coarse.GetGeoTransform()
    inverse = gdal.InvGeoTransform(b)
    corners = ((0, 0), (fine.RasterXSize, 0), (0, fine.RasterYSize))
    at = [
        gdal.ApplyGeoTransform(inverse, *gdal.ApplyGeoTransform(a, *corner)) for corner in corners
    ]
    (col, row), (right, level), (upright, bottom) = at
    if abs(level - row) > 0.01 or abs(upright - col) > 0.01 or right <= col or bottom <= row:
        raise ValueError("the two rasters do not lie on parallel grids")
    return col, row, right - col, bottom - row


def _source(band, dataset, path, number, inside, target) -> None:
    raster = dataset.GetRasterBand(number)
    source = ElementTree.SubElement(band, "ComplexSource", resampling="bilinear")
    ElementTree.SubElement(source, "SourceFilename", relativeToVRT="0").text = path
    ElementTree.SubElement(source, "SourceBand").text = str(number)
    for tag, (col, row, cols, rows) in (("SrcRect", inside), ("DstRect", target)):
        size = {"xOff": repr(col), "yOff": repr(row), "xSize": repr(cols), "ySize": repr(rows)}
        ElementTree.SubElement(source, tag, size)
    scale, offset = raster.GetScale(), raster.GetOffset()
    ElementTree.SubElement(source, "ScaleOffset").text = repr(offset or 0.0)
    ElementTree.SubElement(source, "ScaleRatio").text = repr(1.0 if scale is None else scale)
    if raster.GetNoDataValue() is not None:
        ElementTree.SubElement(source, "NODATA").text = repr(raster.GetNoDataValue())
