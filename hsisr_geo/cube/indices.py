"""Quantities that users map: NDVI, PRI, red-edge position, depths of absorptions; by band ratios.

Each is computed from the bands nearest to the wavelengths of its definition, of a cube in
reflectance. A pixel where one of these bands has no value, or none above zero, has no index.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hsisr_geo.errors import OptionError

Plane = NDArray[np.float64]
"""Array (row, col), NaN where there is no value."""
NEAR_NM = 12.0
"""A band farther than this from the wavelength that is asked for does not stand for it."""
LEAST_GREEN = 0.3
"""Below this NDVI there is no red edge to find."""
SHOULDERS_NM = {900: (780.0, 1000.0), 2200: (2120.0, 2260.0)}
"""Where the continuum is taken for an absorption: of ferric iron at 900 nm, of clay at 2200 nm."""


@dataclass(frozen=True)
class Index:
    """An index, as a function of a cube and its wavelengths.

    Attributes
    ----------
    name, title
        "ndvi"; for people.
    unit
        Of the values; "" for a ratio.
    needs_nm
        Wavelengths whose bands are taken.
    formula
        Of these bands' planes, in that order.
    """

    name: str
    title: str
    unit: str
    needs_nm: tuple[float, ...]
    formula: Callable[..., Plane]

    def bands(self, wavelengths_nm: Sequence[float | None]) -> tuple[int, ...] | None:
        """Return the bands (from 0) that stand for what is needed, None where one is missing."""
        known = [(nm, i) for i, nm in enumerate(wavelengths_nm) if nm is not None]
        nearest = [min((abs(nm - need), i) for nm, i in known) for need in self.needs_nm if known]
        if not nearest or max(nearest)[0] > NEAR_NM:
            return None
        return tuple(i for _, i in nearest)

    def __call__(self, cube: NDArray[np.floating], wavelengths_nm: Sequence[float | None]) -> Plane:
        """Return the index of each pixel of a cube (band, row, col), NaN where it has none.

        Raises
        ------
        OptionError : no band is near one of the wavelengths
        """
        bands = self.bands(wavelengths_nm)
        if bands is None:
            needs = ", ".join(f"{nm:g}" for nm in self.needs_nm)
            raise OptionError(f"{self.title} needs bands within {NEAR_NM:g} nm of {needs} nm")
        return self.of_planes(*(cube[band] for band in bands))

    def of_planes(self, *planes: NDArray[np.floating]) -> Plane:
        """Return the index from the planes of its bands."""
        positive = [np.where(plane > 0, plane, np.nan).astype(np.float64) for plane in planes]
        with np.errstate(invalid="ignore", divide="ignore"):
            return self.formula(*positive)


def _difference(one: Plane, other: Plane) -> Plane:
    """Normalised difference, -1 to 1."""
    return (one - other) / (one + other)


def _edge(red: Plane, low: Plane, high: Plane, top: Plane) -> Plane:
    """Where the red edge is halfway up, in nm, on a line from 700 to 740 nm."""
    position = 700 + 40 * ((red + top) / 2 - low) / (high - low)
    return np.where((high > low) & (_difference(top, red) >= LEAST_GREEN), position, np.nan)


def band_depth(centre_nm: int) -> Index:
    """Return the depth of an absorption below a straight continuum (Clark & Roush 1984).

    Raises
    ------
    OptionError : it is none of those whose shoulders are known
    """
    if centre_nm not in SHOULDERS_NM:
        known = " or ".join(map(str, SHOULDERS_NM))
        raise OptionError(f"depths of absorptions are at {known} nm, not at {centre_nm:g}")
    left, right = SHOULDERS_NM[centre_nm]
    share = (centre_nm - left) / (right - left)

    def depth(before: Plane, floor: Plane, after: Plane) -> Plane:
        return 1 - floor / ((1 - share) * before + share * after)

    needs = (left, float(centre_nm), right)
    return Index(f"depth:{centre_nm}", f"band depth at {centre_nm} nm", "", needs, depth)


ndvi = Index("ndvi", "NDVI", "", (800.0, 670.0), _difference)  # Rouse et al. 1974
pri = Index("pri", "PRI", "", (531.0, 570.0), _difference)  # Gamon et al. 1992
red_edge_position = Index(
    "rep", "red-edge position", "nm", (670.0, 700.0, 740.0, 780.0), _edge
)  # Guyot & Baret 1988
INDICES = (ndvi, pri, red_edge_position, *(band_depth(centre) for centre in SHOULDERS_NM))


def find_index(name: str) -> Index:
    """Return the index of a name: ndvi, pri, rep, depth:900, depth:2200.

    Raises
    ------
    OptionError : there is none of that name
    """
    for index in INDICES:
        if index.name == name.lower():
            return index
    raise OptionError(f"no index {name!r}: there are {', '.join(i.name for i in INDICES)}")
