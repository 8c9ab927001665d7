"""`examine()`: look at the whole installation, from Python to a first run; say what is wrong.

Everything is imported when it is looked at: what cannot be imported is a finding, too.
"""

import os
import platform
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from importlib.util import find_spec

from hsisr_geo._version import __version__
from hsisr_geo.doctor.finding import Finding
from hsisr_geo.errors import HsisrError

Check = Callable[[], Iterable[Finding]]


def examine(*, quick: bool = False) -> Iterator[Finding]:
    """Yield what is found, one thing after another; whatever fails is a finding, too.

    Parameters
    ----------
    quick : leave out what imports torch: the device and the self-test
    """
    yield program()
    for topic, check in _CHECKS.items():
        if not (quick and check in (_device, _self_test)):
            yield from _guarded(topic, check)


def program() -> Finding:
    """Say what runs where."""
    details = {
        "version": __version__,
        "python": platform.python_version(),
        "executable": sys.executable,
        "platform": platform.platform(),
    }
    own = "in an environment of its own" if sys.prefix != sys.base_prefix else "in the base Python"
    python = f"Python {details['python']} {own} ({sys.executable})"
    told = f"{__version__}, {python}, {platform.platform()}"
    return Finding("hsisr-geo", "ok", told, details=details)


def _guarded(topic: str, check: Check) -> Iterator[Finding]:
    try:
        yield from check()
    except HsisrError as e:  # it says what to do itself
        yield Finding(topic, "broken", str(e))
    except Exception as e:  # looking must go on, whatever the installation does
        words = " ".join(f"{type(e).__name__}: {e}".split())
        yield Finding(topic, "broken", words, "install hsisr-geo again (docs/install.md)")


def _packages() -> Iterable[Finding]:
    from hsisr_geo.doctor import installation

    return installation.packages()


def _libraries() -> Iterator[Finding]:
    from hsisr_geo.doctor import libraries

    yield from libraries.libraries()
    yield from libraries.coordinate_systems()
    yield from libraries.drivers()


def _environment() -> Iterable[Finding]:
    from hsisr_geo.doctor import libraries

    return libraries.environment()


def _models() -> Iterable[Finding]:
    from hsisr_geo.doctor import installation

    return installation.models()


def _room() -> Iterable[Finding]:
    from hsisr_geo.doctor import installation

    return installation.room()


def _device() -> Iterator[Finding]:
    try:
        from hsisr_geo.doctor.gpu import check_device
    except ModuleNotFoundError as e:
        if e.name != "torch":
            raise
        told = (
            "no torch: our models run on the CPU, by ncnn; published systems and training do not"
            if find_spec("ncnn")
            else "no torch: only --model bicubic and back-projection work"
        )
        yield Finding("device", "missing", told, "pip install torch (docs/install.md)")
        return
    yield check_device(has_nvidia=_has_nvidia())


def _has_nvidia() -> bool:
    return os.path.exists("/proc/driver/nvidia/version") or shutil.which("nvidia-smi") is not None


def _self_test() -> Iterator[Finding]:
    from hsisr_geo.doctor.selftest import super_resolve_a_small_scene
    from hsisr_geo.resolver.catalogue import BACK_PROJECTION, DEFAULT

    model = DEFAULT if find_spec("ncnn") or find_spec("torch") else BACK_PROJECTION
    yield super_resolve_a_small_scene(model)


_CHECKS: dict[str, Check] = {
    "Python packages": _packages,
    "GDAL and PROJ": _libraries,
    "environment": _environment,
    "models": _models,
    "disk and memory": _room,
    "device": _device,
    "self-test": _self_test,
}
