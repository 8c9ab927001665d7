#!/usr/bin/env bash
# GDAL 3.10.3 (in the wheel of rasterio 1.4.4), tifffile 2025.5.10
#
# Expected: a GeoTIFF that SNAP exports has in GDAL, QGIS and rasterio the values that SNAP shows: stored integers times
#   the scaling factor that SNAP has written into the file, and no value where it says so. NetCDF of SNAP does.
# Behaviour: SNAP keeps what it knows of bands – names, wavelengths, scaling, the number for no data, logarithms – as XML
#   of BEAM-DIMAP in TIFF tag 65000, where its own reader finds it. GDAL's driver of GeoTIFF passes over that tag: a
#   reflectance of 0.2 is 2000, holes are the darkest pixels, and no band has a name or a wavelength.
# Seen: tag 65000: factor 1.0E-4, wavelength 423.5, no data -32768, name refl_0 | GDAL: scale 1.0, nodata None, least
#   value -32768, descriptions (None, None), band tags {}
set -eu
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q rasterio==1.4.4 numpy==2.2.6 tifffile==2025.5.10
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import re

import numpy as np
import rasterio
import tifffile

print("GDAL", rasterio.__gdal_version__)
# as org.esa.snap.dataio.geotiff writes: stored numbers, one strip a band, and the header of DimapHeaderWriter
bands = "".join(
    f"<Spectral_Band_Info><BAND_INDEX>{i}</BAND_INDEX><BAND_DESCRIPTION /><BAND_NAME>refl_{i}</BAND_NAME>"
    f"<DATA_TYPE>int16</DATA_TYPE><PHYSICAL_UNIT>dl</PHYSICAL_UNIT><SPECTRAL_BAND_INDEX>{i}</SPECTRAL_BAND_INDEX>"
    f"<BAND_WAVELEN>{nm}</BAND_WAVELEN><BANDWIDTH>8.5</BANDWIDTH><SCALING_FACTOR>1.0E-4</SCALING_FACTOR>"
    "<SCALING_OFFSET>0.0</SCALING_OFFSET><LOG10_SCALED>false</LOG10_SCALED>"
    "<NO_DATA_VALUE_USED>true</NO_DATA_VALUE_USED><NO_DATA_VALUE>-32768.0</NO_DATA_VALUE></Spectral_Band_Info>"
    for i, nm in enumerate((423.5, 428.75))
)
text = f'<?xml version="1.0" encoding="ISO-8859-1"?>\n<Dimap_Document name="p.dim"><Image_Interpretation>{bands}'
cube = np.full((2, 6, 5), 2000, "i2")
cube[:, 0, 0] = -32768
keys = (1, 1, 0, 3, 1024, 0, 1, 1, 1025, 0, 1, 1, 3072, 0, 1, 32633)
tifffile.imwrite(
    "snap.tif", cube, photometric="minisblack", planarconfig="separate", metadata=None, rowsperstrip=6,
    extratags=[
        (33550, "d", 3, (30.0, 30.0, 0.0), True),
        (33922, "d", 6, (0.0, 0.0, 0.0, 300000.0, 5000000.0, 0.0), True),
        (34735, "H", len(keys), keys, True),
        (65000, "s", 0, f"{text}</Image_Interpretation></Dimap_Document>", True),
    ],
)
with tifffile.TiffFile("snap.tif") as file:
    told = file.pages[0].tags[65000].value
names = ("SCALING_FACTOR", "BAND_WAVELEN", "NO_DATA_VALUE", "BAND_NAME")
said = [re.search(f"<{name}>(.*?)<", told)[1] for name in names]
with rasterio.open("snap.tif") as dataset:
    seen = dataset.scales[0], dataset.nodata, int(dataset.read(1).min()), dataset.descriptions, dataset.tags(1)
    crs = dataset.crs.to_epsg()
print("tag 65000:", said, "| GDAL: EPSG", crs, "scale, nodata, least value, descriptions, band tags:", *seen)
assert said == ["1.0E-4", "423.5", "-32768.0", "refl_0"], "this has changed"
assert crs == 32633 and seen == (1.0, None, -32768, (None, None), {}), "this has changed"
PYTHON
