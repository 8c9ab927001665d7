"""EMIT L1B radiance and L2A reflectance: a netCDF-4 file in the geometry of the sensor.

"EMIT L2A Algorithm: Surface Reflectance and Scene Content Masks", JPL D-107866, and the user guide
of EMITL2ARFL.001 (LP DAAC): reflectance(downtrack, crosstrack, bands), the place of every pixel in
the group `location`, and there a lookup table `glt_x`, `glt_y` (ortho_y, ortho_x) that names for
each pixel of a map grid the one to take, from 1, or 0 where there is none.
"""

import logging
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from affine import Affine
from numpy.typing import NDArray

from hsisr_geo.bands.bands import Band, Bands
from hsisr_geo.errors import RasterError
from hsisr_geo.raster.datasets import anywhere
from hsisr_geo.raster.products.hdf5 import (
    BandRange,
    Hdf5Source,
    as_text,
    decimals,
    describing,
    need,
    need_attribute,
    optional,
    read_cube,
    reading,
)
from hsisr_geo.raster.products.place import ORTHORECTIFIED, WGS84, control_points, lattice, wkt_of
from hsisr_geo.raster.products.unpack import suited
from hsisr_geo.raster.raster import Clouds, Missing, Raster, Stored

_LOG = logging.getLogger(__name__)
_CUBES = {"reflectance": "EMIT L2A", "radiance": "EMIT L1B"}
_GROUPS = ("location", "sensor_band_parameters")
_AXES = "rcb"
_VERSION = r"_\d{3}"
_RFL = re.compile(rf"(.*)_RFL((?:{_VERSION})?)([_.].*)")
# ^ of a granule's name: what comes before its kind, its version, and the rest
_BLOCK = 256  # pixels along each side that are read at once where the file is not chunked


@dataclass(frozen=True)
class OrthoSource:
    """Windows of the map grid, gathered pixel by pixel through the lookup table.

    Attributes
    ----------
    cube : path of the dataset in the file
    shape : (downtrack, crosstrack)
    """

    path: str
    cube: str
    shape: tuple[int, int]

    def read(self, bands: Sequence[int], rows: slice, cols: slice) -> tuple[Stored, Missing | None]:
        """Read a window as `Source.read` says.

        A window of the map is a rotated strip of the swath: the chunks that it touches are read
        one after another, so that memory holds the window and one of them.
        """
        with reading(self.path, rows, cols) as file:
            row, col = (file[f"location/{name}"][rows, cols].astype(np.int64) - 1
                        for name in ("glt_y", "glt_x"))  # fmt: skip
            inside = (row >= 0) & (col >= 0)
            cube = file[self.cube]
            out = np.zeros((len(bands), *row.shape), cube.dtype.newbyteorder("="))
            if inside.any():
                self._gather(cube, bands, row[inside], col[inside], inside, out)
        return out, ~inside

    def _gather(
        self,
        cube: Any,
        bands: Sequence[int],
        row: NDArray[np.int64],
        col: NDArray[np.int64],
        inside: NDArray[np.bool_],
        out: Stored,
    ) -> None:
        if row.max() >= self.shape[0] or col.max() >= self.shape[1]:
            raise RasterError(f"{self.path}: its lookup table points beyond the image: damaged?")
        picked = np.empty((len(bands), len(row)), out.dtype)
        cube, axes = suited(cube, _AXES, self.path, bands, _spanned(row), _spanned(col))
        for these, rows, cols in blocks_of(row, col, getattr(cube, "chunks", None)):
            block = read_cube(cube, axes, bands, rows, cols)
            picked[:, these] = block[:, row[these] - rows.start, col[these] - cols.start]
        out[:, inside] = picked


def recognise(file: Any) -> bool:
    """Tell whether an open HDF5 file is an EMIT product in the geometry of the sensor.

    Of its two groups and its cube any two will do, so that what is missing can be named: by CF its
    axes would be taken for others. A granule that was put on its map by others has no such groups.
    """
    marks = (*_GROUPS, next((name for name in (*_CUBES, "mask") if name in file), "none"))
    if str(as_text(file.attrs.get("title", ""))).startswith("EMIT L2B") and _GROUPS[0] in file:
        return True  # minerals, which are no spectra
    return sum(name in file for name in marks) >= 2 and any(name in file for name in _GROUPS)


def describe(file: Any, path: Path, *, orthorectify: bool) -> Raster:
    """Describe an open EMIT file.

    Raises
    ------
    RasterError : a product without spectra; a dataset or attribute is missing
    """
    name = _cube_name(file, path)
    product, cube = _CUBES[name], file[name]
    if cube.ndim != 3:
        raise RasterError(f"{path}: {name} has {cube.ndim} axes, not 3: damaged?")
    rows, cols, count = cube.shape
    raster = Raster(
        path=str(path),
        driver="netCDF",
        shape=(rows, cols),
        crs=None,
        transform=Affine.identity(),
        dtype=cube.dtype.newbyteorder("=").name,
        bands=_bands(file, cube, product, path),
        tags={"": _tags(file)},
        interleave="pixel",
        product=product,
        source=Hdf5Source(anywhere(str(path)), (BandRange(name, _AXES, tuple(range(count))),)),
        clouds=_clouds(path, (rows, cols)),
    )
    crs = wkt_of(str(as_text(file.attrs.get("spatial_ref", f"EPSG:{WGS84}"))), str(path))
    place = _on_its_map if orthorectify else _on_its_sensor
    return place(raster, file, crs, path)


