"""D against what convolution, gratings and points say it does."""

import logging
from itertools import pairwise

import numpy as np
import pytest

from hsisr_geo.cube.degradation import Degradation, named, of_kernel
from hsisr_geo.cube.resampling import decimate, upsample
from hsisr_geo.errors import OptionError

RNG = np.random.default_rng(4)
FACTORS = [2, 3, 4]
GAUSSIANS = ["gaussian:0.1", "gaussian:0.3", "gaussian:0.5"]


def lopsided(factor: int) -> np.ndarray:
    """A PSF that no two lines make: neither separable nor symmetric."""
    shape = (3 * factor, 2 * factor + factor % 2 + 2 * (factor % 2 == 0))
    shape = tuple(n - (n - factor) % 2 for n in shape)
    return (
        RNG.uniform(0.2, 1, shape)
        * np.outer(np.hanning(shape[0] + 2), np.ones(shape[1] + 2))[1:-1, 1:-1]
    )


@pytest.mark.parametrize("factor", FACTORS)
def test_bicubic_is_the_decimation_that_models_are_trained_with(factor):
    cube = RNG.normal(size=(2, 9 * factor, 5 * factor)).astype(np.float32)
    np.testing.assert_array_equal(named("bicubic", factor).apply(cube), decimate(cube, factor))


@pytest.mark.parametrize("factor", FACTORS)
def test_d_is_convolution_then_decimation_away_from_edges(factor):
    signal = pytest.importorskip("scipy.signal")
    kernel = lopsided(factor)
    image = RNG.normal(size=(14 * factor, 12 * factor))
    blurred = signal.convolve(image, kernel / kernel.sum(), mode="full")
    first = [(factor - 1 + n - 1) // 2 for n in kernel.shape]  # where the first centre falls
    expected = blurred[first[0] :: factor, first[1] :: factor][:14, :12]
    degradation = of_kernel(kernel, "psf", factor)
    assert len(degradation.terms) > 1
    found = degradation.apply(image.astype(np.float32))
    np.testing.assert_allclose(found[2:-2, 2:-2], expected[2:-2, 2:-2], atol=1e-5)


@pytest.mark.parametrize("factor", FACTORS)
def test_at_edges_the_taps_inside_are_renormalised(factor):
    kernel = lopsided(factor)
    image = RNG.normal(size=(3 * factor, 4 * factor)).astype(np.float32)
    turned = kernel[::-1, ::-1]
    top, left = ((factor - n) // 2 for n in kernel.shape)  # of the kernel about the first pixel
    inside = turned[-top:, -left:]
    rows, cols = inside.shape
    expected = (inside * image[:rows, :cols]).sum() / inside.sum()
    found = of_kernel(kernel, "psf", factor).apply(image)
    assert found[0, 0] == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (2, 3), (9, 8)])
@pytest.mark.parametrize("factor", FACTORS)
def test_a_constant_stays_constant_up_to_the_edges(factor, shape):
    flat = np.full([n * factor for n in shape], 7, np.float32)
    for degradation in (
        *(named(spec, factor) for spec in ("bicubic", *GAUSSIANS, "gaussian:0.001")),
        of_kernel(lopsided(factor), "psf", factor),
    ):
        np.testing.assert_allclose(degradation.apply(flat), np.full(shape, 7), rtol=1e-5)


@pytest.mark.parametrize("factor", FACTORS)
@pytest.mark.parametrize("mtf", [0.1, 0.2, 0.3, 0.5])
def test_a_grating_at_nyquist_comes_out_with_the_mtf(factor, mtf):
    fine = np.arange(24 * factor) + 0.5
    grating = np.cos(np.pi * (fine / factor - 0.5))  # +1, -1, +1 … at the centres of coarse pixels
    image = np.broadcast_to(grating, (24 * factor, 24 * factor)).astype(np.float32)
    found = named(f"gaussian:{mtf}", factor).apply(image)[12, 8:-8]
    np.testing.assert_allclose(np.abs(found), mtf, atol=0.003)
    assert (np.sign(found[1:]) == -np.sign(found[:-1])).all()


