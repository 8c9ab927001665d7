"""Where a managed environment lives, and what lies in it."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

PREFIX = "env-"
# Characters of "Lib\site-packages\" and the longest path in it: a licence within PyTorch 2.13's.
LONGEST_INSIDE = 190
LONGEST_PATH = 259  # what Windows takes where long paths are not switched on


@dataclass(frozen=True)
class Environment:
    """One environment: `home` holds those of every version, with one log and one lock."""

    home: Path
    version: str  # of the engine in it
    platform: str = sys.platform

    @property
    def folder(self) -> Path:
        """The environment itself."""
        return self.home / f"{PREFIX}{self.version}"

    @property
    def python(self) -> Path:
        """Its Python."""
        return self._scripts / ("python.exe" if self.platform == "win32" else "python")

    @property
    def program(self) -> Path:
        """The engine's executable in it."""
        return self._scripts / ("hsisr-geo.exe" if self.platform == "win32" else "hsisr-geo")

    @property
    def record(self) -> Path:
        """What of a set-up is done; it goes with the folder."""
        return self.folder / "setup.json"

    @property
    def log(self) -> Path:
        """What every set-up in this home said."""
        return self.home / "setup.log"

    @property
    def lock(self) -> Path:
        """Held while one QGIS works in this home."""
        return self.home / "setup.lock"

    @property
    def _scripts(self) -> Path:
        return self.folder / ("Scripts" if self.platform == "win32" else "bin")


def default_home(
    profile: Path, *, platform: str = sys.platform, variables: Mapping[str, str] | None = None
) -> Path:
    """Folder for the environments of a QGIS profile.

    Not the profile itself on Windows: there it roams, gigabytes would be copied at every log-in,
    and its path is long.
    """
    variables = os.environ if variables is None else variables
    local = variables.get("LOCALAPPDATA", "")
    if platform == "win32" and local:
        return Path(local) / "hsisr-geo"
    return profile / "hsisr-geo"


def other_versions(environment: Environment) -> list[str]:
    """Versions of the engine that have an environment in the same home, without this one."""
    if not environment.home.is_dir():
        return []
    found = (path.name[len(PREFIX) :] for path in environment.home.glob(f"{PREFIX}*"))
    return sorted(version for version in found if version != environment.version)


def place_problem(environment: Environment) -> str:
    """Why no environment can be made at this place, an empty string where it can."""
    length = len(str(environment.folder))
    short = environment.platform == "win32" and not _long_paths()
    if short and length + LONGEST_INSIDE > LONGEST_PATH:
        allowed = LONGEST_PATH - LONGEST_INSIDE
        return (
            f"The path {environment.folder} has {length} characters; Windows allows {allowed} "
            "here, because PyTorch has long paths of its own. Choose a shorter location."
        )
    return ""


def _long_paths() -> bool:
    """Whether this Windows takes paths of any length."""
    if sys.platform != "win32":
        return False
    import winreg

    place = r"SYSTEM\CurrentControlSet\Control\FileSystem"
    try:
        with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, place) as key:
            return bool(winreg.QueryValueEx(key, "LongPathsEnabled")[0])
    except OSError:
        return False
