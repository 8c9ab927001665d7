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
    """A scene of 7 x 6 tiles of 16, with holes."""
    path = tmp_path_factory.mktemp("scene") / "scene.tif"
    cube = np.random.default_rng(5).integers(100, 9000, (6, 112, 96)).astype(np.uint16)
    cube[:, 30:50, 20:60] = 0
    with rasterio.open(
        path, "w", driver="GTiff", count=6, height=112, width=96, dtype="uint16", nodata=0,
        crs="EPSG:32633", transform=Affine(30, 0, 300000, 0, -30, 5800000),
    ) as dataset:  # fmt: skip
        dataset.write(cube)
        for band in range(6):
            dataset.update_tags(band + 1, wavelength=400 + 10 * band)
    return path


@pytest.fixture(scope="module")
def whole(src, tmp_path_factory):
    """Pixels and tags of an uninterrupted run."""
    path = tmp_path_factory.mktemp("whole") / "sr.tif"
    super_resolve(src, path, resolver=BackProjectionResolver(2), tile=16)
    return read_pixels(path), tags_of(path)
