#!/usr/bin/env python3
"""Lays out a release: dist/release with the plugin's zip, wheel, sdist, checksums and notes.

    python tools/release.py

The zip brings the wheel along, so that *Set up…* in QGIS needs an index for public packages only.
The same sources give the same wheel and zip, byte for byte. Needs `build` and setuptools, and
downloads nothing.
"""

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tools import build_plugin  # noqa: E402

EPOCH = "315532800"  # 1980-01-01, the first day that a zip can tell
UNWANTED = (".*_cache", ".git", ".venv*", "*.egg-info", "__pycache__", "build", "dist", "demo")
NOTES = """\
# hsisr-geo {version}

| you use | take | then |
| --- | --- | --- |
| QGIS ≥ 3.22 | `{archive}` | *Plugins › … › Install from ZIP*, then **Set up…** in its message |
| a terminal or Python | `{wheel}` | `python3 -m pip install {wheel}` |
| the sources | `{sdist}` | CONTRIBUTING.md in it |

The zip holds the wheel, too. PyTorch and other public packages come from a package index (0.3 GB
to download for the CPU, 1.3 GB on disk). `sha256sum -c SHA256SUMS` checks the files.

{changes}
"""


def release(folder: Path, root: Path = ROOT) -> list[Path]:
    """Make all files of a release in `folder`, which is emptied before; return them."""
    changes = changes_of(build_plugin.version(root), root)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    sdist, wheel = packages(folder, root)
    archive = build_plugin.build(folder, root, wheel=wheel)
    made = [archive, wheel, sdist]
    notes = folder / "NOTES.md"
    notes.write_text(
        NOTES.format(
            version=build_plugin.version(root),
            archive=archive.name,
            wheel=wheel.name,
            sdist=sdist.name,
            changes=changes,
        ),
        encoding="utf-8",
    )
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in made]
    (folder / "SHA256SUMS").write_text("".join(lines), encoding="utf-8")
    return [*made, folder / "SHA256SUMS", notes]


def packages(folder: Path, root: Path = ROOT) -> tuple[Path, Path]:
    """Build sdist and wheel into `folder` and return their paths.

    Out of a copy: setuptools would take what an earlier build left beside the sources, too.
    """
    with tempfile.TemporaryDirectory() as temporary:
        copy = Path(temporary) / "source"
        shutil.copytree(root, copy, ignore=shutil.ignore_patterns(*UNWANTED))
        done = subprocess.run(
            [
                *(sys.executable, "-m", "build", "--no-isolation"),
                "--outdir",
                str(folder),
                str(copy),
            ],
            env={**os.environ, "SOURCE_DATE_EPOCH": EPOCH},
            capture_output=True,
            text=True,
        )
    if done.returncode != 0:
        raise build_plugin.BuildError(f"no wheel was built:\n{done.stdout}{done.stderr}")
    (sdist,), (wheel,) = folder.glob("*.tar.gz"), folder.glob("*.whl")
    return sdist, wheel


def changes_of(version: str, root: Path = ROOT) -> str:
    """Return what CHANGELOG.md says of a version, which must be its first."""
    changes = latest_changes((root / "CHANGELOG.md").read_text(encoding="utf-8"))
    if changes.split()[1:2] != [version]:
        first = changes.splitlines()[0] if changes else "nothing"
        raise build_plugin.BuildError(
            f"CHANGELOG.md begins with '{first}', but the package is {version}"
        )
    return changes


def latest_changes(changelog: str) -> str:
    """Return the first section of a changelog, its heading included."""
    found = re.search(r"^## .*?(?=^## |\Z)", changelog, re.MULTILINE | re.DOTALL)
    return found.group().strip() if found else ""


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description="Lay out a release in one folder.")
    parser.add_argument("--out", type=Path, default=ROOT / "dist" / "release")
    arguments = parser.parse_args()
    for sentence in build_plugin.missing_for_release():
        print(f"release: plugins.qgis.org would refuse it: {sentence}", file=sys.stderr)
    try:
        made = release(arguments.out)
    except build_plugin.BuildError as error:
        print(f"release: {error}", file=sys.stderr)
        return 1
    for path in made:
        print(f"{path}  {path.stat().st_size / 1e6:.2f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
