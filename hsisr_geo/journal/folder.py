"""The hidden folder beside an output that holds all there is of it until it is complete.

It is locked for as long as a run works in it. It goes with the run, whatever happens, unless the
run is to be resumed after a failure; what a killed process left goes with the next run.
"""

import json
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hsisr_geo.errors import Canceled, HsisrError, OutputError
from hsisr_geo.files import lock, remove
from hsisr_geo.journal.records import ENDING as JOURNAL
from hsisr_geo.journal.records import check_journal, read_journal
from hsisr_geo.paths import unwritable

ENDING = ".hsisr-geo"
"""Of the names of work folders."""

COMMIT = "commit.json"
"""What says which names are being given: in the folder of the first output; in those of the others
it says which that is. A folder with it in it is still needed."""

Lock = tuple[int, int]
"""What tells a lock: the device and the number of its file."""

_LOCK = "lock"
_RECORD = "run.json"
_RECORD_BYTES = 1 << 26
_TRIES = 10


@dataclass(frozen=True)
class WorkFolder:
    """A locked folder.

    Attributes
    ----------
    path : of the folder
    file : the output that it belongs to
    held : what tells the lock that this process has in it; None where it has none
    """

    path: Path
    file: Path
    held: Lock | None = None

    @property
    def part(self) -> Path:
        """The output while it is made; it has its own name, as some formats write that down."""
        return self.path / self.file.name

    @property
    def statistics(self) -> Path:
        """What was measured over the scene."""
        return self.path / "statistics.npz"

    def record(self) -> Mapping[str, Any]:
        """Return what was said of the run that works here; nothing where nothing was.

        Raises
        ------
        OutputError : something else than this program writes is there
        """
        path = self.path / _RECORD
        found = read_json(path) if os.path.lexists(path) else {}
        for name in ("facts", "circumstances"):
            texts = found.get(name, {})
            if not isinstance(texts, dict) or not all(isinstance(t, str) for t in texts.values()):
                raise strange(path)
        return found

    def write_record(self, record: Mapping[str, Any]) -> None:
        """Say what the run is; in one step, so that nobody reads half of it."""
        draft = self.path / f"{_RECORD}.new"
        draft.write_text(json.dumps(record, indent=1, ensure_ascii=False), encoding="utf-8")
        os.replace(draft, self.path / _RECORD)

    def check_journals(self, key: str) -> None:
        """Refuse journals of another run than that of a key; errors as `read_journal`."""
        for path in sorted(self.path.glob(f"*{JOURNAL}")):
            check_journal(path, key)

    @property
    def is_there(self) -> bool:
        """Whether it is where it was; one of that name may be another run's by now."""
        return self.held is None or _identity_of(self.path / _LOCK) == self.held

    def check_there(self) -> None:
        """Refuse to go on in a folder that is not where it was.

        Raises
        ------
        OutputError
        """
        if not self.is_there:
            raise OutputError(
                f"{self.file}: {self.path}, where it was being made, was moved or removed, or a "
                "folder above it was: put it back and give --resume, or start again"
            )

    @property
    def worth_keeping(self) -> bool:
        """Whether any tile is finished."""
        journals = self.path.glob(f"*{JOURNAL}")
        return any(entry.finished for path in journals for entry in read_journal(path))


def work_folder_of(file: Path) -> Path:
    """Return the folder that belongs to an output."""
    return file.with_name(f".{file.name}{ENDING}")


@contextmanager
def work_folder(file: Path, *, resume: bool, overwrite: bool) -> Iterator[WorkFolder]:
    """Make or take up the folder of an output, alone.

    Parameters
    ----------
    resume : take up what is there; after an exception keep the folder if a tile is finished
    overwrite : without `resume`, remove what an earlier run kept to be resumed

    Raises
    ------
    OutputError : another run works there, or has kept its tiles and is not to be resumed; or the
        folder is not where it was when the block fails
    """
    path = work_folder_of(file)
    with locked(path, file) as held:
        folder = WorkFolder(path, file, held)
        done, keep = False, True  # until it is known that what an earlier run left may go
        try:
            if not resume:
                _check_not_kept(folder, overwrite=overwrite)
                _empty(path)
                keep = False
            yield folder
            done = True
        except (OSError, HsisrError) as error:
            if not isinstance(error, Canceled):
                folder.check_there()  # else it is told of some file in it that it is missing
            raise
        finally:
            if folder.is_there:
                needed = (path / COMMIT).exists() or (keep and folder.worth_keeping)
                if done or not needed:
                    remove(path)


