"""JSON of values that need not be finite: NaN and infinity, which it does not have, become null."""

import json
import math
import re
from collections.abc import Mapping
from typing import Any

_NO_TEXT = re.compile(r"[\ud800-\udfff]")  # bytes of a file's name that are not UTF-8


def json_text(value: Any, indent: int | None = None) -> str:
    """Serialise numbers, texts, lists and mappings; anything else as its text."""
    plain = _finite(value)
    text = json.dumps(plain, indent=indent, ensure_ascii=False, allow_nan=False, default=str)
    return _NO_TEXT.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return value
