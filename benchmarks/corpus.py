"""Any tree of rasters through `info` and `run`, and what comes out held against GDAL's reading.

    python benchmarks/corpus.py FOLDER [--every N --model NAME] [--json FILE]

Each file that GDAL opens is described, and super-resolved by 2 with bicubic (each Nth with a model
as well), in a process of its own. Size, place, control points, bands, data type, nodata, holes and
means of the result are compared with what rasterio reads of the input, never with our own readers.
Each file has one class: same, refused (with the words), different (in what), unexpected, traceback,
crash, timeout. Exit code 1 if there is any of the last five.
"""

import argparse
import json
import multiprocessing
import os
import sys
import tempfile
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from click.testing import CliRunner
from rasterio.enums import ColorInterp

UPSCALE = 2
LARGEST = 32 * 2**20  # bytes of stored numbers: a corpus has small files, and this one no time
SECONDS = 120
BAD = ("different", "unexpected", "traceback", "crash", "timeout")
_OF_FILES = {
    "IMAGE_STRUCTURE", "DERIVED_SUBDATASETS", "SUBDATASETS", "RPC", "GEOLOCATION", "COLOR_PROFILE",
    "TIFF", "xml:VRT", "ENVI",
}  # fmt: skip
# ^ domains that describe a file, not its scene; what ENVI tells of bands is theirs afterwards
_SIDECARS = (".aux.xml", ".ovr", ".hdr", ".qml", ".tfw", ".prj", ".msk")


