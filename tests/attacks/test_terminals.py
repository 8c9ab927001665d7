"""A terminal that is closed ends a run as a signal does."""

import os
import signal
import subprocess
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
