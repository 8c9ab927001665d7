#!/usr/bin/env bash
# pystac 1.15.2, stackstac 0.5.1, rasterio 1.5.2, xarray 2026.9.0 (Python 3.12 or newer)
#
# Expected: an item of STAC 1.0 with `proj:epsg`, which stackstac documents, is stacked in its CRS, whether it is handed
#   over as a dictionary or as the pystac.Item that stackstac takes as well: reading an item does not change it.
# Behaviour: pystac migrates what it reads, by `Item.from_file` and `Item.from_dict`: `proj:epsg` becomes `proj:code`
#   of the projection extension 2.0, which stackstac does not know. Of the same item it then says that it has no CRS,
#   and stops; read with `migrate=False` it has one.
# Seen: dictionary: epsg:32633 | read by pystac: Cannot pick a common CRS | read without migration: epsg:32633
set -eu
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
for python in python3.14 python3.13 python3.12 "$HOME"/.pyenv/versions/3.1[234].*/bin/python3 ""; do
    "$python" -m venv "$folder/venv" 2>/dev/null && break
done
"$folder/venv/bin/pip" install -q pystac==1.15.2 stackstac==0.5.1 rasterio==1.5.2 xarray==2026.9.0 numpy==2.5.5
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import json
from importlib.metadata import version

import numpy as np
import pystac
import rasterio
import stackstac

print("pystac", version("pystac"), "stackstac", stackstac.__version__)
with rasterio.open("a.tif", "w", driver="GTiff", width=24, height=20, count=1, dtype="int16",
                   crs="EPSG:32633", transform=rasterio.Affine(30, 0, 300000, 0, -30, 5000000)) as file:
    file.write(np.ones((1, 20, 24), "i2"))
place = {"proj:epsg": 32633, "proj:shape": [20, 24], "proj:transform": [30, 0, 300000, 0, -30, 5000000]}
item = {"type": "Feature", "stac_version": "1.0.0", "id": "a", "bbox": [12.457, 45.119, 12.467, 45.126],
        "stac_extensions": ["https://stac-extensions.github.io/projection/v1.1.0/schema.json"],
        "geometry": {"type": "Point", "coordinates": [12.46, 45.12]}, "links": [],
        "properties": {"datetime": "2024-06-01T10:20:30Z", **place},
        "assets": {"B1": {"href": "a.tif", "type": "image/tiff; application=geotiff", "roles": ["data"]}}}
with open("item.json", "w") as file:
    json.dump(item, file)


def crs_of(given):
    try:
        return stackstac.stack([given]).attrs["crs"]
    except ValueError as error:
        return str(error).split(",")[0]


read = pystac.Item.from_file("item.json")
seen = [crs_of(item), crs_of(read), crs_of(pystac.Item.from_dict(item, migrate=False))]
print("dictionary:", seen[0], "| read by pystac:", seen[1], "| read without migration:", seen[2],
      "|", read.properties.get("proj:epsg"), read.properties.get("proj:code"))
assert seen == ["epsg:32633", "Cannot pick a common CRS", "epsg:32633"], "this has changed"
assert "proj:epsg" not in read.properties and read.properties["proj:code"] == "EPSG:32633", "this has changed"
PYTHON
