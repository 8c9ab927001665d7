"""The identity of an input's files: told by content, and watched while they are read."""

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from hsisr_geo.paths import Stamp, stamp_of
from hsisr_geo.raster.facts.remarks import is_remark, is_sidecar_of, says_nothing, substance
from hsisr_geo.raster.raster import Raster
from hsisr_geo.raster.sources import check_still, moved

WHOLE_BYTES = 1 << 28
"""Inputs of so many bytes in all are hashed whole; of larger ones the ends of each file."""

WATCHED_FILES = 1000
"""Of an input of so many files all are looked at for each tile; of more, only before publishing."""

_END_BYTES = 1 << 16
_AT_ONCE = 1 << 20
_ZARR = (".zgroup", ".zarray", "zarr.json")


@dataclass(frozen=True)
class Snapshot:
    """When and how large files were: it tells whether anything has touched them since.

    A change of a file and back is told, too, by the time that the system keeps of its own (ctime).
    Of what GDAL notes statistics in, what it says besides is told, and nothing else.

    Attributes
    ----------
    stamps : by name; None for a file that cannot be looked at
    said : by name, the hash of what else is in a file that GDAL writes statistics into
    """

    stamps: tuple[tuple[str, Stamp | None], ...]
    said: Mapping[str, str] = field(default_factory=dict, hash=False)

    @classmethod
    def of(cls, names: Sequence[str]) -> "Snapshot":
        """Look at the files that names lead to, and at those in folders."""
        files = dict.fromkeys(str(file) for name in _watched(names) for file in files_of(name))
        said = {file: told for file in files if (told := _said(file)) is not None}
        return cls(tuple((file, stamp_of(file)) for file in files), said)

    @property
    def changed(self) -> str:
        """Return the first file that is not as it was, "" where all are."""
        return next((file for file, stamp in self.stamps if self._is_other(file, stamp)), "")

    def _is_other(self, file: str, stamp: Stamp | None) -> bool:
        return stamp_of(file) != stamp and self._says_other(file)

    def _says_other(self, file: str) -> bool:
        """Whether a file that was touched says something else than statistics."""
        return file not in self.said or _said(file) != self.said[file]

    def check(self) -> None:
        """Refuse to go on with files that are not as they were.

        Raises
        ------
        RasterError : naming the file
        """
        if file := self.changed:
            raise moved(file, "is gone" if stamp_of(file) is None else "was changed")

    def from_here(self) -> "Snapshot":
        """Return the same as this machine sees it, whose clock and file system may be others.

        Raises
        ------
        RasterError : a file is gone, or has another size
        """
        for file, stamp in self.stamps:
            seen = stamp_of(file)
            same = (seen and seen[0]) == (stamp and stamp[0])
            if not same and self._says_other(file):
                raise moved(file, "is gone" if seen is None else "was changed")
        return replace(self, stamps=tuple((file, stamp_of(file)) for file, _ in self.stamps))

    def check_often(self) -> None:
        """Do so, unless there are so many files that it would take long."""
        if len(self.stamps) <= WATCHED_FILES:
            self.check()


def seen(raster: Raster) -> Snapshot:
    """Look at the files of a raster, as it was described.

    Raises
    ------
    RasterError : it has changed since then, while its blur was estimated, say
    """
    check_still(raster)
    return Snapshot.of(raster.all_files)


@contextmanager
def holding_still(*rasters: Raster) -> Iterator[None]:
    """Refuse what a block made of rasters that changed meanwhile, or since they were described.

    Raises
    ------
    RasterError : naming the file; after the block, if it ended without an error
    """
    before = [seen(raster) for raster in rasters]
    yield
    for snapshot in before:
        snapshot.check()


