"""A cluster that does not answer, goes away or is another: a sentence within seconds, not a wait.

The processes are real ones on the loopback; only the patience is shorter than a user's.
"""

import os
import pickle
import shutil
import signal
import socket
import socketserver
import threading
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from attacks.test_inputs_hold_still import scene
from commands import call, one_line_error, posix
from dask_processes import address_of, start, worker_options
from distributed import Client, LocalCluster, WorkerPlugin
from scenes import read_pixels

from hsisr_geo.api import super_resolve
from hsisr_geo.engine.cluster.connect import connected
from hsisr_geo.engine.cluster.tile_worker import infer
from hsisr_geo.engine.scheduler import SchedulerAddress, check_answers
from hsisr_geo.engine.workers import Patience, Workers
from hsisr_geo.errors import ModelError, OptionError, RasterError, WorkerError
from hsisr_geo.resolver.catalogue import find_model
from hsisr_geo.resolver.interpolation import BicubicResolver
from hsisr_geo.resolver.load import load_resolver

# Where processes are killed and frozen a connection is rarely left to the garbage collector, which
# says so in the middle of another test. Whose it is was not found: a collection after each test, as
# a trial, met none.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")

PATIENT = Patience(answer=60, notice=0.6, workers=1.5)  # of answers that will come
SHORT = replace(PATIENT, answer=1.5)


@pytest.mark.parametrize(
    "address",
    ["nonsense", "", "tcp://node1", "node1:port", "http://node1:8786", "tcp://node1:99999",
     "tcp://a b:1", "8786"],
)  # fmt: skip
def test_a_malformed_address_is_told_at_once(address):
    with pytest.raises(OptionError, match=r"is no address .* tcp://node1:8786"):
        Workers(scheduler=address)


@pytest.mark.parametrize(
    ("text", "host"),
    [("a.b:1", "a.b"), ("tls://[::1]:1", "::1"), ("tcp://10.0.0.1:1/", "10.0.0.1")],
)
def test_addresses_that_are_some(text, host):
    address = SchedulerAddress.of(text)
    assert (address.host, address.port) == (host, 1)


def test_the_command_says_it_before_it_reads_anything(tmp_path):
    src = scene(tmp_path / "in.tif")
    told = one_line_error(
        call("run", src, tmp_path / "out.tif", "--upscale", 2, "--model", "bicubic",
             "--scheduler", "nonsense", code=1)
    )  # fmt: skip
    assert "'nonsense' is no address of a dask scheduler" in told


def free_port():
    with socket.socket() as line:
        line.bind(("127.0.0.1", 0))
        return line.getsockname()[1]


