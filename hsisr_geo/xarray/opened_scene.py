"""`OpenedScene`: the raster that a lazy array reads, which has to be the one that was opened.

Told by size and time of change of its files. A worker may have a copy of its own, of another date:
so a scene that is sent to another process takes along what its files hold, where that is little.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from hsisr_geo.engine.identity import WHOLE_BYTES, input_identity
from hsisr_geo.errors import RasterError
from hsisr_geo.paths import stamp_of
from hsisr_geo.raster.raster import Raster

Seen = tuple[tuple[int, int] | None, ...]
"""Size and time of change of each file."""


@dataclass(frozen=True)
class OpenedScene:
    """A raster, and what its files held when it was sent here.

    Attributes
    ----------
    content : hash of its files; "" in the process that opened it, and of large ones
    """

    raster: Raster
    content: str = ""

    def __reduce__(self) -> tuple[Any, ...]:
        """Send the content along; a scene that has changed by now is refused where it arrives."""
        return OpenedScene, (self.raster, self.content or _content_of(self.raster))

    def check(self) -> None:
        """Refuse a scene whose files were changed since it was opened.

        Raises
        ------
        RasterError : naming the first of them
        """
        if (file := _changed(self.raster)) and not self._is_copy():
            raise RasterError(f"{file}: was changed since it was opened: open it again")

    def _is_copy(self) -> bool:
        files = [file for file, _ in self.raster.stamps]
        return self.content != "" and self.content == _content(tuple(files), _look(files))


def _content_of(raster: Raster) -> str:
    """Hash the files of a raster; "" where they are large, or other ones by now."""
    files = [file for file, _ in raster.stamps]
    seen = _look(files)
    if sum(size for size, _ in filter(None, seen)) > WHOLE_BYTES:
        return ""
    content = _content(tuple(files), seen)
    return "" if _changed(raster) else content


def _changed(raster: Raster) -> str:
    """Return the first file that is not as it was, "" where all are.

    By size and time of change, which a worker on another machine sees, too.
    """
    return next((f for f, stamp in raster.stamps if _look([f]) != (stamp and stamp[:2],)), "")


def _look(files: Sequence[str]) -> Seen:
    return tuple(stamp and stamp[:2] for stamp in map(stamp_of, files))


@lru_cache(maxsize=16)
def _content(files: tuple[str, ...], seen: Seen) -> str:
    """Hash all of these files, once for as long as they look the same."""
    return input_identity(files, strict=True) if all(seen) else ""
