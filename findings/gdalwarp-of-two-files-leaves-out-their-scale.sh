#!/usr/bin/env bash
# GDAL 3.13.3 (gdal-wheel on PyPI, Python 3.12 or newer); 3.6.2 of Debian does the same
#
# Expected: two reflectance tiles with the same scale, 0.0001, warped into one mosaic have that scale in it, as one
#   tile that is warped alone has: since the end of 2020 `gdalwarp` hands scales on, and its page says that metadata,
#   "as well as some band information", are copied from the first file (-nomd), and what differs is marked.
# Behaviour: of one file scale and unit are kept. Of two they are not, though names and metadata of the bands are,
#   wavelengths among them: the mosaic looks whole, and its reflectance is 10000 times too large. `gdalbuildvrt` of
#   the same two keeps the scale.
# Seen: one file: scale 0.0001 wavelength 550 | two: scale None wavelength 550 | gdalbuildvrt: scale 0.0001
set -eu
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
for python in python3.14 python3.13 python3.12 "$HOME"/.pyenv/versions/3.1[234].*/bin/python3 ""; do
    "$python" -m venv "$folder/venv" 2>/dev/null && break
done
"$folder/venv/bin/pip" install -q gdal-wheel==3.13.3 numpy==2.4.6
"$folder/venv/bin/python" - <<'PYTHON'
import numpy as np
from osgeo import gdal, osr

gdal.UseExceptions()
print("GDAL", gdal.__version__)
place = osr.SpatialReference()
place.ImportFromEPSG(32633)


def tile(name, east):
    dataset = gdal.GetDriverByName("GTiff").Create(name, 8, 8, 1, gdal.GDT_Int16)
    dataset.SetSpatialRef(place)
    dataset.SetGeoTransform((east, 30, 0, 5000000, 0, -30))
    band = dataset.GetRasterBand(1)
    band.WriteArray(np.full((8, 8), 2000, "i2"))
    band.SetScale(1e-4)
    band.SetOffset(0)
    band.SetMetadata({"wavelength": "550", "wavelength_units": "nm"})
    return dataset


def told(dataset):
    band = dataset.GetRasterBand(1)
    return band.GetScale(), band.GetMetadata().get("wavelength")


tiles = [tile("/vsimem/a.tif", 300000), tile("/vsimem/b.tif", 300240)]
one = told(gdal.Warp("/vsimem/one.tif", tiles[:1]))
two = told(gdal.Warp("/vsimem/two.tif", tiles))
vrt = told(gdal.BuildVRT("/vsimem/two.vrt", tiles))
print(f"one file: scale {one[0]} wavelength {one[1]} | two: scale {two[0]} wavelength {two[1]} | gdalbuildvrt: scale {vrt[0]}")
assert one == (1e-4, "550") and two == (None, "550") and vrt[0] == 1e-4, "this has changed"
PYTHON
