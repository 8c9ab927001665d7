#!/usr/bin/env bash
# rioxarray 0.19.0 with xarray 2025.7.1, GDAL 3.10.3 (in the wheel of rasterio 1.4.4)
#
# Expected: a GeoTIFF whose bands each have a wavelength, a width and a bad-band flag, as GDAL, QGIS and EnMAP-Box keep
#   them in tags of the bands, has them in each band after `open_rasterio(path).rio.to_raster(...)`, or has none.
# Behaviour: the attributes of the array are the tags of the first band beside those of the file. `to_raster` writes
#   them into the file as a whole, and none into a band: the cube is said to be of the first band's wavelength, and to be
#   bad or good as that is. `band_as_variable=True` keeps them apart, and writes each where it belongs.
# Seen: in memory: wavelength 450.5, bbl 0 | written, file: wavelength 450.5, bbl 0, bands: [{}, {}, {}]
#   band_as_variable, bands: 450.5, 550.25, 2200.125
set -eu
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q rasterio==1.4.4 numpy==2.2.6 xarray==2025.7.1 rioxarray==0.19.0
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import numpy as np
import rasterio
import rioxarray

print("rioxarray", rioxarray.__version__, "GDAL", rasterio.__gdal_version__)
centres = [450.5, 550.25, 2200.125]
with rasterio.open(
    "in.tif", "w", driver="GTiff", width=5, height=4, count=3, dtype="int16", crs="EPSG:32633",
    transform=rasterio.transform.from_origin(300000, 5000000, 30, 30),
) as dataset:
    dataset.write(np.ones((3, 4, 5), "i2"))
    for band, centre in enumerate(centres, start=1):
        dataset.update_tags(band, wavelength=centre, wavelength_units="nm", bbl=int(band > 1))

array = rioxarray.open_rasterio("in.tif")
told = array.attrs["wavelength"], array.attrs["bbl"]
array.rio.to_raster("out.tif")
with rasterio.open("out.tif") as dataset:
    of_file = dataset.tags()["wavelength"], dataset.tags()["bbl"]
    of_bands = [dataset.tags(band) for band in dataset.indexes]
rioxarray.open_rasterio("in.tif", band_as_variable=True).rio.to_raster("apart.tif")
with rasterio.open("apart.tif") as dataset:
    apart = [float(dataset.tags(band)["wavelength"]) for band in dataset.indexes]
print("in memory:", told, "| written, file:", of_file, "bands:", of_bands, "| band_as_variable, bands:", apart)
assert [float(text) for text in told] == [float(text) for text in of_file] == [450.5, 0], "this has changed"
assert of_bands == [{}, {}, {}] and apart == centres, "this has changed"
PYTHON