def input_identity(names: Sequence[str], *, strict: bool = False) -> str:
    """Tell files and folders by name, size and hash; "" if none is there.

    Sidecars of a raster are among them, and what a VRT leads to (`Raster.path`, `Raster.files`).
    What GDAL keeps beside the first of them (.aux.xml) is not: its description tells all of it, and
    GDAL copies what other files say into it when it notes statistics.
    Inputs of at most `WHOLE_BYTES` in all are hashed whole; of larger ones the first and last 64
    KiB of each file, and in Zarr folders those that describe it, and the sizes of its chunks.

    Parameters
    ----------
    strict : hash all of it, however large
    """
    there = [name for name in _counted(names) if os.path.exists(name)]
    files = {name: list(files_of(name)) for name in there}
    whole = strict or sum(_size(file) for inner in files.values() for file in inner) <= WHOLE_BYTES
    return " ".join(_identity(Path(name), files[name], whole=whole) for name in there)


def newcomer(before: Sequence[str], now: Sequence[str], *, says_the_same: bool) -> str:
    """Return the first file that came to an input, "" where none did.

    What GDAL keeps beside the first of its names counts where it says another thing of the input.
    """
    known = set(before)
    counted = now if not says_the_same else _counted(now)
    return next((name for name in counted if name not in known), "")


def changed_at(names: Sequence[str]) -> str:
    """Tell when the files of an input were changed, as a hash.

    Not of those that GDAL writes statistics into: all of what else they say is hashed.
    """
    every = (file for name in _counted(names) for file in files_of(name))
    files = [file for file in every if _said(str(file)) is None]
    times = [str(os.stat(file).st_mtime_ns) for file in files]
    return hashlib.sha256(" ".join(times).encode()).hexdigest()[:16]


def files_of(name: str) -> Iterator[Path]:
    """Yield the file of that name, or the files in a folder; in a Zarr folder those of its chunks.

    Unlike `Path.is_file`, it takes any text that GDAL calls a name.
    """
    if os.path.isfile(name):
        yield Path(name)
    elif os.path.isdir(name):
        folder = Path(name)
        zarr = any((folder / mark).exists() for mark in _ZARR)
        inside = folder.rglob("*") if zarr else folder.iterdir()
        yield from sorted(path for path in inside if path.is_file() and not _says_nothing(path))


def _says_nothing(path: Path) -> bool:
    return is_remark(str(path)) or says_nothing(str(path))


def _watched(names: Sequence[str]) -> list[str]:
    """Return names, once each, but those of styles and of overviews of the others."""
    every = dict.fromkeys(names)
    return [name for name in every if name == names[0] or not is_remark(name, every)]


def _counted(names: Sequence[str]) -> list[str]:
    """Return those of them, too, but what GDAL keeps beside the first and mere statistics."""
    return [
        name
        for name in _watched(names)
        if not (is_sidecar_of(name, names[0]) or says_nothing(name))
    ]


def _identity(name: Path, files: Sequence[Path], *, whole: bool) -> str:
    if name.is_file():
        if (said := _said(str(name))) is not None:
            return f"{name.name}::{said}"
        return f"{name.name}:{_size(name)}:{_content(name, whole=whole)}"
    told = hashlib.sha256()
    for file in files:
        content = _content(file, whole=whole) if whole or file.parent == name else ""
        told.update(f"{file.relative_to(name)}:{_size(file)}:{content}\n".encode(errors="replace"))
    return f"{name.name}/:{len(files)}:{told.hexdigest()[:16]}"


def _said(file: str) -> str | None:
    """Hash what a file says into which GDAL writes statistics, these left out; else None."""
    try:
        told = substance(file)
    except FileNotFoundError:
        told = b""
    except OSError:
        return None
    return None if told is None else hashlib.sha256(told).hexdigest()[:16]


def _content(file: Path, *, whole: bool) -> str:
    told = hashlib.sha256()
    with file.open("rb") as stream:
        if whole:
            while part := stream.read(_AT_ONCE):
                told.update(part)
        else:
            told.update(stream.read(_END_BYTES))
            stream.seek(max(0, _size(file) - _END_BYTES))
            told.update(stream.read(_END_BYTES))
    return told.hexdigest()[:16]


def _size(file: Path) -> int:
    return file.stat().st_size
