"""The lookout for those who compute: said when they are gone, and given up in the end.

A worker may be there and compute nothing: dask pauses one whose memory is nearly full, and tasks
of others come first. Who is paused counts as gone; who is busy or slow is waited for with a word.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from queue import Empty, SimpleQueue
from time import monotonic
from typing import Any

from distributed import Client

from hsisr_geo.engine.cluster.answer import within
from hsisr_geo.engine.workers import Patience
from hsisr_geo.errors import WorkerError
from hsisr_geo.journal.index import RecordAt

PAUSED = "is paused, as dask does when its memory is nearly full (dask worker --memory-limit)"
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
    """Waits for finished tiles, and looks around while none comes.

    Parameters
    ----------
    name : what the keys of this run's tiles begin with
    """

    def __init__(
        self, client: Client, patience: Patience, log: Callable[[str], None], name: str
    ) -> None:
        self._client, self._patience, self._log, self._name = client, patience, log, name
        self._scheduler: Any = client.scheduler
        self._where = f"the scheduler at {getattr(self._scheduler, 'address', '')}"
        self._heard: dict[str, tuple[float, float]] = {}  # worker: what it said last, and when
        self._with_someone = self._with_a_tile = self._in_turn = monotonic()
        self._told: frozenset[str] = frozenset()
        self._slow: dict[str, None] = {}  # why no tile comes; until one does

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
            self._with_a_tile, self._slow = monotonic(), {}
            return outcome

    def _gone(self) -> WorkerError:
        return WorkerError(f"{self._where} went away")

    def _look(self) -> None:
        workers = self._ask(self._scheduler.identity)["workers"]
        silent = self._silent({name: worker["last_seen"] for name, worker in workers.items()})
        paused = [n for n, w in workers.items() if w["status"] == "paused" and n not in silent]
        gone, alone = {*silent, *paused}, ""
        if len(gone) < len(workers):
            self._with_someone = monotonic()
            self._slow |= dict.fromkeys(self._why_slow())
        else:
            alone = f"{self._where} has no workers {_kind(silent, paused)}"
        self._say([*_each(silent, paused), *self._told_of_none(alone), *self._slow])

    def _ask(self, ask: Callable[[], Any]) -> Any:
        if self._client.status != "running":
            raise self._gone()
        try:
            return within(self._client, self._patience.answer, ask)
        except TimeoutError as error:
            raise WorkerError(f"{self._where} does not answer any more") from error
        except OSError as error:
            raise self._gone() from error

    def _silent(self, seen: Mapping[str, float]) -> list[str]:
        """Return who is silent, by what the scheduler's own clock says of when it heard of each."""
        now = monotonic()
        before = {name: self._heard.get(name, (None, now)) for name in seen}
        self._heard = {
            name: (last, now if last != before[name][0] else before[name][1])
            for name, last in seen.items()
        }
        return [n for n, (_, when) in self._heard.items() if now - when >= self._patience.notice]

    def _told_of_none(self, alone: str) -> Iterator[str]:
        seconds, patience = monotonic() - self._with_someone, self._patience
        if not alone or seconds < patience.notice:
            return
        if seconds >= patience.workers:
            raise WorkerError(f"{alone}, and none came for {patience.workers:.0f} s")
        yield f"{alone}: waiting up to {patience.workers:.0f} s for some"

    def _why_slow(self) -> Iterator[str]:
        now, patience = monotonic(), self._patience
        if now - self._with_a_tile < patience.notice:
            return
        tasks = self._ask(partial(self._scheduler.processing, workers=None))
        if any(not str(key).startswith(self._name) for keys in tasks.values() for key in keys):
            self._in_turn = now
            yield f"{self._where} has tasks of others for its workers: tiles wait for their turn"
        elif now - max(self._with_a_tile, self._in_turn) >= patience.workers:
            yield (
                f"no tile came for {patience.workers:.0f} s, though workers of {self._where} "
                "answer: they are slow, or wait for their storage"
            )

    def _say(self, news: list[str]) -> None:
        for told in news:
            if told not in self._told:
                self._log(f"warning: {told}")
        self._told = frozenset(news)


def _each(silent: Collection[str], paused: Collection[str]) -> Iterator[str]:
    for name in silent:
        yield f"worker {name} is silent: another takes its tiles when it is given up"
    for name in paused:
        yield f"worker {name} {PAUSED}: its tiles wait"


def _kind(silent: Collection[str], paused: Collection[str]) -> str:
    if paused:
        return "that are not paused"
    return "that answer" if silent else "left"
