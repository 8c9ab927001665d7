#!/usr/bin/env bash
# stackstac 0.5.1, rioxarray 0.23.0 (Python 3.12 or newer)
#
# Expected: a raster that is read by stackstac and written by rioxarray, both without options, lies where it lay:
#   the array has a CRS and coordinates, xarray's are those of pixels' centres, and rioxarray finds both.
# Behaviour: stackstac labels pixels by their first corner (`xy_coords="topleft"` is its default), and keeps the
#   geotransform in an attribute that rioxarray does not read: what is written lies half a pixel to the north-west.
#   With xy_coords="center" it lies where it should.
# Seen: raster 300000 5000000 | label of its first pixel 300000 5000000 | written 299985 5000015 | centres 300000 5000000
set -eu
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
for python in python3.14 python3.13 python3.12 "$HOME"/.pyenv/versions/3.1[234].*/bin/python3 ""; do
    "$python" -m venv "$folder/venv" 2>/dev/null && break
done
"$folder/venv/bin/pip" install -q stackstac==0.5.1 rioxarray==0.23.0 rasterio==1.5.2 xarray==2026.9.0 numpy==2.5.5
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import numpy as np
import rasterio
import rioxarray
import stackstac

print("stackstac", stackstac.__version__, "rioxarray", rioxarray.__version__)
with rasterio.open("a.tif", "w", driver="GTiff", width=24, height=20, count=1, dtype="int16",
                   crs="EPSG:32633", transform=rasterio.Affine(30, 0, 300000, 0, -30, 5000000)) as file:
    file.write(np.ones((1, 20, 24), "i2"))
asset = {"href": "a.tif", "type": "image/tiff", "proj:epsg": 32633, "proj:shape": [20, 24],
         "proj:transform": [30, 0, 300000, 0, -30, 5000000]}
item = {"type": "Feature", "stac_version": "1.0.0", "id": "a", "bbox": [12.457, 45.119, 12.467, 45.126],
        "geometry": None, "properties": {"datetime": "2024-06-01T10:20:30Z"}, "assets": {"band": asset}}


def written(**options):
    array = stackstac.stack([item], snap_bounds=False, **options).isel(time=0)
    array.rio.to_raster("b.tif")
    with rasterio.open("b.tif") as file:
        return array, (file.transform.c, file.transform.f)


array, place = written()
label = float(array.x[0]), float(array.y[0])
centred = written(xy_coords="center")[1]
print("raster 300000 5000000 | label of its first pixel {:.0f} {:.0f}".format(*label),
      "| written {:.0f} {:.0f} | centres {:.0f} {:.0f}".format(*place, *centred))
assert label == centred == (300000, 5000000) and place == (299985, 5000015), "this has changed"
PYTHON
