"""Text as a terminal may get it: what would steer it, and bytes that are no text, are escaped.

Names of files may hold both, and come from wherever the files came from.
"""

import re

_STEERING = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
# ^ but tab and line feed; with the marks that turn the direction of text around
_NO_TEXT = re.compile(r"[\ud800-\udfff]")


def shown(text: str) -> str:
    r"""Return the text with `\x1b` for an escape and `\xff` for a byte that is not UTF-8."""
    return _NO_TEXT.sub(_byte, _STEERING.sub(_code, text))


def _code(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def _byte(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code - 0xDC00:02x}" if 0xDC80 <= code <= 0xDCFF else f"\\u{code:04x}"
