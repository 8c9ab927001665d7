"""A new user, scripted: a fresh QGIS profile, the zip, the engine, a run, a raster on the map.

    make release && python3 tools/new_user --pictures docs/images

starts a real QGIS desktop in a virtual display (Debian: xvfb xauth openbox), does what
the walk-through in docs/qgis.md says, takes its pictures, and fails if a step does. The engine is
set up as a user does it, unless `--engine` names one.
"""

import argparse
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
SCREEN = "1600x1000x24"
PATIENCE_S = 1800


def main() -> int:
    """Run from the command line; the exit code is that of the steps."""
    arguments = _arguments()
    home = Path(tempfile.gettempdir(), "new-user")  # seen in the pictures
    home.mkdir()
    try:
        return _desktop(_prepared(home, arguments), home)
    finally:
        shutil.rmtree(home)


def _prepared(home: Path, arguments: argparse.Namespace) -> dict[str, str]:
    """Put what a new user has into the home folder; return the environment of the steps."""
    archives = sorted(arguments.release.glob("hsisr_geo_qgis-*.zip"))
    if not archives:
        raise SystemExit(f"new_user: no plugin in {arguments.release}: make release")
    (home / "download").mkdir()
    archive = Path(shutil.copy(archives[-1], home / "download"))
    for made in (arguments.pictures, home / "runtime", home / "tmp"):
        made.mkdir(parents=True, exist_ok=True, mode=0o700)
    if arguments.wheels:
        shutil.copytree(arguments.wheels, home / "wheels")
    return {
        **_environment(home),
        "NEW_USER_STEPS": str(HERE),
        "NEW_USER_ZIP": str(archive),
        "NEW_USER_PICTURES": str(arguments.pictures.resolve()),
        "NEW_USER_ENGINE": str(arguments.engine or ""),
        "NEW_USER_WHEELS": str(home / "wheels") if arguments.wheels else "",
        "NEW_USER_HOME": str(home),
    }


def _desktop(environment: dict[str, str], home: Path) -> int:
    qgis = shutil.which("qgis.bin") or shutil.which("qgis")
    if qgis is None or shutil.which("xvfb-run") is None:
        raise SystemExit("new_user: needs a QGIS desktop and xvfb-run")
    options = ["--nologo", "--noversioncheck", "--profiles-path", str(home)]
    command = [qgis, *options, "--code", str(HERE / "steps.py")]
    manager = 'openbox & exec "$@"' if shutil.which("openbox") else 'exec "$@"'
    display = ["xvfb-run", "-a", "-s", f"-screen 0 {SCREEN}", "sh", "-c", manager, "sh"]
    process = subprocess.Popen([*display, *command], env=environment, start_new_session=True)
    try:
        return process.wait(PATIENCE_S)
    except subprocess.TimeoutExpired:
        print(f"new_user: not done after {PATIENCE_S} s", file=sys.stderr)
        return 1
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # display, window manager, QGIS


def _environment(home: Path) -> dict[str, str]:
    """Return an environment in which nothing is known of an engine."""
    kept = {name: os.environ[name] for name in ("LANG", "OMP_NUM_THREADS") if name in os.environ}
    return {
        **kept,
        "HOME": str(home),
        "PATH": os.defpath,
        "QT_QPA_PLATFORM": "xcb",
        "XDG_RUNTIME_DIR": str(home / "runtime"),
        "TMPDIR": str(home / "tmp"),  # else QGIS marks every layer in /tmp as temporary
        "LC_ALL": "C.UTF-8",
    }


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Do what a new user does, in a real QGIS.")
    parser.add_argument("--release", type=Path, default=ROOT / "dist" / "release")
    parser.add_argument("--pictures", type=Path, default=ROOT / "out" / "pictures")
    parser.add_argument("--engine", type=Path, help="an hsisr-geo executable, instead of a set-up")
    parser.add_argument("--wheels", type=Path, help="folder of wheels to set up from")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
