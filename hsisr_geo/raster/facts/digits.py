"""Numbers that lie so far from zero that float32, in which all is computed, tells few apart."""

import numpy as np

from hsisr_geo.errors import RasterError
from hsisr_geo.raster.fill import windows
from hsisr_geo.raster.raster import Raster
from hsisr_geo.raster.read import read_both

_LONG = ("int32", "uint32", "int64", "uint64", "float64")
_LEAST = 512  # steps of float32 from a band's least value to its largest; its scene has as many
_BANDS = 3  # that are looked at


def coarse_numbers(raster: Raster) -> str:
    """Say so where a band's values are but a few steps of float32 apart; "" where none are."""
    if raster.dtype not in _LONG or raster.source is None:
        return ""
    count = len(raster.bands)
    bands = np.unique(np.linspace(0, count - 1, _BANDS).astype(int)).tolist()
    try:
        coarse = [band for band in bands if _is_coarse(raster, band)]
    except (RasterError, MemoryError):  # whoever reads all of it will say so
        return ""
    if not coarse:
        return ""
    return (
        f"band {coarse[0] + 1} has so large numbers beside their differences that float32, in "
        "which all is computed, tells few of them apart: subtract an offset first, e.g. with "
        "gdal_calc.py"
    )


def _is_coarse(raster: Raster, band: int) -> bool:
    """Tell whether float32 loses differences: of more values than it has steps for them."""
    stored, values = [], []
    for window in windows(raster):
        (number,), (value,) = read_both(raster, *window, [band])
        there = np.isfinite(value)
        stored.append(number[there])
        values.append(value[there])
    exact, single = np.concatenate(stored), np.concatenate(values)
    if not exact.size or single.min() == single.max() == 0:
        return False
    step = float(np.spacing(np.abs(single).max()))
    steps = float(single.max() - single.min()) / step
    return steps < _LEAST and len(np.unique(exact)) > 2 * len(np.unique(single))
