import numpy as np

from hsisr_geo.cube.resampling import upsample
from hsisr_geo.resolver.apply import Method, cut_holes, make_bands
from hsisr_geo.resolver.interpolation import BicubicResolver
from hsisr_geo.resolver.protocol import alone


def test_a_hole_is_cut_at_its_own_pixels_in_its_own_band():
    lr = np.ones((2, 3, 4), np.float32)
    lr[1, 2, 0] = np.nan
    sr = np.ones((2, 9, 12), np.float32)
    cut_holes(sr, lr, 3)
    expected = np.zeros(sr.shape, bool)
    expected[1, 6:9, 0:3] = True
    assert np.array_equal(np.isnan(sr), expected)


def test_a_window_with_its_context_is_a_part_of_the_whole():
    cube = np.random.default_rng(0).normal(size=(3, 12, 14)).astype(np.float32)
    resolver = BicubicResolver(2)
    method = Method(2, alone(resolver.fit(None), 2), resolved=(0, 2), interpolated=(1,), far=None)
    outer = slice(4, 9), slice(0, 6)
    window = slice(2, 11), slice(0, 8)
    (found,) = make_bands(method, cube[:, window[0], window[1]], window, outer)
    np.testing.assert_allclose(found, upsample(cube, 2)[:, 8:18, 0:12], atol=1e-6)
