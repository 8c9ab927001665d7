"""A few pixels whose spectra are worth looking at, chosen by a fixed rule.

One typical pixel, two that differ from it in the shape of their spectrum, and one on an edge.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hsisr_geo.bands.radiometry import Cube

LEAST_BANDS = 3  # fewer make no spectrum
_MOST_PIXELS = 20_000  # candidates, on a lattice; enough, and a bound on memory
_BRIGHTNESS = (10.0, 98.0)  # percentiles: beyond are water and shadow, all noise, and glint


@dataclass(frozen=True)
class Exemplar:
    """A pixel (row, col) and why it was chosen."""

    row: int
    col: int
    why: str


def choose_exemplars(cube: Cube) -> tuple[Exemplar, ...]:
    """Choose up to four pixels of a cube (band, row, col); none of one with fewer than 3 bands.

    Typical: nearest to the median spectrum. Distinct, twice: largest spectral angle to those
    chosen before. These three come from the calmer half of the pixels, so that a mixed pixel does
    not stand for a material. Edge: of the pixels that differ most from their neighbours, the one
    at the 99 % quantile.
    """
    if len(cube) < LEAST_BANDS:
        return ()
    contrast = _contrast(cube)
    places = _candidates(contrast)
    if not len(places):
        return ()
    spectra = cube[:, places[:, 0], places[:, 1]].astype(np.float64)
    found = contrast[places[:, 0], places[:, 1]]
    chosen = dict(_distinct(spectra, found <= np.median(found)))
    edge = int(np.abs(found - np.quantile(found, 0.99)).argmin())
    chosen.setdefault(edge, "edge")
    return tuple(Exemplar(int(places[i][0]), int(places[i][1]), why) for i, why in chosen.items())


def _distinct(spectra: NDArray[np.float64], calm: NDArray[np.bool_]) -> Iterator[tuple[int, str]]:
    """Yield the columns of the typical spectrum and of two distinct ones."""
    brightness = np.linalg.norm(spectra, axis=0)
    low, high = np.percentile(brightness, _BRIGHTNESS)
    usable = calm & (brightness >= low) & (brightness <= high) & (brightness > 0)
    if not usable.any():
        return
    center = np.median(spectra[:, usable], axis=1)
    spread = spectra[:, usable].std(axis=1)
    spread[spread == 0] = 1.0
    away = np.linalg.norm((spectra - center[:, None]) / spread[:, None], axis=0)
    chosen = int(np.where(usable, away, np.inf).argmin())
    yield chosen, "typical"
    directions = spectra / np.where(brightness > 0, brightness, 1.0)
    cosine = np.full(len(brightness), -np.inf)
    for why in ("distinct", "distinct again"):
        cosine = np.maximum(cosine, directions.T @ directions[:, chosen])
        chosen = int(np.where(usable, cosine, np.inf).argmin())
        if cosine[chosen] > 1 - 1e-12:
            return
        yield chosen, why


def _contrast(cube: Cube) -> NDArray[np.float64]:
    """Mean squared difference to the four neighbours, in variances of a band; NaN at the rim."""
    rows, cols = cube.shape[1:]
    contrast = np.full((rows, cols), np.nan)
    if min(rows, cols) < 3:
        return contrast
    inner = np.zeros((rows - 2, cols - 2))
    for plane in cube:
        x = plane.astype(np.float64)
        variance = float(np.nanvar(x)) if np.isfinite(x).any() else 0.0
        middle = x[1:-1, 1:-1]
        for neighbour in (x[:-2, 1:-1], x[2:, 1:-1], x[1:-1, :-2], x[1:-1, 2:]):
            inner += (middle - neighbour) ** 2 / (variance or 1.0)
    contrast[1:-1, 1:-1] = inner
    return contrast


def _candidates(contrast: NDArray[np.float64]) -> NDArray[np.intp]:
    """Places (pixel, 2) with a value in all bands and around them, on a lattice."""
    places: NDArray[np.intp] = np.argwhere(np.isfinite(contrast))
    return places[:: -(-len(places) // _MOST_PIXELS) or 1]
