"""The choice of an output's format: as asked for, else by the ending of its name."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from hsisr_geo.errors import OptionError, OutputError
from hsisr_geo.output.formats.cog import Cog
from hsisr_geo.output.formats.envi import Envi
from hsisr_geo.output.formats.format import Format
from hsisr_geo.output.formats.geotiff import GeoTiff
from hsisr_geo.output.formats.netcdf import NetCdf
from hsisr_geo.output.formats.vrt import Vrt
from hsisr_geo.output.formats.zarr import Zarr

_MAKERS: dict[str, Callable[[Mapping[str, str]], Format]] = {
    "gtiff": GeoTiff, "cog": Cog, "envi": Envi, "zarr": Zarr, "vrt": Vrt, "netcdf": NetCdf,
}  # fmt: skip
FORMATS = tuple(_MAKERS)
# The formats that a name with that ending may have, the usual one first.
_ENDINGS = {
    ".tif": ("gtiff", "cog"), ".tiff": ("gtiff", "cog"),
    ".img": ("envi",), ".bsq": ("envi",), ".bil": ("envi",), ".bip": ("envi",), ".dat": ("envi",),
    ".zarr": ("zarr",), ".vrt": ("vrt",), ".nc": ("netcdf",),
}  # fmt: skip
_INTERLEAVED = {".bil": "BIL", ".bip": "BIP"}


@dataclass(frozen=True)
class WriteOptions:
    """How an output is stored.

    Parameters
    ----------
    format : one of `FORMATS`; None: by the ending of the output's name
    creation : creation options of that format by name, e.g. {"COMPRESS": "LZW"}
    style : also write a QGIS style (.qml) that shows true colour
    stac : also write a STAC item (.stac.json)
    header : also write an ENVI header (.hdr) beside a GeoTIFF or COG

    Raises
    ------
    OptionError : an unknown format
    """

    format: str | None = None
    creation: Mapping[str, str] = field(default_factory=dict, hash=False)
    style: bool = True
    stac: bool = False
    header: bool = False

    def __post_init__(self) -> None:
        """Refuse what does not exist; names of creation options are upper case from here on."""
        if self.format is not None and self.format not in FORMATS:
            raise OptionError(f"format {self.format!r} is none of {', '.join(FORMATS)}")
        upper = {name.upper(): str(value) for name, value in self.creation.items()}
        object.__setattr__(self, "creation", upper)

    def beside(self, main: str | os.PathLike[str], path: str | os.PathLike[str]) -> "WriteOptions":
        """Return the options for a second raster at `path`, whose ending may tell another format.

        Creation options are for the format of the first. One item is enough for both.
        """
        other = _ENDINGS.get(Path(path).suffix.lower(), ())
        chosen = self.format or _ENDINGS.get(Path(main).suffix.lower(), ("",))[0]
        if chosen in other or (not other and self.format):
            return WriteOptions(chosen, self.creation, style=self.style)
        return WriteOptions(style=self.style)


AS_NAMED = WriteOptions()
"""By the ending of the name, with the defaults of that format."""


def choose_format(path: str | os.PathLike[str], options: WriteOptions = AS_NAMED) -> Format:
    """Choose the format of the output at `path`.

    Raises
    ------
    OutputError : the ending stands for no format and none is named, or for another one
    """
    ending = Path(path).suffix.lower()
    possible = _ENDINGS.get(ending, ())
    name = options.format or (possible[0] if possible else None)
    if name is None:
        raise OutputError(_no_format(os.fspath(path)))
    if possible and name not in possible:
        usual = " ".join(end for end, names in _ENDINGS.items() if name in names)
        raise OutputError(
            f"{path}: the ending {ending} is not one of {name}: use {usual}, or leave out --format"
        )
    return _MAKERS[name](_interleaved(ending) | dict(options.creation))


def usual_ending(name: str) -> str:
    """Return the ending of a format's outputs where nobody names another, e.g. ".img" for envi."""
    return next(ending for ending, names in _ENDINGS.items() if name in names)


def _no_format(path: str) -> str:
    """Say why a name tells no format, and what to give instead."""
    ending = Path(path).suffix
    if path.endswith("/") or os.path.isdir(path):
        return f"{path} is a folder: name the raster in it, e.g. {os.path.join(path, 'fine.tif')}"
    if ending.lower() == ".hdr":
        data = Path(path).with_suffix(".img")
        return f"{path}: name the data, {data}: its header is written beside it"
    return (
        f"{path}: no format for the ending {ending!r}: use one of {' '.join(_ENDINGS)}, or name "
        "the format with --format"
    )


def _interleaved(ending: str) -> dict[str, str]:
    """Return the order of the numbers that an ending promises."""
    return {"INTERLEAVE": _INTERLEAVED[ending]} if ending in _INTERLEAVED else {}
