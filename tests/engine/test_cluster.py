"""Worker processes, really: started here, killed, or those of a scheduler on the loopback."""

import asyncio
import json
import os
import pickle
import re
import signal
import subprocess
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import psutil
import pytest
import rasterio
from commands import CLI, ENVIRONMENT, call, posix
from dask_processes import scheduler_and_worker
from scenes import read_pixels

from hsisr_geo import __version__
from hsisr_geo.engine.cluster.connect import OURS, connected
from hsisr_geo.engine.cluster.roll_call import check, examine
from hsisr_geo.engine.cluster.tile_worker import TileWorker
from hsisr_geo.engine.identity import input_identity
from hsisr_geo.engine.workers import Patience, Workers
from hsisr_geo.errors import ModelError, OptionError, WorkerError
from hsisr_geo.resolver.load import load_resolver


def _command(src, dst, *more):
    options = ["--upscale", "2", "--model", "back-projection", "--tile", "16"]
    return [*CLI, "run", str(src), str(dst), *options, "--progress", "json", *more]


def _run(src, dst, *more):
    run = subprocess.run(
        _command(src, dst, *more), capture_output=True, text=True, env=ENVIRONMENT, check=False
    )
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout.splitlines()[-1])


def _same(path, whole):
    np.testing.assert_array_equal(read_pixels(path), whole[0])
    with rasterio.open(path) as dataset:
        assert dataset.tags() == whole[1]


DYING = """
import os, signal
from hsisr_geo.journal import records

write_all = getattr(records, "as_it_was", records._write_all)  # this may be loaded twice
records.as_it_was, calls = write_all, []

def dying(file, data):
    calls.append(1)
    if len(calls) == 40:  # in the middle of a record
        try:
            os.close(os.open(os.environ["ONE_DIES"], os.O_CREAT | os.O_EXCL))
            write_all(file, data[: len(data) // 2])
            os.kill(os.getpid(), signal.SIGKILL)
        except FileExistsError:
            pass  # the other one did
    write_all(file, data)

records._write_all = dying
"""


@pytest.fixture
def one_dies(tmp_path):
    """Variables with which one of the workers kills itself within a record, and the sign of it."""
    folder = tmp_path / "dying"
    folder.mkdir()
    (folder / "dying.py").write_text(DYING)
    given = {"DASK_DISTRIBUTED__WORKER__PRELOAD": str(folder / "dying.py")}
    return given | {"ONE_DIES": str(folder / "died")}


@posix
def test_two_workers_one_of_them_killed_within_a_record_give_the_same_file(
    src, whole, tmp_path, one_dies
):
    dst, temporary = tmp_path / "fine" / "sr.tif", tmp_path / "temporary"
    dst.parent.mkdir()
    temporary.mkdir()
    run = subprocess.run(
        _command(src, dst, "--workers", "2"), capture_output=True, text=True, timeout=100,
        env=ENVIRONMENT | one_dies | {"TMPDIR": str(temporary)}, check=False,
    )  # fmt: skip
    assert (run.returncode, run.stderr) == (0, "")
    assert os.path.exists(one_dies["ONE_DIES"])
    assert json.loads(run.stdout.splitlines()[-1])["tiles"] == 42
    _same(dst, whole)
    assert sorted(path.name for path in dst.parent.iterdir()) == ["sr.qml", "sr.tif"]
    assert list(temporary.iterdir()) == []


def _closed(run):
    """Send all its processes what a terminal does that is closed, and Ctrl-C besides."""
    os.killpg(run.pid, signal.SIGHUP)
    os.killpg(run.pid, signal.SIGINT)


@posix
@pytest.mark.parametrize("signum", [signal.SIGHUP, signal.SIGKILL])
def test_a_run_with_workers_ends_with_them_and_goes_on(src, whole, tmp_path, signum, one_dies):
    """One worker was killed before, and its journal is torn."""
    dst = tmp_path / "sr.tif"
    with subprocess.Popen(
        _command(src, dst, "--workers", "2", "--resume"), stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, env=ENVIRONMENT | one_dies, start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),  # whatever started us
    ) as run:  # fmt: skip
        for line in run.stdout:
            if json.loads(line).get("done", 0) >= 5 and os.path.exists(one_dies["ONE_DIES"]):
                children = psutil.Process(run.pid).children(recursive=True)
                break
        if signum == signal.SIGHUP:
            _closed(run)
        else:
            run.kill()
        _, err = run.communicate(timeout=100)
    if signum == signal.SIGHUP:
        assert run.returncode == 129
        assert err.splitlines() == ["hsisr-geo: error: canceled by SIGHUP"]
    assert not dst.exists()
    _, alive = psutil.wait_procs(children, timeout=20)
    assert alive == []
    again = call(*_command(src, dst, "--resume")[len(CLI) :])
    assert json.loads(again.stdout.splitlines()[-1])["kept"] >= 5
    _same(dst, whole)


@pytest.fixture
def scheduler(tmp_path):
    """A real scheduler and a real worker, as a user would start them."""
    with scheduler_and_worker(tmp_path) as address:
        yield address


