"""Archives: what may be read in one without unpacking it, and what to do about the others."""

import tarfile
import zipfile
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from hsisr_geo.bands.envi_header import VSIZIP

_GZIP = b"\x1f\x8b"
_TEXTS = (".hdr", ".xml", ".txt", ".json", ".md", ".pdf", ".png", ".jpg", ".qml", ".csv", ".enp")
ZARR_MARKS = (".zgroup", ".zarray", ".zmetadata", "zarr.json")
"""Names of files, one of which is in every Zarr store."""


def plain_name(name: str) -> str:
    """Return the archive itself of a name by which GDAL looks into it: of /vsizip/a.zip, a.zip."""
    return name.removeprefix(VSIZIP) if name.startswith(VSIZIP) else name


def is_zarr_archive(place: Path) -> bool:
    """Tell whether a file is a Zarr store in a zip, its top the top of the archive."""
    if not zipfile.is_zipfile(place):
        return False
    with zipfile.ZipFile(place) as archive:
        return not set(ZARR_MARKS).isdisjoint(archive.namelist())


def advice(place: Path, beginning: bytes) -> str:
    """Say what to do about an archive, which is no raster itself; "" of any other file."""
    if beginning.startswith(b"PK") and zipfile.is_zipfile(place):
        with zipfile.ZipFile(place) as archive:
            return _told(place, archive.namelist())
    if (beginning.startswith(_GZIP) or beginning[257:262] == b"ustar") and tarfile.is_tarfile(
        place
    ):
        return f"{place} is a tar archive: unpack it, and name the raster or the folder in it"
    if beginning.startswith(_GZIP):
        return f"{place} is packed by gzip: unpack it, or name it /vsigzip/{place}"
    return ""


def _told(place: Path, names: Sequence[str]) -> str:
    """Name the raster in an archive, where it is the only one."""
    inside = [PurePosixPath(name) for name in names if not name.endswith("/")]
    rasters = [path for path in inside if path.suffix.lower() not in _TEXTS]
    told = f"{place} is a zip archive: unpack it, and name the raster or the folder in it"
    if len(rasters) != 1:
        return told
    return f"{told}, or name it {VSIZIP}{place}/{rasters[0]}"
