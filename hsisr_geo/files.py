"""Files and folders that get their name whole, or go without a trace.

Those without their name yet are locked, so that who comes next can tell what a kill has left.
"""

import errno
import os
import re
import secrets
import shutil
import stat
import sys
import tempfile
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from hsisr_geo.errors import OutputError

if sys.platform != "win32":
    import fcntl

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
"""What a system says that takes no more data: no room, a quota, a read-only file system."""

_OF_THE_SYSTEM = (*FULL, errno.ENAMETOOLONG, errno.EACCES, errno.EPERM, errno.EIO, errno.ELOOP)
_NO_FILE = re.compile(r"/vsi|[a-z][a-z0-9+.-]+:/", re.IGNORECASE)  # one letter is a drive
_ODDITIES = (
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)
_PROBE = bytes(1 << 18)
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


Stamp = tuple[int, int, int]
"""Size, time of the last change, and the time that the system keeps of its own (ctime)."""


def stamp_of(file: str | os.PathLike[str]) -> Stamp | None:
    """Return when and how large a file was, None where it cannot be looked at."""
    try:
        told = os.stat(file)
    except (OSError, ValueError):
        return None
    return told.st_size, told.st_mtime_ns, told.st_ctime_ns


def check_replaces_none(path: Path, inputs: Iterable[str | os.PathLike[str]]) -> None:
    """Refuse a path that is that of an input, under whatever name.

    Raises
    ------
    OutputError : naming both
    """
    for given in inputs:
        with suppress(OSError, ValueError):  # a name of GDAL that is no path
            if os.path.samefile(path, given):
                raise OutputError(f"{path} would overwrite the input {given}: choose another name")


def check_plain(path: Path) -> None:
    """Refuse a name that a folder, a pipe, a socket or a device has, which no file is to replace.

    Raises
    ------
    OutputError : whatever the options: /dev/null is everybody's
    """
    if what := oddity(path) or ("a folder" if os.path.isdir(path) else ""):
        raise OutputError(f"{path} is {what}, and no file is to replace it: choose another name")


def oddity(path: str | os.PathLike[str]) -> str:
    """Say what it is that has a name, or that its links lead to; "" of files and folders."""
    try:
        kind = os.stat(path).st_mode
    except (OSError, ValueError):  # nothing, or a name of GDAL that is no path
        return ""
    return next((what for is_one, what in _ODDITIES if is_one(kind)), "")


def check_on_disk(path: Path) -> None:
    """Refuse URLs, and GDAL's names of what is no file, for which folders would be made.

    Raises
    ------
    OutputError
    """
    if _NO_FILE.match(os.fspath(path)):
        raise OutputError(f"{path}: what is written is a plain file: name one")


def check_length(path: Path, beside: Iterable[Path]) -> None:
    """Refuse a name that the system takes, but none of those that are made of it.

    Raises
    ------
    OutputError
    """
    for name in (path, *beside):
        try:
            name.lstat()
        except OSError as error:
            if error.errno == errno.ENAMETOOLONG:
                raise OutputError(
                    f"{path}: its name is too long for this system with what is added to it while "
                    f"it is made and beside it, such as {name.name[-20:]}: choose a shorter one"
                ) from error


def draft_of(path: Path) -> Path:
    """Return a hidden name beside a file's that no other process is given."""
    return path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}")


def check_new(
    path: Path, *, overwrite: bool, inputs: Iterable[str | os.PathLike[str]] = ()
) -> None:
    """Refuse a path that is that of an input, or of anything that is not to be replaced.

    So are GDAL's names of what is no file.

    Raises
    ------
    OutputError
    """
    check_on_disk(path)
    check_length(path, [draft_of(path)])
    check_replaces_none(path, inputs)
    check_plain(path)
    if os.path.lexists(path) and not overwrite:
        raise OutputError(f"{path} exists: choose another name or give --overwrite")


