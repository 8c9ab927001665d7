"""`differing_units`: two rasters that are compared and have values of other magnitudes."""

import math

import numpy as np

from hsisr_geo.bands.radiometry import Cube

_APART = 8.0  # times: no super-resolution is off by that, and units differ by 10 or more


def differing_units(sr: Cube, reference: Cube, names: tuple[str, str]) -> str:
    """Say so where one cube's values are many times the other's; "" where they are not.

    Parameters
    ----------
    sr, reference : (band, row, col), NaN where there is no value
    names : of both, for the sentence
    """
    both = np.isfinite(sr) & np.isfinite(reference)
    typical = [float(np.median(np.abs(cube[both]))) if both.any() else 0.0
               for cube in (sr, reference)]  # fmt: skip
    if min(typical) <= 0 or max(typical) < _APART * min(typical):
        return ""
    small, large = names if typical[0] < typical[1] else names[::-1]
    factor = max(typical) / min(typical)
    step = 10.0 ** -round(math.log10(factor))
    return (
        f"values of {large} are about {factor:.3g} times those of {small}: their units seem to "
        "differ, as of reflectance and unscaled DN, and the scores mean little; tell the scale "
        f"with gdal_edit.py -scale {step:g} {large}"
    )
