"""Work folders that hold something else than the run that is taken up: told, not believed."""

import json
import os
import shutil

import pytest
from attacks.test_inputs_hold_still import at, run, scene, stop
from scenes import read_pixels

from hsisr_geo.errors import Canceled, OutputError
from hsisr_geo.journal.folder import work_folder_of
from hsisr_geo.resolver.interpolation import BackProjectionResolver, BicubicResolver


@pytest.fixture
def kept(tmp_path):
    """A scene, an output, and the folder of a run that was stopped after three tiles."""
    src, dst = scene(tmp_path / "in.tif"), tmp_path / "out.tif"
    with pytest.raises(Canceled):
        run(src, dst, resume=True, progress=at(3, stop))
    return src, dst, work_folder_of(dst)


def test_journals_know_their_run_without_a_record(kept):
    src, dst, folder = kept
    (folder / "run.json").unlink()
    with pytest.raises(OutputError, match=r"\.journal holds tiles of another run: remove it"):
        run(src, dst, resume=True, resolver=BackProjectionResolver(2))
    assert run(src, dst, resume=True).kept == 3  # its own


def test_a_copied_journal_is_not_believed(kept, tmp_path):
    src, dst, folder = kept
    other = tmp_path / "other.tif"
    with pytest.raises(Canceled):
        run(src, other, resume=True, resolver=BackProjectionResolver(2), progress=at(5, stop))
    (journal,) = work_folder_of(other).glob("*.journal")
    shutil.copy(journal, folder / "copied.journal")
    with pytest.raises(OutputError, match=r"copied\.journal holds tiles of another run"):
        run(src, dst, resume=True)
    (folder / "copied.journal").unlink()
    assert run(src, dst, resume=True).kept == 3


def test_a_journal_torn_at_its_birth_holds_nothing(kept):
    src, dst, folder = kept
    (journal,) = folder.glob("*.journal")
    data = journal.read_bytes()
    for length in (0, 10, 50):
        (folder / f"{length}.journal").write_bytes(data[:length])
    assert run(src, dst, resume=True).kept == 3
    run(src, dst.with_name("true.tif"))
    assert (read_pixels(dst) == read_pixels(dst.with_name("true.tif"))).all()


@pytest.mark.parametrize(
    "text",
    [
        "[]", "7", '{"facts": 3}', '{"facts": {"model": 7}}', '{"circumstances": []}', "{", "",
        '{"circumstances": {"tile": ["16"]}}', "[" * 100_000, "\udcff", '{"facts": null}',
    ],
)  # fmt: skip
def test_a_record_of_wrong_types(kept, text):
    src, dst, folder = kept
    (folder / "run.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(OutputError, match=r"run\.json is not what this program writes there"):
        run(src, dst, resume=True)
    run(src, dst, overwrite=True)
    assert dst.exists()


@pytest.mark.skipif(os.name != "posix", reason="pipes of POSIX")
@pytest.mark.parametrize("name", ["a.journal", "run.json", "statistics.npz", "lock", "commit.json"])
@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo])
def test_a_folder_or_a_pipe_among_the_files(kept, name, make):
    src, dst, folder = kept
    (folder / name).unlink(missing_ok=True)
    make(folder / name)
    with pytest.raises(OutputError, match=r"no plain file|not what this program writes"):
        run(src, dst, resume=True)


def test_a_file_in_place_of_the_folder(tmp_path):
    src, dst = scene(tmp_path / "in.tif"), tmp_path / "out.tif"
    work_folder_of(dst).write_text("mine")
    with pytest.raises(OutputError, match="is in the way"):
        run(src, dst)
    assert work_folder_of(dst).read_text() == "mine"


def test_a_whole_record_says_what_differs(kept):
    src, dst, folder = kept
    record = json.loads((folder / "run.json").read_text())
    assert {"facts", "circumstances"} <= set(record)
    with pytest.raises(OutputError, match="upscale was 2, is 3"):
        run(src, dst, resume=True, resolver=BicubicResolver(3))
