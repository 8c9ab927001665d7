"""Where the packages come from and how much room they take, and what pip is asked accordingly."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..engine.program import engine_environment

ENGINE = "hsisr-geo"
EXTRAS = "[zarr]"  # every format that the dialogs take or offer; 10 MB to download
BUNDLED = Path(__file__).resolve().parents[1] / "wheels"  # the engine, where the zip brings it
GB = 10**9

# pip's own settings that would put the packages elsewhere, or ask for a password that nobody sees.
_MISLEADING = ("PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_PYTHON", "PIP_DRY_RUN", "PIP_QUIET")
_SETTINGS = {"PIP_USER": "0", "PIP_NO_INPUT": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}


@dataclass(frozen=True)
class Build:
    """A build of PyTorch: its index, and bytes on disk and to download of a whole environment."""

    name: str
    title: str
    index: str  # empty: what pip is configured for
    disk: int
    download: int


# CPU: `du` and the wheels' sizes of an environment made on Linux with PyTorch 2.13.
# CUDA 13.0: PyTorch 2.13's wheels on PyPI for Linux, all that they need included, are 2.74 GB, and
# unpacked, by the sizes in the archives, 4.76 GB; with the engine and what Python compiles about 6.
# One with PyTorch 2.14 from PyPI took 5.9 GB. CUDA 12.6 is taken to be alike, an estimate.
BUILDS = {
    build.name: build
    for build in (
        Build("cpu", "CPU", "https://download.pytorch.org/whl/cpu", 13 * GB // 10, 3 * GB // 10),
        Build(
            *("cu126", "CUDA 12.6 (NVIDIA GPU)", "https://download.pytorch.org/whl/cu126"),
            *(6 * GB, 3 * GB),
        ),
        Build(
            *("cu130", "CUDA 13.0 (NVIDIA GPU)", "https://download.pytorch.org/whl/cu130"),
            *(6 * GB, 3 * GB),
        ),
        Build("apple", "CPU (macOS)", "", 13 * GB // 10, 3 * GB // 10),
    )
}


def builds_here() -> list[Build]:
    """Return the builds that exist for this platform."""
    names = ["apple"] if sys.platform == "darwin" else ["cpu", "cu126", "cu130"]
    return [BUILDS[name] for name in names]


@dataclass(frozen=True)
class Source:
    """Where pip looks: an index for PyTorch, pip's own configuration for the rest, a wheel folder.

    `offline` leaves nothing but the folder. An empty `torch_index` leaves PyTorch, too, to pip's
    configuration, as a site with a mirror wants it.
    """

    torch_index: str = ""
    wheels: str = ""
    offline: bool = False

    def torch(self) -> list[str]:
        """Return what pip is asked for PyTorch."""
        index = ["--index-url", self.torch_index] if self.torch_index and not self.offline else []
        return [*index, *self._folder(), "torch"]

    def engine(self, version: str) -> list[str]:
        """Return what pip is asked for the engine, of the plugin's own version.

        The wheel that came with the plugin goes before all others: no index has to have it.
        """
        wheel = bundled(version)
        engine = f"{wheel}{EXTRAS}" if wheel else f"{ENGINE}{EXTRAS}=={version}"
        return [*self._folder(), engine]

    def everything(self, version: str) -> list[str]:
        """Return what pip is asked in order to look up all packages at once."""
        other = self.torch_index and not self.offline
        index = ["--extra-index-url", self.torch_index] if other else []
        return [*index, *self.engine(version), "torch"]

    def problem(self) -> str:
        """Why nothing can come from here, an empty string where it may."""
        if self.offline and not self.wheels:
            return "Without the network a wheel folder is needed."
        if self.wheels and not Path(self.wheels).is_dir():
            return f"There is no folder {self.wheels}."
        if self.offline and not any(Path(self.wheels).glob("*.whl")):
            return f"There is no wheel (*.whl) in {self.wheels}."
        if self.torch_index and not re.match(r"(https?|file)://", self.torch_index):
            return f"'{self.torch_index}' is not the address of a package index."
        return ""

    def _folder(self) -> list[str]:
        # Isolated: a configured index or folder is not "nothing but this folder".
        alone = ["--isolated", "--no-index"] if self.offline else []
        return [*alone, *(["--find-links", self.wheels] if self.wheels else [])]


def bundled(version: str) -> str:
    """Return the path of the engine's wheel that the plugin brings, empty where it brings none."""
    wheel = BUNDLED / f"hsisr_geo-{version}-py3-none-any.whl"
    return str(wheel) if wheel.is_file() else ""


def pip_environment(variables: Mapping[str, str] | None = None) -> dict[str, str]:
    """Environment for pip: without what is QGIS's, with the site's mirror, proxy, certificates."""
    clean = engine_environment(variables)
    kept = {name: value for name, value in clean.items() if name.upper() not in _MISLEADING}
    return {**kept, **_SETTINGS}


def explained(said: str) -> str:
    """Likely cause of pip's failure and the way out, an empty string where it is not known."""
    for pattern, words in _CAUSES:
        if re.search(pattern, said, re.IGNORECASE):
            return words
    return ""


_CAUSES = (
    (
        r"No space left|Errno 28|not enough space|File too large|disk quota",
        "The disk is full. Free some space, or choose another location, and set up again: "
        "what is done is kept.",
    ),
    (
        r"NewConnectionError|Failed to establish|Name or service not known|name resolution|"
        r"getaddrinfo|ConnectTimeout|ReadTimeout|ProxyError|Connection refused|unreachable|"
        r"Connection broken|Connection reset|IncompleteRead|timed out",
        "The package index cannot be reached. Check the network and the proxy, name a mirror in "
        "pip's configuration, or set up from a wheel folder. What is done is kept.",
    ),
    (
        r"SSLError|CERTIFICATE_VERIFY_FAILED",
        "The certificate of the package index is not trusted. At a site with its own certificates "
        "set PIP_CERT, or 'cert' in pip's configuration.",
    ),
    (
        r"No matching distribution found for|Could not find a version that satisfies",
        "A package is neither on the index nor in the wheel folder for this Python and platform. "
        "Choose another Python or index, or add its wheel to the folder.",
    ),
    (
        r"Permission denied|Access is denied|PermissionError|WinError 5",
        "A file cannot be written: a run may still use this environment, or the location is "
        "protected.",
    ),
)
