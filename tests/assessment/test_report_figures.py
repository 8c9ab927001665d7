"""What a report adds to the scores: bounds of a gain, indices, noise bands, what fits on a page."""

from types import SimpleNamespace

import numpy as np
import pytest

from hsisr_geo.assessment.confidence import bounds, measure_blocks
from hsisr_geo.assessment.index_errors import find_indices, index_errors
from hsisr_geo.assessment.lattice import choose_lattice
from hsisr_geo.assessment.noise_bands import noise_bands
from hsisr_geo.assessment.report.origin import blur_of, origin
from hsisr_geo.assessment.report.pictures import clearest_part, in_blocks
from hsisr_geo.assessment.report.samples import _thinned
from hsisr_geo.assessment.report.themes import DARK, LIGHT, recolored

RNG = np.random.default_rng(5)


def noisy(truth, spread, seed):
    return truth + np.random.default_rng(seed).normal(0, spread, truth.shape).astype(np.float32)


# --- bounds of a gain -----------------------------------------------------------------------------


def test_bounds_enclose_the_gain_and_are_the_same_each_time():
    truth = RNG.uniform(0.1, 0.5, (6, 96, 96)).astype(np.float32)
    ours, theirs = (
        measure_blocks(noisy(truth, s, i), truth, 2) for i, s in enumerate((0.01, 0.02))
    )
    found = bounds(ours, theirs)
    assert found == bounds(ours, theirs)
    assert found.blocks == 36  # of 16 x 16 pixels
    low, high = found.psnr_gain_db
    assert low < 20 * np.log10(2) < high
    assert high - low < 0.4
    assert 0.4 < found.angle_ratio[0] < 0.5 < found.angle_ratio[1] < 0.6


def test_a_gain_in_one_corner_is_less_sure_than_one_everywhere():
    truth = RNG.uniform(0.1, 0.5, (4, 96, 96)).astype(np.float32)
    theirs = noisy(truth, 0.02, 1)
    everywhere, corner = noisy(truth, 0.015, 2), theirs.copy()
    corner[:, :32, :32] = truth[:, :32, :32]
    wide, narrow = (
        np.ptp(bounds(*(measure_blocks(x, truth, 2) for x in (ours, theirs))).psnr_gain_db)
        for ours in (corner, everywhere)
    )
    assert wide > 2 * narrow


def test_few_blocks_have_no_bounds_and_holes_are_no_blocks():
    truth = RNG.uniform(0.1, 0.5, (4, 96, 96)).astype(np.float32)
    small = measure_blocks(truth[:, :32, :40] + 0.01, truth[:, :32, :40], 2)
    assert bounds(small, small) is None
    truth[:, 32:] = np.nan
    half = measure_blocks(truth + 0.01, truth, 2)
    assert bounds(half, half).blocks == 12


# --- indices and noise bands ----------------------------------------------------------------------


def test_an_index_is_compared_where_both_have_one():
    wavelengths = (550.0, 670.0, 800.0)
    truth = np.stack([np.full((20, 20), v, np.float32) for v in (0.1, 0.1, 0.3)])
    truth[2, :5] = np.nan
    (ndvi,) = find_indices(truth, wavelengths)
    assert (ndvi.index.name, ndvi.bands, ndvi.share) == ("ndvi", (2, 1), 0.75)
    result = truth.copy()
    result[2] = 0.4
    assert index_errors(result, (ndvi,)) == {"ndvi": pytest.approx(0.6 - 0.5, abs=1e-6)}
    assert find_indices(truth[:2], wavelengths[:2]) == ()


