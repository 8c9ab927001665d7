import numpy as np

from hsisr_geo.resolver.interpolation import BicubicResolver


def test_bicubic_output_depends_on_its_context_and_no_further():
    resolver = BicubicResolver(3)
    resolve = resolver.fit(None)
    cube = np.random.default_rng(0).normal(size=(2, 21, 21)).astype(np.float32)
    touched = cube.copy()
    touched[:, 10, 10] += 100
    changed = np.argwhere((resolve(cube, (0, 0)) != resolve(touched, (0, 0))).any(axis=0)) // 3
    assert np.abs(changed - 10).max() == resolver.context


def test_bicubic_ignores_where_the_window_lies():
    cube = np.random.default_rng(0).normal(size=(2, 9, 9)).astype(np.float32)
    resolve = BicubicResolver(2).fit(None)
    assert np.array_equal(resolve(cube, (0, 0)), resolve(cube, (17, 5)))
    assert resolve(cube, (0, 0)).shape == (2, 18, 18)


def test_equal_recipes_are_equal():
    assert BicubicResolver(4) == BicubicResolver(4) != BicubicResolver(2)
