"""`Total`: the progress of all scenes of a batch as one."""

from collections.abc import Callable, Mapping
from threading import Lock

from hsisr_geo.batch.jobs import Job


class Total:
    """The progress of all scenes as one, each with a weight of its own.

    Parameters
    ----------
    weights : what share of the work each scene is
    progress : called with (done, total), `total` always being `steps`
    """

    def __init__(
        self, weights: Mapping[Job, float], progress: Callable[[int, int], None], steps: int = 1000
    ) -> None:
        self._weights, self._progress, self._steps = weights, progress, steps
        self._done = dict.fromkeys(weights, 0.0)
        self._lock = Lock()

    def of(self, job: Job) -> Callable[[float, int], None]:
        """Return the function that takes the progress of one scene."""
        return lambda done, total: self.put(job, done / max(total, 1))

    def put(self, job: Job, share: float) -> None:
        """Take how much of a scene is done, 0 to 1."""
        with self._lock:
            self._done[job] = self._weights[job] * share
            whole = sum(self._weights.values())
            share = sum(self._done.values()) / whole if whole else 1.0
            self._progress(round(self._steps * share), self._steps)
