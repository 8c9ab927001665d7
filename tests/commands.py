"""The command line as tests call it, and the small rasters and model files that they give it."""

import json
import os
import struct
import sys

import numpy as np
import pytest
import rasterio
from affine import Affine
from click.testing import CliRunner
from hsisr_geo.cli.main import cli

from hsisr_geo.resolver.config import ModelConfig
from hsisr_geo.resolver.header import CARD_KEY, CONFIG_KEY

posix = pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
CLI = [sys.executable, "-m", "hsisr_geo.cli"]
ENVIRONMENT = os.environ | {"OMP_NUM_THREADS": "1"}


def call(*args, code=0, **options):
    """Run a command in this process; return its result once the exit code is as expected."""
    result = CliRunner().invoke(cli, [str(arg) for arg in args], prog_name="hsisr-geo", **options)
    assert result.exit_code == code, result.output
    return result


def bicubic(src, dst, *more, code=0, **options):
    given = "--upscale", 2, "--model", "bicubic", *more
    return call("run", src, dst, *given, code=code, **options)


def write(path, cube, *, wavelengths=None, nodata=None, transform=None, bad=(), **profile):
    """Write a GeoTIFF (band, row, col)."""
    profile = {"crs": "EPSG:32633", **profile}
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        count=len(cube),
        height=cube.shape[1],
        width=cube.shape[2],
        dtype=cube.dtype,
        nodata=nodata,
        transform=transform or Affine(30, 0, 500_000, 0, -30, 5_800_000),
        **profile,
    ) as dataset:
        dataset.write(cube)
        for band in range(1, len(cube) + 1):
            if wavelengths is not None:
                tags = {"wavelength": wavelengths[band - 1], "wavelength_units": "Nanometers"}
                dataset.update_tags(band, **tags)
            dataset.update_tags(band, bbl=int(band not in bad))
    return path


def pixels(shape=(4, 20, 24), dtype="int16", seed=0):
    values = np.random.default_rng(seed).uniform(100, 3000, shape)
    return values.astype(dtype)


def json_lines(result, stream="stdout"):
    return [json.loads(line) for line in getattr(result, stream).splitlines()]


def one_line_error(result):
    (line,) = result.stderr.strip().splitlines()
    assert line.startswith("hsisr-geo: error: ")
    return line


def write_model(path, upscales=(2,), card=None, **options):
    """Write a model file without weights."""
    config = ModelConfig(name=path.stem, version="7", upscales=upscales, **options)
    metadata = {CONFIG_KEY: config.to_json(), CARD_KEY: json.dumps(card or {})}
    raw = json.dumps({"__metadata__": metadata}).encode()
    path.write_bytes(struct.pack("<Q", len(raw)) + raw)
    return path


def tags_of(path):
    with rasterio.open(path) as dataset:
        return dataset.tags()
