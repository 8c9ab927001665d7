"""The difference between result and input as a VRT: computed by GDAL while it is looked at.

Plain Python over GDAL. The input is interpolated bilinearly to the result's grid, so what is left
is the detail that was added, and where it was.
"""

from __future__ import annotations

from xml.etree import ElementTree  # nosec B405 # it writes; nothing is parsed

from osgeo import gdal

from .dataset import dataset_of, times_wider


def write_difference(after: str, before: str, path: str, bands) -> None:
    """Write `after` - `before` for bands given as ((of after, of before), ...).

    Both have to lie in the same CRS with parallel axes; `after` may be a part of `before`, unless
    neither has a place.

    Raises
    ------
    ValueError
        They do not.
    OSError
        A file cannot be opened or written.
    """
    fine, coarse = _opened(after), _opened(before)
    window = _window(fine, coarse)
    root = ElementTree.Element(
        "VRTDataset", rasterXSize=str(fine.RasterXSize), rasterYSize=str(fine.RasterYSize)
    )
    _place(root, fine)
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


def _place(root, fine) -> None:
    """Put the VRT where `fine` lies, by its grid or its ground control points."""
    geotransform = fine.GetGeoTransform(can_return_null=True)
    if geotransform is not None:
        ElementTree.SubElement(root, "SRS").text = fine.GetProjection()
        numbers = ", ".join(repr(value) for value in geotransform)
        ElementTree.SubElement(root, "GeoTransform").text = numbers
    elif fine.GetGCPCount():
        points = ElementTree.SubElement(root, "GCPList", Projection=fine.GetGCPProjection())
        for gcp in fine.GetGCPs():
            at = {"Pixel": gcp.GCPPixel, "Line": gcp.GCPLine, "X": gcp.GCPX, "Y": gcp.GCPY}
            ElementTree.SubElement(
                points, "GCP", Id=gcp.Id, **{name: repr(value) for name, value in at.items()}
            )


def _window(fine, coarse) -> tuple[float, float, float, float]:
    """Return where `fine` lies in `coarse`: first column and row, columns and rows."""
    a, b = (each.GetGeoTransform(can_return_null=True) for each in (fine, coarse))
    if (a is None) != (b is None):
        raise ValueError("only one of the two rasters has a grid on the map")
    if a is None:
        return _whole(fine, coarse)
    inverse = gdal.InvGeoTransform(b)
    corners = ((0, 0), (fine.RasterXSize, 0), (0, fine.RasterYSize))
    at = [
        gdal.ApplyGeoTransform(inverse, *gdal.ApplyGeoTransform(a, *corner)) for corner in corners
    ]
    (col, row), (right, level), (upright, bottom) = at
    if abs(level - row) > 0.01 or abs(upright - col) > 0.01 or right <= col or bottom <= row:
        raise ValueError("the two rasters do not lie on parallel grids")
    if min(col, row, coarse.RasterXSize - right, coarse.RasterYSize - bottom) < -0.01:
        raise ValueError("the result lies beside the input")
    return col, row, right - col, bottom - row


def _whole(fine, coarse) -> tuple[float, float, float, float]:
    """Return all of `coarse`: without a grid nothing tells which part a smaller result is of."""
    sizes = ((each.RasterXSize, each.RasterYSize) for each in (fine, coarse))
    if times_wider(*sizes) is None:
        raise ValueError("neither raster has a grid on the map, and the result is a part")
    return 0.0, 0.0, float(coarse.RasterXSize), float(coarse.RasterYSize)


def _opened(path) -> gdal.Dataset:
    found = dataset_of(path)
    if found is None:
        raise OSError(f"{path} cannot be opened")
    return found


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
