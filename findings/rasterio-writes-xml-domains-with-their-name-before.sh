#!/usr/bin/env bash
# rasterio 1.4.4 (GDAL 3.10.3), driver GTiff
#
# Expected: a document in a domain whose name begins with xml: (XMP of a camera, a product's own
#   metadata) can be copied from one dataset to the next as other domains can: what `tags(ns=...)`
#   gives is what `update_tags(ns=...)` takes.
# Behaviour: what is written has the key and a = before it, and is no XML any more; copied once more
#   it grows again.
# Seen: 1 copy: xml:XMP=<x:xmpmeta ... | 2 copies: xml:XMP=xml:XMP=<x:xmpme...
set -eu
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q rasterio==1.4.4 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import numpy as np
import rasterio

print("rasterio", rasterio.__version__, "GDAL", rasterio.__gdal_version__)
size = {"driver": "GTiff", "count": 1, "height": 3, "width": 4, "dtype": "uint8"}
tags, found = {"xml:XMP": '<x:xmpmeta xmlns:x="adobe:ns:meta/"/>'}, []
for copy in (1, 2):
    with rasterio.open(f"{copy}.tif", "w", **size) as dataset:
        dataset.write(np.zeros((1, 3, 4), np.uint8))
        dataset.update_tags(ns="xml:XMP", **tags)
    with rasterio.open(f"{copy}.tif") as dataset:
        tags = dataset.tags(ns="xml:XMP")
    found.append(tags["xml:XMP"])
print(f"1 copy: {found[0][:22]}... | 2 copies: {found[1][:26]}...")
assert found[0].startswith("xml:XMP=<"), "the behaviour has changed"
assert found[1].startswith("xml:XMP=xml:XMP=<"), "the behaviour has changed"
PYTHON
