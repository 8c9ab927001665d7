#!/usr/bin/env python3
"""Builds the QGIS plugin: dist/hsisr_geo_qgis-VERSION.zip, byte for byte the same every time.

The repository keeps `metadata.txt` and LICENSE at its top and the code in `qgis_plugin/`; QGIS
wants them in one folder whose name is a Python package's. `--wheel` puts the engine's wheel into
it, as tools/release.py does: pure Python, which *Set up…* installs. `--install FOLDER` unpacks that
folder into a profile's `python/plugins` instead, for development. `--release` refuses to build what
plugins.qgis.org would not take, and says what is missing.
"""

import argparse
import configparser
import re
import shutil
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlparse

ROOT = Path(__file__).resolve().parent.parent
FOLDER = "hsisr_geo_qgis"  # never hsisr_geo: QGIS imports a plugin by its folder's name
# The plugin repository takes no binaries; .qm are translations.
TAKEN = frozenset({".py", ".html", ".svg", ".png", ".txt", ".md", ".ts", ".qm", ""})
DATE = (1980, 1, 1, 0, 0, 0)
LARGEST = 25_000_000  # bytes
# What the validator of plugins.qgis.org asks for; the homepage among them, as it visits all three.
REQUIRED = (
    *("name", "description", "version", "qgisMinimumVersion", "author", "email", "about"),
    *("tracker", "repository", "homepage"),
)
ADDRESSES = ("tracker", "repository", "homepage")
FLAGS = ("experimental", "deprecated", "server", "supportsQt6")


class BuildError(Exception):
    """The plugin cannot be packed as it is."""


def plugin_files(root: Path = ROOT, wheel: Path | None = None) -> Iterator[tuple[str, Path]]:
    """Yield (name inside the plugin's folder, file), sorted by name."""
    code = root / "qgis_plugin"
    files = {"metadata.txt": root / "metadata.txt", "LICENSE": root / "LICENSE"}
    if wheel is not None:
        _check_wheel(wheel, root)
        files[f"wheels/{wheel.name}"] = wheel
    for path in code.rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            files[path.relative_to(code).as_posix()] = path
    for name, path in sorted(files.items()):
        if path.suffix not in TAKEN and path != wheel:
            raise BuildError(f"{path}: not a kind of file that the plugin repository takes")
        yield name, path


def version(root: Path = ROOT) -> str:
    """Return the version that the package and metadata.txt agree on."""
    in_package = _first(r'^__version__ = "(.+)"$', root / "hsisr_geo" / "_version.py")
    in_metadata = _first(r"^version=(.+)$", root / "metadata.txt")
    if in_package != in_metadata:
        raise BuildError(f"metadata.txt says version {in_metadata}, the package {in_package}")
    return in_package


def missing_for_release(root: Path = ROOT) -> list[str]:
    """Return one sentence for each thing in metadata.txt that plugins.qgis.org refuses.

    The rules are those of its validator; only whether the addresses answer is not looked at.
    """
    parser = configparser.ConfigParser()
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    try:
        parser.read_string((root / "metadata.txt").read_text(encoding="utf-8"))
        general = dict(parser["general"])
    except (configparser.Error, KeyError) as error:
        return [f"metadata.txt cannot be read: {error}"]
    said = [f"metadata.txt has no {key}" for key in REQUIRED if not general.get(key, "").strip()]
    for key in ADDRESSES:
        address = urlparse(general.get(key, ""))
        if general.get(key, "").strip() and not (address.scheme and address.netloc):
            said.append(f"{key} in metadata.txt is no address: {general[key]}")
    if general.get("email", "").strip() and "@" not in general["email"]:
        said.append(f"email in metadata.txt is none: {general['email']}")
    if "/" in general.get("author", ""):
        said.append("author in metadata.txt has a slash")
    for key in FLAGS:
        if general.get(key, "True").lower() not in ("true", "false"):
            said.append(f"{key} in metadata.txt is neither True nor False")
    if not (root / "qgis_plugin" / general.get("icon", "icon.svg")).is_file():
        said.append("the icon that metadata.txt names is not there")
    return said


def build(destination: Path, root: Path = ROOT, *, wheel: Path | None = None) -> Path:
    """Write the zip, with the engine's wheel if one is given, into a folder; return its path."""
    destination.mkdir(parents=True, exist_ok=True)
    archive = destination / f"{FOLDER}-{version(root)}.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, path in plugin_files(root, wheel):
            entry = zipfile.ZipInfo(f"{FOLDER}/{name}", DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3  # Unix, wherever it is built
            entry.external_attr = 0o100644 << 16
            packed.writestr(entry, path.read_bytes())
    if archive.stat().st_size > LARGEST:
        archive.unlink()
        raise BuildError(f"{archive} would be larger than plugins.qgis.org takes")
    return archive


def _check_wheel(wheel: Path, root: Path) -> None:
    """Refuse what is not the engine of this version, in pure Python."""
    if wheel.name != f"hsisr_geo-{version(root)}-py3-none-any.whl":
        raise BuildError(f"{wheel}: not the engine's wheel of version {version(root)}")


def install(plugins: Path, root: Path = ROOT, *, wheel: Path | None = None) -> Path:
    """Copy the plugin into a profile's `python/plugins` folder and return its path there."""
    version(root)
    target = plugins / FOLDER
    shutil.rmtree(target, ignore_errors=True)
    for name, path in plugin_files(root, wheel):
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target / name)
    return target


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description="Build the QGIS plugin.")
    parser.add_argument("--install", type=Path, metavar="FOLDER", help="a profile's python/plugins")
    parser.add_argument("--wheel", type=Path, help="the engine's wheel, to go along")
    parser.add_argument("--release", action="store_true", help="refuse what would not be taken")
    arguments = parser.parse_args()
    missing = missing_for_release()
    for sentence in missing:
        print(f"build_plugin: {sentence}", file=sys.stderr)
    if missing:
        print("build_plugin: plugins.qgis.org would not take it yet", file=sys.stderr)
        if arguments.release:
            return 1
    try:
        if arguments.install:
            made = install(arguments.install, wheel=arguments.wheel)
        else:
            made = build(ROOT / "dist", wheel=arguments.wheel)
    except BuildError as error:
        print(f"build_plugin: {error}", file=sys.stderr)
        return 1
    print(made)
    return 0


def _first(pattern: str, path: Path) -> str:
    found = re.search(pattern, path.read_text(encoding="utf-8"), re.MULTILINE)
    if found is None:
        raise BuildError(f"{path}: no version in it")
    return found.group(1).strip()


if __name__ == "__main__":
    sys.exit(main())
