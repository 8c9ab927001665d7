#!/usr/bin/env bash
# GDAL 3.13.3 (gdal-wheel on PyPI, Python 3.12 or newer); 3.6.2 of Debian does the same
#
# Expected: reflectance stored as 2000 with a scale of 0.0001 is 0.2. Rescaled by `-scale 0 10000 0 1` to floats it
#   is stored as 0.2, and its scale is 1, or none: that of other numbers cannot be right any more.
# Behaviour: the scale stays with the new numbers, 0.2 · 0.0001, for whoever heeds it: `-unscale`, rioxarray with
#   mask_and_scale, QGIS. So it does by `gdal raster scale`. `-unscale` instead of `-scale` takes it away.
# Seen: -scale: stored 0.2, scale 0.0001, is 2e-05 | gdal raster scale: stored 0.2, scale 0.0001, is 2e-05
#   | -unscale: stored 0.2, scale 1.0, is 0.2
set -eu
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
for python in python3.14 python3.13 python3.12 "$HOME"/.pyenv/versions/3.1[234].*/bin/python3 ""; do
    "$python" -m venv "$folder/venv" 2>/dev/null && break
done
"$folder/venv/bin/pip" install -q gdal-wheel==3.13.3 numpy==2.4.6
"$folder/venv/bin/python" - <<'PYTHON'
import numpy as np
from osgeo import gdal

gdal.UseExceptions()
print("GDAL", gdal.__version__)
source = gdal.GetDriverByName("GTiff").Create("/vsimem/a.tif", 4, 3, 1, gdal.GDT_Int16)
source.GetRasterBand(1).WriteArray(np.full((3, 4), 2000, "i2"))
source.GetRasterBand(1).SetScale(1e-4)
source.FlushCache()


def told(dataset):
    band = dataset.GetRasterBand(1)
    stored, scale = round(float(band.ReadAsArray()[0, 0]), 6), band.GetScale() or 1.0
    return stored, scale, f"stored {stored}, scale {scale}, is {stored * scale:.2g}"


floats = {"outputType": gdal.GDT_Float32}
scaled = told(gdal.Translate("/vsimem/b.tif", source, scaleParams=[[0, 10000, 0, 1]], **floats))
by_raster = gdal.alg.raster.scale(input=source, output="/vsimem/c.tif", output_data_type="Float32",
                                  src_min=0, src_max=10000, dst_min=0, dst_max=1)
again = told(by_raster.Output() if hasattr(by_raster, "Output") else gdal.Open("/vsimem/c.tif"))
unscaled = told(gdal.Translate("/vsimem/d.tif", source, unscale=True, **floats))
print(f"-scale: {scaled[2]} | gdal raster scale: {again[2]} | -unscale: {unscaled[2]}")
assert scaled[:2] == again[:2] == (0.2, 1e-4) and unscaled[:2] == (0.2, 1.0), "this has changed"
PYTHON
