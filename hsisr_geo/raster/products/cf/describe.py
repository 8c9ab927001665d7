"""Cubes that follow the CF conventions, in netCDF or Zarr, as xarray and rioxarray write them.

"NetCDF Climate and Forecast Metadata Conventions", 1.11: §5 coordinates (cell centres), §5.6 grid
mappings, §8.1 packed data (value = DN * scale_factor + add_offset), §2.5.1 missing data. The axes
may come in any order. Wavelengths are a coordinate along the axis of the bands.
"""

import importlib
import importlib.util
import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from affine import Affine

from hsisr_geo.errors import RasterError
from hsisr_geo.raster import gdal
from hsisr_geo.raster.datasets import anywhere
from hsisr_geo.raster.gdal import check_scales
from hsisr_geo.raster.products.cf.bands import read_bands
from hsisr_geo.raster.products.cf.crs import plain, read_crs
from hsisr_geo.raster.products.cf.cube import Cube, find_cube
from hsisr_geo.raster.products.cf.fill import note_fills
from hsisr_geo.raster.products.cf.place import placed, places_of
from hsisr_geo.raster.products.cf.source import CLASSIC, CfSource, Opener, zarr_store
from hsisr_geo.raster.products.hdf5 import describing
from hsisr_geo.raster.products.swaths.geolocation import on_map
from hsisr_geo.raster.products.unpack import MOST_AT_ONCE
from hsisr_geo.raster.raster import Raster

_LOG = logging.getLogger(__name__)
_MOST_GROUPS = 50
_TIMES = ("time", "t", "date")


def describe_netcdf(path: Path, wanted: str = "", *, orthorectify: bool = False) -> Raster | None:
    """Describe a netCDF-4 or HDF5 file; None if it has no cube that CF or names tell about.

    Parameters
    ----------
    wanted : "group/variable" as GDAL writes it: only that one counts
    orthorectify : put a swath on a map grid, if the place of every pixel is told

    Raises
    ------
    RasterError : several cubes, coordinates that are not regular, a CRS that is not understood
    """
    with _opened(path, "h5netcdf", _groups_of_hdf5(path)) as groups:
        return _describe(groups, path, "h5netcdf", "netCDF", wanted, orthorectify=orthorectify)


def describe_classic(path: Path, wanted: str = "", *, orthorectify: bool = False) -> Raster | None:
    """Describe a file of classic netCDF, as `describe_netcdf` does one of netCDF-4.

    Raises
    ------
    RasterError : as `describe_netcdf`
    """
    with _opened(path, CLASSIC, [""]) as groups:
        return _describe(groups, path, CLASSIC, "netCDF", wanted, orthorectify=orthorectify)


def describe_zarr(path: Path, *, orthorectify: bool = False) -> Raster:
    """Describe a Zarr store; what has no cube in the sense of CF is left to GDAL.

    Raises
    ------
    RasterError : as `describe_netcdf`; neither the package zarr nor GDAL can read it
    """
    raster, told = _cf_in_zarr(path, orthorectify=orthorectify)
    return raster or _zarr_of_gdal(path, told)


def describe_array(path: Path, wanted: str, *, orthorectify: bool = False) -> Raster | None:
    """Describe one array of a Zarr store, "group/array" as GDAL writes it; None if it is no cube.

    Raises
    ------
    RasterError : as `describe_netcdf`
    """
    return _cf_in_zarr(path, wanted, orthorectify=orthorectify)[0]


def _cf_in_zarr(
    path: Path, wanted: str = "", *, orthorectify: bool = False
) -> tuple[Raster | None, str]:
    """Return the cube, and else why there is none."""
    if importlib.util.find_spec("zarr") is None:
        return None, ""
    try:
        names = [wanted.rpartition("/")[0]] if wanted else _groups_of_zarr(path)
        with _opened(path, "zarr", names) as groups:
            found = _describe(groups, path, "zarr", "Zarr", wanted, orthorectify=orthorectify)
            return found, ""
    except (OSError, ValueError, KeyError, TypeError, NotImplementedError) as error:
        return None, f" ({error})"  # an array without a group, a codec of another library, damage


def _zarr_of_gdal(path: Path, told: str) -> Raster:
    try:
        return gdal.describe(os.fspath(path))
    except RasterError as error:
        missing = importlib.util.find_spec("zarr") is None
        if missing:
            hint = ": install hsisr-geo[zarr] to read it"
            raise RasterError(f"{path}: this Zarr store{hint}{told}") from error
        raise RasterError(
            f"{path}: this Zarr store holds no cube{told}: write an array in a group, its axes "
            "named, as xarray's to_zarr does"
        ) from error


def _groups_of_hdf5(path: Path) -> list[str]:
    """Return the groups that hold more than the root: each with numbers, in the file's order."""
    found: dict[str, None] = {"": None}

    def visit(name: str, node: Any) -> None:
        if hasattr(node, "shape") and len(node.shape or ()) >= 1:
            found[name.rpartition("/")[0]] = None

    with describing(path) as file:
        file.visititems(visit)
    return list(found)[:_MOST_GROUPS]


def _groups_of_zarr(path: Path) -> list[str]:
    """Return the root, and the groups that hold arrays, as a tree of xarray's has them."""
    zarr = importlib.import_module("zarr")
    found, waiting = [""], [("", zarr.open_group(zarr_store(str(path)), mode="r"))]
    while waiting and len(found) < _MOST_GROUPS:
        name, group = waiting.pop()
        if name and any(True for _ in group.arrays()):
            found.append(name)
        inner = sorted(group.groups(), reverse=True)
        waiting += [(f"{name}/{key}".lstrip("/"), value) for key, value in inner]
    return found


