#!/usr/bin/env bash
# rio-tiler 9.4.12, rasterio 1.5.2 with GDAL 3.12.2 (Python 3.12 or newer)
#
# Expected: a part of a raster that rio-tiler renders as GeoTIFF, with its mask as by default, has that mask: what
#   had no value has none for rasterio, GDAL and rio-tiler's own reader.
# Behaviour: the mask is an alpha band of the type of the pixels, from the least number of it to the largest: of
#   int16 -32768 to 32767, of float32 -3.4e38 to 3.4e38. GDAL heeds alpha of uint8 and uint16 alone, and there only
#   beside one band or three; the nodata value is not written. So no pixel is masked any more.
# Seen: int16: alpha -32768 to 32767, masked 12 before, 0 after | float32: alpha -3.40282e+38 to 3.40282e+38, masked 12
#   before, 0 after | uint8: alpha 0 to 255, masked 12 before, 12 after
set -eu
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
for python in python3.14 python3.13 python3.12 "$HOME"/.pyenv/versions/3.1[234].*/bin/python3 ""; do
    "$python" -m venv "$folder/venv" 2>/dev/null && break
done
"$folder/venv/bin/pip" install -q rio-tiler==9.4.12 rasterio==1.5.2 numpy==2.5.5
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import numpy as np
import rasterio
import rio_tiler
from rio_tiler.io import Reader

print("rio-tiler", rio_tiler.__version__, "rasterio", rasterio.__version__, "GDAL", rasterio.__gdal_version__)


def seen(dtype):
    pixels = np.full((3, 20, 24), 100, dtype)
    pixels[:, :3, :4] = 7
    with rasterio.open("a.tif", "w", driver="GTiff", width=24, height=20, count=3, dtype=dtype, nodata=7,
                       crs="EPSG:32633", transform=rasterio.Affine(30, 0, 300000, 0, -30, 5000000)) as file:
        file.write(pixels)
    with Reader("a.tif") as reader:
        whole = reader.part((300000, 4999400, 300720, 5000000), bounds_crs="epsg:32633", dst_crs="epsg:32633")
    with open("b.tif", "wb") as file:
        file.write(whole.render(img_format="GTiff"))
    with rasterio.open("a.tif") as before, rasterio.open("b.tif") as after:
        alpha = after.read(4)
        masked = [int((file.dataset_mask() == 0).sum()) for file in (before, after)]
    return (f"{dtype}: alpha {alpha.min():g} to {alpha.max():g}", *masked)


found = [seen(dtype) for dtype in ("int16", "float32", "uint8")]
print(" | ".join("{}, masked {} before, {} after".format(*each) for each in found))
assert [each[1:] for each in found] == [(12, 0), (12, 0), (12, 12)], "this has changed"
PYTHON
