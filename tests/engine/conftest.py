"""A scene of many tiles, and what an uninterrupted run makes of it."""

import numpy as np
import pytest
import rasterio
from affine import Affine
from commands import tags_of
from scenes import read_pixels

from hsisr_geo.api import super_resolve
from hsisr_geo.resolver.interpolation import BackProjectionResolver


@pytest.fixture(scope="module")
def src(tmp_path_factory):
    """A scene of 7 x 6 tiles of 16, with holes: enough to stop a process in the middle of."""
    return _scene(tmp_path_factory.mktemp("scene") / "scene.tif", 112, 96)


@pytest.fixture(scope="module")
def whole(src, tmp_path_factory):
    """Pixels and tags of an uninterrupted run."""
    return _whole(src, tmp_path_factory.mktemp("whole") / "sr.tif")


@pytest.fixture(scope="module")
def few(tmp_path_factory):
    """The same of 5 x 4 tiles, for runs that are stopped at a certain tile."""
    return _scene(tmp_path_factory.mktemp("few") / "scene.tif", 80, 64)


@pytest.fixture(scope="module")
def few_whole(few, tmp_path_factory):
    return _whole(few, tmp_path_factory.mktemp("few_whole") / "sr.tif")


def _scene(path, rows, cols):
    cube = np.random.default_rng(5).integers(100, 9000, (6, rows, cols)).astype(np.uint16)
    cube[:, 30:50, 20:60] = 0
    with rasterio.open(
        path, "w", driver="GTiff", count=6, height=rows, width=cols, dtype="uint16", nodata=0,
        crs="EPSG:32633", transform=Affine(30, 0, 300000, 0, -30, 5800000),
    ) as dataset:  # fmt: skip
        dataset.write(cube)
        for band in range(6):
            dataset.update_tags(band + 1, wavelength=400 + 10 * band)
    return path


def _whole(src, path):
    super_resolve(src, path, resolver=BackProjectionResolver(2), tile=16)
    return read_pixels(path), tags_of(path)
