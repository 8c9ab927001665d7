#!/usr/bin/env bash
# GDAL 3.10.3 (in the wheel of rasterio 1.4.4), driver GRIB; a sample of cfgrib 0.9.15.1's sources
#
# Expected: opening a raster prints nothing on stdout; what a driver has to say goes to GDAL's error
#   handler, and from there to Python's logging.
# Behaviour: for seasonal ensembles of NCEP the driver prints "Un-handled possible ensemble section"
#   on stdout by C's printf, past CPL_LOG, GDAL's handlers, logging and sys.stdout, and so into
#   whatever a program writes there: JSON, or a raster that goes through a pipe.
# Seen: 744 such lines before the program's own {"bands": 372}: no JSON
set -eu
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q rasterio==1.4.4 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/pip" download -q --no-deps --no-binary cfgrib cfgrib==0.9.15.1
tar xzf cfgrib-0.9.15.1.tar.gz
cat > count.py <<'PYTHON'
import json
import sys

import rasterio

with rasterio.open("cfgrib-0.9.15.1/tests/sample-data/ncep-seasonal-monthly.grib") as dataset:
    json.dump({"bands": dataset.count}, sys.stdout)
PYTHON
"$folder/venv/bin/python" -W ignore count.py > count.json 2> errors
"$folder/venv/bin/python" - <<'PYTHON'
import json

said = open("count.json").read()
lines = sum(line.startswith("Un-handled possible ensemble section") for line in said.splitlines())
print(lines, "lines of the driver on stdout,", repr(open("errors").read()), "on stderr")
assert lines > 0, "the behaviour has changed"
try:
    json.loads(said)
except ValueError as error:
    print("no JSON:", error)
else:
    raise AssertionError("the behaviour has changed")
PYTHON
