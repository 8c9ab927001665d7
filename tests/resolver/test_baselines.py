"""What a model is held against: interpolation, and the model's own pipeline without its network."""

from dataclasses import replace

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.windows import Window
from skimage.transform import resize

from hsisr_geo.api import super_resolve
from hsisr_geo.cube.resampling import decimate, upsample
from hsisr_geo.model.inference.resolver import load
from hsisr_geo.resolver.catalogue import DEFAULT_MODEL
from hsisr_geo.resolver.interpolation import BackProjectionResolver, baselines
from hsisr_geo.resolver.load import Recipe, load_resolver
from hsisr_geo.resolver.protocol import Resolver

UPSCALES = (2, 3, 4)


def cube(bands=3, rows=25, cols=33, seed=0):
    return np.random.default_rng(seed).normal(size=(bands, rows, cols)).astype(np.float32)


@pytest.mark.parametrize("upscale", UPSCALES)
@pytest.mark.parametrize("place", range(4))
def test_output_depends_on_the_context_and_no_further(upscale: int, place: int) -> None:
    resolver = baselines(upscale)[place]
    resolve = resolver.fit(None)
    x = cube(1, 45, 45)
    touched = x.copy()
    touched[:, 22, 22] += 1000
    changed = np.argwhere((resolve(x, (0, 0)) != resolve(touched, (0, 0))).any(axis=0)) // upscale
    assert np.abs(changed - 22).max() <= resolver.context
    assert np.abs(changed - 22).max() >= resolver.context - 3  # and asks for little more


@pytest.mark.parametrize("upscale", UPSCALES)
@pytest.mark.parametrize(("place", "order"), [(0, 0), (1, 1)])
def test_nearest_and_bilinear_are_scikit_images(upscale: int, place: int, order: int) -> None:
    x = cube()
    ours = baselines(upscale)[place].fit(None)(x, (0, 0))
    theirs = [resize(p, ours.shape[1:], order=order, mode="edge", anti_aliasing=False) for p in x]
    np.testing.assert_allclose(ours, theirs, atol=1e-5)


@pytest.mark.parametrize("upscale", UPSCALES)
def test_back_projection_leaves_less_of_the_input_unexplained(upscale: int) -> None:
    x = cube()
    left = [
        np.abs(decimate(sr, upscale) - x).mean()
        for sr in (
            upsample(x, upscale),
            *(BackProjectionResolver(upscale, k).fit(None)(x, (0, 0)) for k in (1, 2, 3)),
        )
    ]
    assert left == sorted(left, reverse=True)
    assert left[2] < 0.5 * left[0]


@pytest.mark.parametrize("upscale", UPSCALES)
def test_back_projection_is_the_models_pipeline_without_detail(
    scenes, tmp_path, upscale: int
) -> None:
    """Through files, with holes and bad bands, to the last digit of int16 but for its rounding.

    Of bands so few that they do not tell of noise: of more, the model leaves noise where it is.
    """
    scene = _piece(scenes.mosaic, tmp_path / "scene.tif")
    model = load(Recipe(DEFAULT_MODEL, upscale=upscale, device="cpu"))
    silent = (0.0,) * len(model.config.upscales)
    without = replace(model, config=replace(model.config, sigma_y=silent))
    by_model = _run(scene, tmp_path / "model.tif", without)
    alone = _run(scene, tmp_path / "alone.tif", load_resolver("back-projection", upscale=upscale))
    assert (by_model == -32768).any()
    difference = np.abs(by_model.astype(int) - alone)
    assert difference.max() <= 1
    assert (difference > 0).mean() < 1e-3


def _run(scene, path, resolver: Resolver) -> np.ndarray:
    super_resolve(scene, path, resolver=resolver)
    with rasterio.open(path) as dataset:
        return dataset.read()


def _piece(mosaic, path):
    """Cut a piece with holes, every twentieth band of it."""
    window = Window(76, 60, 40, 36)
    with rasterio.open(mosaic) as source:
        indices = list(range(1, source.count + 1, 20))
        profile = source.profile | {"count": len(indices), "height": 36, "width": 40}
        profile["transform"] = source.transform @ Affine.translation(76, 60)
        with rasterio.open(path, "w", **profile) as sink:
            sink.write(source.read(indices, window=window))
    return path
