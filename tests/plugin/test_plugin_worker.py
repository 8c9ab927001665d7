import gc
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from types import SimpleNamespace

import psutil
import pytest

from qgis_plugin.engine import worker
from qgis_plugin.engine.worker import Finished, WorkerCanceled, WorkerFailed, run_worker

posix = pytest.mark.skipif(sys.platform == "win32", reason="signals and process groups of POSIX")


def run(code, *, progress=None, log=None, canceled=lambda: False):
    """Run a few lines of Python as the engine."""
    return run_worker(
        [sys.executable, "-c", textwrap.dedent(code)],
        dict(os.environ),
        progress=progress or (lambda done, total: None),
        log=log or (lambda message: None),
        canceled=canceled,
    )


def alive(pid):
    """Whether a process exists and is no zombie."""
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def buried(pid):
    """Whether a killed process is gone within the second that a busy kernel may need."""
    deadline = time.monotonic() + 1
    while alive(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not alive(pid)


def test_events_arrive_in_order_and_the_rest_of_stdout_is_text():
    steps, said = [], []
    finished = run(
        """
        import json
        print('{"event": "log", "message": "reading s\\u00fcd.tif"}')
        print('{"event": "progress", "done": 1, "total": 2}')
        print('{"bands":')
        print(' 3}')
        print('{"event": "progress", "done": 2, "total": 2}')
        print('{"event": "result", "output": "x.tif"}')
        """,
        progress=lambda done, total: steps.append((done, total)),
        log=said.append,
    )
    assert steps == [(1, 2), (2, 2)]
    assert said == ["reading süd.tif"]
    assert finished == Finished({"event": "result", "output": "x.tif"}, '{"bands":\n 3}')


def test_events_beside_a_record_come_on_stderr():
    steps, said = [], []
    finished = run(
        """
        import sys
        print('{"event": "log", "message": "reading"}', file=sys.stderr)
        print('{"event": "progress", "done": 1, "total": 2}', file=sys.stderr)
        print('{"verdict": "a tie"}')
        print('{"event": "result", "path": "index.html"}', file=sys.stderr)
        """,
        progress=lambda done, total: steps.append((done, total)),
        log=said.append,
    )
    assert (steps, said) == ([(1, 2)], ["reading"])
    assert finished == Finished({"event": "result", "path": "index.html"}, '{"verdict": "a tie"}')


def test_a_failure_ends_with_the_last_line_of_stderr():
    said = []
    with pytest.raises(WorkerFailed, match=r"^scene\.tif: zero bands$"):
        run(
            """
            import sys
            print("warming up", file=sys.stderr)
            print("hsisr-geo: error: scene.tif: zero bands", file=sys.stderr)
            sys.exit(1)
            """,
            log=said.append,
        )
    assert said[0] == "warming up"


def test_a_silent_failure_names_the_code():
    with pytest.raises(WorkerFailed, match="code 7"):
        run("import sys; sys.exit(7)")


@posix
def test_a_crash_names_the_signal():
    with pytest.raises(WorkerFailed, match=f"signal {int(signal.SIGABRT)}"):
        run("import os; os.abort()")


@posix
def test_being_killed_hints_at_memory():
    with pytest.raises(WorkerFailed, match="smaller tile"):
        run("import os, signal; os.kill(os.getpid(), signal.SIGKILL)")


def test_a_program_that_cannot_start_is_named(tmp_path):
    with pytest.raises(WorkerFailed, match=r"Cannot start .*missing"):
        run_worker(
            [str(tmp_path / "missing")], {}, progress=print, log=print, canceled=lambda: False
        )


def test_a_flood_on_both_pipes_does_not_block():
    said = []
    finished = run(
        """
        import sys
        for i in range(20000):
            print("x" * 50)
            print("y" * 50, file=sys.stderr)
        """,
        log=said.append,
    )
    assert len(finished.text.splitlines()) == len(said) == 20000


@posix
@pytest.mark.parametrize("ignores_sigterm", [False, True])
def test_cancel_ends_the_whole_process_tree_within_two_seconds(tmp_path, ignores_sigterm):
    pids = tmp_path / "pids"
    canceled = threading.Event()
    started = []

    def on_log(message):
        started.append(time.monotonic())
        canceled.set()

    with pytest.raises(WorkerCanceled):
        run(
            f"""
            import os, signal, subprocess, sys, time
            if {ignores_sigterm}:
                signal.signal(signal.SIGTERM, signal.SIG_IGN)
            child = subprocess.Popen(["sleep", "300"])
            open({str(pids)!r}, "w").write(f"{{os.getpid()}} {{child.pid}}")
            print('{{"event": "log", "message": "ready"}}', flush=True)
            time.sleep(300)
            """,
            log=on_log,
            canceled=canceled.is_set,
        )
    assert time.monotonic() - started[0] < 2
    assert all(buried(int(pid)) for pid in pids.read_text().split())


@posix
def test_cancel_lets_the_engine_remove_its_unfinished_file(tmp_path):
    unfinished = tmp_path / "out.tif.part"
    canceled = threading.Event()
    with pytest.raises(WorkerCanceled):
        run(
            f"""
            import os, signal, sys, time
            def stop(number, frame):
                time.sleep(0.3)
                os.remove({str(unfinished)!r})
                sys.exit(143)
            signal.signal(signal.SIGTERM, stop)
            open({str(unfinished)!r}, "w").close()
            print('{{"event": "log", "message": "ready"}}', flush=True)
            time.sleep(300)
            """,
            log=lambda message: canceled.set(),
            canceled=canceled.is_set,
        )
    assert not unfinished.exists()


@posix
def test_a_grandchild_that_holds_the_pipe_does_not_hold_the_run(tmp_path):
    pid = tmp_path / "pid"
    began = time.monotonic()
    run(
        f"""
        import subprocess
        child = subprocess.Popen(["sleep", "300"])
        open({str(pid)!r}, "w").write(str(child.pid))
        """
    )
    assert time.monotonic() - began < 5
    assert buried(int(pid.read_text()))


@posix
def test_an_engine_that_closed_its_pipes_can_still_be_canceled():
    canceled = threading.Event()
    threading.Timer(0.5, canceled.set).start()
    with pytest.raises(WorkerCanceled):
        run("import os, time; os.close(1); os.close(2); time.sleep(300)", canceled=canceled.is_set)


@posix
def test_a_windows_cancel_asks_by_closing_stdin_and_then_kills_the_tree(monkeypatch, tmp_path):
    """Windows has no signals: what it does instead, on a process of this platform."""
    killed, canceled = [], threading.Event()
    monkeypatch.setattr(worker, "sys", SimpleNamespace(platform="win32"))
    monkeypatch.setattr(worker, "group_options", dict)
    monkeypatch.setattr(worker, "GRACE_S", 0.3)
    monkeypatch.setattr(subprocess, "CREATE_NO_WINDOW", 0, raising=False)
    monkeypatch.setenv("SYSTEMROOT", "C:/Windows")

    def taskkill(command, **options):
        killed.append(command)
        os.kill(int(command[-1]), signal.SIGKILL)

    monkeypatch.setattr(subprocess, "run", taskkill)
    told = tmp_path / "told"
    with pytest.raises(WorkerCanceled):
        run(
            f"""
            import os, sys, time
            print('{{"event": "log", "message": "ready"}}', flush=True)
            sys.stdin.read()
            open({str(told)!r}, "w").write(os.environ["HSISR_GEO_WATCH_STDIN"])
            time.sleep(300)
            """,
            log=lambda message: canceled.set(),
            canceled=canceled.is_set,
        )
    assert told.read_text() == "1"
    ((program, *options),) = killed
    assert program.replace(os.sep, "/").endswith("C:/Windows/System32/taskkill.exe")
    assert options[:3] == ["/T", "/F", "/PID"]


def test_on_windows_there_is_no_console_window_and_a_group_of_its_own(monkeypatch):
    monkeypatch.setattr(worker, "sys", SimpleNamespace(platform="win32"))
    monkeypatch.setattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0x200, raising=False)
    monkeypatch.setattr(subprocess, "CREATE_NO_WINDOW", 0x8000000, raising=False)
    assert worker.group_options() == {"creationflags": 0x8000200}


