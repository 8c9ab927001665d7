"""The lookout for those who compute: said when they are gone, and given up in the end."""

from collections.abc import Callable
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from time import monotonic
from typing import Any

from distributed import Client

from hsisr_geo.engine.cluster.answer import within
from hsisr_geo.engine.workers import Patience
from hsisr_geo.errors import WorkerError
from hsisr_geo.journal.index import RecordAt

_LOOKS = 3  # in the time after which silence is noticed


@dataclass(frozen=True, eq=False)
class TileEnd:
    """A tile that is finished, or the error that it ended in."""

    future: Any
    place: RecordAt | None = None
    error: BaseException | None = None

    def place_or_raise(self) -> RecordAt:
        """Return where it is on record; raise its error."""
        if self.error is not None:
            raise self.error
        assert self.place is not None
        return self.place


class Lookout:
    """Waits for finished tiles, and looks around while none comes."""

    def __init__(self, client: Client, patience: Patience, log: Callable[[str], None]) -> None:
        self._client, self._patience, self._log = client, patience, log
        self._scheduler: Any = client.scheduler
        self._where = f"the scheduler at {getattr(self._scheduler, 'address', '')}"
        self._heard: dict[str, tuple[float, float]] = {}  # worker: what it said last, and when
        self._with_someone = monotonic()
        self._told: set[str] = set()

    def next(self, done: "SimpleQueue[TileEnd]") -> "TileEnd":
        """Return the next outcome.

        Raises
        ------
        WorkerError : the scheduler is gone, or all workers are
        """
        pause = self._patience.notice / _LOOKS
        while True:
            try:
                outcome = done.get(timeout=pause)
            except Empty:
                self._look()
                continue
            if outcome.future.cancelled() or self._client.status != "running":
                raise self._gone()
            return outcome

    def _gone(self) -> WorkerError:
        return WorkerError(f"{self._where} went away")

    def _look(self) -> None:
        if self._client.status != "running":
            raise self._gone()
        try:
            told = within(self._client, self._patience.answer, self._scheduler.identity)
        except TimeoutError as error:
            raise WorkerError(f"{self._where} does not answer any more") from error
        except OSError as error:
            raise self._gone() from error
        self._note({name: worker["last_seen"] for name, worker in told["workers"].items()})

    def _note(self, seen: dict[str, float]) -> None:
        """Take what the scheduler says of when it heard of each worker, by its own clock."""
        now, patience = monotonic(), self._patience
        before = {name: self._heard.get(name, (None, now)) for name in seen}
        self._heard = {
            name: (last, now if last != before[name][0] else before[name][1])
            for name, last in seen.items()
        }
        silent = [n for n, (_, when) in self._heard.items() if now - when >= patience.notice]
        if len(silent) < len(seen):
            self._with_someone = now
        for name in silent:
            self._say(name, f"worker {name} is silent: another takes its tiles when it is given up")
        alone = now - self._with_someone
        if alone >= patience.notice:
            left = f"{self._where} has no workers {'that answer' if silent else 'left'}"
            self._say("", f"{left}: waiting up to {patience.workers:.0f} s for some")
            if alone >= patience.workers:
                raise WorkerError(f"{left}, and none came for {patience.workers:.0f} s")
        self._told &= {*silent, *([""] if alone >= patience.notice else [])}

    def _say(self, about: str, told: str) -> None:
        if about not in self._told:
            self._told.add(about)
            self._log(f"warning: {told}")
