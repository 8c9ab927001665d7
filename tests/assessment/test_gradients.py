"""Gradient energy and seams, on images whose steps are known."""

import numpy as np
import pytest

from hsisr_geo.assessment.gradients import find_seams, measure_steps


def ground(rows=96, cols=128, seed=0):
    return np.random.default_rng(seed).normal(size=(rows, cols)).cumsum(0).cumsum(1)


def test_energy_is_the_mean_square_of_the_steps():
    plane = np.array([[0.0, 1.0, 3.0], [2.0, 1.0, 3.0]])
    steps = [2.0, 0.0, 0.0, 1.0, 2.0, -1.0, 2.0]  # three down, four right
    assert measure_steps([plane]).energy == pytest.approx(np.mean(np.square(steps)))


def test_a_hole_hides_its_steps_and_planes_add_up():
    plane = ground()
    holed = plane.copy()
    holed[40:50, 30:60] = np.nan
    whole = measure_steps([plane, holed])
    assert whole.count < 2 * measure_steps([plane]).count
    alone = measure_steps([plane]) + measure_steps([holed])
    assert (whole.energy, whole.count) == (alone.energy, alone.count)
    assert measure_steps([np.full((4, 4), np.nan)]).energy is None


@pytest.mark.parametrize("upscale", [2, 4])
@pytest.mark.parametrize("axis", [0, 1])
def test_a_step_where_tiles_meet_is_found_and_nowhere_else(upscale, axis):
    plane = np.random.default_rng(1).normal(size=(96, 128))
    border = 12
    seamed = np.moveaxis(plane.copy(), axis, 0)
    seamed[upscale * border :] += 3
    seamed = np.moveaxis(seamed, 0, axis)
    name = ("rows", "cols")[axis]
    steps = measure_steps([seamed])
    seen = find_seams(steps, upscale=upscale, **{name: [border]})
    assert seen.index > 1.5
    clean = find_seams(measure_steps([plane]), upscale=upscale, **{name: [border]})
    assert clean.index == pytest.approx(1, abs=0.25)
    assert clean.usual[0] < clean.index < clean.usual[1]
    assert seen.visible_beside(clean)
    assert not clean.visible_beside(clean)
    elsewhere = find_seams(steps, upscale=upscale, **{name: [border + 3]})
    assert elsewhere.index < 1.25


def test_a_border_of_the_ground_itself_is_not_taken_for_a_seam():
    plane = np.random.default_rng(1).normal(size=(96, 128))
    plane[48:] += 3
    shown = find_seams(measure_steps([plane]), upscale=4, rows=[12])
    assert shown.index > shown.usual[1]
    sharper = find_seams(measure_steps([1.3 * plane]), upscale=4, rows=[12])
    assert not sharper.visible_beside(shown)


def test_without_borders_or_on_flat_ground_there_is_nothing_to_tell():
    assert find_seams(measure_steps([ground()]), upscale=2) is None
    flat = measure_steps([np.ones((40, 40))])
    assert find_seams(flat, upscale=2, rows=[10]) is None
