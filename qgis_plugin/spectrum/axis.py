"""Where the ticks of an axis stand, and how numbers are written there. Plain Python."""

from __future__ import annotations

import math


def ticks(low: float, high: float, wanted: int = 6) -> list[float]:
    """Return round numbers between two values, about `wanted` of them.

    e.g. (430, 2450) -> [500, 1000, 1500, 2000]
    """
    if not (math.isfinite(low) and math.isfinite(high)) or high <= low:
        return []
    rough = (high - low) / wanted
    power = 10.0 ** math.floor(math.log10(rough))
    step = min((f * power for f in (1, 2, 2.5, 5, 10) if f * power >= rough), default=10 * power)
    first = math.ceil(low / step - 1e-9)
    return [round(step * number, 12) for number in range(first, math.floor(high / step + 1e-9) + 1)]


def text(value: float) -> str:
    """Return a number as an axis shows it, e.g. 0.25 or 1 500."""
    return f"{value:.6g}".replace("-", "−")


def span(values, share: float = 0.06) -> tuple[float, float]:
    """Return the range of the finite values with a margin; (0, 1) without any."""
    finite = [value for value in values if math.isfinite(value)]
    if not finite:
        return 0.0, 1.0
    low, high = min(finite), max(finite)
    margin = share * (high - low) or abs(high) * share or 1.0
    return low - margin, high + margin