@contextmanager
def _opened(path: Path, engine: str, names: list[str]) -> Iterator[dict[str, Any]]:
    """Open the groups of a file; what xarray stumbles over, in HDF5 of any kind, is left out."""
    with ExitStack() as stack:
        groups = {}
        for name in names:
            try:
                groups[name] = stack.enter_context(Opener(engine, name)(str(path)))
            except RasterError:
                raise
            except Exception:  # it raises whatever its libraries do
                if engine == "zarr" and name == names[0]:
                    raise
                _LOG.debug("%s: the group %r is left out", path, name, exc_info=True)
        yield groups


def _describe(
    groups: Mapping[str, Any],
    path: Path,
    engine: str,
    driver: str,
    wanted: str = "",
    *,
    orthorectify: bool = False,
) -> Raster | None:
    cube = find_cube(groups, path, wanted)
    if cube is None:
        return None
    note_fills(cube, path, engine)
    variable, (band, row, col) = cube.first, cube.axes
    dtype = variable.dtype.newbyteorder("=").name
    unsigned = variable.dtype.kind == "i" and _is_unsigned(variable)
    dtype = f"u{dtype}" if unsigned else dtype
    bands, limits, notes = read_bands(cube, groups, dtype)
    check_scales(bands, str(path))
    crs, odd_crs = read_crs(cube, groups, path)
    dims = [d for d in variable.dims if d in cube.axes]
    names = cube.variables
    title = f"of {len(bands)} variables, {names[0]} to {names[-1]}"
    title = repr(str(variable.name)) if band else title
    raster = Raster(
        path=str(path),
        driver=driver,
        shape=(variable.sizes[row], variable.sizes[col]),
        crs=crs,
        transform=Affine.identity(),
        dtype=dtype,
        bands=bands,
        tags=_tags(cube),
        provenance=_provenance(cube),
        interleave=("band", "line", "pixel")[dims.index(band)] if band else "band",
        product=f"CF cube {title}",
        source=CfSource(
            anywhere(str(path)), Opener(engine, cube.group), names, cube.axes,
            unsigned, limits,
        ),
        decoded=_decoded(variable, engine),
    )  # fmt: skip
    raster = _north_up(placed(raster, cube, groups, path, engine))
    places = places_of(cube, groups, path, engine) if orthorectify and raster.gcps else None
    raster = raster if places is None else on_map(raster, places)
    return raster.noted(cube.note, *notes, odd_crs)


def _decoded(variable: Any, engine: str) -> int:
    """Return the bytes of a chunk, packed and not, and what HDF5 keeps of others."""
    told = variable.encoding
    shape = told.get("chunksizes") or told.get("chunks") or (1,)
    chunk = int(prod(shape)) * int(variable.dtype.itemsize)
    return 2 * chunk + (min(MOST_AT_ONCE, int(variable.nbytes)) if engine == "h5netcdf" else 0)


def _north_up(raster: Raster) -> Raster:
    """Turn a grid that begins in the south, as GDAL does: few programs expect such a GeoTIFF."""
    t = raster.transform
    if (
        not raster.has_transform
        or t.e <= 0
        or t.b
        or t.d
        or not isinstance(raster.source, CfSource)
    ):
        return raster
    return replace(
        raster,
        transform=Affine(t.a, 0, t.c, 0, -t.e, t.f + t.e * raster.rows),
        source=replace(raster.source, turned=raster.rows),
    )


def _is_unsigned(variable: Any) -> bool:
    told = {**variable.attrs, **variable.encoding}.get("_Unsigned", "")
    return str(told).lower() == "true"


def _provenance(cube: Cube) -> dict[str, str]:
    """Return what an output of ours says of its making, wherever a writer left it."""
    said = {**cube.first.attrs, **cube.dataset.attrs}
    return {str(k): str(v) for k, v in said.items() if str(k).startswith("HSISR_")}


def _tags(cube: Cube) -> dict[str, dict[str, str]]:
    own = {k: v for k, v in cube.first.attrs.items() if k == "long_name"}
    texts = {str(k): plain(v) for k, v in {**cube.dataset.attrs, **own}.items()
             if isinstance(v, str)}  # fmt: skip
    items = {key: text for key, text in texts.items() if not key.startswith("HSISR_")}
    name, when = _only_time(cube)
    items |= {f"dimension_{name}": when} if when else {}
    return {"": items} if items else {}


def _only_time(cube: Cube) -> tuple[str, str]:
    """Return the dimension of time, and the one along which a cube lies; a day for midnight.

    "" where it has none, or several.
    """
    from xarray.conventions import decode_cf_variable

    for name, found in cube.first.coords.items():
        told = str(found.attrs.get("units", ""))
        if found.size != 1 or " since " not in told or str(name).lower() not in _TIMES:
            continue
        with suppress(ValueError, OverflowError, TypeError):
            moment = np.ravel(decode_cf_variable(name, found.variable).values)[0]
            text = str(moment.astype("datetime64[s]"))
            iso = text.removesuffix("T00:00:00") if "T00:00:00" in text else f"{text}Z"
            return str(name).lower(), iso
    return "", ""
