"""What a process that was killed has left goes with the next one; what a living one has stays."""

import itertools
import multiprocessing
import os
import signal

import pytest
from attacks.test_kills import Dead, guillotine  # noqa: F401 - a fixture
from commands import posix

from hsisr_geo import files
from hsisr_geo.assessment.report import folder as report_folder
from hsisr_geo.assessment.report import write_report
from hsisr_geo.errors import OutputError
from hsisr_geo.files import drafted, temporary_folder
from hsisr_geo.journal.folder import work_folder


def kill(*_):
    os.kill(os.getpid(), signal.SIGKILL)


def killed_in(work, *given):
    """Do it in a process of its own, which ends by SIGKILL."""
    child = multiprocessing.get_context("fork").Process(target=work, args=given)
    child.start()
    child.join()
    assert child.exitcode == -signal.SIGKILL


def killed_while_drafting(path):
    with drafted(path) as draft:
        draft.write_bytes(b"half")
        kill()


@posix
def test_drafts_of_a_killed_process_go_with_the_next_write_and_no_others(tmp_path):
    path, pipe = tmp_path / "m.safetensors", tmp_path / ".m.safetensors.1-0123abcd"
    killed_in(killed_while_drafting, path)
    (left,) = tmp_path.iterdir()
    killed_in(killed_while_drafting, tmp_path / "other.safetensors")
    (others,) = set(tmp_path.iterdir()) - {left}
    os.mkfifo(pipe)
    with drafted(path) as living:
        living.write_bytes(b"one")
        with drafted(path) as draft:
            draft.write_bytes(b"another")
        assert path.read_bytes() == b"another"
        assert not left.exists()
    assert path.read_bytes() == b"one"
    assert sorted(tmp_path.iterdir()) == sorted([path, pipe, others])


@posix
def test_a_model_file_whose_writer_was_killed_leaves_nothing_behind(tmp_path, monkeypatch):
    torch = pytest.importorskip("torch")
    from hsisr_geo.model.checkpoint import save_tensors

    given = tmp_path / "m.progress.safetensors", {"a": torch.zeros(3)}, {}
    with monkeypatch.context() as at_the_rename:
        at_the_rename.setattr("hsisr_geo.files.put_in_place", kill)
        killed_in(save_tensors, *given)
    assert len(list(tmp_path.iterdir())) == 1
    save_tensors(*given)
    assert [p.name for p in tmp_path.iterdir()] == ["m.progress.safetensors"]


def killed_in_a_temporary_folder(inside):
    with temporary_folder(inside) as folder:
        (folder / "large.tif").write_bytes(b"much")
        kill()


@posix
def test_temporary_folders_of_a_killed_process_go_with_the_next_one_and_no_others(tmp_path):
    (tmp_path / ".hsisr-geo-of.mine").mkdir()
    killed_in(killed_in_a_temporary_folder, tmp_path)
    assert len(list(tmp_path.iterdir())) == 2
    with temporary_folder(tmp_path) as living, temporary_folder(tmp_path) as other:
        assert living.is_dir()
        assert other.is_dir()
        assert len(list(tmp_path.iterdir())) == 3
    assert [p.name for p in tmp_path.iterdir()] == [".hsisr-geo-of.mine"]


@pytest.fixture
def cleared_at_once(monkeypatch):
    """Another process takes the first folder or draft for what a kill has left, before it is held.

    It only goes once: so the next one is ours.
    """
    held, seen = files._held, []

    def late(path):
        seen.append(path)
        if len(seen) == 1:
            files.remove(path)
        return held(path)

    monkeypatch.setattr(files, "_held", late)
    return seen


def test_a_temporary_folder_that_others_clear_is_made_again(tmp_path, cleared_at_once):
    with temporary_folder(tmp_path) as folder:
        (folder / "weights").write_bytes(b"much")
        assert list(tmp_path.iterdir()) == [folder]
    assert len(set(cleared_at_once)) == 2
    assert not list(tmp_path.iterdir())


def test_a_draft_that_others_clear_is_made_again(tmp_path, cleared_at_once):
    with drafted(tmp_path / "a.json") as draft:
        assert list(tmp_path.iterdir()) == [draft]
        draft.write_text("said")
    assert len(set(cleared_at_once)) == 2
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("a.json", "said")]


@posix
def test_what_others_are_clearing_is_not_held(tmp_path):
    """They have it locked, and it is about to go."""
    made = tmp_path / "folder"
    made.mkdir()
    other = os.open(made, os.O_RDONLY)
    try:
        assert files.lock(other)
        with files._held(made) as ours:
            assert not ours
    finally:
        os.close(other)
    with files._held(made) as ours:
        assert ours


@pytest.fixture
def reported(monkeypatch):
    """Writes a report that says a word; nothing is assessed, and nothing is drawn."""
    monkeypatch.setattr(report_folder, "judge", lambda found: found)
    monkeypatch.setattr(report_folder, "to_record", lambda found, _: {"said": found})
    monkeypatch.setattr(report_folder, "render", lambda found, *_: found)
    return write_report


def test_a_report_is_the_old_or_the_new_wherever_a_kill_comes(tmp_path, reported, guillotine):  # noqa: F811
    """At each rename and unlink of its folder; the next one puts it right."""
    for number in itertools.count():
        folder = tmp_path / f"report-{number}"
        reported("old", folder)
        try:
            with guillotine.falling(number):
                reported("new", folder, overwrite=True)
        except Dead:
            with pytest.raises(OutputError, match="exists: choose another name"):
                reported("next", folder)
            said = (folder / "index.html").read_text()
            assert said in ("old", "new")
            assert said in (folder / "report.json").read_text()
            reported("next", folder, overwrite=True)
            assert (folder / "index.html").read_text() == "next"
            assert not list(tmp_path.glob(".*"))
        else:
            assert (folder / "index.html").read_text() == "new"
            break
    assert number > 3


def test_two_reports_in_one_folder_are_one(tmp_path, reported):
    with (
        work_folder(tmp_path / "report", resume=False, overwrite=False),
        pytest.raises(OutputError, match="another run is writing it"),
    ):
        reported("second", tmp_path / "report")
    assert list(tmp_path.iterdir()) == []
