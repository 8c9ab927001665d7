"""Quantities that users map: NDVI, PRI, red-edge position, depths of absorptions; with slopes.

Each is computed from the bands nearest to the wavelengths of its definition, of a cube in
reflectance, whatever its scale. A pixel where one of these bands has no value, or none above zero,
has no index.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hsisr_geo.errors import OptionError

Values = NDArray[np.float64]
"""float64 array (band, row, col), or of any shape behind the bands; NaN where there is no value."""

NEAR_NM = 10.0
"""How far the centre of a band may lie from the wavelength that stands in a formula."""

_EDGE_NM = (700.0, 740.0)
_LEAST_GREEN = 0.3  # NDVI below which there is no red edge to find


@dataclass(frozen=True)
class Index:
    """An index by its formula.

    Attributes
    ----------
    name, title
        As it is asked for; for people.
    unit
        Of the index; "" for a ratio.
    wavelengths_nm
        Of the bands that it is made of, in the order that the functions take them.
    formula
        (band, ...) -> (...), of values above zero.
    slopes
        (band, ...) -> (band, ...): its derivative by each band.
    """

    name: str
    title: str
    unit: str
    wavelengths_nm: tuple[float, ...]
    formula: Callable[[Values], Values]
    slopes: Callable[[Values], Values]

    def bands(self, wavelengths_nm: Sequence[float | None]) -> tuple[int, ...] | None:
        """Return the bands (from 0) that stand for what is needed, None where one is missing."""
        known = [(nm, i) for i, nm in enumerate(wavelengths_nm) if nm is not None]
        nearest = [min((abs(nm - w), i) for nm, i in known) for w in self.wavelengths_nm if known]
        if not nearest or max(nearest)[0] > NEAR_NM:
            return None
        return tuple(i for _, i in nearest)

    def value(self, x: NDArray[np.floating]) -> Values:
        """Return the index of its bands (band, ...), NaN where it has none."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return self.formula(np.where(x > 0, x, np.nan).astype(np.float64))


def find_index(name: str) -> Index:
    """Return the index of a name.

    ndvi: (R800 - R670) / (R800 + R670), Tucker (1979). pri: (R531 - R570) / (R531 + R570), Gamon
    et al. (1992). rep: the red edge's position in nm, where reflectance is half-way between R670
    and R780, between 700 and 740 nm, Guyot & Baret (1988), where NDVI is at least 0.3. depth:2200
    (clay, between 2120 and 2250 nm) and depth:900 (ferric iron, between 775 and 1035 nm): one minus
    reflectance over the straight line between the two, Clark & Roush (1984).

    Raises
    ------
    OptionError
        No index is called so.
    """
    for index in INDICES:
        if index.name == name.lower():
            return index
    raise OptionError(f"there is no index {name!r}: choose {', '.join(NAMES)}")


def _normalised_difference(name: str, first: float, second: float) -> Index:
    def value(x: Values) -> Values:
        return _ratio(x[0] - x[1], x[0] + x[1])

    def slopes(x: Values) -> Values:
        square = (x[0] + x[1]) ** 2
        return np.stack([_ratio(2 * x[1], square), _ratio(-2 * x[0], square)])

    return Index(name, name.upper(), "", (first, second), value, slopes)


def _band_depth(left: float, middle: float, right: float) -> Index:
    share = (middle - left) / (right - left)

    def line(x: Values) -> Values:
        across: Values = (1 - share) * x[0] + share * x[2]
        return across

    def value(x: Values) -> Values:
        return 1 - _ratio(x[1], line(x))

    def slopes(x: Values) -> Values:
        across = line(x)
        steep = _ratio(x[1], across**2)
        inverse = _ratio(np.ones_like(across), across)
        return np.stack([(1 - share) * steep, -inverse, share * steep])

    name, title = f"depth:{middle:g}", f"band depth at {middle:g} nm"
    return Index(name, title, "", (left, middle, right), value, slopes)


def _edge_value(x: Values) -> Values:
    r670, r700, r740, r780 = x
    start, end = _EDGE_NM
    share = _ratio((r670 + r780) / 2 - r700, r740 - r700)
    green = _ratio(r780 - r670, r780 + r670) >= _LEAST_GREEN
    known = green & (share >= 0) & (share <= 1)
    at: Values = np.where(known, start + (end - start) * share, np.nan)
    return at


def _edge_slopes(x: Values) -> Values:
    r670, r700, r740, r780 = x
    width = _EDGE_NM[1] - _EDGE_NM[0]
    rise = r740 - r700
    above = (r670 + r780) / 2 - r700
    half = _ratio(np.full_like(rise, width / 2), rise)
    by_740 = -width * _ratio(above, rise**2)
    by_700 = -2 * half - by_740
    return np.stack([half, by_700, by_740, half])


def _ratio(over: Values, under: Values) -> Values:
    """Divide, with NaN where the denominator is not positive: no spectrum of anything."""
    out: Values = np.full(np.shape(under), np.nan)
    np.divide(over, under, out=out, where=np.asarray(under) > 0)
    return out


INDICES = (
    _normalised_difference("ndvi", 800, 670),
    _normalised_difference("pri", 531, 570),
    Index("rep", "red-edge position", "nm", (670, 700, 740, 780), _edge_value, _edge_slopes),
    _band_depth(775, 900, 1035),
    _band_depth(2120, 2200, 2250),
)
NAMES = tuple(index.name for index in INDICES)
