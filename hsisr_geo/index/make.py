"""Make an index of a result, with its standard deviation, as a raster of two bands."""

import math
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from hsisr_geo._version import __version__
from hsisr_geo.bands.bands import Band, Bands
from hsisr_geo.bands.metadata import PROVENANCE_PREFIX, as_tags
from hsisr_geo.bands.radiometry import Cube
from hsisr_geo.cube.indices import NEAR_NM, Index
from hsisr_geo.cube.windows import Window
from hsisr_geo.engine.identity import holding_still
from hsisr_geo.errors import RasterError
from hsisr_geo.index.deviation import Correlation, error_correlation, propagate
from hsisr_geo.output.commit import settle
from hsisr_geo.output.drafts import write_raster
from hsisr_geo.output.formats.choice import AS_NAMED, WriteOptions
from hsisr_geo.output.targets import Target, check_targets
from hsisr_geo.paths import place_of
from hsisr_geo.raster.open import open_raster
from hsisr_geo.raster.raster import Raster
from hsisr_geo.raster.read import read_window
from hsisr_geo.raster.statistics import strip_rows

_SAME_PLACE = 1e-6  # pixels
_CONTENT = f"{PROVENANCE_PREFIX}CONTENT"


@dataclass(frozen=True)
class IndexReport:
    """What was made.

    Attributes
    ----------
    path, index
        Of the raster, and the name of the index.
    bands
        Of RESULT, from 1, that the index is made of.
    wavelengths_nm
        Of these.
    values
        How many pixels have a value.
    mean, deviation
        Means over these of the index and of its standard deviation; None where there are none.
    """

    path: str
    index: str
    bands: tuple[int, ...]
    wavelengths_nm: tuple[float, ...]
    values: int
    mean: float | None
    deviation: float | None


def write_index(
    result: str | os.PathLike[str],
    sigma: str | os.PathLike[str],
    index: Index,
    dst: str | os.PathLike[str],
    *,
    overwrite: bool = False,
    write: WriteOptions = AS_NAMED,
) -> IndexReport:
    """Write an index of a result and its standard deviation: bands 1 and 2 of `dst`, float32.

    Parameters
    ----------
    result
        A raster with wavelengths, usually one that was super-resolved.
    sigma
        The standard deviations of its bands, as `run --uncertainty` writes them.

    Raises
    ------
    RasterError : a wavelength is missing; the two do not lie on one grid or have other bands
    OutputError : as `write_raster`
    """
    values, deviations = open_raster(result), open_raster(sigma)
    bands = find_bands(values, index)
    _check_pair(values, deviations, bands)
    target, sources = _described(values, index), deviations.all_files
    settle([Path(dst).resolve()])
    check_targets([Target(dst, target, {}, write, sources)], overwrite=overwrite)
    # ^ before the work: what is wrong with a path is told at once
    cube = np.full((2, *values.shape), np.nan, np.float32)
    with holding_still(values, deviations):
        correlation = error_correlation(_strips(values, bands), len(bands))
        for window in _windows(values, bands):
            made = _made(values, deviations, window, bands, index, correlation)
            cube[(slice(None), *window)] = made
    _check_known(cube, deviations)
    found = np.isfinite(cube[0])
    pairs = correlation[np.triu_indices(len(bands), 1)]
    said = {
        "version": __version__,
        "index": index.name,
        "index_of": os.path.basename(values.path),
        "index_bands": " ".join(str(band + 1) for band in bands),
        "index_correlation": " ".join(f"{rho:.4f}" for rho in pairs),
    }
    tags = _made_by(values) | as_tags(said)
    write_raster(dst, target, cube, overwrite=overwrite, tags=tags, write=write, sources=sources)
    return IndexReport(
        os.fspath(dst),
        index.name,
        tuple(band + 1 for band in bands),
        tuple(values.bands[band].wavelength_nm or math.nan for band in bands),
        int(found.sum()),
        _mean(cube[0][found]),
        _mean(cube[1][found]),
    )


def _made_by(result: Raster) -> dict[str, str]:
    """Return the tags that say how a result was made, without what was measured of its values."""
    measured = ("HSISR_CONSISTENCY_", "HSISR_VALUES_CUT")
    return {k: v for k, v in result.provenance.items() if not k.startswith(measured)}


