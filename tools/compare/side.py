"""A version of the program, installed in a folder of its own, that commands are run with."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

MAIN = "import sys; sys.argv[0] = 'hsisr-geo'; from hsisr_geo.cli.main import main; main()"
"""What the installed command does, by the entry point that must stay where it is."""

# An editable install of this interpreter would lend a version the modules that it lacks itself.
ALONE = """import sys
sys.meta_path[:] = [finder for finder in sys.meta_path if "ditable" not in repr(finder)]
"""
NOT_COPIED = shutil.ignore_patterns(".*", "__pycache__", "build", "dist", "*.egg-info")


@dataclass(frozen=True)
class Side:
    """One of the two versions.

    Attributes
    ----------
    name : as it was asked for
    folder : everything of it lies in there: `checkout`, `packages` and what it makes
    """

    name: str
    folder: Path

    @property
    def checkout(self) -> Path:
        """The files of the repository, without its history."""
        return self.folder / "checkout"

    @property
    def packages(self) -> Path:
        """What pip installed of the checkout, and nothing else."""
        return self.folder / "packages"

    def environment(self) -> dict[str, str]:
        """Return the variables of a command: this version, one thread, nobody's own settings."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("HSISR_GEO_", "PYTHON"))}
        return kept | {
            "PYTHONPATH": os.fspath(self.packages),
            "HSISR_GEO_CONFIG": "",
            "OMP_NUM_THREADS": "1",
            "COLUMNS": "100",
        }

    def arguments(self, step: tuple[str, ...]) -> list[str]:
        """Return how to start a step: `hsisr-geo …`, or a Python file by its path and arguments."""
        program, *rest = step
        start = ["-c", MAIN] if program == "hsisr-geo" else [program.format(checkout=self.checkout)]
        return [sys.executable, *start, *rest]


def install(version: str, folder: Path, repository: Path) -> Side:
    """Install a version as pip would, so that what it forgets to package is missing here, too.

    Parameters
    ----------
    version : a commit's name in `repository`, or the folder of a checkout, taken as it is now

    Raises
    ------
    SystemExit : there is no such version, or it cannot be installed; it says why
    """
    side = Side(version, folder)
    if (Path(version) / "pyproject.toml").is_file():
        shutil.copytree(version, side.checkout, ignore=NOT_COPIED)
    else:
        _extract(version, side.checkout, repository)
    _call(
        [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps",
         "--no-build-isolation", "--target", side.packages, side.checkout],
        f"{version}: cannot be installed (pip and setuptools have to be there)",
    )  # fmt: skip
    (side.packages / "sitecustomize.py").write_text(ALONE)
    return side


def _extract(version: str, checkout: Path, repository: Path) -> None:
    checkout.mkdir(parents=True)
    archive = checkout.with_suffix(".tar")
    _call(
        ["git", "-C", repository, "archive", "--output", archive, version],
        f"{version}: neither a commit here nor the folder of a checkout",
    )
    shutil.unpack_archive(archive, checkout)
    archive.unlink()


def _call(command: list[str | Path], wrong: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"compare_versions: error: {wrong}:\n{done.stderr.strip()}")