@pytest.mark.parametrize("platform", ["linux", "darwin"])
def test_elsewhere_it_leads_a_session(monkeypatch, platform):
    monkeypatch.setattr(worker, "sys", SimpleNamespace(platform=platform))
    assert worker.group_options() == {"start_new_session": True}


def test_bytes_that_are_no_utf8_do_not_stop_a_run():
    said = []
    finished = run(
        """
        import sys
        sys.stdout.buffer.write(b"caf\\xe9\\n")
        sys.stderr.buffer.write("süd €\\n".encode())
        """,
        log=said.append,
    )
    assert finished.text == "caf\ufffd"
    assert said == ["süd €"]


@posix
def test_no_pipe_and_no_zombie_stays():
    run("print('hello')")  # what the first run opens for good
    gc.collect()  # what tests before this one left open may be closed meanwhile, and not later
    this = psutil.Process()
    descriptors, children = this.num_fds(), this.children()
    for _ in range(3):
        run("import sys; print('hello'); print('there', file=sys.stderr)")
    assert this.num_fds() <= descriptors
    assert not {*this.children()} - {*children}


def test_an_error_in_a_callback_ends_the_engine(monkeypatch):
    ended = []
    kill = worker._kill_group
    monkeypatch.setattr(worker, "_kill_group", lambda p: (kill(p), ended.append(p.poll())))

    def broken(done, total):
        raise RuntimeError("feedback gone")

    with pytest.raises(RuntimeError, match="feedback gone"):
        run(
            """
            import time
            print('{"event": "progress", "done": 1, "total": 2}', flush=True)
            time.sleep(300)
            """,
            progress=broken,
        )
    assert ended
    assert ended[0] is not None
