"""What a killed engine leaves beside an output goes, and nothing else does."""

import os
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from hsisr_geo.journal.folder import work_folder as engines_own
from hsisr_geo.journal.folder import work_folder_of
from qgis_plugin.engine import leftovers
from qgis_plugin.engine.leftovers import remove_leftovers, work_folder


@pytest.fixture
def output(tmp_path):
    (tmp_path / "other.tif").write_text("")
    return tmp_path / "sr.tif"


def test_the_folder_is_the_engines(output):
    assert Path(work_folder(str(output))) == work_folder_of(output)


def test_a_folder_that_nobody_works_in_goes(output):
    folder = work_folder_of(output)
    folder.mkdir()
    (folder / "lock").write_text("")
    (folder / "sr.tif").write_text("")
    remove_leftovers(str(output))
    remove_leftovers(str(output))  # nothing is there: nothing happens
    assert [path.name for path in output.parent.iterdir()] == ["other.tif"]


@pytest.mark.skipif(sys.platform == "win32", reason="locks of POSIX")
def test_a_folder_that_another_run_works_in_stays(output):
    with engines_own(output, resume=False, overwrite=True) as folder:
        remove_leftovers(str(output))
        assert folder.path.is_dir()
    assert not work_folder_of(output).exists()


@pytest.mark.parametrize("busy", [True, False])
def test_on_windows_a_folder_that_can_be_renamed_is_nobodys(output, monkeypatch, busy):
    folder = work_folder_of(output)
    folder.mkdir()
    monkeypatch.setattr(leftovers, "sys", SimpleNamespace(platform="win32"))
    if busy:

        def refuse(source, target):
            raise PermissionError(13, "used by another process")

        monkeypatch.setattr(os, "rename", refuse)
    remove_leftovers(str(output))
    assert folder.exists() == busy