def main() -> int:
    """Run over a folder and print the classes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", default="default")
    parser.add_argument("--every", type=int, default=10, help="each Nth file with the model, too")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    paths = [p for p in sorted(options.folder.rglob("*")) if _may_be_raster(p)]
    found: list[dict[str, str]] = []
    for path in paths:
        models = ["bicubic"]
        if options.every and len(found) % options.every == options.every - 1:
            models.append(options.model)
        for model in models:
            kind, told = _apart(path, model)
            if kind != "no raster":
                name = str(path.relative_to(options.folder))
                found.append({"path": name, "model": model, "class": kind, "told": told})
                print(f"{kind:10} {model:8} {name}  {told}", flush=True)
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n")
    counts = Counter(item["class"] for item in found)
    print(", ".join(f"{number} {kind}" for kind, number in counts.most_common()) or "no raster")
    return int(any(counts[kind] for kind in BAD))


def _may_be_raster(path: Path) -> bool:
    return path.is_file() and not path.name.lower().endswith(_SIDECARS)


def _apart(path: Path, model: str) -> tuple[str, str]:
    """Look at one file in a process of its own, which may end in any way."""
    context = multiprocessing.get_context("fork")
    mine, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_send, args=(path, model, theirs))
    process.start()
    theirs.close()
    try:
        if not mine.poll(SECONDS):
            return "timeout", f"{SECONDS} s"
        result: tuple[str, str] = mine.recv()
        return result
    except EOFError:
        process.join()
        return "crash", f"exit code {process.exitcode}"
    finally:
        process.kill()
        process.join()


def _send(path: Path, model: str, pipe: Any) -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # GDAL's own words while rasterio reads
    warnings.simplefilter("ignore")
    pipe.send(look(path, model))


def look(path: Path, model: str) -> tuple[str, str]:
    """Return the class of one file, and what there is to say."""
    try:
        with rasterio.open(path) as source:
            size = source.width * source.height * sum(np.dtype(t).itemsize for t in source.dtypes)
            empty = source.count == 0
    except Exception:
        return "no raster", ""
    if empty:
        return "no raster", "a container"
    if size > LARGEST:
        return "left out", f"{size / 2**20:.0f} MB"
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "out.tif")
        for arguments in (
            ["info", str(path)],
            ["run", str(path), str(out), "--upscale", str(UPSCALE), "--model", model],
        ):
            if failure := _called(arguments):
                return failure
        wrong = differences(path, out)
    return ("different", "; ".join(wrong)) if wrong else ("same", "")


def _called(arguments: list[str]) -> tuple[str, str] | None:
    """Run a command; None if it did what it was asked to."""
    from hsisr_geo.cli.main import cli

    result = CliRunner().invoke(cli, arguments, prog_name="hsisr-geo")
    lines = result.stderr.strip().splitlines() or [""]
    if "Traceback" in result.stderr:
        return "traceback", lines[-1]
    if result.exit_code == 0:
        return None
    return ("unexpected" if "unexpected" in lines[-1] else "refused"), lines[-1]


def differences(path: Path, out: Path) -> list[str]:
    """Say in what a result is not the finer raster of its input, as rasterio reads both."""
    wrong = []
    with rasterio.open(path) as source, rasterio.open(out) as made:
        if made.shape != (source.height * UPSCALE, source.width * UPSCALE):
            return [f"size {made.shape} of {source.shape}"]
        if made.count != source.count:
            return [f"{made.count} bands of {source.count}"]
        if set(made.dtypes) != set(source.dtypes):
            wrong.append(f"type {made.dtypes[0]} of {source.dtypes[0]}")
        wrong += _of_place(source, made)
        if source.nodata is not None and not _equal(made.nodata, source.nodata):
            wrong.append(f"nodata {made.nodata} of {source.nodata}")
        wrong += _of_tags(source, made)
        wrong += _of_pixels(source, made)
    return wrong


def _of_tags(source: Any, made: Any) -> list[str]:
    """Compare metadata domains, and which bands are masks."""
    lost = set(source.tag_namespaces()) - set(made.tag_namespaces()) - _OF_FILES
    wrong = [f"domain {name}" for name in sorted(lost) if source.tags(ns=name)]
    alpha = [[c is ColorInterp.alpha for c in d.colorinterp] for d in (source, made)]
    if alpha[0] != alpha[1]:
        wrong.append("alpha bands")
    return wrong


def _of_place(source: Any, made: Any) -> list[str]:
    wrong = []
    if (source.crs or None) != (made.crs or None):
        wrong.append("CRS")
    if source.transform != rasterio.Affine.identity():
        wanted = source.transform @ rasterio.Affine.scale(1 / UPSCALE)
        if not np.allclose(tuple(wanted), tuple(made.transform), rtol=1e-9, atol=1e-9):
            wrong.append(f"transform {tuple(made.transform)[:6]}")
    if source.transform == rasterio.Affine.identity() and len(made.gcps[0]) != len(source.gcps[0]):
        wrong.append(f"{len(made.gcps[0])} control points of {len(source.gcps[0])}")
    if bool(source.tags(ns="RPC")) != bool(made.tags(ns="RPC")):
        wrong.append("rational polynomials")
    return wrong


def _equal(a: float | None, b: float) -> bool:
    return a is not None and (
        a == b or (np.isnan(a) and np.isnan(b)) or np.isclose(a, b, rtol=1e-6)
    )


def _of_pixels(source: Any, made: Any) -> list[str]:
    wrong = []
    for number in source.indexes:
        coarse = source.read(number, masked=True).astype(float)
        fine = made.read(number, masked=True).astype(float)
        coarse, fine = (np.ma.masked_invalid(band) for band in (coarse, fine))
        holes = np.kron(np.ma.getmaskarray(coarse), np.ones((UPSCALE, UPSCALE), bool))
        share = float((holes != np.ma.getmaskarray(fine)).mean())
        if share:
            wrong.append(f"band {number}: holes differ in {share:.1%}")
        if coarse.count() and fine.count():
            spread = max(float(coarse.std()), 0.6)  # integers are rounded
            if abs(float(fine.mean()) - float(coarse.mean())) > 0.1 * spread:
                wrong.append(f"band {number}: mean {fine.mean():g} of {coarse.mean():g}")
        if len(wrong) > 3:
            break
    return wrong


if __name__ == "__main__":
    sys.exit(main())