def find_bands(raster: Raster, index: Index) -> tuple[int, ...]:
    """Return the good bands nearest to the wavelengths of an index, from 0.

    Raises
    ------
    RasterError : none lies near enough, or no wavelengths are known
    """
    known = {
        band: nm
        for band in raster.bands.good_indices
        if (nm := raster.bands[band].wavelength_nm) is not None
    }
    if not known:
        raise RasterError(f"{raster.path}: no wavelengths are known, which {index.name} needs")
    found = []
    for wanted in index.wavelengths_nm:
        band, nm = min(known.items(), key=lambda item: abs(item[1] - wanted))
        if abs(nm - wanted) > NEAR_NM:
            raise RasterError(
                f"{raster.path}: {index.name} needs a good band within {NEAR_NM:g} nm of "
                f"{wanted:g} nm; the nearest is at {nm:g} nm"
            )
        found.append(band)
    return tuple(found)


def _check_pair(values: Raster, deviations: Raster, bands: Sequence[int]) -> None:
    _check_kinds(values, deviations)
    if len(deviations.bands) != len(values.bands):
        raise RasterError(
            f"{deviations.path} has {len(deviations.bands)} bands, {values.path} "
            f"{len(values.bands)}: give the uncertainty of all its bands "
            "(run --uncertainty with --uncertainty-bands all)"
        )
    apart = [
        abs(a - b)
        for a, b in zip(values.transform[:6], deviations.transform[:6], strict=True)
    ]  # fmt: skip
    pixel = math.hypot(values.transform.a, values.transform.d)
    if values.shape != deviations.shape or max(apart) > _SAME_PLACE * pixel:
        raise RasterError(
            f"{deviations.path} does not lie on the grid of {values.path}: give the uncertainty "
            "that was written beside it"
        )
    for band in bands:
        names = [r.bands[band].wavelength_nm for r in (values, deviations)]
        if None not in names and names[0] != names[1]:
            raise RasterError(
                f"{deviations.path}: band {band + 1} lies at {names[1]:g} nm, that of "
                f"{values.path} at {names[0]:g} nm: give the uncertainty written beside it"
            )


def _check_kinds(values: Raster, deviations: Raster) -> None:
    """Refuse a result in place of its uncertainty, and the other way round."""
    if _is_deviation(values):
        raise RasterError(f"{values.path} is an uncertainty: name the result that it belongs to")
    same = place_of(values.path) == place_of(deviations.path)
    if same or (deviations.provenance and not _is_deviation(deviations)):
        raise RasterError(
            f"{deviations.path} is no uncertainty, but a raster of values: give what "
            "run --uncertainty wrote beside the result"
        )


def _is_deviation(raster: Raster) -> bool:
    return raster.provenance.get(_CONTENT, "").startswith("standard deviation")


def _check_known(cube: Cube, deviations: Raster) -> None:
    if np.isfinite(cube[0]).any() and not np.isfinite(cube[1]).any():
        raise RasterError(
            f"{deviations.path} has no value in a band that the index needs: the model did not "
            "make it, so nothing is known of its error"
        )


def _made(
    values: Raster,
    deviations: Raster,
    window: Window,
    bands: Sequence[int],
    index: Index,
    correlation: Correlation,
) -> Cube:
    """Return index and deviation over a window, (2, row, col)."""
    x = read_window(values, *window, bands).astype(np.float64)
    sigma = read_window(deviations, *window, bands).astype(np.float64)
    value = index.value(x)
    deviation = np.where(np.isfinite(value), propagate(index.slopes(x), sigma, correlation), np.nan)
    return np.stack([value, deviation]).astype(np.float32)


def _windows(raster: Raster, bands: Sequence[int]) -> Iterator[Window]:
    for rows in strip_rows(raster.shape, 4 * len(bands)):
        yield rows, slice(0, raster.cols)


def _strips(raster: Raster, bands: Sequence[int]) -> Iterator[Cube]:
    for window in _windows(raster, bands):
        yield read_window(raster, *window, bands)


def _described(raster: Raster, index: Index) -> Raster:
    unit = index.unit or None
    names = index.name, f"standard deviation of {index.name}"
    bands = Bands(tuple(Band(name=name, unit=unit, nodata=math.nan) for name in names))
    return replace(raster, dtype="float32", has_mask=False, bands=bands, source_bands=None)


def _mean(values: np.ndarray) -> float | None:
    known = values[np.isfinite(values)]
    return float(known.mean(dtype=np.float64)) if known.size else None
