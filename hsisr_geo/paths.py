"""What a path stands for, whether it may be written, and whether the disk takes anything there."""

import errno
import os
import re
import secrets
import stat
import unicodedata
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from hsisr_geo.errors import OutputError

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
"""What a system says that takes no more data: no room, a quota, a read-only file system."""

_NO_FILE = re.compile(r"/vsi|[a-z][a-z0-9+.-]+:/", re.IGNORECASE)  # one letter is a drive

_ODDITIES = (
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)

_PROBE = bytes(1 << 18)

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
    check_may_go(path)


def check_may_go(path: Path) -> None:
    """Refuse to replace a file of somebody else in a folder like /tmp (its sticky bit is set).

    Everybody makes files there, and nobody but their owner gives their names to others.

    Raises
    ------
    OutputError
    """
    if not hasattr(os, "geteuid"):
        return
    path = path.resolve()  # a link stays a link
    try:
        file, folder = path.stat(), path.parent.stat()
    except OSError:
        return
    if folder.st_mode & stat.S_ISVTX and os.geteuid() not in (0, file.st_uid, folder.st_uid):
        raise OutputError(
            f"{path} is another user's, and in {path.parent} nobody else may replace it: choose "
            "another name"
        )


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
