#!/usr/bin/env bash
# geowombat 2.5.3 with rasterio 1.4.4 (GDAL 3.10.3), xarray 2026.9.0 (Python 3.11 or newer)
#
# Expected: what `gw.open` reads of a GeoTIFF with a scale, `save` writes with it: reflectance of 0.2 stays 0.2 for GDAL,
#   QGIS and rioxarray. The array has the scales, and the names of the bands, among its attributes.
# Behaviour: counts are written, as floats of 64 bits, and their scale and names are not: 0.2 is 2000. With
#   `gw.open(..., scale_data=True)` values are written, and the number for no data becomes NaN.
# Seen: opened: 2000, scales (0.0001, 0.0001) | saved: scales (1.0, 1.0), names (None, None), value 2000.0
set -eu
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q geowombat==2.5.3 rasterio==1.4.4 numpy==2.4.6 xarray==2026.9.0 rioxarray==0.19.0 dask==2026.8.0
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
from importlib.metadata import version

import geowombat
import numpy as np
import rasterio

print("geowombat", version("geowombat"), "GDAL", rasterio.__gdal_version__)
with rasterio.open(
    "in.tif", "w", driver="GTiff", width=50, height=40, count=2, dtype="int16", nodata=-9999, crs="EPSG:32633",
    transform=rasterio.transform.from_origin(300000, 5000000, 30, 30),
) as dataset:
    dataset.write(np.full((2, 40, 50), 2000, "i2"))
    dataset.scales, dataset.descriptions = (1e-4, 1e-4), ("450 nm", "550 nm")
with geowombat.open("in.tif") as scene:
    opened = int(scene.values.max()), scene.attrs["scales"], scene.attrs["descriptions"]
    scene.gw.save("out.tif", overwrite=True)
with rasterio.open("out.tif") as dataset:
    saved = dataset.scales, dataset.descriptions, float(dataset.read(1).max())
print("opened:", *opened, "| saved: scales, names, value", *saved)
assert opened == (2000, (1e-4, 1e-4), ("450 nm", "550 nm")), "this has changed"
assert saved == ((1.0, 1.0), (None, None), 2000.0), "this has changed"
PYTHON
