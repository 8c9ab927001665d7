"""SIGINT, SIGTERM, SIGHUP as `Canceled` in the main thread, so that unfinished files go away."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

from hsisr_geo.errors import Canceled


@dataclass
class Cancellation:
    """Whether a signal asked the command to stop, and which."""

    signum: int | None = None

    def check(self) -> None:
        """Raise `Canceled` if a signal came.

        The handler raises too, but what it raises is lost where it strikes code that must not
        fail, such as a finalizer; work that reports its progress is stopped here at the latest.
        """
        if self.signum is not None:
            raise Canceled(f"canceled by {signal.Signals(self.signum).name}")


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
        if cancellation.signum is None:
            cancellation.signum = signum
            cancellation.check()

    heard = [signal.SIGINT, signal.SIGTERM]
    if os.name == "posix" and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        heard.append(signal.SIGHUP)
    previous = {s: signal.signal(s, cancel) for s in heard}
    try:
        yield cancellation
    finally:
        for signum, handler in previous.items():
            signal.signal(signum, handler)