def _cube_name(file: Any, path: Path) -> str:
    for name in _CUBES:
        if name in file:
            return name
    title = as_text(file.attrs.get("title", "this EMIT product"))
    raise RasterError(
        f"{path}: {title!r} has no spectra: give the reflectance (EMIT_L2A_RFL) or radiance "
        "(EMIT_L1B_RAD) of the granule"
    )


def _on_its_sensor(raster: Raster, file: Any, crs: str, path: Path) -> Raster:
    lon, lat = (need(file, f"location/{axis}", path, raster.product) for axis in ("lon", "lat"))
    lattice_rows, lattice_cols = lattice(raster.shape)
    gcps = control_points(
        lattice_rows.tolist(),
        lattice_cols.tolist(),
        lon[lattice_rows][:, lattice_cols],
        lat[lattice_rows][:, lattice_cols],
    )
    _LOG.info(
        "EMIT: in the geometry of the sensor, placed by %d ground control points; "
        "--orthorectify puts it on its map grid",
        len(gcps),
    )
    return replace(raster, gcps=gcps, gcp_crs=crs)


def _on_its_map(raster: Raster, file: Any, crs: str, path: Path) -> Raster:
    tables = [need(file, f"location/{name}", path, raster.product) for name in ("glt_x", "glt_y")]
    if tables[0].shape != tables[1].shape or tables[0].ndim != 2:
        raise RasterError(f"{path}: its lookup tables glt_x and glt_y differ in size: damaged?")
    numbers = np.asarray(need_attribute(file, "geotransform", path, raster.product), float)
    if numbers.shape != (6,):
        raise RasterError(f"{path}: its geotransform has {numbers.size} numbers, not 6: damaged?")
    return replace(
        raster,
        shape=tables[0].shape,
        crs=crs,
        transform=Affine.from_gdal(*numbers.tolist()),
        product=raster.product + ORTHORECTIFIED,
        source=OrthoSource(anywhere(raster.path), _cube_name(file, path), raster.shape),
        clouds=_on_map_too(raster.clouds, raster.shape),
    )


def _clouds(path: Path, shape: tuple[int, int]) -> Clouds | None:
    """Return the flag of clouds in the granule's mask file beside, None where there is none.

    Its first band is the "Cloud flag", as the product's guide and `mask_bands` in the file have it,
    in versions 001 and 002 alike. The mask of a reflectance of version 001 may be of version 002.
    """
    named = _RFL.fullmatch(path.name)
    if named is None:
        return None
    before, version, after = named.groups()
    alike = re.compile(rf"{re.escape(before)}_MASK{_VERSION if version else ''}{re.escape(after)}")
    beside = sorted((p for p in path.parent.iterdir() if alike.fullmatch(p.name)), reverse=True)
    return next(filter(None, (_flags_in(mask, shape) for mask in beside)), None)


def _flags_in(beside: Path, shape: tuple[int, int]) -> Clouds | None:
    """Return the flag of clouds in a mask file; None where it has none, or of another granule."""
    with describing(beside) as file:
        names = file.get("sensor_band_parameters/mask_bands", [""])
        if not str(as_text(names[0])).lower().startswith("cloud") or "mask" not in file:
            return None
        if file["mask"].shape[:2] != shape:
            return None
    source = Hdf5Source(anywhere(str(beside)), (BandRange("mask", _AXES, (0,)),))
    return Clouds("EMIT_L2A_MASK cloud flag", source, files=(anywhere(str(beside)),))


def _on_map_too(clouds: Clouds | None, shape: tuple[int, int]) -> Clouds | None:
    if clouds is None:
        return None
    return replace(clouds, source=OrthoSource(clouds.files[0], "mask", shape))


def _bands(file: Any, cube: Any, product: str, path: Path) -> Bands:
    group = "sensor_band_parameters"
    centres = decimals(need(file, f"{group}/wavelengths", path, product)[()])
    count = cube.shape[2]
    widths = optional(file, f"{group}/fwhm", count)
    if len(centres) != count:
        raise RasterError(f"{path} tells of {len(centres)} wavelengths, but has {count} bands")
    flags = file.get(f"{group}/good_wavelengths")
    good = np.ones(count) if flags is None or len(flags) != count else np.asarray(flags[()])
    fill = as_text(cube.attrs.get("_FillValue", np.float32(-9999)))
    unit = "uW cm-2 sr-1 nm-1" if product.endswith("L1B") else None
    like = Band(unit=unit, nodata=float(fill))
    return Bands.numbered(centres, widths, good=[bool(flag) for flag in good], like=like)


def blocks_of(
    row: NDArray[np.int64], col: NDArray[np.int64], chunks: tuple[int, ...] | None
) -> Iterator[tuple[NDArray[np.intp], slice, slice]]:
    """Yield which pixels lie in each chunk that is touched, and the rows and columns they need."""
    height, width = (min(side, _BLOCK) for side in (chunks or (_BLOCK, _BLOCK))[:2])
    block = (row // height) * (int(col.max()) // width + 1) + col // width
    order = np.argsort(block, kind="stable")
    for these in np.split(order, np.flatnonzero(np.diff(block[order])) + 1):
        yield these, _spanned(row[these]), _spanned(col[these])


def _spanned(places: NDArray[np.int64]) -> slice:
    return slice(int(places.min()), int(places.max()) + 1)


def _tags(file: Any) -> dict[str, str]:
    names = (
        "title", "granule_id", "time_coverage_start", "time_coverage_end", "product_version",
        "platform", "instrument", "processing_level",
    )  # fmt: skip
    return {name: str(as_text(file.attrs[name])) for name in names if name in file.attrs}
