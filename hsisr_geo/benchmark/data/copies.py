"""Scenes to test on that are copies of scenes to train on, or links to them: told by content."""

from collections.abc import Iterator
from pathlib import Path

from hsisr_geo.benchmark.data.sources import find_sources
from hsisr_geo.errors import OptionError, RasterError
from hsisr_geo.resolver.header import sha256_of

_WORDS = (".txt", ".md", ".hdr", ".xml", ".json", ".csv", ".html", ".pdf")  # many scenes share them


def check_no_copies(train: Path, test: Path) -> None:
    """Refuse scenes of the same content; only those of one size are read.

    A copy in another format is not told.

    Raises
    ------
    OptionError : naming both
    """
    trained: dict[int, list[Path]] = {}
    for scene in _scenes(train):
        trained.setdefault(_size(scene), []).append(scene)
    for scene in _scenes(test):
        for other in trained.get(_size(scene), ()):
            if _content(other) == _content(scene):
                raise OptionError(
                    f"{scene}, to be tested on, has the content of {other}, which is trained on: "
                    "leave one of them out"
                )


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
