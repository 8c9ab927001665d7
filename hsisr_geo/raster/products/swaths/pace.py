"""PACE OCI: level 1B of three detectors joined by wavelength, and level 2 with its bands last.

NASA, "OCI file structure" (help hub notebooks) and acolite's reader: `observation_data/rhot_blue`,
`rhot_red`, `rhot_SWIR` are (band, scan, pixel), centres and widths in `sensor_band_parameters`;
level 2 has `geophysical_data/*` (line, pixel, wavelength_3d). Where detectors overlap, both stay.
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
    axes_in,
    fill_of,
    need,
    of_bands,
    scale_and_offset,
)
from hsisr_geo.raster.products.swaths.geolocation import on_map, placed_by, places_in
from hsisr_geo.raster.raster import Raster

_DETECTORS = ("blue", "red", "SWIR")
_PARAMETERS = "sensor_band_parameters"
_GEOPHYSICAL = "geophysical_data"


def recognise(file: Any) -> bool:
    """Tell whether an open netCDF-4 file is OCI's, level 1B or a level 2 with spectra."""
    return _PARAMETERS in file and (
        _is_level1(file) or bool(_spectra(file) and "navigation_data" in file)
    )


def describe(file: Any, path: Path, *, orthorectify: bool) -> Raster:
    """Describe an open file of OCI; of a level 2 with several spectral variables the first.

    Raises
    ------
    RasterError : a dataset is missing; lists have another length than the bands
    """
    level1 = _is_level1(file)
    product = "PACE OCI L1B" if level1 else "PACE OCI L2"
    parts, bands = _detectors(file, path) if level1 else _variable(file, path, product)
    cube = file[parts[0].dataset]
    rows, cols = (cube.shape[parts[0].axes.index(axis)] for axis in "rc")
    group = "geolocation_data" if level1 else "navigation_data"
    for name in ("latitude", "longitude"):
        need(file, f"{group}/{name}", path, product)
    raster = Raster(
        path=str(path),
        driver="netCDF",
        shape=(rows, cols),
        crs=None,
        transform=Affine.identity(),
        dtype=cube.dtype.newbyteorder("=").name,
        bands=Bands(tuple(bands)),
        tags={"": _tags(file)},
        interleave="band" if level1 else "pixel",
        product=product,
        source=Hdf5Source(anywhere(str(path)), tuple(parts)),
    )
    places = places_in(str(path), f"{group}/longitude", f"{group}/latitude")
    return on_map(raster, places) if orthorectify else placed_by(raster, places)


def _is_level1(file: Any) -> bool:
    return any(f"observation_data/rhot_{detector}" in file for detector in _DETECTORS)


def _detectors(file: Any, path: Path) -> tuple[list[BandRange], list[Band]]:
    parts: list[BandRange] = []
    bands: list[Band] = []
    for detector in _DETECTORS:
        name = f"observation_data/rhot_{detector}"
        if name not in file:
            continue
        count = file[name].shape[0]
        parts.append(BandRange(name, "brc", tuple(range(count))))
        centres = _listed(file, f"{_PARAMETERS}/{detector}_wavelength", count, path)
        widths = _listed(file, f"{_PARAMETERS}/{detector}_bandpass", count, path)
        bands += _bands(file[name], centres, widths, detector)
    return parts, bands


def _variable(file: Any, path: Path, product: str) -> tuple[list[BandRange], list[Band]]:
    name = _spectra(file)[0]
    cube = file[name]
    count = cube.shape[2]
    need(file, f"{_PARAMETERS}/wavelength_3d", path, product)
    centres = _listed(file, f"{_PARAMETERS}/wavelength_3d", count, path)
    bands = [*_bands(cube, centres, [None] * count, name.rpartition("/")[2])]
    return [BandRange(name, "rcb", tuple(range(count)))], bands


def _spectra(file: Any) -> list[str]:
    """Return the names of the cubes of a level 2 file, in the order of the file."""
    group = file.get(_GEOPHYSICAL)
    names = [] if group is None else [n for n, node in group.items() if axes_in(node) == 3]
    return [f"{_GEOPHYSICAL}/{name}" for name in names]


def _listed(file: Any, name: str, count: int, path: Path) -> list[float | None]:
    numbers = file[name][()] if name in file else None
    values = of_bands(numbers, name.rpartition("/")[2], count, path)
    return [value if value is not None and value > 0 else None for value in values]


def _bands(
    cube: Any, centres: Sequence[float | None], widths: Sequence[float | None], called: str
) -> Bands:
    scale, offset = scale_and_offset(cube)
    like = Band(scale=scale, offset=offset, nodata=fill_of(cube, -32767.0))
    return Bands.numbered(centres, widths, like=like, called=called)


def _tags(file: Any) -> dict[str, str]:
    names = (
        "title",
        "time_coverage_start",
        "time_coverage_end",
        "processing_level",
        "product_name",
        "platform",
        "instrument",
    )
    told = {name: as_text(file.attrs[name]) for name in names if name in file.attrs}
    return {"sensor": "OCI", **{name: str(text) for name, text in told.items()}}
