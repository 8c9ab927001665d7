"""A process that ends at any rename or unlink leaves the old outputs or the new."""

import itertools
import json
import os
import shutil
import threading
from contextlib import contextmanager, suppress

import numpy as np
import pytest
import rasterio
from affine import Affine

from hsisr_geo.bands.bands import Band, Bands
from hsisr_geo.errors import Canceled, OutputError
from hsisr_geo.journal.folder import work_folder_of
from hsisr_geo.output.commit import settle
from hsisr_geo.output.drafts import open_outputs
from hsisr_geo.output.formats.choice import WriteOptions
from hsisr_geo.output.targets import Target
from hsisr_geo.raster.open import open_raster
from hsisr_geo.raster.raster import Raster
from hsisr_geo.raster.read import read_window

SIDE = 16


class Dead(BaseException):
    """The process is no more."""


class Guillotine:
    """Ends the process at a certain rename or unlink: from then on none of them happens."""

    def __init__(self, monkeypatch):
        self.left = None
        for name in ("rename", "replace", "remove", "unlink", "rmdir"):
            monkeypatch.setattr(os, name, self._guarded(getattr(os, name)))

    def _guarded(self, act):
        def acts(*given, **how):
            # Threads that fill a folder of chunks go on after the end that is played here.
            here = threading.current_thread() is threading.main_thread()
            moves = "dir_fd" in how or os.path.lexists(given[0])  # else it changes nothing
            if self.left is not None and here and moves:
                if self.left == 0:
                    raise Dead
                self.left -= 1
            return act(*given, **how)

        return acts

    @contextmanager
    def falling(self, number):
        self.left = number
        try:
            yield
        finally:
            self.left = None


@pytest.fixture
def guillotine(monkeypatch):
    # What is on the disk for good matters to machines that lose power, not to what is played here.
    monkeypatch.setattr("hsisr_geo.files.os.fsync", lambda _: None)
    return Guillotine(monkeypatch)


class Blocks:
    def __init__(self, value):
        self.block, self.value = SIDE, value

    def blocks(self, shape):
        yield slice(0, SIDE), slice(0, SIDE)

    def read(self, rows, cols, bands=slice(None)):
        return np.full((3, SIDE, SIDE), self.value, np.uint16), np.ones((SIDE, SIDE), bool)


RASTER = Raster(
    path="/none/source.tif", driver="GTiff", shape=(SIDE, SIDE), crs=None,
    transform=Affine(1, 0, 0, 0, -1, 0), dtype="uint16",
    bands=Bands(tuple(Band(wavelength_nm=w, nodata=0.0) for w in (450.0, 550.0, 650.0))),
)  # fmt: skip


def write(paths, value, form, **options):
    write = WriteOptions(form, stac=True)
    targets = [Target(path, RASTER, {"VALUE": str(value)}, write) for path in paths]
    with open_outputs(targets, **options) as drafts:
        for number, draft in enumerate(drafts):
            draft.fill(Blocks(value + number))


def values(paths):
    """What the outputs hold, None for one that is not there; nothing of them may be torn."""
    found = []
    for number, path in enumerate(paths):
        there = path.exists()
        if there:
            cube = read_window(open_raster(path), slice(0, SIDE), slice(0, SIDE))
            assert cube.min() == cube.max()
        found.append(int(cube.min()) - number if there else None)
    return found


def left(folder):
    return sorted(path.name for path in folder.rglob("*") if path.name.endswith(".hsisr-geo"))


ENDINGS = {"gtiff": ".tif", "cog": ".tif", "envi": ".img", "zarr": ".zarr", "vrt": ".vrt"}
EVERY = [(form, old, pair) for form in ENDINGS for old in (False, True) for pair in (False, True)]
QUICK = [("gtiff", True, True), ("envi", True, False)]
CASES = [case if case in QUICK else pytest.param(*case, marks=pytest.mark.slow) for case in EVERY]


@pytest.mark.parametrize(("form", "overwrite", "pair"), CASES)
def test_an_end_at_every_rename_and_unlink(tmp_path, guillotine, form, overwrite, pair):
    if form == "zarr":
        pytest.importorskip("zarr", minversion="3")
    old = 100 if overwrite else None
    names = [f"a{ENDINGS[form]}", f"other/b{ENDINGS[form]}"][: 1 + pair]
    (tmp_path / "old" / "other").mkdir(parents=True)
    if overwrite:
        write([tmp_path / "old" / name for name in names], 100, form)
    for number in itertools.count():
        folder = tmp_path / str(number)
        shutil.copytree(tmp_path / "old", folder)
        paths = [folder / name for name in names]
        with suppress(Dead), guillotine.falling(number):
            write(paths, 200, form, overwrite=overwrite)
            break
        _next_run(paths, form, number)
        assert values(paths) in ([old] * len(paths), [200] * len(paths), [300] * len(paths))
        assert left(folder) == []
    assert number > 3


def _next_run(paths, form, number):
    """Whatever the next run is: to both or to one of them, with options or without."""
    if number % 3 == 0:
        settle([path.resolve() for path in paths[-1:]])
        known = values(paths)
        assert len(set(known)) == 1
        write(paths, 300, form, overwrite=True)
        return
    with suppress(OutputError):  # where the old ones are, or the new
        write(paths, 300, form, resume=number % 3 == 1)
    for path in paths:  # what a run to one of them leaves of another's folder goes with its own run
        settle([path.resolve()])
    if left(paths[0].parent):
        write(paths, 300, form, overwrite=True)


