"""The ground that two rasters have in common: where one lies on the other, and bands of both."""

from collections.abc import Sequence

import numpy as np
from affine import Affine

from hsisr_geo.assessment.pair.sight import Cube
from hsisr_geo.errors import RasterError
from hsisr_geo.raster.place.crs import same_crs
from hsisr_geo.raster.raster import Raster
from hsisr_geo.raster.read import read_window, whole

_APART_NM = 10.0  # bands of the two sensors that count as the same


def placed(coarse: Raster, fine: Raster) -> Affine:
    """Return where COARSE's pixels lie on FINE's grid.

    Raises
    ------
    RasterError : one has no place, their CRSs differ, they lie askew, or FINE is hardly finer
    """
    told = f"{coarse.path} and {fine.path}"
    if not (coarse.has_transform and fine.has_transform):
        raise RasterError(f"{told}: both must have a place; give them a geotransform first")
    if not same_crs(coarse.crs, fine.crs):
        raise RasterError(f"{told}: their coordinate reference systems differ; reproject one")
    place: Affine = ~fine.transform @ coarse.transform
    if max(abs(place.b), abs(place.d)) > 1e-6 * abs(place.a):
        raise RasterError(f"{told}: their grids are askew to each other; reproject one")
    if min(abs(place.a), abs(place.e)) < 2:
        raise RasterError(f"{told}: the second must be at least twice as fine as the first")
    return place


def common_bands(coarse: Raster, fine: Raster) -> tuple[tuple[int, int], ...]:
    """Pair each good band of FINE with the nearest good one of COARSE; both count from 0.

    Raises
    ------
    RasterError : none are near each other
    """
    pairs = []
    known = [(coarse.bands[i].wavelength_nm, i) for i in coarse.bands.good_indices]
    for number in fine.bands.good_indices:
        wave = fine.bands[number].wavelength_nm
        near = [(abs(w - wave), i) for w, i in known if w is not None and wave is not None]
        if near and min(near)[0] <= _APART_NM:
            pairs.append((min(near)[1], number))
    if not pairs:
        raise RasterError(
            f"{coarse.path} and {fine.path}: no good bands within {_APART_NM:g} nm of each other"
        )
    return tuple(pairs)


def read_bands(raster: Raster, bands: Sequence[int]) -> Cube:
    """Read these bands, whole."""
    cube = read_window(raster, *whole(raster), bands)
    return cube.astype(np.float64)
