"""`compare()`: the scores of a raster file against a reference on the same grid."""

import itertools
import math
import os
from dataclasses import dataclass

import numpy as np

from hsisr_geo.bands.metadata import PROVENANCE_PREFIX
from hsisr_geo.bands.radiometry import Cube
from hsisr_geo.engine.identity import holding_still
from hsisr_geo.errors import RasterError
from hsisr_geo.metrics import Scores, evaluate
from hsisr_geo.paths import place_of
from hsisr_geo.raster.open import open_raster
from hsisr_geo.raster.place.crs import same_crs
from hsisr_geo.raster.raster import Raster
from hsisr_geo.raster.read import read_window, whole

_TOLERANCE_PX = 1e-6
_TOLERANCE_NM = 1.0  # GDAL's IMAGERY tags of an ENVI file are rounded to a nanometre
_APART = 8.0  # times: no super-resolution is off by that, and units differ by 10 or more


@dataclass(frozen=True)
class Comparison:
    """What was found.

    Attributes
    ----------
    bands : that were compared, from 0
    warning : what makes the scores mean little, "" where nothing does
    """

    scores: Scores
    bands: tuple[int, ...]
    warning: str


def compare(
    sr_path: str | os.PathLike[str],
    ref_path: str | os.PathLike[str],
    *,
    upscale: int | None = None,
    data_range: float | None = None,
    all_bands: bool = False,
) -> Comparison:
    """Score a raster file against another.

    Parameters
    ----------
    upscale : ratio of ERGAS; by default what the file says of its making
    data_range : peak value of PSNR and SSIM, as of `metrics.evaluate`
    all_bands : those that either marks as bad, too

    Raises
    ------
    RasterError
        A file cannot be read, the grids or bands differ, or there is nothing to compare.
    """
    sr, reference = open_raster(sr_path), open_raster(ref_path)
    _check_same_grid(sr, reference)
    bands = _bands_to_compare(sr, reference, all_bands=all_bands)
    with holding_still(sr, reference):
        made, truth = _read(sr, bands), _read(reference, bands)
    factor = upscale or _made_with_upscale(sr)
    scores = evaluate(made, truth, upscale=factor, data_range=data_range)
    names = os.fspath(sr_path), os.fspath(ref_path)
    warning = _same_file(sr, reference) or _differing_units(made, truth, names)
    return Comparison(scores, bands, warning)


def _same_file(sr: Raster, reference: Raster) -> str:
    same = place_of(sr.path) == place_of(reference.path)
    return f"{sr.path} was compared with itself: give the reference" if same else ""


def _check_same_grid(sr: Raster, reference: Raster) -> None:
    """Refuse rasters whose pixels or bands do not correspond, naming what differs."""
    difference = _difference(sr, reference)
    if difference:
        raise RasterError(
            f"{sr.path} and {reference.path} cannot be compared: {difference}; the reference must "
            "have the grid and bands of the super-resolved raster; where there is none, hsisr-geo "
            "assess degrades the scene and compares it with itself"
        )


def _difference(sr: Raster, reference: Raster) -> str:
    """Say what differs first, "" where nothing does."""
    if len(sr.bands) != len(reference.bands):
        return f"{len(sr.bands)} and {len(reference.bands)} bands"
    if sr.shape != reference.shape:
        return f"{sr.rows} x {sr.cols} and {reference.rows} x {reference.cols} rows and columns"
    if bool(sr.crs) != bool(reference.crs):
        return "one has no coordinate reference system"
    if not same_crs(sr.crs, reference.crs):
        return "their coordinate reference systems differ"
    shift = _corner_shift_px(sr, reference)
    if shift > _TOLERANCE_PX:
        return f"their grids differ by {shift:.3g} pixels"
    for number, (one, other) in enumerate(zip(sr.bands, reference.bands, strict=True), start=1):
        a, b = one.wavelength_nm, other.wavelength_nm
        if a is not None and b is not None and abs(a - b) > _TOLERANCE_NM:
            return f"band {number} is at {a:g} nm and {b:g} nm"
    return ""


def _corner_shift_px(sr: Raster, reference: Raster) -> float:
    """Return how far apart the corners of two grids of one shape lie, in pixels at most."""
    to_pixels = ~reference.transform @ sr.transform
    shifts = []
    for corner in itertools.product((0, sr.cols), (0, sr.rows)):
        moved = to_pixels @ corner
        shifts += [abs(moved[0] - corner[0]), abs(moved[1] - corner[1])]
    return float(max(shifts))


def _bands_to_compare(sr: Raster, reference: Raster, *, all_bands: bool) -> tuple[int, ...]:
    if all_bands:
        return tuple(range(len(reference.bands)))
    good = tuple(i for i in reference.bands.good_indices if sr.bands[i].good)
    if not good:
        raise RasterError(
            f"{reference.path}: every band is marked as bad; use --all-bands to compare them anyway"
        )
    return good


def _read(raster: Raster, bands: tuple[int, ...]) -> Cube:
    return read_window(raster, *whole(raster), bands)


def _made_with_upscale(raster: Raster) -> int | None:
    """Return the upscale that a raster made by us carries; None for others."""
    text = raster.provenance.get(f"{PROVENANCE_PREFIX}UPSCALE", "")
    return int(text) if text.isdigit() else None


def _differing_units(sr: Cube, reference: Cube, names: tuple[str, str]) -> str:
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
