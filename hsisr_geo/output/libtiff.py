"""libtiff's own lines on stderr, held back while a raster is written: the error says it in words.

GDAL takes libtiff's errors over, but what its own calls of the system are refused ("_tiffWriteProc:
No space left on device.") it hands to libtiff, which prints it.
"""

import ctypes
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

import rasterio

_SETTER = "TIFFSetErrorHandler"
_LOCK = threading.Lock()
_WRITING: list[Any] = []  # what was set before the first of those who write, once for each


@contextmanager
def without_words() -> Iterator[None]:
    """Let libtiff print nothing in the block; several threads may be in one."""
    setters = _setters()
    with _LOCK:
        _WRITING.append([setter(None) for setter in setters] if not _WRITING else _WRITING[0])
    try:
        yield
    finally:
        with _LOCK:
            before = _WRITING.pop()
            if not _WRITING:
                for setter, handler in zip(setters, before, strict=True):
                    setter(handler)


@cache
def _setters() -> tuple[Any, ...]:
    """Return what sets the handler of errors of each libtiff that rasterio may have loaded."""
    found = []
    for path in _libraries():
        with suppress(OSError, AttributeError):
            setter = getattr(ctypes.CDLL(path), _SETTER)
            setter.restype, setter.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
            found.append(setter)
    return tuple(found)


def _libraries() -> list[str]:
    """Return libtiffs in this process, or beside rasterio where the system does not tell."""
    if sys.platform == "linux":
        with open("/proc/self/maps", encoding="utf-8", errors="replace") as maps:
            mapped = {line.split(maxsplit=5)[-1].strip() for line in maps}
        return sorted(name for name in mapped if "libtiff" in Path(name).name)
    package = Path(rasterio.__file__).parent
    places = (package / ".dylibs", package.with_name("rasterio.libs"))
    return [str(path) for place in places for path in place.glob("*tiff*")]