def test_the_workers_of_a_scheduler_give_the_same_file(src, whole, tmp_path, scheduler):
    folder = tmp_path / "a folder with ümlauts"
    folder.mkdir()
    _run(src, folder / "sr.tif", "--scheduler", scheduler)
    _same(folder / "sr.tif", whole)
    assert sorted(path.name for path in folder.iterdir()) == ["sr.qml", "sr.tif"]


SENT = pickle.dumps("what there is to do")


class FakeClient:
    """Workers that see what they are told to see."""

    def __init__(self, **different):
        self.different = different

        self.scheduler = self

    def sync(self, asked):
        return asyncio.run(asked())

    async def ncores(self, workers):
        return {"tcp://a:1": 1, "tcp://b:2": 1}

    async def run(self, function, *said, workers=None):
        if function is not examine:
            return {workers[0]: function(*said)}
        a, b = function(*said), function(*said)
        return {"tcp://a:1": a, "tcp://b:2": replace(b, **self.different)}


@pytest.mark.parametrize(
    ("different", "told"),
    [
        ({"version": "9.9"}, "worker tcp://b:2 has hsisr-geo 9.9"),
        ({"code": "abc"}, f"worker tcp://b:2 has other code of hsisr-geo {__version__}"),
        ({"token": False}, "does not share the folder"),
        ({"answer": ""}, "does not share the folder"),
        ({"answer": "elsewhere.1"}, "does not share the folder"),
        ({"method": "no such model"}, "worker tcp://b:2 cannot do its work: no such model"),
        ({"source": "scene.tif:7:abc"}, r"does not see the same .*scene\.tif"),
    ],
)
def test_a_worker_that_sees_other_files_is_refused(src, tmp_path, different, told):
    with pytest.raises(WorkerError, match=told):
        check(FakeClient(**different), [str(src)], tmp_path, SENT, Patience())


def test_workers_that_see_the_same_are_accepted(src, tmp_path):
    check(FakeClient(), [str(src)], tmp_path, SENT, Patience())
    assert list(tmp_path.iterdir()) == []
    seen = examine(str(tmp_path / "none.token"), [str(tmp_path / "none.tif")], b"none")
    assert "UnpicklingError" in seen.method
    assert (seen.version, seen.token) == (__version__, False)
    assert seen.source == ""
    assert input_identity([str(src)]).startswith("scene.tif:")


def test_what_workers_get_of_variables_does_not_stay_here(monkeypatch):
    """dask sets them in this process, too, where `hsisr-geo config` would tell of them."""
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    monkeypatch.delenv(OURS, raising=False)
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    with connected(Workers(number=1)) as client:
        assert set(client.run(os.environ.get, OURS).values()) == {"1"}
    assert OURS not in os.environ
    assert "MKL_NUM_THREADS" not in os.environ
    assert os.environ["OMP_NUM_THREADS"] == "3"


def test_a_model_is_sent_as_the_path_of_its_weights():
    resolver = load_resolver(upscale=4, detail=0.5, seed=7, psf="gaussian:0.3", device="cpu")
    sent = pickle.dumps(resolver)
    assert len(sent) < 5000
    there = pickle.loads(sent)
    assert there.provenance() == resolver.provenance()
    assert (there.upscale, there.degradation.name) == (4, resolver.degradation.name)
    with pytest.raises(ModelError, match="other weights here"):
        pickle.loads(re.sub(resolver.sha256.encode(), b"0" * 64, sent))


@pytest.mark.parametrize(
    ("address", "changed", "told"),
    [
        ("tcp://late:3", {"version": "9.9"}, rf"worker tcp://late:3 has hsisr-geo {__version__}"),
        ("tcp://late:3", {"source": "scene.tif:7:abc"}, r"does not see the same .*scene\.tif"),
        ("tcp://late:3", {}, "load key"),
        ("tcp://a:1", {"source": "scene.tif:7:abc"}, "load key"),
    ],
)
def test_a_worker_that_comes_later_is_held_against_those_that_were_asked(
    src, tmp_path, address, changed, told
):
    """The last two pass, and fail at work that is none."""
    expected = replace(check(FakeClient(), [str(src)], tmp_path, SENT, Patience()), **changed)
    plugin = TileWorker(b"none", tmp_path, "key", expected, elsewhere=True)
    plugin.setup(SimpleNamespace(address=address, name="0"))
    with pytest.raises((WorkerError, pickle.UnpicklingError), match=told):
        plugin.infer((0, 0))


def test_a_worker_that_comes_later_with_other_weights_is_named(src, tmp_path):
    expected = check(FakeClient(), [str(src)], tmp_path, SENT, Patience())
    resolver = load_resolver(upscale=2, device="cpu")
    sent = re.sub(resolver.sha256.encode(), b"0" * 64, pickle.dumps(resolver))
    plugin = TileWorker(sent, tmp_path, "key", expected, elsewhere=True)
    plugin.setup(SimpleNamespace(address="tcp://late:3", name="0"))
    with pytest.raises(WorkerError, match=r"^worker tcp://late:3 cannot do .* other weights here"):
        plugin.infer((0, 0))


@pytest.mark.parametrize(
    "options", [{"number": 0}, {"threads": 0}, {"number": 2, "scheduler": "x"}]
)
def test_workers_that_cannot_be(options):
    with pytest.raises(OptionError):
        Workers(**options)