@contextmanager
def listening(talk):
    """A server on the loopback that treats each connection so."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self):
            with suppress(ConnectionError):  # whoever asked may hang up first
                talk(self.request)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def told_of(port, seconds=0.5):
    with pytest.raises(WorkerError) as caught:
        check_answers(SchedulerAddress.of(f"tcp://127.0.0.1:{port}"), seconds)
    return str(caught.value)


def test_a_port_where_nobody_listens():
    assert "no scheduler answers at tcp://127.0.0.1:" in told_of(free_port())


def _web(line):
    while line.recv(1000)[-4:] != b"\r\n\r\n":
        pass
    line.sendall(b"HTTP/1.0 200 OK\r\n\r\nhello")


def _mail(line):
    line.sendall(b"220 mail.example.org ESMTP\r\n")
    line.recv(1000)


@pytest.mark.parametrize(
    ("talk", "told"),
    [
        (_web, "but a web server: a scheduler's own port is 8786"),
        (_mail, "is no dask scheduler, or one that is stopped"),
        (lambda line: line.recv(1000), "is no dask scheduler, or one that is stopped"),
        (lambda line: None, "is no dask scheduler, or one that is stopped"),
    ],
)
def test_what_listens_there_is_something_else(talk, told):
    with listening(talk) as port:
        assert told in told_of(port)


def test_a_name_that_no_machine_has():
    with pytest.raises(WorkerError, match=r"no machine is known|no scheduler answers"):
        check_answers(SchedulerAddress.of("tcp://nowhere.invalid:8786"), 0.5)


def test_a_scheduler_without_workers(monkeypatch):
    with (
        LocalCluster(
            n_workers=0, processes=False, dashboard_address="127.0.0.1:0", protocol="tcp"
        ) as none,
        pytest.raises(WorkerError, match="has no workers: start some with `dask worker`"),
        connected(Workers(scheduler=none.scheduler_address, patience=Patience(answer=0.5))),
    ):
        pass


@pytest.mark.parametrize(
    ("scheme", "told"),
    [
        ("tls", "takes certificates, and dask's configuration names none"),
        ("ws", r"\(\w.*\): check"),
    ],
)
def test_a_scheduler_that_is_to_be_spoken_to_otherwise(scheme, told):
    with listening(_mail) as port:
        workers = Workers(scheduler=f"{scheme}://127.0.0.1:{port}", patience=Patience(answer=1))
        with pytest.raises(WorkerError, match=told), connected(workers):
            pass


def test_a_model_is_found_by_its_weights_wherever_they_are(tmp_path, monkeypatch):
    """A worker's installation has another place for them, and may have another name."""
    given, there = tmp_path / "adapted.safetensors", tmp_path / "there"
    shutil.copy(find_model("default"), given)
    sent = pickle.dumps(load_resolver(str(given), upscale=2, device="cpu"))
    there.mkdir()
    given.rename(there / "of-another-name.safetensors")
    monkeypatch.setattr("hsisr_geo.resolver.catalogue.shipped_folder", lambda: tmp_path / "none")
    with pytest.raises(ModelError, match=r"adapted.* nor has any model here the weights"):
        pickle.loads(sent)
    monkeypatch.setenv("HSISR_GEO_MODELS", str(there))
    assert pickle.loads(sent).recipe.model == str(there / "of-another-name.safetensors")


def run_on(address, tmp_path, monkeypatch):
    """Return what runs a scene of 36 tiles on workers that are there; something happens at one."""
    src, lines = scene(tmp_path / "in.tif"), []

    def run(at=None, action=None, patience=PATIENT):
        of_patience = partial(Workers, patience=patience)
        monkeypatch.setattr("hsisr_geo.api.Workers", of_patience)

        def progress(done, _):
            if done == at:
                action()

        return super_resolve(
            src, tmp_path / "out.tif", resolver=BicubicResolver(2), tile=8, resume=True,
            scheduler=address, progress=progress, log=lines.append,
        )  # fmt: skip

    with connected(Workers(scheduler=address, patience=PATIENT)):
        pass
    run.lines = lines
    return run


class Cluster:
    """A scheduler and a worker as a user would start them; `ready` makes up for what has ended."""

    def __init__(self, folder):
        self.folder, self.number = folder, 0
        self.scheduler = self.worker = None

    def ready(self):
        if self.scheduler is None or self.scheduler.poll() is not None:
            self.end()  # a worker that has lost its scheduler
            self.number += 1
            self.file = self.folder / f"scheduler-{self.number}.json"
            self.scheduler = self.start("scheduler", "--port", "0")
            self.address = address_of(self.scheduler, self.file)
            self.worker = None
        if self.worker is None or self.worker.poll() is not None:
            self.worker = self.start("worker", *worker_options(self.folder))
        return self

    def start(self, what, *more, env=None):
        return start(what, "127.0.0.1", self.file, *more, env=env)

    def end(self):
        for process in (self.worker, self.scheduler):
            if process is not None:
                process.kill()
                process.wait(20)


@pytest.fixture(scope="module")
def every(tmp_path_factory):
    cluster = Cluster(tmp_path_factory.mktemp("cluster"))
    yield cluster
    cluster.end()


@pytest.fixture
def cluster(every):
    return every.ready()


@pytest.fixture
def run(cluster, tmp_path, monkeypatch):
    """Run on the cluster with little patience; at so many tiles something happens."""
    return run_on(cluster.address, tmp_path, monkeypatch)


