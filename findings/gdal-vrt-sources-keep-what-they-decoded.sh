#!/usr/bin/env bash
# GDAL 3.10.3 (in the wheel of rasterio 1.4.4), drivers VRT and GTiff
#
# Expected: GDAL_MAX_DATASET_POOL_RAM_USAGE, for the memory of the datasets that the pool of a VRT keeps open, limits
#   what they take, as its name says; GDAL_CACHEMAX limits the blocks that are kept.
# Behaviour: a GeoTIFF of interleaved pixels keeps the last block that it decoded, of all its bands, as long as it is open. That counts
#   for neither: a mosaic of twelve such tiles takes twelve times a block, whatever both say. GDAL_MAX_DATASET_POOL_SIZE, the number of
#   open files, does limit it.
# Seen, beyond the process before, twelve blocks of 25 MB: 580 MB | both limits at 32 MB: 324 MB | two open files at most: 91 MB
set -eu
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q rasterio==1.4.4 numpy==2.4.6
cd "$folder"
cat > made.py <<'PYTHON'
import numpy as np
import rasterio

SIDE, BANDS, TILES = 512, 96, 12
pixels = np.zeros((BANDS, SIDE, SIDE), "u1")
profile = {
    "driver": "GTiff", "width": SIDE, "height": SIDE, "count": BANDS, "dtype": "uint8", "interleave": "pixel",
    "tiled": True, "blockxsize": SIDE, "blockysize": SIDE, "compress": "deflate", "photometric": "minisblack",
}
sources = ""
for i in range(TILES):
    with rasterio.open(f"{i}.tif", "w", **profile) as dataset:
        dataset.write(pixels + i)
    sources += (
        f'<SimpleSource><SourceFilename relativeToVRT="1">{i}.tif</SourceFilename><SourceBand>1</SourceBand>'
        f'<SrcRect xOff="0" yOff="0" xSize="{SIDE}" ySize="{SIDE}"/>'
        f'<DstRect xOff="{i * SIDE}" yOff="0" xSize="{SIDE}" ySize="{SIDE}"/></SimpleSource>'
    )
open("a.vrt", "w").write(
    f'<VRTDataset rasterXSize="{TILES * SIDE}" rasterYSize="{SIDE}">'
    f'<VRTRasterBand dataType="Byte" band="1">{sources}</VRTRasterBand></VRTDataset>'
)
PYTHON
cat > read.py <<'PYTHON'
import resource

import rasterio
from rasterio.windows import Window


def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


with rasterio.open("a.vrt") as dataset:
    before = peak()
    for i in range(12):
        assert (dataset.read(1, window=Window(512 * i, 0, 8, 8)) == i).all()
    print(round(peak() - before))
PYTHON
python="$folder/venv/bin/python -W ignore"
$python made.py
plain=$(GDAL_CACHEMAX=512 $python read.py)
limited=$(GDAL_CACHEMAX=32 GDAL_MAX_DATASET_POOL_RAM_USAGE=32MB $python read.py)
two=$(GDAL_CACHEMAX=32 GDAL_MAX_DATASET_POOL_SIZE=2 $python read.py)
echo "twelve blocks of 25 MB: $plain MB | both limits at 32 MB: $limited MB | two open files at most: $two MB"
[ "$plain" -ge 300 ] && [ "$limited" -ge 280 ] && [ "$two" -lt $((limited / 2)) ] || { echo "the behaviour has changed"; exit 1; }
