"""A worker's part of a run: its work, made when the first tile comes, and its journal."""

import logging
import os
import secrets
from dataclasses import replace
from pathlib import Path
from threading import Lock
from typing import Any

from distributed import WorkerPlugin, get_worker
from distributed.protocol.pickle import dumps, loads

from hsisr_geo.engine.assignment import Assignment
from hsisr_geo.engine.cluster.connect import OURS
from hsisr_geo.engine.cluster.roll_call import Expected
from hsisr_geo.engine.tasks import Work
from hsisr_geo.errors import ModelError, WorkerError, one_line
from hsisr_geo.journal.index import RecordAt
from hsisr_geo.journal.records import JournalWriter, new_name

_LOG = logging.getLogger(__name__)


class TileWorker(WorkerPlugin):
    """The run in a worker.

    Parameters
    ----------
    sent : the assignment, pickled. It is loaded when the first tile comes: what goes wrong then is
        the error of that tile, where it would keep workers that come later from starting
    folder, key : of the journals
    expected : what workers that come later are held against, before their first tile
    elsewhere : workers may run on other machines
    """

    def __init__(
        self, sent: bytes, folder: Path, key: str, expected: Expected, *, elsewhere: bool
    ) -> None:
        self.name = f"hsisr-geo-{secrets.token_hex(8)}"
        self._sent, self._folder, self._key = sent, folder, key
        self._expected, self._elsewhere = expected, elsewhere
        self._number, self._address = 0, ""
        self._lock: Lock | None = None
        self._work: Work | None = None

    def setup(self, worker: Any) -> None:
        """Get ready; called in each worker, also in those that come later."""
        self._lock, self._work = Lock(), None
        self._number, self._address = _number(worker), str(worker.address)

    def teardown(self, worker: Any) -> None:
        """Stop what is being computed, and close the journal."""
        if self._work is not None:
            self._work.given_up.set()

    def infer(self, tile: tuple[int, int]) -> RecordAt:
        """Compute one tile."""
        assert self._lock is not None
        with self._lock:  # the model is loaded once
            if self._work is None:
                self._work = self._made()
        return self._work.infer(tile)

    def _made(self) -> Work:
        if self._elsewhere:
            self._expected.check_late(self._address)
        assignment = self._assignment()
        before = assignment.before.from_here() if self._elsewhere else assignment.before
        request = assignment.request.pinned(self._number)
        pinned = replace(assignment, request=request, before=before)
        path = self._folder / new_name()
        return pinned.work(JournalWriter(path, self._key, synchronize=self._elsewhere))

    def _assignment(self) -> Assignment:
        """Load what is to be done, and with it the model."""
        try:
            found: Assignment = loads(self._sent)
        except ModelError as error:
            raise WorkerError(f"worker {self._address} cannot do its work: {error}") from error
        return found


def _number(worker: Any) -> int:
    """Return the number of a worker that this run started; 0 for one of a cluster's.

    There each worker has a GPU of its own, which is the first that it sees (as dask-cuda sees to).
    """
    return int(worker.name) if OURS in os.environ else 0


def infer(name: str, tile: tuple[int, int]) -> RecordAt:
    """Compute a tile by the plugin of that name; the task of a worker.

    What goes wrong is sent without where that was: dask's client waits without end for an error
    that it cannot unpickle, such as one from a thousand calls deep.
    """
    plugin: Any = get_worker().plugins[name]
    place: RecordAt | Exception
    try:
        place = plugin.infer(tile)
    except Exception as error:
        _LOG.debug("tile %s failed", tile, exc_info=True)
        place = _portable(error)
    if isinstance(place, Exception):
        raise place  # here, where no other error would go with it
    return place


def _portable(error: Exception) -> Exception:
    """Return the error alone if it can be sent, else one that says as much."""
    error.__cause__ = error.__context__ = error.__traceback__ = None
    try:
        if type(loads(dumps(error))) is type(error):
            return error
    except Exception:
        _LOG.debug("a %s cannot be sent", type(error).__name__)
    return WorkerError(f"unexpected {type(error).__name__} in a worker: {one_line(error)}")
