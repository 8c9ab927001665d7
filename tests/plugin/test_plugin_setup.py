"""The managed environment, really made by venv and pip, out of stand-ins for the big packages."""

import json
import os
import resource
import shutil
import subprocess
import sys
import textwrap
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
import stand_ins

from qgis_plugin.setup import install, packages, plan, record
from qgis_plugin.setup.install import SetUpCanceled, SetUpFailed, Watcher, remove, repair, set_up
from qgis_plugin.setup.lock import Held, hold
from qgis_plugin.setup.packages import BUILDS, Source
from qgis_plugin.setup.places import Environment
from qgis_plugin.setup.plan import Plan, plan_from, steps
from qgis_plugin.setup.state import Kind, inspect, look

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="stand-ins are started as on POSIX")

ROOT = Path(__file__).resolve().parents[2]
VERSION = stand_ins.VERSION


class Seen:
    """A watcher's three functions, and what they were told."""

    def __init__(self, stop=None):
        self.lines, self.steps, self.stop = [], [], stop or threading.Event()
        self.watcher = Watcher(self.progress, self.lines.append, self.stop.is_set)

    def progress(self, percent, what):
        self.steps.append((percent, what))


@pytest.fixture(autouse=True)
def no_configuration(monkeypatch):
    """Neither an index nor a mirror, whatever this machine has."""
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")  # nobody listens there
    monkeypatch.setenv("PIP_RETRIES", "1")
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")


@pytest.fixture
def home(tmp_path):
    """A path as profiles have them: with a space and letters beyond ASCII."""
    return tmp_path / "Profil für Größe" / "hsisr-geo"


@pytest.fixture
def wheels(tmp_path):
    folder = tmp_path / "wheel folder"
    stand_ins.torch(folder)
    stand_ins.engine(folder)
    return folder


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    """A home whose environment has had its first step."""
    made = offline(tmp_path_factory.mktemp("bare") / "home", tmp_path_factory.mktemp("none"))
    subprocess.run(steps(made)[0].command, check=True)
    return made.environment


def offline(home, wheels, build="cpu"):
    environment = Environment(home, VERSION)
    return Plan(environment, sys.executable, BUILDS[build], Source("", str(wheels), True))


def online(home, index):
    environment = Environment(home, VERSION)
    return Plan(environment, sys.executable, BUILDS["cpu"], Source(index.url))


@pytest.fixture
def begun(bare, home):
    """Put the environment that has had its first step into `home`: seconds are saved."""
    shutil.copytree(bare.folder, Environment(home, VERSION).folder, symlinks=True)
    first = steps(offline(home, ""))[0]
    record.write(Environment(home, VERSION).record, record.Record({"venv": first.choice}))


def test_from_nothing_to_ready_and_again(home, wheels):
    made, seen = offline(home, wheels), Seen()
    assert look(made.environment).kind is Kind.ABSENT
    answer = json.loads(set_up(made, seen.watcher))
    assert answer == {"version": VERSION, "protocol": 1, "device": "cpu"}
    assert inspect(made.environment).kind is Kind.READY
    percents = [percent for percent, _ in seen.steps]
    assert percents == sorted(percents)
    assert seen.steps[-1] == (100, "Ready")
    assert not made.environment.lock.exists()
    log = made.environment.log.read_text(encoding="utf-8")
    for said in ("Making the environment", "Successfully installed torch", "Ready"):
        assert said in log
    assert list(made.environment.folder.rglob("zarr.py"))  # for formats that the dialogs offer

    again = Seen()
    set_up(made, again.watcher)
    assert [line for line in again.lines if line.endswith("already done")] == [
        *("Making the environment: already done", "Installing PyTorch: already done"),
        f"Installing hsisr-geo {VERSION}: already done",
    ]

    # Its Python is uninstalled: the next set-up makes it anew, from what the record remembers.
    made.environment.python.unlink()
    made.environment.python.symlink_to("/nowhere/python3.9")
    assert look(made.environment).kind is Kind.BROKEN
    remembered = plan_from(made.environment, record.read(made.environment.record).choices)
    assert remembered == made
    set_up(remembered, Seen().watcher)
    assert inspect(made.environment).kind is Kind.READY
    remove(made.environment)
    assert look(made.environment).kind is Kind.ABSENT
    assert {path.name for path in home.iterdir()} == {"setup.log"}


