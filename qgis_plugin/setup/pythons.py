"""Which Python an environment can be made from.

Never `sys.executable`: inside QGIS that may be QGIS itself (qgis/QGIS#45646, #66672).
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from .ask import ask

OLDEST = (3, 10)  # what the engine's package asks for

# Any Python answers this one, also one that is too old.
_QUESTION = """
import json, struct, sys
def has(name):
    try:
        __import__(name)
    except ImportError:
        return False
    return True
print(json.dumps({
    "version": list(sys.version_info[:3]), "bits": 8 * struct.calcsize("P"),
    "venv": has("venv") and has("ensurepip"), "ssl": has("ssl"),
}))
"""


@dataclass(frozen=True)
class BasePython:
    """A Python on this machine; `problem` says why it will not do, empty where it will."""

    path: str
    version: tuple[int, ...] = ()
    problem: str = ""

    @property
    def usable(self) -> bool:
        """Whether an environment can be made from it."""
        return not self.problem

    def __str__(self) -> str:
        version = ".".join(map(str, self.version))
        return f"Python {version}, {self.path}" if version else self.path


def find_pythons(
    qgis_prefix: str = "",
    *,
    platform: str = sys.platform,
    variables: Mapping[str, str] | None = None,
    root: Path = Path("/"),
) -> list[BasePython]:
    """Every Python found, each asked; in the order in which they are to be preferred.

    `qgis_prefix` is where QGIS itself is installed, `root` the root of the file system.
    """
    variables = os.environ if variables is None else variables
    found: dict[str, BasePython] = {}
    for path in candidates(qgis_prefix, platform=platform, variables=variables, root=root):
        real = os.path.realpath(path)
        if real not in found:
            found[real] = probe(str(path), platform=platform)
    return list(found.values())


def candidates(
    qgis_prefix: str, *, platform: str, variables: Mapping[str, str], root: Path
) -> Iterator[Path]:
    """Files that may be a Python, most promising first; they exist.

    QGIS's own comes last on Windows and macOS: environments made from it do not always start
    (qgis/QGIS#49228; paths of the machine it was built on in macOS bundles).
    """
    places = {"win32": _on_windows, "darwin": _on_macos}.get(platform, _on_linux)
    for path in places(qgis_prefix, variables, root):
        if path.is_file():
            yield path


def probe(path: str, *, platform: str = sys.platform) -> BasePython:
    """Ask a Python what it is, in a clean environment."""
    if "WindowsApps" in Path(path).parts or "WindowsApps" in path.split("\\"):
        return BasePython(
            path, problem="Windows redirects the files of a Python from the Microsoft Store."
        )
    try:
        answer = json.loads(ask([path, "-I", "-c", _QUESTION]).out)
        version = tuple(int(part) for part in answer["version"])
    except (ValueError, KeyError, TypeError):
        return BasePython(path, problem="It does not start.")
    return BasePython(path, version, _problem(version, answer, platform))


def advice(pythons: Iterable[BasePython], platform: str = sys.platform) -> str:
    """Say what to do where no Python is usable, with what is wrong with those that there are."""
    oldest = ".".join(map(str, OLDEST))
    refused = "".join(f" {python}: {python.problem}" for python in pythons)
    where = {
        "win32": "Install one from python.org (for yourself, no administrator needed)",
        "darwin": "Install one from python.org or with Homebrew (brew install python@3.12)",
    }.get(platform, "Install the packages python3 and python3-venv of your distribution")
    return f"No Python {oldest} or newer was found to make an environment from. {where}.{refused}"


def _problem(version: tuple[int, ...], answer: Mapping[str, object], platform: str) -> str:
    if version < OLDEST:
        return f"It is older than {'.'.join(map(str, OLDEST))}."
    if answer["bits"] != 64:
        return "It is a 32-bit Python, for which there is no PyTorch."
    if not answer["venv"]:
        package = f"python{version[0]}.{version[1]}-venv"
        how = f" Install it: sudo apt install {package}" if platform == "linux" else ""
        return f"Its module venv or ensurepip is missing.{how}"
    if not answer["ssl"]:
        return "Its module ssl is missing: it cannot download."
    return ""


def _on_linux(prefix: str, variables: Mapping[str, str], root: Path) -> Iterator[Path]:
    for folder in ("usr/bin", "usr/local/bin"):
        yield root / folder / "python3"
        yield from _newest(root / folder, r"python3\.\d+")
    on_path = shutil.which("python3", path=variables.get("PATH"))
    if on_path:
        yield Path(on_path)


def _on_macos(prefix: str, variables: Mapping[str, str], root: Path) -> Iterator[Path]:
    versions = root / "Library/Frameworks/Python.framework/Versions"  # from python.org
    yield from (folder / "bin/python3" for folder in _newest(versions, r"3\.\d+"))
    for folder in ("opt/homebrew/bin", "usr/local/bin"):
        yield root / folder / "python3"
        yield from _newest(root / folder, r"python3\.\d+")
    # Without Apple's developer tools /usr/bin/python3 only asks to install them, in a window.
    if (root / "Library/Developer/CommandLineTools/usr/bin/python3").exists():
        yield root / "usr/bin/python3"
    contents = Path(prefix) if prefix else root / "Applications/QGIS.app/Contents/MacOS"
    while contents.name not in ("Contents", ""):
        contents = contents.parent
    for inside in ("MacOS/bin", "MacOS", "Frameworks/bin"):
        yield contents / inside / "python3"
        yield from _newest(contents / inside, r"python3\.\d+")


def _on_windows(prefix: str, variables: Mapping[str, str], root: Path) -> Iterator[Path]:
    yield from _launched(variables)
    for base in (
        Path(variables.get("LOCALAPPDATA") or root / "Users/AppData/Local") / "Programs/Python",
        Path(variables.get("ProgramFiles") or root / "Program Files"),
    ):
        yield from (folder / "python.exe" for folder in _newest(base, r"Python3\d+"))
    osgeo = variables.get("OSGEO4W_ROOT", "")
    # The prefix is <root>/apps/qgis or <root>/apps/qgis-ltr.
    tops = [Path(osgeo)] if osgeo else []
    tops += [Path(prefix).parent.parent] if prefix else []
    for top in [*tops, root / "OSGeo4W"]:
        for folder in _newest(top / "apps", r"Python3\d+"):
            yield folder / "python.exe"
            yield folder / "python3.exe"
        yield top / "bin/python3.exe"


def _launched(variables: Mapping[str, str]) -> Iterator[Path]:
    """Pythons that the launcher `py` knows."""
    launcher = shutil.which("py", path=variables.get("PATH"))
    if launcher is None:
        return
    # e.g. "-V:3.12 *   C:\Python312\python.exe"
    for line in ask([launcher, "-0p"], variables=variables).out.splitlines():
        listed = re.match(r"\s*-\S+\s+(?:\*\s+)?(\S.*\S)\s*$", line)
        if listed:
            yield Path(listed[1])


def _newest(folder: Path, pattern: str) -> list[Path]:
    """Entries of a folder whose whole name fits, those with the highest number first."""
    try:
        names = [entry.name for entry in folder.iterdir() if re.fullmatch(pattern, entry.name)]
    except OSError:
        return []
    numbers = re.compile(r"\d+")
    names.sort(key=lambda name: [int(part) for part in numbers.findall(name)], reverse=True)
    return [folder / name for name in names]
