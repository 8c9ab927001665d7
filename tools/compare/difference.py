"""What differs between two folders of results, past what must differ: times, and where they lie."""

import json
import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from rasterio.errors import NotGeoreferencedWarning, RasterioIOError

SCRUBBED = (
    (r'("seconds":\s*)[-+.\de]+', "measured time"),
    (r"(\bin )\d+(?:\.\d+)? (?:s|min|h)\b", "measured time, in a sentence"),
    (
        r"(–[\d.]+</td>\s*<td>)[\d.]+(?=</td></tr>)",
        "measured time: last column of a report's checks",
    ),
    (r'("weights": ")[0-9a-f]{64}', "hash of a trained file: see `_model`"),
    (r"(, )\d+ s of processor time", "measured time of a training"),
    (r"(about )[\d.]+ (?:s|min|h)\b", "estimate of a dry run, from a measurement"),
    (r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ()", "moment of the run: STAC's datetime of processing"),
)
"""What is cut out of texts but for its group, and why it cannot be the same twice."""


def scrub(text: str, folder: Path) -> str:
    """Cut out what differs between two runs of one version.

    Parameters
    ----------
    folder : of the version: whatever it says of places begins with that
    """
    text = text.replace(str(folder), "<folder>")
    for pattern, _ in SCRUBBED:
        text = re.sub(pattern, r"\1<scrubbed>", text)
    return text


def differences(before: Path, after: Path, roots: tuple[Path, Path]) -> Iterator[str]:
    """Yield what differs, by the names of the files in the two folders.

    Parameters
    ----------
    roots : folders of the two versions, not to be told apart by
    """
    names = _names(before), _names(after)
    for name in sorted(names[0] ^ names[1]):
        yield f"{name}: only {'before' if name in names[0] else 'after'}"
    for name in sorted(names[0] & names[1]):
        if told := difference(before / name, after / name, roots):
            yield f"{name}: {told}"


def difference(before: Path, after: Path, roots: tuple[Path, Path]) -> str:
    """Tell the first difference of two files, "" where there is none."""
    contents = before.read_bytes(), after.read_bytes()
    if contents[0] == contents[1]:
        return ""
    if before.suffix == ".safetensors" and _model(contents[0]) == _model(contents[1]):
        return ""
    texts = [_as_text(content) for content in contents]
    if None not in texts:
        return _of_texts(*(scrub(str(t), root) for t, root in zip(texts, roots, strict=True)))
    return of_rasters(before, after) or _of_bytes(*contents)


def of_rasters(before: Path, after: Path) -> str:
    """Tell the first difference of what two rasters hold, "" if it is the same."""
    try:
        facts = [_facts(path) for path in (before, after)]
    except RasterioIOError:  # no rasters at all
        return ""
    for name, value in facts[0].items():
        other = facts[1][name]
        if isinstance(value, np.ndarray):
            if told := _of_pixels(value, other):
                return told
        elif value != other:
            return f"{name}: {_of_texts(str(value), str(other))}"
    return ""


def _names(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def _model(content: bytes) -> tuple[object, bytes]:
    """Part a model file into header and weights.

    The order of the header's keys says nothing: safetensors draws it anew in each process.
    """
    end = 8 + int.from_bytes(content[:8], "little")
    return json.loads(content[8:end]), content[end:]


def _as_text(content: bytes) -> str | None:
    try:
        return None if b"\0" in content else content.decode()
    except UnicodeDecodeError:
        return None


def _of_texts(before: str, after: str) -> str:
    if before == after:
        return ""
    pairs = enumerate(zip(before, after, strict=False))
    at = next((i for i, (a, b) in pairs if a != b), min(len(before), len(after)))
    line, start = before.count("\n", 0, at) + 1, max(0, at - 24)
    return f"line {line}: {before[start : at + 24]!r} became {after[start : at + 24]!r}"


def _of_bytes(before: bytes, after: bytes) -> str:
    differ = np.flatnonzero(
        np.frombuffer(before[: len(after)], "u1") != np.frombuffer(after[: len(before)], "u1")
    )
    at = int(differ[0]) if len(differ) else min(len(before), len(after))
    return f"{len(before)} and {len(after)} bytes, different from byte {at} on"


def _of_pixels(before: np.ndarray, after: np.ndarray) -> str:
    if before.shape != after.shape:
        return f"shape {before.shape} became {after.shape}"
    differ = np.argwhere((before != after) & ~((before != before) & (after != after)))
    if not len(differ):
        return ""
    band, row, col = place = tuple(int(i) for i in differ[0])
    return (
        f"{len(differ)} of {before.size} pixels, the first in band {band + 1}, row {row}, "
        f"column {col}: {before[place]} became {after[place]}"
    )


def _facts(path: Path) -> dict[str, Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.open(path) as dataset:
            return {
                "profile": sorted(map(str, dataset.profile.items())),
                "tags": sorted(dataset.tags().items()),
                "bands": [sorted(dataset.tags(i).items()) for i in dataset.indexes],
                "descriptions": dataset.descriptions,
                "scales and offsets": (dataset.scales, dataset.offsets),
                "pixels": dataset.read(),
            }