def test_a_missing_wheel_is_named_and_the_next_set_up_goes_on_there(begun, home, wheels):
    missing = next(wheels.glob("hsisr_geo*"))
    missing.rename(wheels.parent / missing.name)
    made, seen = offline(home, wheels), Seen()
    with pytest.raises(SetUpFailed, match=rf"Installing hsisr-geo.*neither.*\[zarr\]=={VERSION}"):
        set_up(made, seen.watcher)
    assert look(made.environment).kind is Kind.UNFINISHED
    assert "venv, torch" in look(made.environment).message
    (wheels.parent / missing.name).rename(missing)
    seen = Seen()
    set_up(made, seen.watcher)
    assert "Installing PyTorch: already done" in seen.lines
    assert look(made.environment).kind is Kind.READY


def test_without_the_network_it_says_so(begun, home):
    made = replace(offline(home, ""), source=Source("http://127.0.0.1:9/simple"))
    with pytest.raises(SetUpFailed, match=r"Updating pip failed.*cannot be reached.*wheel folder"):
        set_up(made, Seen().watcher)
    assert look(made.environment).kind is Kind.UNFINISHED


@pytest.fixture
def index(wheels, monkeypatch):
    """An index that stops in the middle of PyTorch until it is told to go on."""
    stand_ins.torch(wheels, size=6_000_000)
    server = stand_ins.Index(wheels, gate=2000)
    monkeypatch.setenv("PIP_INDEX_URL", server.url)
    yield server
    server.close()


def skip_the_update_of_pip(home):
    """Note it as done: an index would need a pip."""
    environment = Environment(home, VERSION)
    done = record.read(environment.record)
    record.write(environment.record, replace(done, finished={**done.finished, "pip": ""}))


def old_pips_progress(monkeypatch):
    """Ask for no progress where the pip of this test is too old for a readable one."""
    original = plan.steps

    def steps_for_any_pip(made):
        return [
            replace(step, command=[{"raw": "off"}.get(part, part) for part in step.command])
            for step in original(made)
        ]

    monkeypatch.setattr(install, "steps", steps_for_any_pip)


