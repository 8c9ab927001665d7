#!/usr/bin/env bash
# GDAL 3.10.3 (in the wheel of rasterio 1.4.4), driver ENVI
#
# Expected: a raster on California zone 5 in US survey feet (EPSG:2229), written as ENVI, is on that system when it is
#   read: its `coordinate system string` says so.
# Behaviour: GDAL writes `units=Feet` into `map info` for any foot, and by that word turns the foot of the string into
#   the international one when it reads it. Coordinates stay as they are, so that the raster lies off by two
#   millionths of them: by 13 feet at an easting of 6 500 000 feet. Without the word it is right.
# Seen: with the word: 0.3048 m a foot, 13.00 feet off | without: 0.3048006 m a foot, 0.00 feet off
set -eu
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q rasterio==1.4.4 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import rasterio
from rasterio.warp import transform

print("rasterio", rasterio.__version__, "GDAL", rasterio.__gdal_version__)
given = rasterio.CRS.from_epsg(2229)
profile = dict(driver="ENVI", count=1, height=2, width=2, dtype="uint8", crs=given)
with rasterio.open("a.img", "w", transform=rasterio.Affine(1, 0, 6.5e6, 0, -1, 1.8e6), **profile):
    pass
open("b.hdr", "w").write(open("a.hdr").read().replace(", units=Feet", ""))
open("b.img", "wb").write(bytes(4))
seen = []
for name in ("a.img", "b.img"):
    with rasterio.open(name) as dataset:
        (x,), _ = transform(dataset.crs, given, [6.5e6], [1.8e6])
        seen.append((round(dataset.crs.linear_units_factor[1], 7), round(abs(x - 6.5e6), 2)))
print("with the word: %s m a foot, %.2f feet off | without: %s m a foot, %.2f feet off" % (*seen[0], *seen[1]))
assert seen == [(0.3048, 13.0), (0.3048006, 0.0)], "this has changed"
PYTHON
