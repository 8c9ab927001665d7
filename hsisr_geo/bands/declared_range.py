"""The range of numbers that a file declares as valid; what is beyond it is missing.

CF 1.11 §2.5.1: `valid_range`, `valid_min` and `valid_max` are of the packed numbers, unless their
type is that of the unpacked ones.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hsisr_geo.bands.lists import split_list, to_number

Limits = tuple[float, float]  # stored numbers, both included


def read_limits(
    attributes: Mapping[str, Any], dtype: str, scale: float = 1.0, offset: float = 0.0
) -> Limits | None:
    """Read the limits of valid numbers; None where the file declares none, or all are valid."""
    low, high = _pair(attributes.get("valid_range"))
    if low is None and high is None:
        low, high = (_pair(attributes.get(key))[0] for key in ("valid_min", "valid_max"))
    if low is None and high is None:
        return None
    limits = (-math.inf if low is None else low, math.inf if high is None else high)
    if np.dtype(dtype).kind in "iu" and _is_unpacked(attributes) and scale:
        ends = sorted((end - offset) / scale for end in limits)
        limits = ends[0], ends[1]
    return limits if limits[0] <= limits[1] else None


def outside(stored: NDArray[Any], limits: Limits) -> NDArray[np.bool_]:
    """Return where stored numbers are beyond the limits."""
    return np.asarray((stored < limits[0]) | (stored > limits[1]))


def free_number(dtype: str, limits: Limits) -> float | None:
    """Return a number that is not valid, to stand for no value; None where all are."""
    if np.dtype(dtype).kind == "f":
        return math.nan
    info = np.iinfo(dtype)
    lowest, highest = int(info.min), int(info.max)
    ends = (lowest, highest) if lowest < 0 else (0, highest)
    return next((float(n) for n in ends if not limits[0] <= n <= limits[1]), None)


def _is_unpacked(attributes: Mapping[str, Any]) -> bool:
    told = next((attributes[k] for k in ("valid_range", "valid_min", "valid_max")
                 if k in attributes), None)  # fmt: skip
    fractions = [v for v in _pair(told) if v is not None and v != int(v)]
    floating = not isinstance(told, str) and np.asarray(told).dtype.kind == "f"
    return "scale_factor" in attributes and (floating or bool(fractions))


def _pair(value: Any) -> tuple[float | None, float | None]:
    """Read one number or two, also in a text as GDAL writes it: "{100,3000}"."""
    if value is None:
        return None, None
    if isinstance(value, str):
        items: list[Any] = split_list(value, 2) or split_list(value, 1) or []
    else:
        items = list(np.ravel(value))[:2]
    numbers = [to_number(str(item)) for item in items]
    return (*numbers, None, None)[0], (*numbers, None, None)[1]
