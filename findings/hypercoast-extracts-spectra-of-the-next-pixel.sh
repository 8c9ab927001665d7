#!/usr/bin/env bash
# hypercoast 0.27.0 with xarray 2026.9.0, rasterio 1.5.2 with GDAL 3.12.2 (Python 3.12 or newer)
#
# Expected: `extract_enmap` at a longitude and latitude within a pixel gives that pixel's spectrum, as `sel(...,
#   method="nearest")` does of what rioxarray opens, whose labels are the pixels' centres.
# Behaviour: `read_enmap` labels pixels anew, by their upper left corners, and `extract_enmap` takes the nearest label.
#   Of three quarters of each pixel's area that is another pixel's; read_prisma and read_neon begin at corners as well.
# Seen: 0.6 of a pixel east and south of the corner of a pixel of 1020: 1121, the next pixel to the south-east;
#   rioxarray 1020
set -eu
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
for python in python3.14 python3.13 python3.12 "$HOME"/.pyenv/versions/3.1[234].*/bin/python3 ""; do
    "$python" -m venv "$folder/venv" 2>/dev/null && break
done
"$folder/venv/bin/pip" install -q hypercoast==0.27.0 leafmap==0.63.1 rasterio==1.5.2 rioxarray==0.23.0 xarray==2026.9.0
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import hypercoast
import numpy as np
import rasterio
import rioxarray
from pyproj import Transformer

print("hypercoast", hypercoast.__version__, "GDAL", rasterio.__gdal_version__)
values = np.add.outer(np.arange(40) * 100, np.arange(50)).astype("int16")
with rasterio.open("SPECTRAL_IMAGE.TIF", "w", driver="GTiff", width=50, height=40, count=2, dtype="int16", nodata=-32768,
                   crs="EPSG:32633", transform=rasterio.Affine(30, 0, 366000, 0, -30, 5808000)) as file:
    file.write(np.stack([values, values]))
band = "<bandID><wavelengthCenterOfBand>{}</wavelengthCenterOfBand></bandID>"
with open("METADATA.XML", "w") as metadata:
    metadata.write(f"<level_X>{band.format(500)}{band.format(600)}</level_X>")

x, y = 366000 + 30 * 20.6, 5808000 - 30 * 10.6
lon, lat = Transformer.from_crs(32633, 4326, always_xy=True).transform(x, y)
scene = hypercoast.read_enmap("./SPECTRAL_IMAGE.TIF")
extracted = hypercoast.extract_enmap(scene, lat, lon).values.tolist()
with rioxarray.open_rasterio("SPECTRAL_IMAGE.TIF") as raster:
    nearest = raster.sel(x=x, y=y, method="nearest").values.tolist()
print("pixel", values[10, 20], "| first label", float(scene.x[0]), "| extracted", extracted, "| rioxarray", nearest)
scene.close()
assert (extracted, nearest) == ([1121, 1121], [1020, 1020]), "this has changed"
PYTHON
