import errno
import os

import numpy as np
import pytest

from hsisr_geo.errors import OutputError
from hsisr_geo.journal import records
from hsisr_geo.journal.index import RecordAt, TileIndex
from hsisr_geo.journal.records import JournalWriter, array_at, new_name, read_journal

ARRAYS = [np.arange(5, dtype=np.uint8), np.arange(6.0).reshape(2, 3), np.ones((2, 2), bool)]


def _three(path):
    """A journal of two finished tiles and one that was only begun; where each record ends."""
    ends = []
    with JournalWriter(path) as writer:
        for tile in [(0, 0), (0, 1)]:
            writer.begin(tile)
            ends.append(path.stat().st_size)
            writer.add(tile, ARRAYS)
            ends.append(path.stat().st_size)
        writer.begin((1, 0))
        ends.append(path.stat().st_size)
    return ends


def test_what_was_added_is_found_again(tmp_path):
    path = tmp_path / new_name()
    _three(path)
    entries = list(read_journal(path))
    assert [(entry.tile, entry.finished) for entry in entries] == [
        ((0, 0), False), ((0, 0), True), ((0, 1), False), ((0, 1), True), ((1, 0), False)
    ]  # fmt: skip
    offset = entries[3].offset
    for array in ARRAYS:
        assert offset % 8 == 0
        np.testing.assert_array_equal(array_at(path, offset, array.shape, array.dtype), array)
        offset += records.padded(array.nbytes)


def test_a_journal_torn_at_any_byte_keeps_the_records_before(tmp_path):
    path, torn = tmp_path / "a.journal", tmp_path / "torn.journal"
    ends = _three(path)
    data = path.read_bytes()
    for length in range(len(data) + 1):
        torn.write_bytes(data[:length])
        assert len(list(read_journal(torn))) == sum(end <= length for end in ends)


def test_a_damaged_record_ends_the_journal(tmp_path):
    path, damaged = tmp_path / "a.journal", tmp_path / "damaged.journal"
    ends = _three(path)
    data = path.read_bytes()
    for place in range(0, len(data), 3):
        flipped = bytearray(data)
        flipped[place] ^= 1
        damaged.write_bytes(flipped)
        padding = any(end - 4 <= place < end for end in ends)  # after the checksum
        before = sum(end <= place for end in ends)
        assert len(list(read_journal(damaged))) == (len(ends) if padding else before)


def test_a_record_that_cannot_be_written_leaves_the_others(tmp_path, monkeypatch):
    path = tmp_path / "a.journal"
    with JournalWriter(path) as writer:
        writer.add((0, 0), ARRAYS)
        before = path.stat().st_size
        written = []

        def full(file, data):
            written.append(file.write(data[:3]))
            if len(written) == 3:
                raise OSError(28, "No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr(records, "_write_all", full)
            with pytest.raises(OutputError, match=r"a\.journal: cannot be written: No space left"):
                writer.add((0, 1), ARRAYS)
        assert path.stat().st_size == before
        writer.add((0, 2), ARRAYS)
    assert [entry.tile for entry in read_journal(path)] == [(0, 0), (0, 2)]


def test_a_file_that_cannot_be_cut_either_is_told_and_goes_on(tmp_path, monkeypatch):
    """Btrfs needs room to cut a file: with its quota used up it refuses that, too."""
    path = tmp_path / "a.journal"

    class Full:
        """A file that takes three bytes more, and is not cut."""

        def __init__(self, file):
            self._file = file

        def __getattr__(self, name):
            return getattr(self._file, name)

        def write(self, data):
            self._file.write(data[:3])
            raise OSError(errno.EDQUOT, os.strerror(errno.EDQUOT))

        def truncate(self):
            raise OSError(errno.EDQUOT, os.strerror(errno.EDQUOT))

    with JournalWriter(path) as writer:
        writer.add((0, 0), ARRAYS)
        before = path.stat().st_size
        with monkeypatch.context() as patch:
            patch.setattr(writer, "_file", Full(writer._file))
            with pytest.raises(OutputError, match=r"a\.journal: cannot be written: .*uota"):
                writer.add((0, 1), ARRAYS)
        assert path.stat().st_size == before + 3
        writer.add((0, 2), ARRAYS)  # over the three
    assert [entry.tile for entry in read_journal(path)] == [(0, 0), (0, 2)]


def test_journals_of_several_processes_are_taken_up_together(tmp_path):
    for name, tiles in {"a": [(0, 0), (0, 1)], "b": [(1, 1)]}.items():
        with JournalWriter(tmp_path / f"{name}.journal") as writer:
            for tile in tiles:
                writer.begin(tile)
                writer.add(tile, ARRAYS)
            writer.begin((1, 0))  # both lost it: one tile
            writer.begin((7, 7))  # of another grid
    finished = TileIndex(tmp_path, (2, 2))
    finished.take_up()
    assert (len(finished), finished.lost) == (3, 1)
    assert list(finished.missing()) == [(1, 0)]
    path, offset = finished.find((1, 1))
    assert path.name == "b.journal"
    np.testing.assert_array_equal(array_at(path, offset, (5,), np.dtype(np.uint8)), ARRAYS[0])


def test_tiles_that_finish_meanwhile_are_not_asked_for(tmp_path):
    finished = TileIndex(tmp_path, (1, 3))
    missing = finished.missing()
    assert next(missing) == (0, 0)
    finished.put(RecordAt((0, 1), "a.journal", 0))
    assert list(missing) == [(0, 2)]
