#!/usr/bin/env bash
# rioxarray 0.19.0 with xarray 2025.7.1, GDAL 3.10.3 (in the wheel of rasterio 1.4.4); 0.23.0 on GDAL 3.12 does the same
#
# Expected: what `open_rasterio(path, mask_and_scale=True)` decodes, `to_raster` encodes again: values are the same
#   before and after, whether bands have one scale, as a reflectance product has, or two, as radiance in two detectors.
# Behaviour: with one scale they are. Where scales differ each band is scaled in memory, and on writing that is not
#   undone: the values are cut to int16 and given the scales once more, so that a reflectance of 0.2 is 0. With
#   `band_as_variable=True`, a Dataset, the same is written as floats that have the scale applied already and say that
#   it is to be applied: 0.2 becomes 0.00002. A warning at opening says that scales differ, nothing warns of the writing.
# Seen: one scale: 0.2 0.2 | two scales, where 0.2 and 20 were: 0.0 0.2 | one scale, band_as_variable: 2e-05 2e-05
set -eu
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q rasterio==1.4.4 numpy==2.2.6 xarray==2025.7.1 rioxarray==0.19.0
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import numpy as np
import rasterio
import rioxarray
import xarray

print("rioxarray", rioxarray.__version__, "xarray", xarray.__version__, "GDAL", rasterio.__gdal_version__)


def written(scales, **options):
    place = rasterio.transform.from_origin(300000, 5000000, 30, 30)
    with rasterio.open(
        "in.tif", "w", driver="GTiff", width=5, height=4, count=2, dtype="int16", nodata=-32768,
        crs="EPSG:32633", transform=place,
    ) as dataset:
        dataset.write(np.full((2, 4, 5), 2000, "i2"))
        dataset.scales = scales
    rioxarray.open_rasterio("in.tif", mask_and_scale=True, **options).rio.to_raster("out.tif")
    with rasterio.open("out.tif") as dataset:
        values = dataset.read().mean((1, 2)) * dataset.scales + dataset.offsets
    return [float(f"{value:.3g}") for value in values]


found = {
    "one scale": written((1e-4, 1e-4)),
    "two scales": written((1e-4, 1e-2)),
    "one scale, band_as_variable": written((1e-4, 1e-4), band_as_variable=True),
}
for name, values in found.items():
    print(f"{name}:", *values)
assert found == {
    "one scale": [0.2, 0.2],
    "two scales": [0.0, 0.2],
    "one scale, band_as_variable": [2e-05, 2e-05],
}, "this has changed"
PYTHON
