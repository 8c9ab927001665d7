"""Scenes to test on that are copies of scenes to train on, or links to them: told by content."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from hsisr_geo.benchmark.data.sources import find_sources
from hsisr_geo.errors import HsisrError, OptionError, RasterError
from hsisr_geo.raster.products.recognise import describe
from hsisr_geo.raster.read import read_window
from hsisr_geo.resolver.header import sha256_of

_SIDE = 16  # half of that of the middle, in pixels
_WORDS = (".txt", ".md", ".hdr", ".xml", ".json", ".csv", ".html", ".pdf")  # many scenes share them


def check_no_copies(train: Path, test: Path) -> None:
    """Refuse scenes of the same content, in another format or compressed otherwise, too.

    Of files only those of one size are read; of rasters the middle is. A copy of a `.mat` file in
    another format is not told.

    Raises
    ------
    OptionError : naming both
    """
    trained: dict[int, list[Path]] = {}
    seen: dict[str, Path] = {}
    for scene in _scenes(train):
        trained.setdefault(_size(scene), []).append(scene)
        seen[_middle(scene)] = scene
    for scene in _scenes(test):
        same = (o for o in trained.get(_size(scene), ()) if _content(o) == _content(scene))
        other = next(same, None) or seen.get(_middle(scene) or "none")
        if other is not None:
            raise OptionError(
                f"{scene}, to be tested on, has the content of {other}, which is trained on: "
                "leave one of them out"
            )


def _middle(scene: Path) -> str:
    """Hash shape and middle of a raster; "" for what is none, or has the same number throughout."""
    try:
        raster = describe(str(scene))  # which says nothing of what is odd about it
        rows, cols = (slice(max(0, n // 2 - _SIDE), min(n, n // 2 + _SIDE)) for n in raster.shape)
        pixels = read_window(raster, rows, cols)
    except (HsisrError, ValueError, TypeError, KeyError):
        return ""
    known = pixels[np.isfinite(pixels)]
    if known.size == 0 or known.min() == known.max():
        return ""
    return f"{raster.shape} {hashlib.sha256(pixels.tobytes()).hexdigest()}"


def _scenes(place: Path) -> Iterator[Path]:
    """Yield the files and folders that hold a scene; none where there are none, told elsewhere."""
    try:
        sources = find_sources(place)
    except RasterError:
        return
    yield from (source.path for source in sources)


def _files(scene: Path) -> list[Path]:
    if scene.is_file():
        return [scene]
    every = sorted(path for path in scene.rglob("*") if path.is_file())
    return [path for path in every if path.suffix.lower() not in _WORDS]


def _size(scene: Path) -> int:
    return sum(path.stat().st_size for path in _files(scene))


def _content(scene: Path) -> list[str]:
    return sorted(map(sha256_of, _files(scene)))
