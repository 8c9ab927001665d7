"""BEAM-DIMAP, SNAP's own format: `NAME.dim`, and in `NAME.data` a raw file for each band.

As SNAP's DimapProductReader and its writer have it: `Data_File` names the ENVI header of each band;
IMAGE_TO_MODEL_TRANSFORM has the six numbers in Java's order (m00, m10, m01, m11, m02, m12), from
pixel corners to the CRS in WKT. A swath has grids of tie points for latitude and longitude: the
first lies at OFFSET, in pixels, of which 0.5 is the centre of the first, the next STEP further.
"""

import os
import re
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree as ET  # nosec B405 # see `header.parsed`

import numpy as np
from affine import Affine
from numpy.typing import NDArray

from hsisr_geo.bands.bands import Band, Bands
from hsisr_geo.bands.envi_header import read_header
from hsisr_geo.bands.lists import to_number
from hsisr_geo.errors import RasterError, some_of
from hsisr_geo.raster.datasets import anywhere, check_extent
from hsisr_geo.raster.gdal import check_scales
from hsisr_geo.raster.place.gcp import Gcp
from hsisr_geo.raster.products.envi import EnviSource
from hsisr_geo.raster.products.place import WGS84, lattice, numbered_points, unwrapped, wkt_of
from hsisr_geo.raster.products.snap.header import (
    number_in,
    parsed,
    stored_bands,
    with_bands_told,
)
from hsisr_geo.raster.raster import Missing, Raster, Stored

_NUMBERS = 6  # of an affine transform
_TOLD = 4
_MARK = b"BEAM-DATAMODEL"
_TYPES = {"uint8": "u1", "int8": "i1", "int16": "i2", "uint16": "u2", "int32": "i4",
          "uint32": "u4", "float32": "f4", "float64": "f8"}  # fmt: skip
_ABOUT = re.compile(
    r"lat|lon|latitude|longitude|.*(flag|mask|zenith|azimuth|quality|error|uncertainty|_err|_unc).*",
    re.IGNORECASE,
)  # of pixels, not spectra of them, though some have wavelengths
_TIMES = {"time_coverage_start": "PRODUCT_SCENE_RASTER_START_TIME",
          "time_coverage_end": "PRODUCT_SCENE_RASTER_STOP_TIME"}  # fmt: skip


@dataclass(frozen=True)
class BandFiles:
    """Windows of a raster whose bands are a file each."""

    files: tuple[EnviSource, ...]

    def read(self, bands: Sequence[int], rows: slice, cols: slice) -> tuple[Stored, Missing | None]:
        """Read a window as `Source.read` says."""
        return np.concatenate([self.files[i].read([0], rows, cols)[0] for i in bands]), None


def is_dimap(beginning: bytes) -> bool:
    """Tell whether a file that begins so is the header of a product in BEAM-DIMAP."""
    return _MARK in beginning and b"<Dimap_Document" in beginning


def dimap_of(folder: Path) -> Path | None:
    """Return the header of the product whose bands are in a folder, `NAME.data`."""
    header = folder.with_suffix(".dim")
    return header if folder.suffix == ".data" and header.is_file() else None


def describe(place: Path) -> Raster:
    """Describe the bands of one size and type that most of a product has, with a wavelength.

    Raises
    ------
    RasterError : no bands, a file of one is missing or too short, a CRS that is not understood
    """
    root = parsed(place.read_bytes())
    told, left = _cube(stored_bands(root))
    if root is None or not told:
        raise RasterError(f"{place} is BEAM-DIMAP, and tells of no bands that are in files")
    kind = _kind(told[0])
    check_extent(len(told), kind[1], str(place))
    headers = {_index(file): file.find("DATA_FILE_PATH") for file in root.iter("Data_File")}
    files = [_band_file(place, by, headers.get(_index(by)), kind) for by in told]
    raster = Raster(
        path=str(place),
        driver="BEAM-DIMAP",
        shape=kind[:2],
        crs=None,
        transform=Affine.identity(),
        dtype=np.dtype(_TYPES[kind[2]]).name,
        bands=Bands((Band(),) * len(told)),
        tags={"": tags} if (tags := _tags(root)) else {},
        product="BEAM-DIMAP",
        files=tuple(file.path for file in files),
        source=BandFiles(tuple(files)),
        decoded=0,
    )
    raster = with_bands_told(raster, told)
    check_scales(raster.bands, str(place))
    return _placed(raster, root, place, _index(told[0])).noted(_left_out(left))


def _cube(bands: Sequence[ET.Element]) -> tuple[list[ET.Element], list[str]]:
    """Return the bands that are the cube, and the names of the others."""
    measured = [by for by in bands if not _ABOUT.fullmatch(_name(by))]
    likely = [by for by in measured if number_in(by, "BAND_WAVELEN", 0.0) > 0] or measured
    kinds = Counter(_kind(by) for by in likely if _kind(by)[2] in _TYPES)
    most = max(kinds, key=lambda kind: kinds[kind], default=None)
    cube = [by for by in likely if _kind(by) == most]
    return cube, [_name(by) for by in bands if by not in cube]


def _kind(by: ET.Element) -> tuple[int, int, str]:
    """Return rows, columns and type of a band."""
    rows, cols = (int(number_in(by, f"BAND_RASTER_{side}", 0)) for side in ("HEIGHT", "WIDTH"))
    return rows, cols, (by.findtext("DATA_TYPE") or "").strip()


def _name(by: ET.Element) -> str:
    return (by.findtext("BAND_NAME") or "").strip()


def _index(element: ET.Element) -> str:
    return (element.findtext("BAND_INDEX") or "").strip()


