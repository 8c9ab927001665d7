"""The hidden folder beside an output that holds all there is of it until it is complete.

It is locked for as long as a run works in it. It goes with the run, whatever happens, unless the
run is to be resumed after a failure; what a killed process left goes with the next run.
"""

import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hsisr_geo.errors import OutputError
from hsisr_geo.files import remove
from hsisr_geo.journal.records import ENDING, read_journal

if sys.platform != "win32":
    import fcntl

_LOCK = "lock"
_RECORD = "run.json"
_TRIES = 10


@dataclass(frozen=True)
class WorkFolder:
    """A locked folder.

    Attributes
    ----------
    path : of the folder
    file : the output that it belongs to
    """

    path: Path
    file: Path

    @property
    def part(self) -> Path:
        """The output while it is made; it has its own name, as some formats write that down."""
        return self.path / self.file.name

    @property
    def statistics(self) -> Path:
        """What was measured over the scene."""
        return self.path / "statistics.npz"

    def record(self) -> Mapping[str, Any]:
        """Return what was said of the run that works here; nothing where nothing was."""
        try:
            found = json.loads((self.path / _RECORD).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def write_record(self, record: Mapping[str, Any]) -> None:
        """Say what the run is; in one step, so that nobody reads half of it."""
        draft = self.path / f"{_RECORD}.new"
        draft.write_text(json.dumps(record, indent=1, ensure_ascii=False), encoding="utf-8")
        os.replace(draft, self.path / _RECORD)

    @property
    def worth_keeping(self) -> bool:
        """Whether any tile is finished."""
        journals = self.path.glob(f"*{ENDING}")
        return any(entry.finished for path in journals for entry in read_journal(path))


def work_folder_of(file: Path) -> Path:
    """Return the folder that belongs to an output."""
    return file.with_name(f".{file.name}.hsisr-geo")


@contextmanager
def work_folder(file: Path, *, resume: bool, overwrite: bool) -> Iterator[WorkFolder]:
    """Make or take up the folder of an output, alone.

    Parameters
    ----------
    resume : take up what is there; after an exception keep the folder if a tile is finished
    overwrite : without `resume`, remove what an earlier run kept to be resumed

    Raises
    ------
    OutputError : another run works there, or has kept its tiles and is not to be resumed
    """
    path = work_folder_of(file)
    with _locked(path, file):
        folder = WorkFolder(path, file)
        done, keep = False, True  # until it is known that what an earlier run left may go
        try:
            if not resume:
                _check_not_kept(folder, overwrite=overwrite)
                _empty(path)
                keep = False
            yield folder
            done = True
        finally:
            if done or not (keep and folder.worth_keeping):
                remove(path)


def _check_not_kept(folder: WorkFolder, *, overwrite: bool) -> None:
    kept = folder.record().get("keep") is True and folder.worth_keeping
    if kept and not overwrite:
        raise OutputError(
            f"{folder.file}: an unfinished run is kept in {folder.path}: give --resume to go on "
            "with it, or --overwrite to start afresh"
        )


def _empty(path: Path) -> None:
    for inner in path.iterdir():
        if inner.name != _LOCK:
            remove(inner)


@contextmanager
def _locked(path: Path, file: Path) -> Iterator[None]:
    """Hold the lock of a folder, which is made if need be."""
    lock = path / _LOCK
    for _ in range(_TRIES):
        try:
            path.mkdir(exist_ok=True)
            handle = lock.open("ab")
        except FileNotFoundError:
            continue  # the run that had it has just removed it
        except BaseException:
            with suppress(OSError):
                path.rmdir()  # canceled in between: nobody has it yet
            raise
        with handle:
            if not _lock(handle):
                raise OutputError(f"{file}: another run is writing it: wait, or name another file")
            if _is_still_there(handle, lock):
                yield
                return
    raise OutputError(f"{file}: other runs keep making and removing {path}")


def _lock(file: Any) -> bool:
    """Lock a file for as long as it is open; False where another has."""
    if sys.platform == "win32":
        return True  # an open file cannot be removed there: it needs no lock
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True  # a file system without locks: as careful as it lets us be
    return True


def _is_still_there(handle: Any, lock: Path) -> bool:
    """Whether what was locked is what has the name: another run may have removed it before."""
    try:
        there = lock.stat()
    except FileNotFoundError:
        return False
    mine = os.fstat(handle.fileno())
    return (mine.st_dev, mine.st_ino) == (there.st_dev, there.st_ino)
