"""Public data sets of the papers: how their files are told, and which parts train and test.

A set in one file is told by the file's shape, and cut. A set of several files is told by their
shape, and divided when exactly all of them are there; fewer files are somebody's own division.

The DMGASR paper does not say which blocks it tested on. Where a division is our choice, its field's
comment says so; train and test never share a pixel.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from types import MappingProxyType

from hsisr_geo.cube.windows import Window

Rectangle = tuple[int, int, int, int]
"""First row, end of rows, first column, end of columns; from 0."""


@dataclass(frozen=True)
class Split:
    """What of a set is for training, and what for testing.

    Attributes
    ----------
    train, test
        Rectangles of each file; none for the whole file.
    held
        For testing: places of files in the order of their names, where a set has several.
    """

    train: tuple[Rectangle, ...] = ()
    test: tuple[Rectangle, ...] = ()
    held: tuple[int, ...] = ()


@dataclass(frozen=True)
class KnownSet:
    """A data set.

    Attributes
    ----------
    shape
        (band, row, col) of each file.
    files
        Of the whole set.
    maximum
        What values are divided by where the whole set has one number; None for the file's own
        maximum.
    splits
        By the name of the protocol.
    """

    name: str
    title: str
    shape: tuple[int, int, int]
    splits: Mapping[str, Split]
    files: int = 1
    maximum: float | None = None


def _blocks(top: int, left: int, size: tuple[int, int], grid: tuple[int, int]) -> list[Rectangle]:
    """Lay a grid of blocks, row by row."""
    rows, cols = size
    return [
        (top + r * rows, top + (r + 1) * rows, left + c * cols, left + (c + 1) * cols)
        for r, c in product(range(grid[0]), range(grid[1]))
    ]


def _by_protocol(dmgasr: Split, sspsr: Split) -> Mapping[str, Split]:
    """Take SSPSR's division for the product's protocol, too."""
    return MappingProxyType({"dmgasr": dmgasr, "sspsr": sspsr, "product": sspsr})


_CHIKUSEI = (106, 2410, 143, 2191)  # rows 107 to 2410, columns 144 to 2191, counted from 1
_CHIKUSEI_BLOCKS = tuple(_blocks(106, 143, (512, 512), (4, 4)))
_PAVIA_BLOCKS = tuple(_blocks(0, 0, (219, 238), (5, 3)))
_HARVARD_CORNERS = tuple(
    (r, r + 128, c, c + 128) for r, c in [(0, 0), (0, 880), (528, 0), (528, 880), (264, 440)]
)
# ^ upper left 128 x 128 of 512 x 512 blocks in the corners and the middle of 1040 x 1392

CHIKUSEI = KnownSet(
    "chikusei",
    "Chikusei",
    (128, 2517, 2335),
    _by_protocol(
        # 16 blocks of 512 x 512, 4 for testing; that it is the upper 4 is our choice
        dmgasr=Split(train=_CHIKUSEI_BLOCKS[4:], test=_CHIKUSEI_BLOCKS[:4]),
        sspsr=Split(train=((106 + 512, *_CHIKUSEI[1:]),), test=_CHIKUSEI_BLOCKS[:4]),
    ),
    maximum=15133,
)
PAVIA = KnownSet(
    "pavia",
    "Pavia Centre",
    (102, 1096, 715),
    _by_protocol(
        # 15 blocks of 219 x 238, 5 for testing; that it is the left column is our choice
        dmgasr=Split(
            train=tuple(b for b in _PAVIA_BLOCKS if b[2]),
            test=tuple(b for b in _PAVIA_BLOCKS if not b[2]),
        ),
        # four 224 x 224 from the left strip, as recalled; that they begin at the top is our choice
        sspsr=Split(train=((0, 1096, 224, 715),), test=tuple(_blocks(0, 0, (224, 224), (4, 1)))),
    ),
    maximum=8000,
)
HARVARD = KnownSet(
    "harvard",
    "Harvard",
    (31, 1040, 1392),
    _by_protocol(
        # 40 images train, 10 test; that it is every fifth by name is our choice
        dmgasr=Split(test=_HARVARD_CORNERS, held=tuple(range(4, 50, 5))),
        # as MCNet's: the upper left 512 x 512 of the images held out
        sspsr=Split(test=((0, 512, 0, 512),), held=tuple(range(4, 50, 5))),
    ),
    files=50,
)
CAVE = KnownSet(
    "cave",
    "CAVE",
    (31, 512, 512),
    # 20 images train, 12 test; that these are the last by name is our choice
    _by_protocol(dmgasr=Split(held=tuple(range(20, 32))), sspsr=Split(held=tuple(range(20, 32)))),
    files=32,
)

KNOWN_SETS: Mapping[str, KnownSet] = MappingProxyType(
    {known.name: known for known in (PAVIA, CHIKUSEI, HARVARD, CAVE)}
)


def known_set(shape: Sequence[int]) -> KnownSet | None:
    """Return the set whose files have a shape (band, row, col)."""
    return next((known for known in KNOWN_SETS.values() if known.shape == tuple(shape)), None)


def windows(rectangles: Sequence[Rectangle]) -> Iterator[Window]:
    """Return rectangles as slices."""
    return ((slice(top, bottom), slice(left, right)) for top, bottom, left, right in rectangles)
