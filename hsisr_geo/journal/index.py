"""`TileIndex`: the finished tiles and where their records lie; who needs some can wait for them."""

import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hsisr_geo.errors import Canceled
from hsisr_geo.journal.records import ENDING, read_journal

_NOWHERE = -1


@dataclass(frozen=True)
class RecordAt:
    """Where the record of a tile lies: in which journal of the folder, and its first array."""

    tile: tuple[int, int]
    journal: str
    offset: int


class TileIndex:
    """The finished tiles of a run; 12 bytes for each tile of the grid, whatever their size.

    Parameters
    ----------
    folder : of the journals
    shape : (rows, cols) of the grid, in tiles
    key : of the run: journals of others are refused; "" takes whatever is there
    """

    def __init__(self, folder: Path, shape: tuple[int, int], key: str = "") -> None:
        self.folder, self.key = folder, key
        self.lost = 0  # tiles that an earlier process began and did not finish
        self._journals: list[str] = []
        self._journal = np.full(shape, _NOWHERE, np.int32)
        self._offset = np.zeros(shape, np.int64)
        self._changed = threading.Condition()
        self._over = False

    def __len__(self) -> int:
        return int((self._journal != _NOWHERE).sum())

    @property
    def size(self) -> int:
        """How many tiles the grid has."""
        return self._journal.size

    @property
    def is_there(self) -> bool:
        """Whether the journals are still where they were."""
        return all((self.folder / name).exists() for name in self._journals)

    @property
    def started(self) -> bool:
        """Whether any tile is finished, or was begun and lost."""
        return len(self) > 0 or self.lost > 0

    def take_up(self) -> None:
        """Take what the journals of earlier processes hold; count what they began and lost."""
        begun: set[tuple[int, int]] = set()
        for path in sorted(self.folder.glob(f"*{ENDING}")):
            for entry in read_journal(path, self.key):
                if not self._has(entry.tile):
                    continue  # of another grid: nothing of ours
                if entry.finished:
                    self.put(RecordAt(entry.tile, path.name, entry.offset))
                else:
                    begun.add(entry.tile)
        self.lost = sum(self._journal[tile] == _NOWHERE for tile in begun)

    def missing(self) -> Iterator[tuple[int, int]]:
        """Yield the tiles that are not finished when it is their turn, row by row."""
        for row, col in np.ndindex(self._journal.shape):
            if self._journal[row, col] == _NOWHERE:
                yield row, col

    def put(self, place: RecordAt) -> None:
        """Note that a tile is finished."""
        with self._changed:
            if place.journal not in self._journals:
                self._journals.append(place.journal)
            self._offset[place.tile] = place.offset
            self._journal[place.tile] = self._journals.index(place.journal)
            self._changed.notify_all()

    def wait_for(self, tiles: Iterable[tuple[int, int]]) -> None:
        """Return when all these tiles are finished.

        Raises
        ------
        Canceled : the run is over, and they never will be
        """
        wanted = list(tiles)
        with self._changed:
            self._changed.wait_for(
                lambda: self._over or all(self._journal[tile] != _NOWHERE for tile in wanted)
            )
            if self._over:
                raise Canceled("the run is over")

    def give_up(self) -> None:
        """Tell those who wait that the run is over."""
        with self._changed:
            self._over = True
            self._changed.notify_all()

    def find(self, tile: tuple[int, int]) -> tuple[Path, int]:
        """Return the journal of a finished tile, and where in it its arrays begin."""
        return self.folder / self._journals[self._journal[tile]], int(self._offset[tile])

    def _has(self, tile: tuple[int, int]) -> bool:
        return all(index < size for index, size in zip(tile, self._journal.shape, strict=True))
