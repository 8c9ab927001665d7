"""HYPSO-1 and -2, and HICO: top-of-atmosphere radiance in netCDF-4, one cube or a dataset a band.

As acolite and the package `hypso` read it: `products/Lt` (line, sample, band) with the attributes
`wavelengths` and `fwhm`, or `products/Lt_*` (line, sample), each with `wavelength` and `fwhm`; the
places of pixels are in `navigation`. HICO's, by NASA's Ocean Biology DAAC, is integers with
`scale_factor` and `add_offset`, and its places are `latitudes` and `longitudes`.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from affine import Affine

from hsisr_geo.bands.bands import Band, Bands
from hsisr_geo.raster.datasets import anywhere
from hsisr_geo.raster.products.hdf5 import (
    BandRange,
    Hdf5Source,
    as_text,
    attribute,
    axes_in,
    decimals,
    fill_of,
    of_bands,
    scale_and_offset,
)
from hsisr_geo.raster.products.swaths.geolocation import on_map, placed_by, places_in
from hsisr_geo.raster.raster import Raster

_HICO = {"latitudes", "longitudes"}
"""What tells HICO's places from HYPSO's."""
_UNIT = "W m-2 sr-1 um-1"


def recognise(file: Any) -> bool:
    """Tell whether an open netCDF-4 file is radiance of HYPSO or HICO."""
    return "navigation" in file and bool(_datasets(file))


def describe(file: Any, path: Path, *, orthorectify: bool) -> Raster:
    """Describe an open file of HYPSO or HICO; without places of pixels it lies nowhere.

    Raises
    ------
    RasterError : lists have another length than the bands
    """
    names = _datasets(file)
    cube = file[names[0]]
    parts, bands = _bands(file, names, path)
    group = file["navigation"]
    end = "s" if set(group) >= _HICO else ""
    sensor = "HICO" if end else "HYPSO"
    raster = Raster(
        path=str(path),
        driver="netCDF",
        shape=cube.shape[:2],
        crs=None,
        transform=Affine.identity(),
        dtype=cube.dtype.newbyteorder("=").name,
        bands=bands,
        tags={"": {"sensor": sensor, **_tags(file)}},
        interleave="pixel" if cube.ndim == 3 else "band",
        product=f"{sensor} radiance",
        source=Hdf5Source(anywhere(str(path)), parts),
    )
    if not {f"latitude{end}", f"longitude{end}"} <= set(group):
        return raster
    places = places_in(str(path), f"navigation/longitude{end}", f"navigation/latitude{end}")
    return on_map(raster, places) if orthorectify else placed_by(raster, places)


def _bands(file: Any, names: Sequence[str], path: Path) -> tuple[tuple[BandRange, ...], Bands]:
    """Return where the bands lie, in one cube or in a dataset each, and what they are."""
    cube = file[names[0]]
    if cube.ndim == 3:
        count = cube.shape[2]
        parts = [BandRange(names[0], "rcb", tuple(range(count)))]
        centres, widths = (_listed(cube, key, count, path) for key in ("wavelengths", "fwhm"))
    else:
        parts = [BandRange(name, "rc", (0,)) for name in names]
        centres, widths = (
            [_listed(file[name], key, 1, path)[0] for name in names]
            for key in ("wavelength", "fwhm")
        )
    scale, offset = scale_and_offset(cube)
    like = Band(unit=_UNIT, scale=scale, offset=offset, nodata=fill_of(cube))
    return tuple(parts), Bands.numbered(centres, widths, like=like)


def _datasets(file: Any) -> list[str]:
    """Return the cube, or the datasets of all bands in the order of their wavelengths."""
    group = file.get("products")
    if group is None:
        return []
    axes = {name: axes_in(node) for name, node in group.items()}
    if axes.get("Lt") == 3:
        return ["products/Lt"]
    told = {name: attribute(group[name], "wavelength") for name in axes if name.startswith("Lt")}
    single = {name: decimals(said)[0] for name, said in told.items() if said is not None}
    return [f"products/{name}" for name in sorted(single, key=single.__getitem__)]


def _listed(node: Any, key: str, count: int, path: Path) -> list[float | None]:
    return of_bands(attribute(node, key), key, count, path)


def _tags(file: Any) -> dict[str, str]:
    told = {str(key): as_text(value) for key, value in file.attrs.items()}
    return {key: text for key, text in told.items() if isinstance(text, str)}
