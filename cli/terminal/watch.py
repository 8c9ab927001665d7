"""Ends with the program that started it: a pipe on stdin that closes says that it has gone.

A program that starts `hsisr-geo` for its own sake (the QGIS plugin does) sets the variable below
and keeps the writing end of stdin open, writing nothing. If it closes it, or dies in whatever way,
the run is canceled as by SIGTERM, so that unfinished files go away, and soon after ended by force.
It is the only way to be asked politely that Windows has, where a signal is a kill.
"""

import os
import signal
import sys
import threading
import time

from .signals import send

VARIABLE = "HSISR_GEO_WATCH_STDIN"
GRACE_S = 5.0
# ^ to remove unfinished files; a tile that is being computed cannot be interrupted. Who is still
#   there does not wait as long: the plugin ends the process itself


def end_with_parent() -> None:
    """Watch stdin, where the variable asks for that; programs started from here do not."""
    if os.environ.pop(VARIABLE, "") == "1":
        threading.Thread(target=_watch, name="stdin", daemon=True).start()


def _watch() -> None:
    try:
        while os.read(0, 1 << 12):
            pass  # what it writes means nothing
    except OSError:
        return  # no stdin: nobody to watch
    send(signal.SIGTERM)
    time.sleep(GRACE_S)
    _kill()


def _kill() -> None:
    """End this process and those it started."""
    if sys.platform == "win32":
        import subprocess  # nosec B404 # for the one fixed command below

        command = ["taskkill", "/T", "/F", "/PID", str(os.getpid())]
        subprocess.run(command, capture_output=True)  # nosec B603 # fixed but for our own number
    elif os.getpgrp() == os.getpid():  # else the group is the shell's or our parent's
        os.killpg(0, signal.SIGKILL)
    os._exit(128 + signal.SIGTERM)
