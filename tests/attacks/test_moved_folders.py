"""Folders of outputs that are moved or removed under a run: one sentence, and no harm to others."""

import shutil

import pytest
from attacks.test_inputs_hold_still import at, run, scene
from commands import posix
from scenes import read_pixels

from hsisr_geo.errors import Canceled, OutputError
from hsisr_geo.journal.folder import work_folder_of

pytestmark = posix  # elsewhere a folder with open files in it stays where it is


@pytest.fixture
def place(tmp_path):
    """A scene, and an output in a folder."""
    (tmp_path / "to").mkdir()
    return scene(tmp_path / "in.tif"), tmp_path / "to" / "out.tif"


def away(dst):
    dst.parent.rename(dst.parent.with_name("away"))


@pytest.mark.parametrize(
    ("name", "last"), [("out.tif", False), ("out.tif", True), ("out.zarr", True)]
)
def test_a_run_whose_folder_is_moved_says_so_and_goes_on_when_it_is_back(place, name, last):
    """At once, not when all is computed for nobody; what is finished is not said to be there."""
    src, dst = place
    dst, lines, seen = dst.with_name(name), [], []

    def moving(done, total):
        seen.append(done)
        if done == (total if last else 3):
            away(dst)

    with pytest.raises(OutputError, match=r"was moved or removed, or a folder above it was"):
        run(src, dst, resume=True, progress=moving, log=lines.append)
    assert max(seen) <= (9 if last else 4)
    assert not any("are kept in" in line for line in lines)
    shutil.rmtree(dst.parent, ignore_errors=True)  # zarr makes the folders that it misses
    dst.parent.with_name("away").rename(dst.parent)
    assert run(src, dst, resume=True).kept >= 3
    run(src, dst.with_name("true.tif"))
    assert (read_pixels(dst) == read_pixels(dst.with_name("true.tif"))).all()


def test_a_run_whose_folder_is_removed_says_so(place):
    src, dst = place
    with pytest.raises(OutputError, match="was moved or removed"):
        run(src, dst, progress=at(3, lambda: shutil.rmtree(dst.parent)), threads=2)
    assert not dst.parent.exists()


@pytest.mark.parametrize("moment", [3, 9])
def test_another_run_that_comes_to_the_old_place_keeps_what_it_has(place, moment):
    """Else the first would give its unfinished file the name, or throw its tiles away."""
    src, dst = place

    def stop():
        raise Canceled("stopped")

    def move_and_begin():
        away(dst)
        dst.parent.mkdir()
        with pytest.raises(Canceled):
            run(src, dst, resume=True, progress=at(5, stop))

    with pytest.raises(OutputError, match="was moved or removed"):
        run(src, dst, progress=at(moment, move_and_begin))
    assert not dst.exists()
    assert work_folder_of(dst).is_dir()
    assert run(src, dst, resume=True).kept == 5
