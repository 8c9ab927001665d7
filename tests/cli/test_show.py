"""`hsisr-geo show`: a picture of a scene and its result, or a sentence why there is none."""

import matplotlib.image
import numpy as np
import pytest
from commands import call, one_line_error, write
from made_products import make_emit

from hsisr_geo.assessment.report import quick_look
from hsisr_geo.raster.open import open_raster


@pytest.fixture
def scene(tmp_path):
    values = np.random.default_rng(0).random((5, 24, 30)).astype(np.float32)
    return write(tmp_path / "scene.tif", values)


def test_it_draws_scene_and_result_and_does_not_replace(scene, tmp_path):
    result = tmp_path / "fine.tif"
    call("run", scene, result, "--upscale", 3, "--model", "bicubic")
    assert call("show", scene, result).exit_code == 0
    image = matplotlib.image.imread(tmp_path / "fine.show.png")
    assert image.shape[0] > 400
    assert image.shape[1] > 1000
    assert "--overwrite" in one_line_error(call("show", scene, result, code=1))
    assert call("show", scene, result, "--overwrite").exit_code == 0
    assert call("show", scene, "--out", tmp_path / "alone.png").exit_code == 0


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["look.png"], "to name the picture so, --out look.png"),
        (["--out", "look.jpg"], "a picture is a PNG"),
    ],
)
def test_a_picture_is_named_by_out_and_is_a_png(scene, more, said, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert said in call("show", scene, *more, code=2).stderr


def test_of_a_part_the_same_ground_is_shown(scene, tmp_path):
    whole = open_raster(scene)
    xmin, _, _, ymax = whole.bounds
    pixel = whole.transform.a
    result = tmp_path / "part.tif"
    bounds = xmin + 4 * pixel, ymax - 14 * pixel, xmin + 24 * pixel, ymax - 2 * pixel
    call("run", scene, result, "--upscale", 2, "--model", "bicubic", "--bounds", *bounds)
    part = open_raster(result)
    view = quick_look._middle(whole, part)
    assert (view.top, view.left, view.cube.shape[1:]) == (2, 4, (12, 20))
    finer = quick_look._same_ground(view, part)
    assert (finer.top, finer.left, finer.cube.shape[1:]) == (0, 0, (24, 40))


def test_the_result_of_a_swath_on_its_map_is_shown_as_it_was_made(tmp_path):
    scene, fine = tmp_path / "EMIT_L2A_RFL.nc", tmp_path / "fine.tif"
    make_emit(scene)
    call("run", scene, fine, "--upscale", 2, "--model", "bicubic", "--orthorectify")
    told = one_line_error(call("show", scene, fine, code=1))
    assert "was it made with --orthorectify? Give it here, too" in told
    call("show", scene, fine, "--orthorectify")
    assert (tmp_path / "fine.show.png").is_file()


def test_a_raster_of_another_place_is_refused(scene, tmp_path):
    other = tmp_path / "other.tif"
    write(other, np.ones((5, 48, 61), np.float32))
    assert "show the ground" in one_line_error(call("show", scene, other, code=1))
    assert not (tmp_path / "other.show.png").exists()


def test_the_left_half_is_the_scene_and_the_right_half_the_result():
    before, after = np.zeros((4, 6, 4), np.uint8), np.full((8, 12, 4), 9, np.uint8)
    image = quick_look._swiped(before, after)
    assert (image[:, :6] == 0).all()
    assert (image[:, 6:] == 9).all()


@pytest.mark.parametrize("command", ["run", "batch", "assess"])
def test_where_options_are_many_they_stand_in_groups_and_none_is_lost(command):
    text = call(command, "--help").stdout
    headings = ["What is made:", "What of the scene:", "The sensor's blur:", "How it is stored:"]
    places = [text.index(heading) for heading in headings]
    assert places == sorted(places)
    assert "Other:" not in text
    assert text.index("--threads INT") > text.index("Time and memory:")


def test_help_of_completion_keeps_its_lines():
    text = call("completion", "--help").stdout
    assert "\\b" not in text
    assert '  bash  eval "$(hsisr-geo completion bash)" in ~/.bashrc\n' in text


def test_a_scene_alone_is_not_called_before(scene, tmp_path, monkeypatch):
    titles = []
    monkeypatch.setattr(quick_look.Axes, "set_title", lambda self, text: titles.append(text))
    call("show", scene, "--out", tmp_path / "a.png")
    assert titles[1] == "three pixels"
    assert not [text for text in titles if "before" in text]
