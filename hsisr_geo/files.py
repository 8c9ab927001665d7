"""Files and folders that get their name whole, or go without a trace.

Those without their name yet are locked, so that who comes next can tell what a kill has left.
"""

import errno
import os
import re
import shutil
import stat
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from hsisr_geo.errors import OutputError
from hsisr_geo.paths import FULL, check_plain, draft_of

if sys.platform != "win32":
    import fcntl


_OF_THE_SYSTEM = (*FULL, errno.ENAMETOOLONG, errno.EACCES, errno.EPERM, errno.EIO, errno.ELOOP)
_NOT_FOR_FOLDERS = (errno.EACCES, errno.EINVAL, errno.ENOTSUP, errno.ENOSYS)
_TEMPORARY = ".hsisr-geo-held-"  # earlier versions, which lock none, have another
_TRIES = 10


def told_by_system(error: BaseException | None) -> str:
    """Say what the system refused, such as room, or a name; "" of errors of another kind."""
    if not isinstance(error, OSError) or error.errno not in _OF_THE_SYSTEM:
        return ""
    told = os.strerror(error.errno)
    if error.filename:
        return f"{os.fsdecode(error.filename)}: {told}"
    return f"{told}: make room for it" if error.errno in (errno.ENOSPC, errno.EDQUOT) else told


@contextmanager
def temporary_folder(inside: str | os.PathLike[str] | None = None) -> Iterator[Path]:
    """Give a folder for temporary files, which goes with the block; those left by a kill go first.

    Parameters
    ----------
    inside : the folder to make it in; None for the system's

    Raises
    ------
    OutputError : it cannot be made, or the block ran out of room in it
    """
    with ExitStack() as stack:
        try:
            clear(inside or tempfile.gettempdir(), re.escape(_TEMPORARY) + r"\w{8}")
            folder = _made_and_held(lambda: _folder_in(inside, stack), stack)
        except OSError as error:
            raise _no_room(inside, error) from error
        try:
            yield folder
        except OSError as error:
            if error.errno not in FULL:
                raise
            raise _no_room(inside, error) from error


def _made_and_held(make: Callable[[], Path], stack: ExitStack) -> Path:
    """Make a file or folder, again where another process has cleared it before it was held."""
    for _ in range(_TRIES):
        made = make()
        with suppress(FileNotFoundError):
            if stack.enter_context(_held(made)):
                return made
    raise OSError(errno.EBUSY, "others remove what is made there")


def _folder_in(inside: str | os.PathLike[str] | None, stack: ExitStack) -> Path:
    made = tempfile.TemporaryDirectory(prefix=_TEMPORARY, dir=inside, ignore_cleanup_errors=True)
    return Path(stack.enter_context(made))


def _draft_beside(path: Path) -> Path:
    draft = draft_of(path)
    if sys.platform != "win32":  # nothing is held there
        os.close(os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666))
    return draft


def _no_room(inside: str | os.PathLike[str] | None, error: OSError) -> OutputError:
    told = error.strerror or str(error)
    if inside is not None:
        return OutputError(f"{os.fspath(inside)}: no temporary files can be written: {told}")
    with suppress(OSError):
        told = f"{tempfile.gettempdir()}: {told}"
    return OutputError(
        f"no temporary files can be written: {told}; let TMPDIR name a folder with more room"
    )


def lock(file: int) -> bool | None:
    """Lock an open file or folder, for as long as it is open.

    Returns
    -------
    False where somebody else has; None where there are no such locks: on Windows an open file
    cannot be removed, and needs none, and some file systems have none
    """
    if sys.platform == "win32":
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


@contextmanager
def _held(path: Path) -> Iterator[bool]:
    """Lock a file or folder, so that nobody takes it for what a kill has left.

    Yields whether it is there: whoever clears holds it while it goes.
    """
    if sys.platform == "win32":
        yield True
        return
    file = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        yield lock(file) is not False and path.exists()
    finally:
        os.close(file)


def clear(folder: str | os.PathLike[str], names: str) -> None:
    """Remove files and folders whose names match and which nobody holds: left by a kill.

    What cannot be told, or removed, stays.

    Parameters
    ----------
    names : regular expression for the whole of a name
    """
    with suppress(OSError), os.scandir(folder) as inside:
        for path in [Path(entry.path) for entry in inside if re.fullmatch(names, entry.name)]:
            with suppress(OSError):
                _remove_if_left(path)


def _remove_if_left(path: Path) -> None:
    kind = path.lstat().st_mode
    if sys.platform == "win32" or not (stat.S_ISREG(kind) or stat.S_ISDIR(kind)):
        return
    file = os.open(path, (os.O_RDWR if stat.S_ISREG(kind) else os.O_RDONLY) | os.O_NOFOLLOW)
    try:
        if lock(file):
            remove(path)
    finally:
        os.close(file)


def remove(path: Path) -> None:
    """Remove a file, a link or a folder with all that is in it; nothing if there is none."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def put_in_place(made: Path, final: Path) -> None:
    """Move a file or folder to a name on the same disk, in place of what has that name.

    A folder cannot be replaced at once: the old one steps aside under a name beside `made`. Called
    again after an interruption, it goes on from there.
    """
    aside = made.with_name(made.name + ".old")
    if (made.is_dir() or final.is_dir()) and os.path.lexists(final):
        remove(aside)
        os.replace(final, aside)
    os.replace(made, final)
    if os.path.lexists(aside):  # of a file's name of the full length there is none
        remove(aside)


@contextmanager
def drafted(path: Path) -> Iterator[Path]:
    """Give a hidden name beside a file's, which becomes its when the block ends without an error.

    A link stays a link, to the new file. Folders are made. No other process, on this machine or
    another, is given the same name: several may write the same file, and the last one has it. What
    a kill has left of such names goes.

    Raises
    ------
    OutputError : the system takes no folder, file or name there, such as on a full disk; or what
        has that name is no file
    """
    check_plain(path)
    given, path = path, path.resolve()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        clear(path.parent, re.escape(f".{path.name}.") + r"\d+-[0-9a-f]{8}")
        with ExitStack() as stack:
            draft = _made_and_held(lambda: _draft_beside(path), stack)
            try:
                yield draft
                put_in_place(draft, path)
            finally:
                draft.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(f"{given}: cannot be written: {error.strerror or error}") from error


def synchronize(path: Path) -> None:
    """Wait until a file, or what a folder says of its files, is on the disk for good.

    A folder that others may put files into and not look at, or of a file system that does not know
    of such a wait for folders, is left to the system.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        if error.errno not in _NOT_FOR_FOLDERS or not path.is_dir():
            raise


def synchronize_all(path: Path) -> None:
    """Do so for a file, or for a folder and all that is in it."""
    if path.is_dir():
        for inner in path.iterdir():
            synchronize_all(inner)
    if path.is_file() or os.name == "posix":  # elsewhere folders cannot be opened
        synchronize(path)
