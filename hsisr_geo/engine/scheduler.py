"""A dask scheduler's address, and whether one answers there: told within seconds, without dask.

dask's own client waits without end for the first words of whatever has accepted its connection, a
web server say, and half a minute for a port that nobody listens at.
"""

import re
import socket
import struct
from contextlib import suppress
from dataclasses import dataclass
from threading import Thread
from time import monotonic, sleep

from hsisr_geo.errors import OptionError, WorkerError

_PAUSE_S = 0.2  # between attempts: a scheduler may be starting
_FIRST_WORDS = struct.Struct("<Q")  # the length of what dask says first, of its own accord
_LONGEST = 1 << 20
_WEB = b"GET / HTTP/1.0\r\n\r\n"
_START = "start one with `dask scheduler`, and workers with `dask worker`"

_ADDRESS = re.compile(
    r"(?:(?P<scheme>\w+)://)?(?P<host>\[[0-9a-fA-F:.%\w]+\]|[^\s:/\[\]]+):(?P<port>\d{1,5})/?"
)
_SCHEMES = ("tcp", "tls", "ws", "wss", "ucx", "ucxx")


@dataclass(frozen=True)
class SchedulerAddress:
    """Where a scheduler is said to listen; `text` as it was given."""

    text: str
    scheme: str
    host: str
    port: int

    @classmethod
    def of(cls, text: str) -> "SchedulerAddress":
        """Read an address.

        Raises
        ------
        OptionError : it is none
        """
        found = _ADDRESS.fullmatch(text)
        scheme = (found and found["scheme"]) or "tcp"
        if found is None or scheme not in _SCHEMES or int(found["port"]) > 65535:
            raise OptionError(
                f"{text!r} is no address of a dask scheduler: give one such as tcp://node1:8786"
            )
        return cls(text, scheme, found["host"].strip("[]"), int(found["port"]))


def check_answers(address: SchedulerAddress, seconds: float) -> None:
    """Return when a scheduler has said something.

    Raises
    ------
    WorkerError : nobody listens there, or something that is no scheduler
    """
    told = [f"no scheduler answers at {address.text}: {_START}"]
    call = Thread(target=_listen, args=(address, monotonic() + seconds, told), daemon=True)
    # ^ looking a name up cannot be interrupted
    call.start()
    call.join(seconds + 1)
    if told:
        raise WorkerError(told[0])


def _listen(address: SchedulerAddress, end: float, told: list[str]) -> None:
    """Empty the list once a scheduler answers; else put what to say of it in there."""
    while True:
        try:
            with socket.create_connection(
                (address.host, address.port), timeout=max(0.1, end - monotonic())
            ) as line:
                if address.scheme != "tcp" or _speaks_dask(line, end):
                    told.clear()
                    return
            told[0] = f"what listens at {address.text} is no dask scheduler{_what(address, end)}"
            return
        except socket.gaierror:
            told[0] = f"no machine is known by the name of {address.text}: check the address"
            return
        except OSError:  # nobody there, yet
            if monotonic() + _PAUSE_S > end:
                return
            sleep(_PAUSE_S)


def _speaks_dask(line: socket.socket, end: float) -> bool:
    line.settimeout(max(0.1, (end - monotonic()) / 2))
    heard = b""
    with suppress(OSError):
        while len(heard) < _FIRST_WORDS.size and (more := line.recv(_FIRST_WORDS.size)):
            heard += more
    return len(heard) >= _FIRST_WORDS.size and _FIRST_WORDS.unpack(heard[:8])[0] < _LONGEST


def _what(address: SchedulerAddress, end: float) -> str:
    """Say what it may be: the port of dask's web page is the usual mistake."""
    with (
        suppress(OSError),
        socket.create_connection((address.host, address.port), timeout=1) as line,
    ):
        line.settimeout(max(0.1, end - monotonic()))
        line.sendall(_WEB)
        if line.recv(5) == b"HTTP/":
            return (
                " but a web server: a scheduler's own port is 8786 by default, that of its "
                "web page 8787"
            )
    return ", or one that is stopped, or takes TLS (tls://…): check the address"
