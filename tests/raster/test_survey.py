"""Surveys of blocks, merged, tell what the scan of the file tells."""

import numpy as np
import pytest
import rasterio

from hsisr_geo.raster.open import open_raster
from hsisr_geo.raster.statistics import bands_with_data, scan_scene
from hsisr_geo.raster.survey import survey_block

SHAPE = 150, 140  # the lattice has every second pixel


@pytest.fixture(scope="module")
def cube():
    """A scene whose fourth band has values in a corner only, its second none, and with holes."""
    cube = np.random.default_rng(0).normal(3, 2, (5, *SHAPE)).astype(np.float32)
    cube[1] = np.nan
    cube[3, 40:] = cube[3, :, 60:] = np.nan
    cube[:, 10:20, 30:50] = cube[0, 5, 7] = np.nan
    return cube


@pytest.fixture(scope="module")
def expected(cube, tmp_path_factory):
    path = tmp_path_factory.mktemp("survey") / "scene.tif"
    profile = {"driver": "GTiff", "count": 5, "height": SHAPE[0], "width": SHAPE[1]}
    with rasterio.open(path, "w", **profile, dtype="float32", nodata=np.nan) as dataset:
        dataset.write(cube)
    raster = open_raster(path)
    bands = bands_with_data(raster, range(5))
    return bands, scan_scene(raster, bands)


def blocks(cube, rows, cols):
    for top in range(0, SHAPE[0], rows):
        for left in range(0, SHAPE[1], cols):
            window = slice(top, min(top + rows, SHAPE[0])), slice(left, min(left + cols, SHAPE[1]))
            yield survey_block(cube[:, window[0], window[1]], window, SHAPE)


@pytest.mark.parametrize("size", [(150, 140), (1, 140), (37, 41), (40, 60), (150, 13)])
@pytest.mark.parametrize("backwards", [False, True])
def test_blocks_of_any_size_in_any_order_tell_what_the_file_tells(cube, expected, size, backwards):
    found = list(blocks(cube, *size))
    first, *others = reversed(found) if backwards else found
    for other in others:
        first = first.merge(other)
    bands, statistics = expected
    assert first.bands == bands == (0, 2, 3, 4)
    merged = first.statistics()
    assert merged.count == statistics.count > 1000
    np.testing.assert_array_equal(merged.sample, statistics.sample)
    np.testing.assert_allclose(merged.mean, statistics.mean, rtol=1e-13)
    np.testing.assert_allclose(merged.std, statistics.std, rtol=1e-13)
    np.testing.assert_allclose(merged.covariance, statistics.covariance, rtol=1e-10, atol=1e-13)


def test_nothing_is_known_of_nothing():
    window = slice(0, 4), slice(0, 4)
    nothing = survey_block(np.full((2, 4, 4), np.nan, np.float32), window, (4, 4))
    assert nothing.bands == ()
    assert nothing.statistics().count == 0
