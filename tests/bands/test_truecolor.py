"""Bands for red, green and blue, and how bright they are shown."""

import ast
from pathlib import Path

import numpy as np

from hsisr_geo.bands import truecolor
from hsisr_geo.bands.bands import Band, Bands
from hsisr_geo.bands.truecolor import choose_colors, stretch, stretch_limits


def bands(*wavelengths_nm, bad=()):
    return Bands(
        tuple(Band(wavelength_nm=nm, good=i not in bad) for i, nm in enumerate(wavelengths_nm))
    )


def test_the_nearest_good_bands_stand_for_the_colours():
    chosen = choose_colors(bands(450, 470, 545, 560, 645, 860, bad=(1,)))
    assert (chosen.bands, chosen.true) == ((4, 2, 0), True)


def test_the_plugin_chooses_the_same_bands():
    """It cannot import ours, so its rule is read: the same colours, the same largest distance."""
    source = Path(__file__).resolve().parents[2] / "qgis_plugin" / "map" / "truecolor.py"
    constants = {
        node.targets[0].id: ast.literal_eval(node.value)
        for node in ast.parse(source.read_text(encoding="utf-8")).body
        if isinstance(node, ast.Assign) and node.targets[0].id.endswith("_NM")
    }
    assert constants["RED_GREEN_BLUE_NM"] == truecolor.RED_GREEN_BLUE_NM
    assert constants["FARTHEST_NM"] == truecolor.FARTHEST_NM


def test_without_visible_bands_three_are_spread_the_longest_as_red():
    chosen = choose_colors(bands(2200, 1600, 1200, 1000, 900))
    assert not chosen.true
    assert chosen.bands == (1, 2, 3)
    assert choose_colors(bands(None, None, None)).bands == (1, 1, 0)
    assert choose_colors(bands(None)).bands == (0, 0, 0)
    assert choose_colors(bands(450, bad=(0,))).bands == (0, 0, 0)


def test_the_stretch_cuts_two_per_cent_and_holes_are_transparent():
    image = np.broadcast_to(np.arange(100, dtype=np.float32), (3, 1, 100)).copy()
    image[1, 0, 50] = np.nan
    shown = stretch(image, stretch_limits(image))
    assert shown[0, :2, 0].tolist() == [0, 0]
    assert shown[0, -2:, 0].tolist() == [255, 255]
    assert (np.diff(shown[0, 2:50, 0].astype(int)) > 0).all()
    assert shown[0, 50, 3] == 0
    assert (np.delete(shown[0, :, 3], 50) == 255).all()
    empty = np.full((3, 2, 2), np.nan, np.float32)
    assert (stretch(empty, stretch_limits(empty))[..., 3] == 0).all()
