"""Scenes to test on that are copies of scenes to train on, or links to them: told by content."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hsisr_geo.benchmark.data.sources import FileSource, cube_of, find_sources
from hsisr_geo.cube.likeness import SHARED, pixels_of, shared
from hsisr_geo.errors import HsisrError, OptionError, RasterError
from hsisr_geo.raster.products.recognise import describe
from hsisr_geo.raster.read import read_window
from hsisr_geo.resolver.header import sha256_of

_SIDE = 16  # half of that of the middle, in pixels
_WORDS = (".txt", ".md", ".hdr", ".xml", ".json", ".csv", ".html", ".pdf")  # many scenes share them


def check_no_copies(train: Path, test: Path) -> None:
    """Refuse scenes of the same content, in another format, cut out, turned, in other units, too.

    Of files only those of one size are read; of rasters the middle is, and of scenes of enough
    bands all pixels are told by their spectra (`cube.likeness`).

    Raises
    ------
    OptionError : naming both
    """
    trained, tested = _sources(train), _sources(test)
    if not (trained and tested):
        return
    by_size: dict[int, list[Path]] = {}
    seen: dict[str, Path] = {}
    for source in trained:
        by_size.setdefault(_size(source.path), []).append(source.path)
        seen[_middle(source.path)] = source.path
    for source in tested:
        scene = source.path
        same = (o for o in by_size.get(_size(scene), ()) if _content(o) == _content(scene))
        other = next(same, None) or seen.get(_middle(scene) or "none")
        if other is not None:
            raise _is_no_other(scene, other, "has the content of")
    _check_pixels(trained, tested)


def _check_pixels(trained: Sequence[FileSource], tested: Sequence[FileSource]) -> None:
    pixels = [(source.path, _pixels(source)) for source in tested]
    for source in trained:
        those = _pixels(source)
        for scene, these in pixels:
            if (share := shared(these, those)) > SHARED:
                raise _is_no_other(scene, source.path, f"shares {share:.0%} of its pixels with")


def _is_no_other(scene: Path, other: Path, how: str) -> OptionError:
    return OptionError(
        f"{scene}, to be tested on, {how} {other}, which is trained on: leave one of them out"
    )


def _pixels(source: FileSource) -> NDArray[np.uint64]:
    """Tell the pixels of a scene; none of what cannot be read, which is told elsewhere."""
    try:
        return pixels_of(cube_of(source))
    except (HsisrError, ValueError, TypeError, KeyError):
        return np.empty(0, np.uint64)


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


def _sources(place: Path) -> list[FileSource]:
    """Return what holds a scene; nothing where there are none, which is told elsewhere."""
    try:
        return find_sources(place)
    except RasterError:
        return []


def _files(scene: Path) -> list[Path]:
    if scene.is_file():
        return [scene]
    every = sorted(path for path in scene.rglob("*") if path.is_file())
    return [path for path in every if path.suffix.lower() not in _WORDS]


def _size(scene: Path) -> int:
    return sum(path.stat().st_size for path in _files(scene))


def _content(scene: Path) -> list[str]:
    return sorted(map(sha256_of, _files(scene)))
