"""One set-up at a time: a lock file that names its holder and shows that the holder lives."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

BEAT_S = 5.0  # how often the holder touches the file
STALE_S = 60.0  # an untouched file of this age has no holder, whatever process has its number now
BEATS = 2.5  # for so many of them a file is watched before its age is believed: clocks differ


class Held(Exception):
    """Another QGIS works on the same environments."""


@contextlib.contextmanager
def hold(path: Path) -> Iterator[None]:
    """Hold the lock file `path`; one left behind by a killed QGIS is taken over.

    Creation is exclusive (`O_EXCL`), which also holds on network drives, where `flock` may not.

    Raises
    ------
    Held
        Somebody else holds it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    _take(path)
    released = threading.Event()
    beat = threading.Thread(target=_beat, args=(path, released), daemon=True)
    beat.start()
    try:
        yield
    finally:
        released.set()
        beat.join()
        if holder(path) == _myself():  # not another's, who took over from a sleeping computer
            with contextlib.suppress(OSError):
                path.unlink()


def holder(path: Path) -> str:
    """Who holds the lock, in words; an empty string where nobody does."""
    return _owner(path) or ""


def _owner(path: Path) -> str | None:
    """Return the holder, an empty string for a lock that was left behind, None without one."""
    try:
        age = time.time() - path.stat().st_mtime
        owner = json.loads(path.read_text(encoding="utf-8"))
        process, host = int(owner["process"]), str(owner["host"])
        here = host == socket.gethostname() and owner.get("numbers", _numbers()) == _numbers()
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, OSError):
        return "" if _age(path) > STALE_S else "a process that is just starting"
    if abs(age) > STALE_S or (here and not alive(process)):
        return ""
    return f"process {process} on {host}"


def _take(path: Path) -> None:
    for _attempt in range(2):
        try:
            descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        except FileExistsError:
            if holder(path) or _beats(path):
                break
            _remove_stale(path)
            continue
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            whose = {"process": os.getpid(), "host": socket.gethostname(), "numbers": _numbers()}
            json.dump(whose, file)
        return
    raise Held(
        f"Another set-up is under way ({holder(path) or 'another process'}). Wait for it, or end "
        f"it first. Its lock is {path}."
    )


def _beats(path: Path) -> bool:
    """Whether somebody touches a file whose age says that nobody does.

    Between machines, and where one was set back, ages say little; the holder's beat is seen.
    """
    before = _touched(path)
    end = time.monotonic() + BEATS * BEAT_S
    while before is not None and abs(time.time() - before) > STALE_S and time.monotonic() < end:
        time.sleep(BEAT_S / 10)
        if _touched(path) != before:
            return _touched(path) is not None
    return False


def _touched(path: Path) -> float | None:
    try:
        return path.stat().st_mtime
    except OSError:
        return None


def _numbers() -> str:
    """Name what process numbers are counted in: one start of a machine, one container on it."""
    with contextlib.suppress(OSError):
        start = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{start} {os.readlink('/proc/self/ns/pid')}"
    return ""  # a system without containers of its own


def _remove_stale(path: Path) -> None:
    """Remove a lock without a holder; one at a time, and looking again.

    Else, of two who found it stale, the second would remove the new lock of the first.
    """
    guard = path.with_name(f"{path.name}.stale")
    try:
        os.close(os.open(guard, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        if STALE_S < _age(guard) < float("inf"):  # there, and left behind
            with contextlib.suppress(OSError):
                guard.unlink()
        return
    with contextlib.suppress(OSError):
        if _owner(path) == "":  # not None: by now that could be somebody's new lock
            path.unlink()
    with contextlib.suppress(OSError):
        guard.unlink()


def _myself() -> str:
    return f"process {os.getpid()} on {socket.gethostname()}"


def _beat(path: Path, released: threading.Event) -> None:
    while not released.wait(BEAT_S):
        with contextlib.suppress(OSError):
            os.utime(path)


def _age(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except OSError:
        return float("inf")


def alive(process: int) -> bool:
    """Whether a process of this number exists on this machine."""
    if sys.platform == "win32":
        return _alive_on_windows(process)
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _alive_on_windows(process: int) -> bool:
    # os.kill(process, 0) would end it there.
    import ctypes

    query, still_active = 0x1000, 259  # PROCESS_QUERY_LIMITED_INFORMATION, STILL_ACTIVE
    kernel = ctypes.windll.kernel32  # type: ignore[attr-defined,unused-ignore]
    handle = kernel.OpenProcess(query, False, process)
    if not handle:
        return False
    code = ctypes.c_ulong()
    kernel.GetExitCodeProcess(handle, ctypes.byref(code))
    kernel.CloseHandle(handle)
    return code.value == still_active
