"""Lists of numbers, flags and names as files write them, in brackets of any kind or none."""

import math
import re
from collections.abc import Sequence

from hsisr_geo.bands.bands import to_nanometers

_TRUE, _FALSE = frozenset(("true", "yes", "good")), frozenset(("false", "no", "bad"))
_BRACKETS = {"{": "}", "[": "]", "(": ")"}
_DIGITS = re.compile(r"[+-]?\d+")
_QUOTED = re.compile(r"""^(["'])(.*)\1$""")
_SCALAR = re.compile(r"\b(?:np|numpy)\.(?:\w+\(([^()]*)\)|(True|False)_)")
_ARRAY = re.compile(r"(?:\b(?:np|numpy)\.)?array\((.*?)(?:,\s*dtype=[\w.<>|']+)?\)", re.DOTALL)
_REPR = re.compile(r"b?(['\"])((?:(?!\1).)*)\1", re.DOTALL)  # of one text, not of a list


def without_repr(text: str) -> str:
    """Take away what Python's `repr` puts around: programs write tags by it, NumPy's lists with it.

    >>> without_repr("[np.float64(450.5), np.float64(550.0)]"), without_repr("'nm'")
    ('[450.5, 550.0]', 'nm')
    """
    text = _SCALAR.sub(lambda found: found[1] or found[2], text.strip())
    for wrapped, inside in ((_ARRAY, 1), (_REPR, 2)):
        found = wrapped.fullmatch(text)
        text = found[inside].strip() if found else text
    return text


def split_list(value: str | None, count: int) -> list[str] | None:
    """Split a list such as "{ 1 , 2 }" or "[1 2]"; None unless it has `count` entries.

    >>> split_list("{ B4 , B5 }", 2)
    ['B4', 'B5']
    >>> split_list("(402,1 450,5)", 2)
    ['402.1', '450.5']
    """
    if value is None:
        return None
    text = _inside(value)
    readings = [_without_rim(text.split(","))]
    if count > 1 or "," not in text:
        readings.append(_without_rim(text.split(";")) if ";" in text else text.split())
    if count == 1:
        readings.append([text])
    found = next((items for items in readings if len(items) == count), None)
    if found is None or any(map(_is_decimal_comma, found)):
        found = _decimal_commas(text, count) or found
    return found


def split_names(value: str | None, count: int) -> list[str] | None:
    """Split a list of names, whose brackets may hold commas; None unless it has `count` entries.

    >>> split_names("{Ratio (B1,B2), B3}", 2)
    ['Ratio (B1,B2)', 'B3']
    """
    found = split_list(value, count)
    if found is not None or value is None:
        return found
    items = _without_rim(re.split(r",(?![^(]*\))", _inside(value)))
    return items if len(items) == count else None


def length(value: str) -> int:
    """Return how many entries a list seems to have."""
    text = _inside(value)
    return len(_without_rim(text.split(",")) if "," in text else text.split())


def _inside(value: str) -> str:
    """Return what is between brackets; those of an item, "B1 (402 nm)", stay."""
    text = without_repr(value)
    closing = _BRACKETS.get(text[:1])
    return text[1:].removesuffix(closing).strip() if closing else text


def _without_rim(items: Sequence[str]) -> list[str]:
    """Strip the items, and drop what a comma before the closing bracket makes."""
    stripped = [_QUOTED.sub(r"\2", item.strip()) for item in items]
    return stripped[:-1] if len(stripped) > 1 and not stripped[-1] else stripped


def _is_decimal_comma(item: str) -> bool:
    whole, comma, rest = item.partition(",")
    return bool(comma and _DIGITS.fullmatch(whole) and rest.isdecimal())


def _decimal_commas(text: str, count: int) -> list[str] | None:
    """Read numbers with decimal commas, kept apart by a comma, too, or by anything else."""
    parted = [item.strip(", ") for item in re.split(r"[;\s]+|,\s+", text) if item.strip(", ")]
    if len(parted) == count and all(map(_is_decimal_comma, parted)):
        return [item.replace(",", ".") for item in parted]
    digits = _without_rim(text.split(","))
    if len(digits) == 2 * count and all(map(_DIGITS.fullmatch, digits)):
        return [f"{digits[i]}.{digits[i + 1]}" for i in range(0, 2 * count, 2)]
    return None


def to_number(text: str | None) -> float | None:
    """Read a number; None for text that is no finite number."""
    try:
        number = float(without_repr(text or ""))
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def to_flag(text: str | None) -> bool | None:
    """Read whether something is so: a number other than 0, True, yes; None for anything else."""
    word = without_repr(text or "").lower()
    if word in _TRUE or word in _FALSE:
        return word in _TRUE
    number = to_number(text)
    return None if number is None else number != 0


def is_prose(text: str) -> bool:
    """Tell whether words stand where a list is expected: "400 to 900 nm", not "400 nm; 500 nm"."""
    if "," in text or ";" in text:
        return False
    words = [word.strip("{}[]().:") for word in text.split()]
    return any(
        len(word) > 1 and word.isalpha() and not (to_flag(word) is not None or _is_unit(word))
        for word in words
    )


def _is_unit(word: str) -> bool:
    told = to_nanometers(1.0, word) is not None
    return told or word.lower() in ("nan", "null", "none", "na")
