"""Removes what an engine that had to be killed left beside an output. Plain Python.

An engine removes its hidden folder itself, at the latest with its next run to that output. One that
is killed, because it did not end in time or because it crashed, cannot.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys


def work_folder(output: str) -> str:
    """Return the hidden folder that the engine works in while it makes an output."""
    folder, name = os.path.split(os.path.abspath(output))
    return os.path.join(folder, f".{name}.hsisr-geo")


def remove_leftovers(output: str) -> None:
    """Remove the folder of an output, unless another run works in it."""
    folder = work_folder(output)
    if os.path.isdir(folder) and _is_free(folder):
        shutil.rmtree(folder, ignore_errors=True)


def _is_free(folder: str) -> bool:
    if sys.platform == "win32":
        # A folder with an open file in it cannot be renamed there.
        with contextlib.suppress(OSError):
            os.rename(folder, f"{folder}.old")
            os.rename(f"{folder}.old", folder)
            return True
        return False
    import fcntl

    try:
        with open(os.path.join(folder, "lock"), "rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True