@pytest.mark.parametrize("factor", FACTORS)
@pytest.mark.parametrize("spec", ["bicubic", *GAUSSIANS, "gaussian:0.01", "gaussian:0.999"])
def test_reach_is_as_far_as_a_fine_pixel_is_felt(factor, spec):
    degradation = named(spec, factor)
    image = np.zeros((21 * factor, 21 * factor), np.float32)
    image[10 * factor : 11 * factor, 10 * factor : 11 * factor] = 1  # one coarse pixel's fine ones
    felt = np.argwhere(degradation.apply(image)) - 10
    assert np.abs(felt).max() == degradation.reach


def residuals(degradation: Degradation, iterations: int) -> list[float]:
    """Norm of x_lr - D x before each of some back-projections."""
    lr = RNG.normal(size=(30, 30)).astype(np.float32)
    x = np.zeros((30 * degradation.factor, 30 * degradation.factor), np.float32)
    norms = []
    for _ in range(iterations):
        residual = lr - degradation.apply(x)
        norms.append(float(np.linalg.norm(residual)))
        x = x + upsample(residual, degradation.factor)
    return norms


@pytest.mark.parametrize("factor", FACTORS)
def test_back_projection_converges_where_growth_is_below_one_and_nowhere_else(factor):
    for spec in ("bicubic", *GAUSSIANS):
        degradation = named(spec, factor)
        assert degradation.growth < 1
        norms = residuals(degradation, 40)
        assert all(b <= a for a, b in pairwise(norms))
    wide_box = of_kernel(np.ones((3 * factor, 3 * factor)), "box", factor)
    # ^ its MTF turns negative
    assert wide_box.growth > 1.1
    norms = residuals(wide_box, 40)
    assert norms[-1] / norms[-2] == pytest.approx(wide_box.growth, rel=0.03)


@pytest.mark.parametrize("factor", FACTORS)
def test_a_kernel_sampled_half_a_pixel_off_is_interpolated_and_not_shifted(factor, caplog):
    sigma = factor * np.sqrt(-2 * np.log(0.2)) / np.pi
    for count in (8 * factor, 8 * factor + 1):
        line = np.exp(-0.5 * ((np.arange(count) - (count - 1) / 2) / sigma) ** 2)
        degradation = of_kernel(np.outer(line, line), "psf", factor)
        image = RNG.normal(size=(12 * factor, 12 * factor)).astype(np.float32)
        expected = named("gaussian:0.2", factor).apply(image)
        np.testing.assert_allclose(degradation.apply(image), expected, atol=0.01)
    assert "shifts" not in caplog.text


def test_an_empty_margin_does_not_widen_a_kernel():
    kernel = np.outer(np.hanning(8), np.hanning(8))
    wide = np.pad(kernel, 100)
    assert of_kernel(wide, "psf", 2) == of_kernel(kernel, "psf", 2)


def test_a_kernel_off_centre_shifts_as_its_points_do_and_says_so(caplog):
    caplog.set_level(logging.WARNING, "hsisr_geo")
    kernel = np.zeros((6, 6))
    kernel[2:4, 3:5] = 1  # one output pixel to the right of the middle
    ramp = np.broadcast_to(np.arange(40, dtype=np.float32), (40, 40))
    found, centred = (of_kernel(k, "psf", 2).apply(ramp) for k in (kernel, np.ones((2, 2))))
    np.testing.assert_allclose((found - centred)[5:-5, 5:-5], -1, atol=1e-5)
    assert "(+1.00 columns, +0.00 rows of output pixels): it shifts" in caplog.text


@pytest.mark.parametrize(
    ("kernel", "reason"),
    [
        ([[1.0, -1.0], [1.0, -1.0]], "sum to nothing"),
        ([[-1.0, -1.0], [-1.0, -1.0]], "sum to nothing"),
        (np.ones((200, 2)), "200 output pixels wide"),
        (np.diag([5.0, 5, 0, 0, 0, 0, 0, 0]), "at an edge"),
    ],
)
def test_what_is_no_psf_is_refused(kernel, reason):
    with pytest.raises(OptionError, match=reason):
        of_kernel(np.asarray(kernel), "psf.csv", 2)


@pytest.mark.parametrize("mtf", ["0", "1", "-0.2", "2", "nan", "inf", "half", "", "1e-250"])
def test_an_mtf_out_of_range_is_named(mtf):
    with pytest.raises(OptionError, match="gaussian:"):
        named(f"gaussian:{mtf}", 4)