def place_of(path: str | os.PathLike[str]) -> str:
    """Return what two paths have in common that are one file, there or not yet.

    Where the file system takes no account of capitals (macOS, Windows), names that differ only in
    them, or in how an accent is put together, are one.
    """
    place = Path(os.path.normcase(os.path.realpath(path)))
    if not _ignores_capitals(place.parent):
        return str(place)
    return str(place.with_name(unicodedata.normalize("NFC", place.name.casefold())))


def _ignores_capitals(folder: Path) -> bool:
    """Whether a folder that is there, this one or one above it, has two names by them."""
    for there in (folder, *folder.parents):
        if there.exists() and (other := there.name.swapcase()) != there.name:
            with suppress(OSError):
                return os.path.samefile(there, there.with_name(other))
            return False
    return False


def is_utf8(name: str | os.PathLike[str]) -> bool:
    """Whether a name is text; on POSIX it may be any bytes."""
    try:
        os.fspath(name).encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def refusal(folder: Path, size: int = 0) -> str:
    """Say why the system takes no more data in a folder, such as a full disk; "" if it does.

    For libraries that do not pass on why they could not write.

    Parameters
    ----------
    size : bytes that it would have to take
    """
    probe = folder / f".probe-{os.getpid()}-{secrets.token_hex(4)}"
    try:
        with probe.open("xb") as file:
            file.write(_PROBE)
            file.flush()
            os.fsync(file.fileno())
            if size:
                claim(file.fileno(), size)
    except OSError as error:
        return error.strerror or ""
    finally:
        with suppress(OSError):
            probe.unlink(missing_ok=True)
    return ""


def claim(file: int, size: int) -> None:
    """Have a disk give an open file its room now, where the system can; OSError if it has none."""
    if hasattr(os, "posix_fallocate"):
        try:
            os.posix_fallocate(file, 0, size)
        except OSError as error:
            if error.errno in (*FULL, errno.EFBIG):  # else it is the file system that cannot
                raise


def unwritable(folder: Path) -> str:
    """Say that no file can be made in a folder, and why; "" if one can.

    The folder is asked, not its permissions alone: a read-only file system has them, too.
    """
    if os.access(folder, os.W_OK) or not (told := refusal(folder)):
        return ""
    if told == os.strerror(errno.EACCES):
        return f"no permission to write in {folder}"
    return f"nothing can be written in {folder}: {told}"


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
            folder = _made_and_held(inside, stack)
        except OSError as error:
            raise _no_room(inside, error) from error
        try:
            yield folder
        except OSError as error:
            if error.errno not in FULL:
                raise
            raise _no_room(inside, error) from error


def _made_and_held(inside: str | os.PathLike[str] | None, stack: ExitStack) -> Path:
    """Make a temporary folder, again where another process has cleared it before it was held."""
    for _ in range(_TRIES):
        made = tempfile.TemporaryDirectory(
            prefix=_TEMPORARY, dir=inside, ignore_cleanup_errors=True
        )
        folder = Path(stack.enter_context(made))
        stack.enter_context(held(folder))
        if folder.exists():
            return folder
    raise OSError(errno.EBUSY, "others remove what is made there")


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
def held(path: Path) -> Iterator[None]:
    """Lock a file, which is made, or a folder, so that nobody takes it for what a kill has left."""
    if sys.platform == "win32":
        yield
        return
    flags = os.O_RDONLY if path.is_dir() else os.O_RDWR | os.O_CREAT | os.O_EXCL
    file = os.open(path, flags, 0o666)
    try:
        lock(file)
        yield
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
    draft = draft_of(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        clear(path.parent, re.escape(f".{path.name}.") + r"\d+-[0-9a-f]{8}")
        with held(draft):
            try:
                yield draft
                put_in_place(draft, path)
            finally:
                draft.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(f"{given}: cannot be written: {error.strerror or error}") from error


def synchronize(path: Path) -> None:
    """Wait until a file, or what a folder says of its files, is on the disk for good."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def synchronize_all(path: Path) -> None:
    """Do so for a file, or for a folder and all that is in it."""
    if path.is_dir():
        for inner in path.iterdir():
            synchronize_all(inner)
    if path.is_file() or os.name == "posix":  # elsewhere folders cannot be opened
        synchronize(path)
