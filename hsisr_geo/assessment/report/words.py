"""Numbers and bands as a reader wants them: lists, ranges, significant digits."""

import math
from collections.abc import Iterator, Sequence

from hsisr_geo.bands.bands import Bands

_MOST_RANGES = 8


def joined(words: Sequence[str]) -> str:
    """Join words: "PSNR, SSIM and ERGAS"."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def band_list(bands: Bands, indices: Sequence[int]) -> str:
    """Name bands by wavelength, else by number from 1, neighbours as ranges.

    e.g. "418-431, 2 250 nm" or "bands 1-4, 17"
    """
    runs = list(_runs(indices))
    known = all(bands[i].wavelength_nm is not None for i in indices)
    texts = [_range(bands, first, last, known) for first, last in runs[:_MOST_RANGES]]
    more = f" and {counted(len(runs) - _MOST_RANGES, 'more range')}" if runs[_MOST_RANGES:] else ""
    listed = ", ".join(texts)
    if known:
        return f"{listed} nm{more}"
    return f"{'band' if len(indices) == 1 else 'bands'} {listed}{more}"


def figure(value: float | None, digits: int = 3) -> str:
    """Write a number with some significant digits, a dash for none.

    e.g. 0.00012345 -> "0.000123", 12345.6 -> "12346"
    """
    if value is None or math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    if value != 0 and abs(value) < 1e-4:
        return f"{value:.{digits - 1}e}"
    places = digits - 1 - (math.floor(math.log10(abs(value))) if value else 0)
    return f"{value:.{max(places, 0)}f}"


def fixed(value: float | None, places: int) -> str:
    """Write a number with some decimal places, a dash for none."""
    if value is None or not math.isfinite(value):
        return figure(value)
    return f"{value:.{places}f}"


def percent(share: float | None, digits: int = 3) -> str:
    """Write a share in per cent, without the sign, with some significant digits."""
    return figure(None if share is None else 100 * share, digits)


def _runs(indices: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield first and last of each run of consecutive numbers."""
    start = 0
    for i in range(1, len(indices) + 1):
        if i == len(indices) or indices[i] != indices[i - 1] + 1:
            yield indices[start], indices[i - 1]
            start = i


def _range(bands: Bands, first: int, last: int, known: bool) -> str:
    ends = [bands[i].wavelength_nm if known else i + 1 for i in (first, last)]
    low, high = (f"{end:.0f}" for end in ends)
    return low if first == last else f"{low}–{high}"


def counted(number: float, noun: str) -> str:
    """Return e.g. "1 band", "204 bands", "0.5 CPU minutes"."""
    said = f"{number:g}" if isinstance(number, float) else str(number)
    return f"{said} {noun}" + ("" if number == 1 else "s")