def _check_not_kept(folder: WorkFolder, *, overwrite: bool) -> None:
    if overwrite:
        return  # whatever is there goes
    kept = folder.record().get("keep") is True and folder.worth_keeping
    if kept:
        raise OutputError(
            f"{folder.file}: an unfinished run is kept in {folder.path}: give --resume to go on "
            "with it, or --overwrite to start afresh"
        )


def _empty(path: Path) -> None:
    for inner in path.iterdir():
        if inner.name != _LOCK:
            remove(inner)


def strange(path: Path) -> OutputError:
    """Return the error that says of something in a work folder that it is none of ours."""
    return OutputError(
        f"{path} is not what this program writes there: look what is in that folder, and remove "
        "it, or give --overwrite without --resume to start afresh"
    )


def read_json(path: Path) -> dict[str, Any]:
    """Read an object that this program wrote to a work folder.

    Raises
    ------
    OutputError : it is something else
    """
    try:
        told = path.lstat()
        if not stat.S_ISREG(told.st_mode) or told.st_size > _RECORD_BYTES:
            raise strange(path)  # a pipe would keep us waiting
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise strange(path) from error
    if not isinstance(found, dict):
        raise strange(path)
    return found


def _check_usual(path: Path) -> None:
    """Refuse a folder with things in it that are read as files and are none.

    Raises
    ------
    OutputError : naming the first of them
    """
    if os.path.lexists(path) and (path.is_symlink() or not path.is_dir()):
        raise OutputError(f"{path} is in the way: it is no folder of this program; remove it")
    if path.is_dir() and path.stat().st_dev != path.parent.stat().st_dev:
        raise OutputError(
            f"{path} is on another disk than {path.parent}: what is in it gets its "
            "name there at once, or not at all; unmount it"
        )
    _check_open_to_us(path)
    for inner in sorted(path.iterdir()) if path.is_dir() else ():
        ours = inner.name in (_LOCK, _RECORD) or inner.suffix in (JOURNAL, ".npz", ".json")
        kind = inner.lstat().st_mode
        if not (stat.S_ISREG(kind) or (stat.S_ISDIR(kind) and not ours)):
            raise OutputError(
                f"{inner} is no plain file, and none of this program's: remove it, and go on"
            )


def _check_open_to_us(path: Path) -> None:
    """Refuse a folder that may not be used, or something in it: another user's, say.

    Raises
    ------
    OutputError : saying whose it is
    """
    if not path.is_dir() or all(os.access(p, os.R_OK | os.W_OK) for p in _inside(path)):
        return
    try:
        whose = f"{path.owner()}'s"
    except (KeyError, OSError, NotImplementedError):
        whose = "somebody else's"
    raise OutputError(
        f"{path}, where a run to that output has worked, is {whose}, and may not be used by "
        f"this one ({unwritable(path) or 'no permission'}): name another file, or have it removed"
    )


def _inside(path: Path) -> Iterator[Path]:
    yield path
    if os.access(path, os.R_OK | os.X_OK):
        yield from path.iterdir()


@contextmanager
def locked(path: Path, file: Path) -> Iterator[Lock]:
    """Hold the lock of an output's folder, which is made if need be; give what tells it.

    Raises
    ------
    OutputError : another run has it, or what is there is none of ours
    """
    name = path / _LOCK
    for _ in range(_TRIES):
        try:
            _check_usual(path)
            path.mkdir(exist_ok=True)
            handle = name.open("ab")
        except FileNotFoundError:
            continue  # the run that had it has just removed it
        except BaseException as error:
            with suppress(OSError):
                path.rmdir()  # canceled in between, or no room: nobody has it yet
            if isinstance(error, OSError):
                told = error.strerror or error
                raise OutputError(f"{file}: cannot be written: {told}") from error
            raise
        with handle:
            if lock(handle.fileno()) is False:  # without locks it is as careful as it can be
                raise OutputError(f"{file}: another run is writing it: wait, or name another file")
            mine = os.fstat(handle.fileno())
            if _identity_of(name) == (held := (mine.st_dev, mine.st_ino)):
                yield held
                return
    raise OutputError(f"{file}: other runs keep making and removing {path}")


def _identity_of(lock: Path) -> Lock | None:
    """Return what tells a lock from others of its name; another run may have removed it."""
    try:
        there = lock.stat()
    except OSError:
        return None
    return there.st_dev, there.st_ino
