"""`Workers`: the processes that compute a run's tiles, this one, others here, or a cluster's."""

import os
from dataclasses import dataclass, field

from hsisr_geo.engine.scheduler import SchedulerAddress, check_answers
from hsisr_geo.errors import OptionError

_MOST_WRITERS = 8


@dataclass(frozen=True)
class Patience:
    """How long others are waited for, in seconds.

    Attributes
    ----------
    answer : for a scheduler, for its first worker, and for what takes them no time
    notice : until it is said that no worker is heard of
    workers : until a run gives up on workers that are gone
    ready : for workers to look at the input and to load the model
    """

    answer: float = 6
    notice: float = 10
    workers: float = 60
    ready: float = 120


@dataclass(frozen=True)
class Workers:
    """Where tiles are computed.

    Attributes
    ----------
    number : of processes on this machine; 1 is this process alone
    threads : tiles in flight in each of them
    scheduler : address of a dask scheduler whose workers are used instead, e.g. tcp://node1:8786
    patience : how long these are waited for

    Raises
    ------
    OptionError : a number below 1; both several processes here and a scheduler; an address that
        is none
    """

    number: int = 1
    threads: int = 1
    scheduler: str | None = None
    patience: Patience = field(default_factory=Patience)

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        for name, value in (("workers", self.number), ("threads", self.threads)):
            if value < 1:
                raise OptionError(f"{name} must be at least 1, not {value}")
        if self.scheduler is not None and self.number > 1:
            raise OptionError("a scheduler has its own workers: leave out --workers or --scheduler")
        if self.scheduler is not None:
            SchedulerAddress.of(self.scheduler)

    def check_answers(self) -> None:
        """Ask the scheduler, where there is one, for a first word.

        Raises
        ------
        WorkerError : it has none
        """
        if self.scheduler is not None:
            check_answers(SchedulerAddress.of(self.scheduler), self.patience.answer)

    @property
    def here(self) -> bool:
        """Whether this process computes the tiles itself."""
        return self.number == 1 and self.scheduler is None

    @property
    def writers(self) -> int:
        """Threads of this process that write an output: as many tiles as are made at a time.

        Where other machines make them, this one has its cores for it, but for memory eight at most.
        """
        if self.scheduler is not None:
            return min(os.cpu_count() or 1, _MOST_WRITERS)
        return self.number * self.threads

    def name_of(self, src: str) -> str:
        """Return a name for the input that means the same in whatever folder a worker started."""
        return os.path.abspath(src) if self.scheduler and os.path.exists(src) else src


THIS_PROCESS = Workers()
"""One tile at a time, here."""
