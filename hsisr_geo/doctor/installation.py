"""Look at what is installed: Python packages, models, disk and memory."""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import psutil
from packaging.requirements import Requirement

from hsisr_geo.doctor.finding import Finding
from hsisr_geo.errors import HsisrError
from hsisr_geo.resolver.catalogue import (
    DEFAULT_MODEL,
    MODELS_VARIABLE,
    SUFFIX,
    model_info,
    shipped_folder,
)

CHECKSUMS = "SHA256SUMS"
_LITTLE_DISK_BYTES = 2_000_000_000
_LITTLE_MEMORY_BYTES = 2_000_000_000
_EXTRAS = {
    "zarr": "cubes in Zarr with axes in any order need it",
    "gdal": "GDAL's own Python bindings; nothing here needs them",
    "demo": "`make demo` needs it",
    "train": "training on photographs needs them",
}


def packages() -> Iterator[Finding]:
    """Compare what is installed with what this version asks for, and say which extras are there.

    >>> next(packages()).topic
    'Python packages'
    """
    wanted = [Requirement(text) for text in metadata.requires("hsisr-geo") or ()]
    needed = [r for r in wanted if r.marker is None or r.marker.evaluate({"extra": ""})]
    needed += [other for r in needed for other in _of_extras(r)]
    found = {r.name: _version(r.name) for r in needed}
    wrong = [
        f"{r.name} {found[r.name]} (needed: {r.specifier})" if found[r.name] else f"no {r.name}"
        for r in needed
        if found[r.name] is None or not r.specifier.contains(str(found[r.name]), prereleases=True)
    ]
    if wrong:
        yield Finding(
            "Python packages",
            "broken",
            ", ".join(wrong),
            "install hsisr-geo again, with pip in an environment of its own (docs/install.md)",
            found,
        )
    else:
        text = ", ".join(f"{name} {version}" for name, version in found.items())
        yield Finding("Python packages", "ok", text, details=found)
    yield from _extras(wanted)


def _extras(wanted: list[Requirement]) -> Iterator[Finding]:
    for extra, use in _EXTRAS.items():
        names = [r.name for r in wanted if r.marker and f'extra == "{extra}"' in str(r.marker)]
        absent = [name for name in names if _version(name) is None]
        if absent:
            told = f"{', '.join(absent)} not installed: {use}"
            advice = f"only if you want it: pip install 'hsisr-geo[{extra}]'"
            yield Finding(f"extra {extra}", "missing", told, advice)


def _of_extras(requirement: Requirement) -> Iterator[Requirement]:
    """Yield what the extras of a requirement need: dask[distributed] needs distributed."""
    if requirement.extras and _version(requirement.name) is not None:
        for text in metadata.requires(requirement.name) or ():
            other = Requirement(text)
            marker = other.marker
            asked = [{"extra": extra} for extra in requirement.extras]
            if marker and "extra" in str(marker) and any(map(marker.evaluate, asked)):
                yield other


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def models() -> Iterator[Finding]:
    """Verify the shipped models against the recorded hashes, and read those of the user's folder.

    A hash tells a file that was changed or cut short on its way; not one that was forged together
    with the list.
    """
    folder = shipped_folder()
    try:
        lines = (folder / CHECKSUMS).read_text(encoding="utf-8").splitlines()
    except OSError as e:
        told = f"{folder / CHECKSUMS}: {e.strerror}"
        yield Finding("models", "broken", told, "install hsisr-geo again")
        return
    expected = {name: digest for digest, name in (line.split(maxsplit=1) for line in lines)}
    wrong = [name for name, digest in expected.items() if _sha256(folder / name) != digest]
    if wrong or f"{DEFAULT_MODEL}{SUFFIX}" not in expected:
        told = f"{', '.join(wrong) or DEFAULT_MODEL} in {folder}: missing, or not as released"
        yield Finding("models", "broken", told, "install hsisr-geo again", expected)
    else:
        names = ", ".join(name.removesuffix(SUFFIX) for name in expected)
        told = f"{names}: {len(expected)} of {len(expected)} as released (SHA-256)"
        yield Finding("models", "ok", told, details=expected)
    if own := os.environ.get(MODELS_VARIABLE):
        yield _own_models(Path(own))


def _own_models(folder: Path) -> Finding:
    topic = f"models in {MODELS_VARIABLE}"
    if not folder.is_dir():
        return Finding(topic, "broken", f"{folder} is no folder", f"correct {MODELS_VARIABLE}")
    broken, names = [], []
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        try:
            names.append(model_info(str(path)).name)
        except HsisrError as e:
            broken.append(str(e))
    if broken:
        return Finding(topic, "broken", "; ".join(broken), "remove or replace these files")
    return Finding(topic, "ok", ", ".join(names) or f"none in {folder}")


def _sha256(path: Path) -> str | None:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return None


def room() -> Iterator[Finding]:
    """Say how much space and memory is free; a run keeps an uncompressed copy of its output."""
    for topic, folder in (("disk here", Path.cwd()), ("temporary files", tempfile.gettempdir())):
        free = shutil.disk_usage(folder).free
        little = free < _LITTLE_DISK_BYTES
        yield Finding(
            topic,
            "note" if little else "ok",
            f"{free / 1e9:.1f} GB free in {folder}",
            "a run needs twice its output beside it" if little else "",
            {"free_bytes": free},
        )
    available = psutil.virtual_memory().available
    little = available < _LITTLE_MEMORY_BYTES
    yield Finding(
        "memory",
        "note" if little else "ok",
        f"{available / 1e9:.1f} GB available",
        "choose a small --tile, e.g. 64" if little else "",
        {"available_bytes": available},
    )
