"""Work folders that hold something else than the run that is taken up: told, not believed."""

import json
import os
import shutil

import pytest
from attacks.test_inputs_hold_still import at, run, scene, stop
from scenes import read_pixels

from hsisr_geo.engine.provenance import code_identity
from hsisr_geo.errors import Canceled, OutputError
from hsisr_geo.journal.folder import work_folder_of
from hsisr_geo.model.checkpoint import load_network, save_network
from hsisr_geo.resolver.catalogue import find_model
from hsisr_geo.resolver.interpolation import BackProjectionResolver, BicubicResolver
from hsisr_geo.resolver.load import load_resolver


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


def test_other_code_of_the_same_version_does_not_go_on(kept, monkeypatch):
    """A checkout has one version for many states."""
    src, dst, _ = kept
    with monkeypatch.context() as patch:
        patch.setattr("hsisr_geo.engine.provenance.code_identity", lambda: "other")
        with pytest.raises(OutputError, match=r"code was [0-9a-f]{16}, is other"):
            run(src, dst, resume=True)
    assert run(src, dst, resume=True).kept == 3


def test_the_code_is_told_by_the_files_that_tiles_depend_on(tmp_path, monkeypatch):
    told = set()
    for text in ("one", "one", "two"):
        for name in ("raster/read.py", "output/style.py"):
            (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / "raster" / "read.py").write_text(text)
        (tmp_path / "output" / "style.py").write_text(f"{text} {len(told)}")
        monkeypatch.setattr("hsisr_geo.__file__", str(tmp_path / "__init__.py"))
        told.add(code_identity.__wrapped__())
    assert len(told) == 2


def test_a_model_that_was_changed_before_a_resume(tmp_path):
    src, dst, model = scene(tmp_path / "in.tif"), tmp_path / "out.tif", tmp_path / "m.safetensors"
    shutil.copy(find_model("default"), model)
    loaded = load_resolver(str(model), upscale=2, device="cpu")
    with pytest.raises(Canceled):
        run(src, dst, resume=True, resolver=loaded, tile=24, progress=at(1, stop))
    network, header = load_network(model)
    next(network.parameters()).data += 1e-3
    save_network(model, network, header.config, header.card)
    with pytest.raises(OutputError, match="model_sha256 was"):
        run(src, dst, resume=True, resolver=load_resolver(str(model), upscale=2), tile=24)


def test_damaged_measurements_of_the_scene_are_not_believed(tmp_path):
    """They decide about every tile."""
    src, dst = scene(tmp_path / "in.tif"), tmp_path / "out.tif"
    options = {"resume": True, "resolver": load_resolver(upscale=2, device="cpu"), "tile": 24}
    with pytest.raises(Canceled):
        run(src, dst, progress=at(1, stop), **options)
    file = work_folder_of(dst) / "statistics.npz"
    whole = file.read_bytes()
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 8
    for damaged in (b"", b"none", whole[: len(whole) // 2], flipped):
        file.write_bytes(damaged)
        with pytest.raises(OutputError, match=r"statistics\.npz is not what this program writes"):
            run(src, dst, **options)
    file.write_bytes(whole)
    with pytest.raises(Canceled):
        run(src, dst, progress=at(2, stop), **options)


@pytest.mark.parametrize("name", ["", "run.json", "a.journal"])
def test_a_folder_of_somebody_else_is_told_as_such(kept, monkeypatch, name):
    src, dst, folder = kept
    (folder / "a.journal").touch()
    real = os.access
    monkeypatch.setattr(
        "hsisr_geo.journal.folder.os.access",
        lambda path, mode: os.fspath(path) != os.fspath(folder / name) and real(path, mode),
    )
    monkeypatch.setattr("hsisr_geo.journal.folder.unwritable", lambda _: "no permission")
    for options in ({"resume": True}, {"overwrite": True}, {}):
        with pytest.raises(OutputError, match=rf"is {folder.owner()}'s, and may not be used"):
            run(src, dst, **options)
