"""SIGINT, SIGTERM, SIGHUP as `Canceled` in the main thread, so that unfinished files go away."""

import _thread
import os
import signal
import sys
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

from hsisr_geo.errors import Canceled

_AGAIN_S = 0.05


@dataclass
class Cancellation:
    """Whether a signal asked the command to stop, and which.

    Attributes
    ----------
    insists : the error is raised again where it got lost; not for a command that takes it for an
        answer, and ends in an order of its own
    """

    signum: int | None = None
    insists: bool = True
    _raised: list["weakref.ref[Canceled]"] = field(default_factory=list)

    def check(self) -> None:
        """Raise `Canceled` if a signal came.

        The handler raises too, but what it raises is lost where it strikes code that must not
        fail, such as a finalizer or a module in C that is being imported.
        """
        if self.signum is not None:
            raise self._watched(Canceled(f"canceled by {signal.Signals(self.signum).name}"))

    @property
    def is_heard(self) -> bool:
        """Whether the error is still on its way up, or is being cleaned up after."""
        return bool(self._raised)

    def _watched(self, error: Canceled) -> Canceled:
        self._raised.append(weakref.ref(error, self._gone))
        return error  # no frame that its traceback holds may have a name for it

    def _gone(self, error: "weakref.ref[Canceled]") -> None:
        """See that an error is nobody's any more, and that the signal was not heard by that."""
        self._raised.remove(error)
        if self.insists and not self.is_heard:
            _thread.start_new_thread(self._insist, ())  # here it would be lost again

    def _insist(self) -> None:
        time.sleep(_AGAIN_S)
        if self.insists and self.signum is not None and not self.is_heard:
            send(self.signum)


def send(signum: int) -> None:
    """Have the main thread hear a signal."""
    if sys.platform == "win32":
        _thread.interrupt_main(signum)  # os.kill would end the process without a handler
    else:
        os.kill(os.getpid(), signum)  # to the process: it wakes a main thread that waits


@contextmanager
def canceled_by_signals() -> Iterator[Cancellation]:
    """Raise `Canceled` in the block at the first of these signals; ignore those that follow.

    SIGHUP is what the closed terminal sends; who asked for it to be ignored (`nohup`) is heeded.

    A second signal would otherwise interrupt the clean-up that the first one started.
    """
    cancellation = Cancellation()
    if threading.current_thread() is not threading.main_thread():
        yield cancellation  # Python takes handlers in the main thread only
        return

    def cancel(signum: int, frame: FrameType | None) -> None:
        first = cancellation.signum is None
        if first:
            cancellation.signum = signum
        if first or (cancellation.insists and not cancellation.is_heard):
            cancellation.check()

    heard = [signal.SIGINT, signal.SIGTERM]
    if os.name == "posix" and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        heard.append(signal.SIGHUP)
    previous = {s: signal.signal(s, cancel) for s in heard}
    with _lost_in_silence():
        try:
            yield cancellation
        finally:
            cancellation.insists = False
            for signum, handler in previous.items():
                signal.signal(signum, handler)


@contextmanager
def _lost_in_silence() -> Iterator[None]:
    """Say nothing of an error that struck a finalizer: it is raised again."""
    before = sys.unraisablehook

    def told(unraisable: Any) -> None:
        if not isinstance(unraisable.exc_value, Canceled):
            before(unraisable)

    sys.unraisablehook = told
    try:
        yield
    finally:
        sys.unraisablehook = before