def children_of(folder):
    """Processes whose command line names the folder."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = path.read_bytes()
        except OSError:
            continue
        if os.fsencode(str(folder)) in command and path.parent.name != str(os.getpid()):
            found.append(command.replace(b"\0", b" ").decode())
    return found


def test_cancel_in_a_download_leaves_no_process_and_the_next_goes_on(
    begun, home, index, monkeypatch
):
    skip_the_update_of_pip(home)
    old_pips_progress(monkeypatch)
    made, seen, ended = online(home, index), Seen(), []

    def work():
        with pytest.raises(SetUpCanceled):
            set_up(made, seen.watcher)
        ended.append(time.monotonic())

    worker = threading.Thread(target=work)
    worker.start()
    assert index.waiting.wait(30), seen.lines
    assert children_of(home)
    pressed = time.monotonic()
    seen.stop.set()
    worker.join(10)
    assert ended[0] - pressed < 2
    assert children_of(home) == []
    assert look(made.environment).kind is Kind.UNFINISHED
    index.go.set()
    set_up(made, Seen().watcher)
    assert look(made.environment).kind is Kind.READY


def test_a_killed_qgis_leaves_no_process_and_its_lock_holds_nobody(begun, home, index, monkeypatch):
    skip_the_update_of_pip(home)
    code = textwrap.dedent(
        f"""
        import sys; sys.path[:0] = {[str(ROOT / p) for p in ("", "tests", "tests/plugin")]!r}
        import pytest, test_plugin_setup as t
        from pathlib import Path
        t.old_pips_progress(pytest.MonkeyPatch())
        class Index: url = sys.argv[2]
        t.set_up(t.online(Path(sys.argv[1]), Index), t.Seen().watcher)
        """
    )
    qgis = subprocess.Popen([sys.executable, "-c", code, str(home), index.url])
    assert index.waiting.wait(30)
    made = online(home, index)
    assert look(made.environment).kind is Kind.INSTALLING
    with pytest.raises(Held, match=f"process {qgis.pid}"):
        set_up(made, Seen().watcher)
    deadline = time.monotonic() + 10  # pip has said its last word for now: nothing is written
    while "Downloading" not in made.environment.log.read_text() and time.monotonic() < deadline:
        time.sleep(0.05)
    qgis.kill()
    qgis.wait()
    deadline = time.monotonic() + 5
    while children_of(home) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert children_of(home) == []
    assert look(made.environment).kind is Kind.UNFINISHED
    index.go.set()
    old_pips_progress(monkeypatch)
    set_up(made, Seen().watcher)
    assert look(made.environment).kind is Kind.READY


def test_what_is_missing_is_told_before_the_large_download(begun, home, index, wheels, monkeypatch):
    """The engine asks for a package that no index has: PyTorch is not fetched in vain."""
    skip_the_update_of_pip(home)
    old_pips_progress(monkeypatch)
    monkeypatch.setattr(packages, "BUNDLED", wheels.parent / "plugin")
    asks = "Requires-Dist: rare-codec>=3\n"
    stand_ins.wheel(packages.BUNDLED, "hsisr_geo", VERSION, metadata=asks)
    with pytest.raises(SetUpFailed, match=r"Looking up all packages failed.*rare-codec"):
        set_up(online(home, index), Seen().watcher)
    assert not index.waiting.is_set()  # not a byte of PyTorch
    assert not list(Environment(home, VERSION).folder.rglob("torch.bin"))


def test_a_full_disk_in_the_middle_is_named_and_what_is_done_is_kept(begun, home, wheels):
    stand_ins.torch(wheels, size=6_000_000)
    made = offline(home, wheels)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4_000_000, limits[1]))
    try:
        with pytest.raises(SetUpFailed, match=r"Installing PyTorch failed. The disk is full"):
            set_up(made, Seen().watcher)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    seen = Seen()
    set_up(made, seen.watcher)
    assert "Making the environment: already done" in seen.lines
    assert look(made.environment).kind is Kind.READY


def test_too_little_space_is_refused_before_anything_is_done(home, wheels, monkeypatch):
    usage = shutil.disk_usage("/")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=10**9))
    made = offline(home, wheels)
    with pytest.raises(SetUpFailed, match=r"needs 1\.3 GB .* 1\.0 GB are free"):
        set_up(made, Seen().watcher)
    assert not made.environment.python.exists()
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=5 * 10**9))
    with pytest.raises(SetUpFailed, match=r"needs 6\.0 GB"):
        set_up(offline(home, wheels, "cu126"), Seen().watcher)


def stopped():
    """A watcher whose user has pressed Cancel."""
    seen = Seen()
    seen.stop.set()
    return seen.watcher


def test_another_build_is_not_put_over_the_first(begun, home, wheels, monkeypatch):
    monkeypatch.setattr(install, "_check_space", lambda plan, record: None)
    first = offline(home, wheels)
    set_up(first, Seen().watcher)
    other = offline(home, wheels, "cu126")
    with pytest.raises(SetUpCanceled):
        set_up(other, stopped())
    assert not list(first.environment.folder.rglob("torch.bin"))
    assert record.read(other.environment.record).choices["build"] == "cu126"


def test_repair_takes_nothing_over(begun, home, wheels):
    made = offline(home, wheels)
    set_up(made, Seen().watcher)
    made.environment.program.unlink()
    assert look(made.environment).kind is Kind.BROKEN
    with pytest.raises(SetUpCanceled):
        repair(made, stopped())
    assert record.read(made.environment.record).finished == {}
    assert not list(made.environment.folder.rglob("torch.bin"))


def test_an_engine_of_another_protocol_is_broken_and_the_words_say_what_to_update(
    begun, home, wheels
):
    stand_ins.engine(wheels, protocol=2)
    set_up(offline(home, wheels), Seen().watcher)
    state = inspect(Environment(home, VERSION))
    assert state.kind is Kind.BROKEN
    assert "protocol 2" in state.message
    assert "Update the plugin" in state.message


def test_an_environment_of_another_version_is_told(begun, home):
    state = look(Environment(home, "0.3.0"))
    assert state.kind is Kind.OTHER_VERSION
    assert VERSION in state.message


def test_a_folder_that_is_not_ours_is_never_removed(home, wheels):
    made = offline(home, wheels)
    made.environment.folder.mkdir(parents=True)
    precious = made.environment.folder / "thesis.tex"
    precious.write_text("years of work")
    assert look(made.environment).kind is Kind.BROKEN
    for action in (lambda: set_up(made, Seen().watcher), lambda: remove(made.environment)):
        with pytest.raises(SetUpFailed, match="not made by a set-up"):
            action()
    assert precious.read_text() == "years of work"


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (Source(offline=True), "wheel folder is needed"),
        (Source(wheels="/nowhere at all"), "no folder /nowhere at all"),
        (Source(torch_index="--index-url=x"), "not the address"),
    ],
)
def test_a_source_that_cannot_work_is_refused_at_once(home, source, words):
    made = replace(offline(home, ""), source=source)
    with pytest.raises(SetUpFailed, match=words):
        set_up(made, Seen().watcher)
    assert not home.exists()


def test_while_another_holds_the_lock_nothing_is_touched(home, wheels):
    made = offline(home, wheels)
    with hold(made.environment.lock):
        for action in (lambda: set_up(made, Seen().watcher), lambda: remove(made.environment)):
            with pytest.raises(Held, match=str(os.getpid())):
                action()
    assert not made.environment.folder.exists()
