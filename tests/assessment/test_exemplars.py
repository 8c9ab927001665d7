"""Pixels whose spectra are shown: chosen by a rule, from what is valid."""

import numpy as np

from hsisr_geo.assessment.exemplars import choose_exemplars


def three_materials():
    """Return a field of one spectrum, a quarter of another, a stripe of a third; and noise."""
    spectra = np.array([[1.0, 2, 3, 4], [4.0, 3, 2, 1], [1.0, 3, 3, 1]])
    material = np.zeros((40, 40), int)
    material[:20, :20] = 1
    material[30:36] = 2
    cube = spectra[material].transpose(2, 0, 1)
    noise = np.random.default_rng(0).normal(scale=0.01, size=cube.shape)
    return (cube + noise).astype(np.float32), material


def test_a_typical_pixel_two_other_materials_and_an_edge():
    cube, material = three_materials()
    chosen = {e.why: (e.row, e.col) for e in choose_exemplars(cube)}
    assert list(chosen) == ["typical", "distinct", "distinct again", "edge"]
    assert material[chosen["typical"]] == 0
    assert {material[chosen[why]] for why in ("distinct", "distinct again")} == {1, 2}
    row, col = chosen["edge"]
    around = material[row - 1 : row + 2, col - 1 : col + 2]
    assert len(np.unique(around)) > 1
    assert choose_exemplars(cube) == choose_exemplars(cube.copy())


def test_no_pixel_of_a_hole_or_beside_one_is_chosen():
    cube, _ = three_materials()
    cube[2, :, 15:] = np.nan
    chosen = choose_exemplars(cube)
    assert chosen
    assert all(e.col < 14 for e in chosen)


def test_two_bands_or_only_holes_give_none():
    cube, _ = three_materials()
    assert choose_exemplars(cube[:2]) == ()
    assert choose_exemplars(np.full_like(cube, np.nan)) == ()
    assert choose_exemplars(cube[:, :2, :2]) == ()


def test_a_constant_scene_has_one_kind_of_spectrum():
    assert len(choose_exemplars(np.full((5, 20, 20), 3, np.float32))) == 1
