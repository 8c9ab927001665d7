"""Runs one step of a set-up outside QGIS: hands on what it says as JSON lines, and ends with QGIS.

Started as a file by the Python that the environment is made from; nothing of the plugin is imported
here. QGIS holds the other end of stdin: when that closes, QGIS has gone, however it went, and the
step with all that it started is killed, so that the next QGIS finds nobody at work.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess  # nosec B404 # running the step is what this program is for
import sys
import threading


def main(command: list[str]) -> int:
    """Run `command` and return its exit code."""
    threading.Thread(target=_end_with_qgis, daemon=True).start()
    os.environ.pop("HSISR_GEO_WATCH_STDIN", None)  # the engine is not asked to watch it as well
    process = subprocess.Popen(  # nosec B603 # a list of arguments, no shell
        command,
        stdin=subprocess.DEVNULL,  # nobody answers a question
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    )
    try:
        for line in process.stdout or ():
            print(json.dumps(event(line.rstrip())), flush=True)
    except OSError:  # nobody reads: QGIS has gone, and the other thread may not have seen it yet
        _end()
    return process.wait()


def event(line: str) -> dict[str, object]:
    """Return a line as the worker's event; pip's `--progress-bar raw` counts bytes."""
    bytes_of = re.fullmatch(r"Progress (\d+) of (\d+)", line)
    if bytes_of:
        return {"event": "progress", "done": int(bytes_of[1]), "total": int(bytes_of[2])}
    return {"event": "log", "message": line}


def _end_with_qgis() -> None:
    while os.read(0, 1 << 12):
        pass
    _end()


def _end() -> None:
    """Kill the step, all that it started, and this process."""
    if sys.platform == "win32":
        system = os.path.join(os.environ.get("SYSTEMROOT", r"C:\Windows"), "System32")
        command = [os.path.join(system, "taskkill.exe"), "/T", "/F", "/PID", str(os.getpid())]
        subprocess.run(command, capture_output=True)  # nosec B603 # Windows's own, and a number
    else:
        os.killpg(0, signal.SIGKILL)  # started as the first of a group of its own


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