def _band_file(
    place: Path, by: ET.Element, named: ET.Element | None, kind: tuple[int, int, str]
) -> EnviSource:
    """Return the file of a band, by its header; the folder may have been renamed with its .dim."""
    href = (named.get("href") if named is not None else None) or f"{_name(by)}.hdr"
    return _raw(place, href.replace("\\", "/").rpartition("/")[2].removesuffix(".hdr"), kind)


def _raw(place: Path, stem: str, kind: tuple[int, int, str]) -> EnviSource:
    """Return a file of the folder beside a header, checked for its length."""
    rows, cols, dtype = kind
    path = place.with_suffix(".data") / f"{stem}.img"
    if not path.is_file():
        raise RasterError(f"{place}: {path.parent.name}/{path.name}, a band of it, is missing")
    header = path.with_suffix(".hdr")
    fields = read_header(header) if header.is_file() else {}
    order = "<" if fields.get("byte_order") == "0" else ">"  # Java writes the high byte first
    number = np.dtype(order + _TYPES[dtype])
    if path.stat().st_size < rows * cols * number.itemsize:
        raise RasterError(f"{path} is truncated: it has not {rows} x {cols} numbers of {dtype}")
    return EnviSource(anywhere(os.fspath(path)), number.str, (1, rows, cols), "band", 0)


def _placed(raster: Raster, root: ET.Element, place: Path, index: str) -> Raster:
    """Place a raster on its map, else by the tie points of a swath.

    Parameters
    ----------
    index : of the first band: of several sizes each has a place of its own
    """
    places = (p for p in root.findall("Geoposition") if (_index(p) or index) == index)
    told = next((text for p in places if (text := p.findtext("IMAGE_TO_MODEL_TRANSFORM"))), "")
    known = [n for item in told.split(",") if (n := to_number(item)) is not None]
    text = root.findtext("Coordinate_Reference_System/WKT")
    if text and len(known) == _NUMBERS:
        a, d, b, e, c, f = known
        crs = wkt_of(" ".join(text.split()), str(place))
        return replace(raster, crs=crs, transform=Affine(a, b, c, d, e, f))
    points = _tie_points(root, place, raster.shape)
    if not points:
        return raster.noted("its place is not understood: let SNAP reproject it")
    return replace(raster, gcps=points, gcp_crs=wkt_of(WGS84, str(place)))


def _tie_points(root: ET.Element, place: Path, shape: tuple[int, int]) -> tuple[Gcp, ...]:
    """Return control points out of the grids of latitude and longitude; none where one is missing.

    Of a fine grid some, which fit a swath as all would.
    """
    lon, lat = (_grid(root, place, axis) for axis in ("LON", "LAT"))
    if lon is None or lat is None or lon.values.shape != lat.values.shape:
        return ()
    rows, cols = lattice((lon.values.shape[0], lon.values.shape[1]))
    lons, lats = unwrapped(lon.values[rows][:, cols]), lat.values[rows][:, cols]
    at = [(lon.row(int(row)), lon.col(int(col))) for row in rows for col in cols]
    seen = np.array([0 <= row <= shape[0] and 0 <= col <= shape[1] for row, col in at], bool)
    inside = [pixel for pixel, here in zip(at, seen, strict=True) if here]
    return numbered_points(inside, lons.ravel()[seen], lats.ravel()[seen])


class _Grid(NamedTuple):
    """A grid of tie points: their values, and where in pixels the first lies, and the next."""

    values: NDArray[np.float64]
    offset: tuple[float, float]
    step: tuple[float, float]

    def row(self, index: int) -> float:
        return self.offset[0] + index * self.step[0]

    def col(self, index: int) -> float:
        return self.offset[1] + index * self.step[1]


def _grid(root: ET.Element, place: Path, axis: str) -> _Grid | None:
    """Read the grid of tie points that a product is placed by; None where it has none."""
    keys = f"TIE_POINT_GRID_NAME_{axis}", f"{axis}_VARIABLE_NAME"
    names = [(by.text or "").strip() for key in keys for by in root.iter(key)]
    told = {(by.findtext("TIE_POINT_GRID_NAME") or "").strip(): by
            for by in root.iter("Tie_Point_Grid_Info")}  # fmt: skip
    name = next((name for name in names if name in told), None)
    if name is None:
        return None
    by = told[name]
    rows, cols = (int(number_in(by, key, 0)) for key in ("NROWS", "NCOLS"))
    file = _raw(place, f"tie_point_grids/{name}", (rows, cols, "float32"))
    values = file.read([0], slice(0, rows), slice(0, cols))[0][0].astype(float)
    offset, step = (
        (number_in(by, f"{key}_Y", default), number_in(by, f"{key}_X", default))
        for key, default in (("OFFSET", 0.5), ("STEP", 1.0))
    )
    return _Grid(values, offset, step)


def _tags(root: ET.Element) -> dict[str, str]:
    """Return what a product tells of itself, and when it was taken."""
    told = {name: root.findtext(f"Production/{key}") for name, key in _TIMES.items()}
    found = {name: _iso(text.strip()) for name, text in told.items() if text}
    kind = (root.findtext("Production/PRODUCT_TYPE") or "").strip()
    return {name: text for name, text in {**found, "product_type": kind}.items() if text}


def _iso(text: str) -> str:
    """Return a moment as SNAP writes it, 24-JUL-2022 10:24:02.004320, as others do."""
    with suppress(ValueError):
        return datetime.strptime(text, "%d-%b-%Y %H:%M:%S.%f").isoformat()
    return ""


def _left_out(names: Sequence[str]) -> str:
    if not names:
        return ""
    return f"its bands {some_of(names, _TOLD)} are no spectra, or of another size or type"
