"""The three bands that show a scene as an eye would see it, and the stretch that makes them bright.

The QGIS plugin has the same rule, as it imports nothing of ours.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hsisr_geo.bands.bands import Bands
from hsisr_geo.bands.radiometry import Cube

RED_GREEN_BLUE_NM = (640.0, 550.0, 470.0)
FARTHEST_NM = 60.0  # a band farther from its colour than this does not stand for it
PERCENTILES = (2.0, 98.0)


@dataclass(frozen=True)
class Colors:
    """Indices of the bands for red, green and blue; `true` if they are near those colours."""

    bands: tuple[int, int, int]
    true: bool


def choose_colors(bands: Bands) -> Colors:
    """Choose the good bands nearest to red, green and blue.

    Where one of them has no band near, or wavelengths are not known, three bands spread over the
    spectrum, the longest as red; one band alone is grey. Bad bands only where there are no others.
    """
    usable = bands.good_indices or tuple(range(len(bands)))
    known = {i: nm for i in usable if (nm := bands[i].wavelength_nm) is not None}
    nearest = [_nearest(known, color) for color in RED_GREEN_BLUE_NM]
    if None not in nearest:
        red, green, blue = (i for i in nearest if i is not None)
        return Colors((red, green, blue), True)
    ordered = sorted(usable, key=lambda i: (known.get(i, 0.0), i))
    last = len(ordered) - 1
    return Colors((ordered[last * 3 // 4], ordered[last // 2], ordered[last // 4]), False)


def clear_colors(bands: Bands, cube: Cube) -> Colors:
    """Choose as `choose_colors`; of bands that stand for no colour, the clearest one thereabouts.

    A band of noise looks like none of the scene. What is clear is like itself a pixel further on.

    Parameters
    ----------
    cube : of all bands (band, row, col)
    """
    chosen = choose_colors(bands)
    if chosen.true or len(bands) < 3:
        return chosen
    usable = bands.good_indices or tuple(range(len(bands)))
    reach = max(1, len(bands) // 8)
    red, green, blue = (
        max((i for i in usable if abs(i - band) <= reach), key=lambda i: _clearness(cube[i]))
        for band in chosen.bands
    )
    return Colors((red, green, blue), False)


def _clearness(plane: NDArray[np.floating]) -> float:
    """Correlate pixels (row, col) with their neighbours along rows; -1 where that says nothing."""
    here, next_one = plane[:, :-1].ravel(), plane[:, 1:].ravel()
    valid = np.isfinite(here) & np.isfinite(next_one)
    if valid.sum() < 2 or np.ptp(here[valid]) == 0 or np.ptp(next_one[valid]) == 0:
        return -1.0
    return float(np.corrcoef(here[valid], next_one[valid])[0, 1])


def mark_colors(bands: Bands) -> Bands:
    """Mark the bands nearest to red, green and blue as such, where a file can say so.

    Nothing changes where some band is marked already, or none is near enough.
    """
    marked = {band.color for band in bands} & {"red", "green", "blue", "palette"}
    colors = choose_colors(bands)
    if marked or not colors.true or len(set(colors.bands)) < 3:
        return bands
    names = dict(zip(colors.bands, ("red", "green", "blue"), strict=True))
    return Bands(tuple(replace(b, color=names.get(i, b.color)) for i, b in enumerate(bands)))


def _nearest(wavelengths_nm: dict[int, float], color: float) -> int | None:
    """Return the band nearest to a colour, None if it does not stand for it."""
    away = {i: abs(nm - color) for i, nm in wavelengths_nm.items()}
    nearest = min(away, key=lambda i: away[i], default=None)
    return None if nearest is None or away[nearest] > FARTHEST_NM else nearest


def stretch_limits(image: Cube) -> NDArray[np.float64]:
    """Return the 2 and 98 % quantiles of each of three planes, (2, 3); zeros and ones for none."""
    limits = np.array([[0.0] * 3, [1.0] * 3])
    for i, plane in enumerate(image):
        valid = plane[np.isfinite(plane)]
        if valid.size:
            limits[:, i] = np.percentile(valid, PERCENTILES)
    return limits


def stretch(image: Cube, limits: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Turn three planes (3, row, col) into pixels (row, col, red-green-blue-alpha).

    A pixel without a value in any of them is transparent.
    """
    low, high = limits[0][:, None, None], limits[1][:, None, None]
    share = (image - low) / np.maximum(high - low, 1e-12)
    valid = np.isfinite(share).all(axis=0)
    rgba = np.empty((*valid.shape, 4), np.uint8)
    rgba[..., :3] = np.rint(255 * np.where(valid, share, 0).clip(0, 1)).transpose(1, 2, 0)
    rgba[..., 3] = np.where(valid, 255, 0)
    return rgba
