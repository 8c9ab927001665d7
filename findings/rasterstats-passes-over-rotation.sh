#!/usr/bin/env bash
# rasterstats 0.21.0, rasterio 1.5.2 with GDAL 3.12.2 (Python 3.12 or newer)
#
# Expected: the mean of the pixels within a polygon is that of the pixels which GDAL's geotransform puts there, as
#   `rasterio.mask` has it; or a refusal, as exactextract's for a raster whose rows are not along the axes.
# Behaviour: the window that is read is worked out from the place of the first pixel and the size of one alone, so
#   that of a turned raster – flight lines of airborne spectrometers are delivered so – other pixels come out, or none,
#   without a word. `point_query` turns the place of a point as it should, and then reads another pixel as well.
# Seen: mean of 10 x 6 pixels: turned by 0 degrees 749.5 of 60 (rasterio 749.5 of 60) | by 10 degrees 525.5 of 6
#   (rasterio 749.5 of 60) | a pixel of 775: 775.0 by 0 degrees, 578.0 by 10 degrees
set -eu
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
for python in python3.14 python3.13 python3.12 "$HOME"/.pyenv/versions/3.1[234].*/bin/python3 ""; do
    "$python" -m venv "$folder/venv" 2>/dev/null && break
done
"$folder/venv/bin/pip" install -q rasterstats==0.21.0 rasterio==1.5.2 numpy==2.5.5
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
from importlib.metadata import version

import numpy as np
import rasterio
import rasterio.mask
from rasterio import Affine
from rasterstats import point_query, zonal_stats

print("rasterstats", version("rasterstats"), "GDAL", rasterio.__gdal_version__)
values = np.arange(40 * 50, dtype="float32").reshape(40, 50)
seen = []
for angle in (0, 10):
    place = Affine.translation(500000, 4000000) @ Affine.rotation(angle) @ Affine.scale(10, -10)
    with rasterio.open("a.tif", "w", driver="GTiff", width=50, height=40, count=1, dtype="float32",
                       crs="EPSG:32633", transform=place, nodata=-1) as file:
        file.write(values, 1)
    corners = [place @ corner for corner in ((20, 12), (30, 12), (30, 18), (20, 18), (20, 12))]
    polygon = {"type": "Polygon", "coordinates": [corners]}
    zone = zonal_stats(polygon, "a.tif", stats="mean count")[0]
    with rasterio.open("a.tif") as file:
        true = rasterio.mask.mask(file, [polygon], filled=False)[0]
    point = {"type": "Point", "coordinates": place @ (25.5, 15.5)}
    pixel = point_query(point, "a.tif", interpolate="nearest")[0]
    print("turned by {}: mean {mean} of {count}".format(angle, **zone),
          "| rasterio", true.mean(), "of", true.count(), "| a pixel of", values[15, 25], "is", pixel)
    seen.append((zone["mean"], zone["count"], float(true.mean()), int(true.count()), pixel))
assert seen == [(749.5, 60, 749.5, 60, 775.0), (525.5, 6, 749.5, 60, 578.0)], "this has changed"
PYTHON