def test_a_band_of_noise_is_found_by_its_neighbours_and_by_water_vapour():
    wavelengths = tuple(np.linspace(500, 1300, 16))
    ground = RNG.uniform(0, 1, (3, 40, 40))
    mix = np.stack([np.cos(np.linspace(0, k, 16)) for k in (0.5, 1, 1.5)], axis=1)
    cube = np.tensordot(mix, ground, axes=1) + RNG.normal(0, 0.01, (16, 40, 40))
    assert noise_bands(cube, wavelengths) == ()
    cube[7] = RNG.normal(0, 5, (40, 40))
    assert noise_bands(cube, wavelengths) == (7,)
    assert noise_bands(cube[:3], (1300.0, 1400.0, 1500.0)) == (1,)
    assert noise_bands(cube[:2], (1390.0, 1400.0)) == ()  # not all of them


# --- what fits on a page --------------------------------------------------------------------------


def test_a_lattice_keeps_within_its_room_and_covers_the_window():
    assert choose_lattice(5, (30, 40)).step == 1
    lattice = choose_lattice(200, (512, 512))
    assert 200 * len(lattice.rows) * len(lattice.cols) <= 300_000
    assert lattice.rows[0] < lattice.step
    assert lattice.rows[-1] >= 512 - lattice.step
    shape = 3, 200, len(lattice.rows), len(lattice.cols)
    thin = _thinned(shape, 200_000)
    assert 8 / 3 * 3 * 200 * (-(-shape[2] // thin)) * (-(-shape[3] // thin)) <= 200_000


def test_the_clearest_part_of_a_picture_is_shown():
    valid = np.zeros((60, 100), bool)
    valid[20:50, 64:96] = True
    assert clearest_part(valid, 32, 4) == (slice(20, 52), slice(64, 96))
    assert clearest_part(np.ones((60, 100), bool), 200, 4) == (slice(0, 60), slice(0, 100))
    assert clearest_part(np.ones((60, 100), bool), 32, 2) == (slice(14, 46), slice(34, 66))


def test_a_map_in_blocks_holds_their_root_mean_squares():
    plane = np.array([[3.0, 4.0, np.nan, np.nan], [3.0, 4.0, np.nan, np.nan]])
    np.testing.assert_allclose(in_blocks(plane, 2), [[np.sqrt(12.5), np.nan]])
    np.testing.assert_array_equal(in_blocks(plane, 9), plane)


def test_a_chart_for_dark_pages_is_the_light_one_in_other_colours():
    svg = b'<path style="fill: #1c2530; stroke: #2868c8" d="M 1 2"/><use xlink:href="#m1c2530a"/>'
    assert recolored(svg, LIGHT, DARK) == svg.replace(b"#1c2530", b"#e6ebf0").replace(
        b"#2868c8", b"#6aa5ff"
    )


# --- where a scene is from ------------------------------------------------------------------------


def raster(**more):
    given = {"product": "", "tags": {}, "provenance": {}, "path": "scene.tif", "crs": None}
    return SimpleNamespace(has_transform=False, **given | more)


def test_sensor_and_date_are_those_of_product_or_tags():
    assert origin(raster()) == dict.fromkeys(("sensor", "date", "crs", "pixel", "pixel_unit"))
    taken = {"": {"ACQUISITIONDATETIME": "2022-07-24T10:34:14Z"}}
    known = origin(raster(product="EnMAP L2A 2022-07-24", tags=taken))
    assert (known["sensor"], known["date"]) == ("EnMAP HSI", "2022-07-24")
    header = {"sensor_type": "HySpex", "acquisition_time": "2019-05-01"}
    envi = origin(raster(tags={"ENVI": header}))
    assert (envi["sensor"], envi["date"]) == ("HySpex", "2019-05-01")
    assert origin(raster(tags={"": {"TIFFTAG_DATETIME": "2024:01:01 10:00:00"}}))["date"] is None


def test_a_blur_says_who_chose_it():
    def method(**provenance):
        degradation = SimpleNamespace(name="gaussian:0.3")
        return SimpleNamespace(degradation=degradation, provenance=lambda: provenance)

    assert blur_of(method(psf_source="estimate", psf_told="MTF 0.25"))["told"] == "MTF 0.25"
    assert blur_of(method(trained_degradation="bicubic"))["source"] == "given"
    assert blur_of(method(trained_degradation="gaussian:0.3"))["source"] == "model"