def test_a_record_that_is_none_of_ours_moves_nothing(tmp_path):
    file, other = tmp_path / "a.tif", tmp_path / "precious.txt"
    other.write_text("mine")
    folder = work_folder_of(file)
    folder.mkdir()
    for said in (
        {"moves": [[str(folder), None, "../precious.txt"]]},
        {"moves": [[str(tmp_path), None, "precious.txt"]]},
        {"moves": "all"},
        {"moves": [[str(folder), 1, "x"]]},
        {"first": "/etc"},
        {"first": 7},
    ):
        (folder / "commit.json").write_text(json.dumps(said))
        with pytest.raises(OutputError, match="not what this program writes"):
            settle([file])
    (folder / "commit.json").unlink()
    os.mkfifo(folder / "commit.json")
    with pytest.raises(OutputError, match="not what this program writes"):
        settle([file])
    assert other.read_text() == "mine"


def test_what_has_the_name_now_is_left_alone(tmp_path):
    """The record goes before the folder does: an output that the user has replaced since stays."""
    path = tmp_path / "a.tif"
    write([path], 100, "gtiff")
    with rasterio.open(path) as dataset:
        assert dataset.count == 3
    (tmp_path / "a.tif.aux.xml").write_text("<PAMDataset/>")
    settle([path])
    assert (tmp_path / "a.tif.aux.xml").exists()


@pytest.fixture
def torn(tmp_path, guillotine):
    """A folder with a pair of which the first has its new name, the second its old one."""
    names = "a.tif", "other/b.tif"
    (tmp_path / "old" / "other").mkdir(parents=True)
    write([tmp_path / "old" / name for name in names], 100, "gtiff")
    for number in itertools.count():
        folder = shutil.copytree(tmp_path / "old", tmp_path / f"torn-{number}")
        paths = [folder / name for name in names]
        with suppress(Dead), guillotine.falling(number):
            write(paths, 200, "gtiff", overwrite=True)
        if values(paths) == [200, 100]:
            return folder


def pair_in(folder):
    return values([folder / "a.tif", folder / "other/b.tif"])


def test_a_pair_that_is_copied_or_moved_is_completed_where_it_is_then(torn):
    copy, moved = torn.with_name("copy"), torn.with_name("moved")
    shutil.copytree(torn, copy)
    settle([copy / "a.tif"])
    assert (pair_in(copy), left(copy)) == ([200, 200], [])
    assert pair_in(torn) == [200, 100]
    torn.rename(moved)
    settle([moved / "other/b.tif"])
    assert (pair_in(moved), left(moved)) == ([200, 200], [])


def test_a_pair_that_was_parted_is_told_and_completed_when_it_is_together(torn):
    away = torn.with_name("away")
    (torn / "other").rename(away)
    with pytest.raises(OutputError, match=r"a\.tif and .*b\.tif were to get their names together"):
        settle([torn / "a.tif"])
    away.rename(torn / "other")
    settle([torn / "a.tif"])
    assert pair_in(torn) == [200, 200]


def test_a_folder_that_was_given_to_another_output_gives_nothing_its_name(torn):
    """As who wants to go on under another name may try."""
    shutil.copytree(work_folder_of(torn / "a.tif"), work_folder_of(torn / "c.tif"))
    before = sorted(torn.rglob("*"))
    with pytest.raises(OutputError, match="not what this program writes"):
        settle([torn / "c.tif"])
    assert sorted(torn.rglob("*")) == before


class Signal(Guillotine):
    """Cancels the run at a certain rename or unlink, as a signal does there; the rest happens."""

    def _guarded(self, act):
        def acts(*given, **how):
            here = threading.current_thread() is threading.main_thread()
            if self.left is not None and here:
                self.left -= 1
                if self.left < 0:
                    self.left = None
                    raise Canceled("canceled by SIGTERM")
            return act(*given, **how)

        return acts


def test_a_signal_at_every_rename_and_unlink(tmp_path, monkeypatch):
    monkeypatch.setattr("hsisr_geo.files.os.fsync", lambda _: None)
    signal, old = Signal(monkeypatch), 100
    (tmp_path / "old" / "other").mkdir(parents=True)
    names = ["a.tif", "other/b.tif"]
    write([tmp_path / "old" / name for name in names], old, "gtiff")
    for number in itertools.count():
        folder = tmp_path / str(number)
        shutil.copytree(tmp_path / "old", folder)
        paths = [folder / name for name in names]
        with suppress(Canceled), signal.falling(number):
            write(paths, 200, "gtiff", overwrite=True)
            break
        assert values(paths) in ([old] * 2, [200] * 2), number  # at once, without another run
        _next_run(paths, "gtiff", number)
        assert values(paths) in ([old] * 2, [200] * 2, [300] * 2)
        assert left(folder) == []
    assert number > 3


def test_a_name_that_cannot_be_given_is_given_by_the_next_run(tmp_path, monkeypatch):
    """The disk fails in the middle: what is new and what is old are not left side by side."""
    paths = [tmp_path / "a.tif", tmp_path / "b.tif"]
    write(paths, 100, "gtiff")
    real = os.replace

    def fails(src, dst, **how):
        if os.fspath(dst).endswith("/a.tif"):
            raise OSError(5, "Input/output error")
        return real(src, dst, **how)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", fails)
        patch.setattr(os, "rename", fails)
        with pytest.raises(OutputError, match="Input/output error"):
            write(paths, 200, "gtiff", overwrite=True)
        with pytest.raises(OutputError, match="cannot be completed: Input/output error"):
            write(paths, 300, "gtiff", overwrite=True)
    assert left(tmp_path)
    with pytest.raises(OutputError, match="exists"):
        write(paths, 300, "gtiff")
    assert values(paths) == [200] * 2
    assert left(tmp_path) == []
