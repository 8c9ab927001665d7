#!/usr/bin/env bash
# rasterio 1.4.3 (wheel from PyPI, GDAL 3.9.3), driver GTiff; rasterio 1.4.4 (GDAL 3.10.3) beside it
#
# Expected: GDAL has 64-bit integers since 3.5, and its GTiff driver takes PREDICTOR=2 for integers of
#   any size, so a deflated int64 GeoTIFF with the usual predictor can be written by both.
# Behaviour: the older wheel's libtiff knows the predictor for 8, 16 and 32 bits only: the dataset is
#   created, and the first block raises. The wheel one patch release later writes and reads it.
# Seen: 1.4.3: int32 written, int64 raises | 1.4.4: int32 written, int64 written
set -eu
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
cat > "$folder/write.py" <<'PYTHON'
import sys

import numpy as np
import rasterio

told = []
for dtype in ("int32", "int64"):
    path = f"{sys.argv[1]}/{dtype}-{rasterio.__version__}.tif"
    pixels = np.arange(64 * 64, dtype=dtype).reshape(1, 64, 64)
    options = dict(driver="GTiff", width=64, height=64, count=1, dtype=dtype)
    try:
        with rasterio.open(path, "w", **options, compress="deflate", predictor=2) as dataset:
            dataset.write(pixels)
        with rasterio.open(path) as dataset:
            assert (dataset.read() == pixels).all()
        told.append(f"{dtype} written")
    except rasterio.errors.RasterioIOError:
        told.append(f"{dtype} raises")
print(f"{rasterio.__version__}: {', '.join(told)}")
expected = "raises" if rasterio.__version__ == "1.4.3" else "written"
assert told == ["int32 written", f"int64 {expected}"], "the behaviour has changed"
PYTHON
for version in 1.4.3 1.4.4; do
    python3 -m venv "$folder/$version"
    "$folder/$version/bin/pip" install -q "rasterio==$version" numpy==2.2.6
    "$folder/$version/bin/python" -W ignore "$folder/write.py" "$folder"
done
