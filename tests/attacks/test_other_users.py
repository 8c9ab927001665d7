"""Files and folders of other users, and file systems that know less than a disk does."""

import errno
import os
import stat

import numpy as np
import pytest
from attacks.test_inputs_hold_still import scene
from commands import bicubic, call, one_line_error, posix
from scenes import read_pixels

from hsisr_geo.errors import OutputError, RasterError
from hsisr_geo.paths import check_may_go
from hsisr_geo.raster.open import open_raster

ANOTHER = 1 << 20  # nobody's number


@pytest.fixture
def shared(tmp_path, monkeypatch):
    """A folder like /tmp, as somebody sees it who owns nothing there."""
    folder = tmp_path / "shared"
    folder.mkdir()
    folder.chmod(0o1777)
    monkeypatch.setattr("os.geteuid", lambda: ANOTHER)
    return folder


@posix
@pytest.mark.parametrize("name", ["fine.tif", "fine.zarr", "fine.tif.ovr"])
def test_what_is_somebody_elses_in_a_shared_folder_is_refused_before_the_work(
    shared, tmp_path, name
):
    src, there = scene(tmp_path / "in.tif"), shared / name
    dst = shared / ("fine.zarr" if name == "fine.zarr" else "fine.tif")
    if name == "fine.zarr":
        bicubic(src, there)
    else:
        there.write_text("whose")
    told = one_line_error(bicubic(src, dst, "--overwrite", code=1))
    assert f"{name} is another user's, and in {shared} nobody else may replace it" in told
    assert there.exists()
    assert not list(shared.glob(".*"))


@posix
def test_so_is_a_picture_and_a_report(shared, tmp_path):
    src = scene(tmp_path / "in.tif")
    (shared / "a.png").write_text("whose")
    told = one_line_error(call("show", src, "--out", shared / "a.png", "--overwrite", code=1))
    assert "a.png is another user's" in told
    (shared / "report").mkdir()
    given = "--upscale", 2, "--model", "bicubic", "--report", shared / "report", "--overwrite"
    assert "report is another user's" in one_line_error(call("assess", src, *given, code=1))


@posix
def test_ones_own_files_and_folders_are_replaced(shared, tmp_path, monkeypatch):
    mine = shared / "a.tif"
    mine.touch()
    with pytest.raises(OutputError, match="another user's"):
        check_may_go(mine)
    monkeypatch.setattr("os.geteuid", lambda: os.getuid())
    check_may_go(mine)
    monkeypatch.setattr("os.geteuid", lambda: ANOTHER)
    shared.chmod(0o777)
    check_may_go(mine)
    (tmp_path / "link.tif").symlink_to(mine)
    shared.chmod(0o1777)
    with pytest.raises(OutputError, match="another user's"):
        check_may_go(tmp_path / "link.tif")


@posix
@pytest.mark.parametrize("told", [errno.EINVAL, errno.EACCES])
def test_a_folder_that_cannot_be_waited_for_takes_its_files(tmp_path, monkeypatch, told):
    """A network drive's, or one to put files into and not to look at: the error came afterwards."""
    src, wait = scene(tmp_path / "in.tif"), os.fsync

    def fsync(file):
        if stat.S_ISDIR(os.fstat(file).st_mode):
            raise OSError(told, os.strerror(told))
        wait(file)

    bicubic(src, tmp_path / "a.tif")
    monkeypatch.setattr("os.fsync", fsync)
    bicubic(src, tmp_path / "b.tif")
    np.testing.assert_array_equal(read_pixels(tmp_path / "b.tif"), read_pixels(tmp_path / "a.tif"))
    assert not list(tmp_path.glob(".*"))


@posix
def test_a_disk_that_fails_under_a_folder_is_told(tmp_path, monkeypatch):
    src = scene(tmp_path / "in.tif")

    def fsync(file):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr("os.fsync", fsync)
    assert "Input/output error" in bicubic(src, tmp_path / "a.tif", code=1).stderr
    assert not (tmp_path / "a.tif").exists()


def test_a_home_that_is_somebody_elses_is_told_with_what_to_do(tmp_path, monkeypatch):
    def is_file(path):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    monkeypatch.delenv("HSISR_GEO_CONFIG", raising=False)
    monkeypatch.setattr("hsisr_geo.cli.options.config_file.Path.is_file", is_file)
    told = one_line_error(call("models", code=1))
    assert "config.toml: whether it is there cannot be told (Permission denied): let HOME" in told
    assert "--config ''" in told


def test_a_file_of_a_raster_that_may_not_be_read_is_named(tmp_path, monkeypatch):
    src = scene(tmp_path / "in.img", driver="ENVI", nodata=None)

    def describe(path, **options):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), "in.hdr")

    monkeypatch.setattr("hsisr_geo.raster.open.describe", describe)
    with pytest.raises(RasterError, match=r"in\.img: in\.hdr: Permission denied$"):
        open_raster(src)


@posix
def test_a_folder_that_was_removed_under_a_shell_is_told(tmp_path, monkeypatch):
    src, gone = scene(tmp_path / "in.tif"), tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    for command in (("run", src, tmp_path / "a.tif", "--upscale", 2), ("doctor",)):
        told = one_line_error(call(*command, code=1))
        assert "the folder that this was started in is gone: change to another" in told
