"""Where the process begins: the console script `hsisr-geo`, and `python -m hsisr_geo.cli`.

A signal is a command's to hear (`terminal/signals.py`), and says then what it ends. Before there is
a command, while modules are imported, and after it is done nothing is left to be cleaned up: the
signal ends the process at once, where Python would say how far it had come. Nothing of the program
is imported before that is so.
"""

import atexit
import os
import signal
from collections.abc import Callable
from types import FrameType
from typing import Any

Handler = Callable[[int, FrameType | None], Any] | signal.Handlers


def main() -> None:
    """Do what the command line says, and end the process."""
    _hear(_say_and_end)
    atexit.register(_hear, signal.SIG_IGN)  # the first to be registered is the last to be done
    from .main import main as work

    try:
        work()
    except SystemExit as done:
        code = done.code
        _hear(lambda number, frame: os._exit(code if isinstance(code, int) else 0))
        raise


def _hear(handler: Handler) -> None:
    """Let a handler have all signals that a terminal or a program asks to stop by."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):  # the last is none on Windows
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, handler)


def _say_and_end(number: int, frame: FrameType | None) -> None:
    told = f"hsisr-geo: error: canceled by {signal.Signals(number).name}\n"
    try:
        os.write(2, told.encode())
    finally:
        os._exit(128 + number)


if __name__ == "__main__":
    main()
