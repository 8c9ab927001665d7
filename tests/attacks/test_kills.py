"""A process that ends at any rename or unlink leaves the old outputs or the new."""

import itertools
import json
import os
import sys
import threading
from contextlib import suppress

import numpy as np
import pytest
import rasterio
from affine import Affine

from hsisr_geo.bands.bands import Band, Bands
from hsisr_geo.errors import OutputError
from hsisr_geo.journal.folder import work_folder_of
from hsisr_geo.output.commit import settle
from hsisr_geo.output.drafts import open_outputs
from hsisr_geo.output.formats.choice import WriteOptions
from hsisr_geo.output.targets import Target
from hsisr_geo.raster.open import open_raster
from hsisr_geo.raster.raster import Raster
from hsisr_geo.raster.read import read_window

_ENDS = ("os.rename", "os.remove", "os.rmdir", "shutil.rmtree")
SIDE = 16


class Dead(BaseException):
    """The process is no more."""


class Guillotine:
    """Ends the process at a certain rename or unlink: from then on none of them happens.

    A hook of Python's audit, as it hears of all of them, by whatever name they are called.
    """

    def __init__(self):
        self.left = None
        sys.addaudithook(self._hear)

    def _hear(self, event, _):
        # Threads that fill a folder of chunks go on after the end that is played here.
        here = threading.current_thread() is threading.main_thread()
        if self.left is not None and here and event in _ENDS:
            if self.left == 0:
                raise Dead
            self.left -= 1


GUILLOTINE = Guillotine()


class Blocks:
    def __init__(self, value):
        self.block, self.value = SIDE, value

    def blocks(self, shape):
        yield slice(0, SIDE), slice(0, SIDE)

    def read(self, rows, cols):
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


SLOW = ("zarr", "vrt")  # folders of many files: many moments
ENDINGS = {"gtiff": ".tif", "cog": ".tif", "envi": ".img", "zarr": ".zarr", "vrt": ".vrt"}


FORMS = [pytest.param(f, marks=pytest.mark.slow) if f in SLOW else f for f in ENDINGS]


@pytest.mark.parametrize("pair", [False, True])
@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("form", FORMS)
def test_an_end_at_every_rename_and_unlink(tmp_path, form, overwrite, pair):
    if form == "zarr":
        pytest.importorskip("zarr", minversion="3")
    for number in itertools.count():
        folder = tmp_path / str(number)
        (folder / "other").mkdir(parents=True)
        paths = [folder / f"a{ENDINGS[form]}", folder / "other" / f"b{ENDINGS[form]}"][: 1 + pair]
        old = 100 if overwrite else None
        if overwrite:
            write(paths, 100, form)
        GUILLOTINE.left = number
        try:
            write(paths, 200, form, overwrite=overwrite)
            ended = False
        except Dead:
            ended = True
        finally:
            GUILLOTINE.left = None
        if not ended:
            break
        _next_run(paths, form, number)
        assert values(paths) in ([old] * len(paths), [200] * len(paths), [300] * len(paths))
        assert left(folder) == []
    assert number > 5


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
