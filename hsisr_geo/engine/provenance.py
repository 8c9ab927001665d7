"""The fingerprint of all that decides about an output's numbers, and its tags."""

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import hsisr_geo
from hsisr_geo._version import __version__
from hsisr_geo.bands.metadata import as_tags
from hsisr_geo.cube.consistency import Consistency
from hsisr_geo.cube.valid_range import range_text
from hsisr_geo.cube.windows import Window
from hsisr_geo.engine.identity import changed_at, input_identity
from hsisr_geo.engine.request import Request
from hsisr_geo.errors import OutputError
from hsisr_geo.raster.facts.description import clouds_masked, description
from hsisr_geo.raster.facts.origin import origin_of
from hsisr_geo.raster.raster import Raster
from hsisr_geo.raster.read import source_files

_OF_TILES = ("bands", "blur", "cube", "engine", "journal", "model", "raster", "resolver")


@dataclass(frozen=True)
class Fingerprint:
    """Facts and circumstances of a run, each a text by its name."""

    facts: Mapping[str, str]
    circumstances: Mapping[str, str]

    @property
    def digest(self) -> str:
        """SHA-256 over the facts."""
        return _hash(self.facts)

    @property
    def key(self) -> str:
        """SHA-256 over all of it: what finished tiles must have in common to go together."""
        return _hash({**self.circumstances, **self.facts})

    def record(self) -> dict[str, Any]:
        """Return what `check_same` needs, for a JSON file."""
        return {"facts": dict(self.facts), "circumstances": dict(self.circumstances)}

    def check_same(self, record: Mapping[str, Any], where: os.PathLike[str]) -> None:
        """Refuse to go on with a run that was another.

        Raises
        ------
        OutputError : saying what differs
        """
        kept: dict[str, str] = {**record.get("facts", {}), **record.get("circumstances", {})}
        now = {**self.facts, **self.circumstances}
        different = [name for name in {**kept, **now} if kept.get(name) != now.get(name)]
        if different:
            told = "; ".join(_difference(name, kept.get(name), now.get(name)) for name in different)
            raise OutputError(
                f"cannot resume the run kept in {os.fspath(where)}, which was another: {told}. "
                "Give the same input and options, or --overwrite without --resume to start afresh"
            )


def fingerprint(request: Request, *, tile: int, stored: Iterable[Raster]) -> Fingerprint:
    """Take the fingerprint of a run.

    `stored` is what the outputs will be: a format may ask for other numbers than the input has. It
    and the side of tiles are circumstances, which do not show in the digest.

    The files of the input, followed to their end, are told as `input_identity` says (`strict`: by
    all of their content); and, among the circumstances, by when they were changed. What is no file,
    such as a remote address, is told by its name and by how it describes itself.

    Raises
    ------
    ModelError : an uncertainty is asked of a resolver that cannot tell it
    """
    raster, resolver = request.raster, request.resolver
    names = raster.all_files
    facts = {
        "version": __version__,
        "source": os.path.basename(raster.path),
        "input files": input_identity(names, strict=request.strict),
        "grid, bands and tags of the input": description(raster),
        "bounds": _window_text(request.region),
        "model": resolver.name,
        "upscale": str(resolver.upscale),
        "valid_range": range_text(request.valid_range),
        **resolver.provenance(),
    }
    if request.uncertainty is not None and (spread := request.spread) is not None:
        facts |= {"uncertainty bands": request.uncertainty.bands}
        facts |= {f"uncertainty {name}": value for name, value in spread.provenance().items()}
    circumstances = {"tile": str(tile), "input changed at": changed_at(names)}
    circumstances |= {"code": code_identity()} | ({"strict": "yes"} if request.strict else {})
    circumstances["stored numbers"] = " ".join(map(_numbers_of, stored))
    return Fingerprint(facts, circumstances)


@cache
def code_identity() -> str:
    """Tell this package by its content, as a checkout has one version for many.

    What writes, draws and compares is not among it: no tile depends on that.
    """
    root, told = Path(hsisr_geo.__file__).parent, hashlib.sha256()
    for folder in _OF_TILES:
        for file in sorted((root / folder).rglob("*.py")):
            told.update(f"{file.relative_to(root)}\n".encode() + file.read_bytes())
    return told.hexdigest()[:16]


def _hash(said: Mapping[str, str]) -> str:
    return hashlib.sha256(json.dumps(dict(said), sort_keys=True).encode()).hexdigest()


def kept_tile(record: Mapping[str, Any]) -> int | None:
    """Return the tile size of a run that is kept, None where none is.

    Where it is the machine's choice, it must not be another one because the machine is.
    """
    tile = str(record.get("circumstances", {}).get("tile"))
    return int(tile) if tile.isdecimal() else None


def _numbers_of(stored: Raster) -> str:
    """Tell data type, scaling and nodata of an output, the last two as a hash."""
    scaling = repr([(band.scale, band.offset, band.nodata) for band in stored.bands])
    return f"{stored.dtype}:{hashlib.sha256(scaling.encode()).hexdigest()[:8]}"


def _window_text(window: Window | None) -> str:
    if window is None:
        return "all"
    rows, cols = window
    return f"rows {rows.start}-{rows.stop}, columns {cols.start}-{cols.stop}"


def _difference(name: str, kept: str | None, now: str | None) -> str:
    if name == "input changed at":
        return f"{name}: not as they were (a copy keeps the times of its files with `cp -p`)"
    if name in ("input files", "grid, bands and tags of the input"):
        return f"{name}: not as they were"
    return f"{name} was {kept or 'none'}, is {now or 'none'}"


def provenance_tags(request: Request, mark: Fingerprint, found: Consistency) -> dict[str, str]:
    """Say how the output was made; not the tiling, as the result does not depend on it."""
    raster, resolver = request.raster, request.resolver
    measured = {
        "consistency_rms": found.rms,
        "consistency_max": found.maximum,
        "consistency_relative": found.relative,
        "values_cut": found.share_cut,
    }
    items = {
        "version": __version__,
        "model": resolver.name,
        "upscale": str(resolver.upscale),
        "source": os.path.basename(raster.path),
        **({"source_product": raster.product} if raster.product else {}),
        "fingerprint": mark.digest,
        "valid_range": mark.facts["valid_range"],
        **source_files(raster),
        **clouds_masked(raster),
        **origin_of(raster).items(),
        **resolver.provenance(),
        **{name: f"{value:.4g}" for name, value in measured.items() if value is not None},
    }
    return as_tags(items)
