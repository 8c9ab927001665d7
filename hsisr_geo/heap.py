"""Memory that was freed, given back to the system: glibc keeps what large arrays had.

Nothing here does anything but on Linux with glibc.
"""

import ctypes
import sys
from contextlib import suppress

_MMAP_THRESHOLD = -3  # of mallopt, malloc.h
_LARGE = 4 << 20


def give_back() -> None:
    """Give back what is free; any thread may go on computing."""
    _call("malloc_trim", 0)


def keep_little() -> None:
    """Have arrays of 4 MiB and more given back as soon as they are let go of.

    Else glibc learns from the first ones to keep up to 32 MiB each, between others of less. Pages
    are then zeroed again and again: a twentieth of the time. It is for the rest of the process.
    """
    _call("mallopt", _MMAP_THRESHOLD, _LARGE)


def _call(name: str, *arguments: int) -> None:
    if sys.platform == "linux":
        with suppress(AttributeError, OSError):  # another C library
            getattr(ctypes.CDLL(None), name)(*arguments)
