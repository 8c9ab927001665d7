"""Signals, and a terminal that is closed, end a command wherever they strike it."""

import os
import signal
import subprocess
import sys
import time

import pytest
from attacks.test_inputs_hold_still import scene
from commands import CLI, ENVIRONMENT, posix
from hsisr_geo.cli.terminal.signals import canceled_by_signals

from hsisr_geo.errors import Canceled
from hsisr_geo.journal.folder import work_folder_of


@pytest.fixture(autouse=True)
def hangups_are_heard():
    """Whatever started the tests: `nohup` has its children ignore them."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL) if os.name == "posix" else None
    yield
    if before is not None:
        signal.signal(signal.SIGHUP, before)


def _in_a_terminal_of_its_own():
    import fcntl
    import termios

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


@posix
def test_a_closed_terminal_ends_the_run(tmp_path):
    src, dst = scene(tmp_path / "in.tif"), tmp_path / "out.tif"
    ours, theirs = os.openpty()
    options = ["--upscale", "2", "--model", "bicubic", "--tile", "1", "--resume"]
    run = subprocess.Popen(
        [*CLI, "run", src, dst, *options], stdin=theirs, stdout=theirs, stderr=theirs,
        start_new_session=True, preexec_fn=_in_a_terminal_of_its_own, env=ENVIRONMENT,
    )  # fmt: skip
    os.close(theirs)
    folder = work_folder_of(dst)
    while not any(path.stat().st_size > 5000 for path in folder.glob("*.journal")):
        assert run.poll() is None
        time.sleep(0.01)
    os.close(ours)  # the system sends SIGHUP
    assert run.wait(60) == 128 + signal.SIGHUP
    assert not dst.exists()
    assert folder.exists()


@posix
def test_a_hangup_is_told_and_one_that_is_ignored_is_not():
    with pytest.raises(Canceled, match="SIGHUP"), canceled_by_signals():
        os.kill(os.getpid(), signal.SIGHUP)
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as `nohup` does
    try:
        with canceled_by_signals():
            os.kill(os.getpid(), signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)


class Deaf:
    """Its end hears of a signal, and must not fail."""

    def __del__(self):
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(0.001)


@posix
def test_a_signal_whose_error_is_lost_is_raised_again_and_no_clean_up_is_interrupted(capfd):
    cleaned = False
    started = time.monotonic()
    with pytest.raises(Canceled, match="SIGTERM"), canceled_by_signals():  # noqa: PT012
        try:
            Deaf()
            time.sleep(30)
        finally:
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(0.2)
            cleaned = True
    assert cleaned
    assert time.monotonic() - started < 20
    assert capfd.readouterr().err == ""


STRUCK = """
import os, runpy, signal, sys
from importlib import abc

moment, number = sys.argv.pop(1), getattr(signal, sys.argv.pop(1))
if number == signal.SIGINT:  # where tests run in the background, a shell has it ignored
    signal.signal(number, signal.default_int_handler)
else:
    signal.signal(number, signal.SIG_DFL)


class Striking(abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == moment:
            os.kill(os.getpid(), number)


def strike():
    os.kill(os.getpid(), number)


if moment == "after":
    import atexit
    atexit.register(strike)
else:
    sys.meta_path.insert(0, Striking())
sys.argv[0] = "hsisr-geo"
runpy.run_module("hsisr_geo.cli", run_name="__main__")
"""


@posix
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_while_modules_are_imported_is_one_sentence(name):
    for moment in ("click", "hsisr_geo.resolver.catalogue"):  # of the program, of the command
        run = struck(moment, name)
        assert run.stderr == f"hsisr-geo: error: canceled by {name}\n"
        assert run.returncode == 128 + getattr(signal, name)


@posix
def test_a_signal_after_the_work_takes_nothing_back():
    run = struck("after", "SIGINT")
    assert (run.returncode, run.stderr) == (0, "")
    assert "default" in run.stdout


def struck(moment, name):
    words = [sys.executable, "-c", STRUCK, moment, name, "models"]
    return subprocess.run(words, capture_output=True, text=True, check=False, env=ENVIRONMENT)