@posix
def test_workers_that_go_away_are_missed_and_the_run_is_resumed(run, cluster, tmp_path):
    with pytest.raises(WorkerError) as caught:
        run(5, cluster.worker.kill)
    told = str(caught.value)
    assert "has no workers left, and none came for 2 s; " in told
    assert "of 36 tiles are kept in" in told
    assert "--resume" in told
    (warning,) = [line for line in run.lines if "has no workers left" in line]
    assert warning.startswith("warning: the scheduler at tcp://")
    assert warning.endswith("has no workers left: waiting up to 2 s for some")
    src, dst, straight = tmp_path / "in.tif", tmp_path / "out.tif", tmp_path / "straight.tif"
    resolver = BicubicResolver(2)
    assert super_resolve(src, dst, resolver=resolver, tile=8, resume=True).kept >= 5
    super_resolve(src, straight, resolver=resolver, tile=8)
    np.testing.assert_array_equal(read_pixels(dst), read_pixels(straight))


@contextmanager
def stopped(process):
    os.kill(process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(process.pid, signal.SIGCONT)


@posix
def test_a_worker_that_is_frozen_is_named(run, cluster):
    with stopped(cluster.worker), pytest.raises(WorkerError, match=r"^worker tcp://.* not answer"):
        run(patience=SHORT)


@posix
def test_a_worker_that_freezes_is_named(run, cluster):
    try:
        with pytest.raises(WorkerError, match=r"no workers that answer.*tiles are kept"):
            run(5, lambda: os.kill(cluster.worker.pid, signal.SIGSTOP))
    finally:
        os.kill(cluster.worker.pid, signal.SIGCONT)
    assert any(line.startswith("warning: worker tcp://") for line in run.lines)


def test_a_worker_of_another_version_is_named(run, cluster, tmp_path):
    """A real process, whose installation says that it is another."""
    lie = tmp_path / "other" / "sitecustomize.py"
    lie.parent.mkdir()
    lie.write_text("import hsisr_geo._version\nhsisr_geo._version.__version__ = '9.9'\n")
    there = worker_options(tmp_path / "dask")
    other = cluster.start("worker", *there, env={"PYTHONPATH": str(lie.parent)})
    try:
        with Client(cluster.address, set_as_default=False) as client:
            client.wait_for_workers(2, timeout=60)
        with pytest.raises(WorkerError, match=r"^worker tcp://\S+ has hsisr-geo 9\.9, not "):
            run()
    finally:
        other.kill()
        other.wait(20)


def test_the_port_of_a_worker(cluster):
    with Client(cluster.address, set_as_default=False) as client:
        client.wait_for_workers(1, timeout=60)
        (worker,) = client.nthreads()
    with (
        pytest.raises(WorkerError, match="is a worker of dask: give its scheduler"),
        connected(Workers(scheduler=worker, patience=SHORT)),
    ):
        pass


@posix
def test_a_scheduler_that_freezes(run, cluster):
    with pytest.raises(WorkerError, match=r"does not answer any more; .* tiles are kept"):
        run(5, lambda: os.kill(cluster.scheduler.pid, signal.SIGSTOP), SHORT)
    with pytest.raises(WorkerError, match="or one that is stopped"):
        run(patience=SHORT)
    os.kill(cluster.scheduler.pid, signal.SIGCONT)


@posix
def test_a_scheduler_that_goes_away(run, cluster):
    with pytest.raises(WorkerError, match=r"went away; \d+ of 36 tiles are kept in .*--resume"):
        run(5, cluster.scheduler.kill)


@pytest.mark.parametrize("kind", ["deep", "unlike", "plain"])
def test_an_error_of_a_worker_arrives_whatever_it_is(cluster, kind):
    """dask's client waits without end for one that it cannot unpickle."""

    class Unlike(Exception):
        def __init__(self, one, two):
            super().__init__(f"{one} and {two}")

    class Failing(WorkerPlugin):  # local classes travel whole
        name = "failing"

        def infer(self, kind):
            if kind == "deep":
                self.infer(kind)
            raise Unlike("one", "two") if kind == "unlike" else RasterError("what is wrong")

    told = {
        "deep": (RecursionError, "maximum recursion depth"),
        "unlike": (WorkerError, "unexpected Unlike in a worker: one and two"),
        "plain": (RasterError, "^what is wrong$"),
    }
    with Client(cluster.address, set_as_default=False) as client:
        client.register_plugin(Failing())
        with pytest.raises(told[kind][0], match=told[kind][1]):
            client.submit(infer, "failing", kind, pure=False).result(timeout=30)
