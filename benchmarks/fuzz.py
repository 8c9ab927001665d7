"""Damaged and hostile files in great numbers: each gives a result or a plain error, nothing else.

A crash, a hang, a growing process or any exception that is not a `HsisrError` is a finding.

    python benchmarks/fuzz.py --cases 100000

Cases run in child processes of limited memory, so that a crash costs one case; every case follows
from (target, seed, number) alone: `--target geotiff --first 4711 --cases 1` repeats one of them.
"""

import argparse
import faulthandler
import importlib
import json
import os
import random
import re
import resource
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # as a script, too
from benchmarks import fuzz_lists

SECONDS_PER_CASE = 10  # a case takes 0.03 s
GROWTH = 400 << 20  # bytes that a child may grow by; a case's raster has 200 kB
ADDRESS_SPACE = 12 << 30  # torch alone maps some GB
PIXELS = 40_000  # rasters up to so many samples are super-resolved, of larger ones a corner is read
BATCH = 500


@dataclass
class Found:
    """What came of the cases of a target: how many ended how, and those that must not."""

    ends: Counter[str] = field(default_factory=Counter)
    findings: list[str] = field(default_factory=list)


def damage(raw: bytes, rng: random.Random) -> bytes:
    """Return bytes with one to four changes, near the front more often: headers are there."""
    data = bytearray(raw)
    for _ in range(rng.randint(1, 4)):
        rng.choice(_BYTE_CHANGES)(data, rng)
    return bytes(data)


def _position(data: bytearray, rng: random.Random) -> int:
    limit = len(data) if rng.random() < 0.4 else min(len(data), 512)
    return rng.randrange(limit) if limit else 0


def _flip(data: bytearray, rng: random.Random) -> None:
    if data:
        data[_position(data, rng)] ^= 1 << rng.randrange(8)


def _number(data: bytearray, rng: random.Random) -> None:
    """Put a number that programs trip over where a header may have one."""
    size = rng.choice((1, 2, 4, 8))
    value = rng.choice((0, 1, 2, 127, 128, 255, 256, 65535, 65536, 2**31 - 1, 2**31, 2**63 - 1, -1))
    start = _position(data, rng) & ~1
    data[start : start + size] = (value % 256**size).to_bytes(size, rng.choice(("little", "big")))


def _drop(data: bytearray, rng: random.Random) -> None:
    start = _position(data, rng)
    del data[start : start + rng.choice((1, 2, 8, 64))]


def _repeat(data: bytearray, rng: random.Random) -> None:
    start = _position(data, rng)
    data[start:start] = data[start : start + rng.choice((1, 8, 64))] * rng.choice((1, 1, 50))


def _truncate(data: bytearray, rng: random.Random) -> None:
    del data[rng.randrange(len(data) + 1) :]


_BYTE_CHANGES = (_flip, _flip, _number, _number, _number, _drop, _repeat, _truncate)

_WORDS = (
    "0", "-1", "1e308", "nan", "inf", "99999999999999999999", "4294967296", "2147483647", "65536",
    "", "{", "}", "{}", "{,,,}", "=", ";", "\0", "ü", "bsq", "bip", "float64", "Micrometers",
    "[" * 5000, "{" + "1," * 3000 + "}", '"', "null", "true", "../../x", "%s%n", "-0.0", "0x10",
)  # fmt: skip


def garble(text: str, rng: random.Random) -> str:
    """Return text with one to four of its words or lines exchanged, doubled or lost."""
    for _ in range(rng.randint(1, 4)):
        separator = rng.choice(("\n", " ", ",", ":", "="))
        parts = text.split(separator)
        here, there = rng.randrange(len(parts)), rng.randrange(len(parts))
        match rng.randrange(4):
            case 0:
                parts[here] = rng.choice(_WORDS)
            case 1:
                parts[here], parts[there] = parts[there], parts[here]
            case 2:
                parts.insert(here, parts[there])
            case _:
                del parts[here]
        text = separator.join(parts)
    return text


# -- targets: each makes its seeds once in a folder, and returns what one case does ---------------

Case = Callable[[random.Random], None]


def envi_target(folder: Path) -> Case:
    """Headers of ENVI rasters."""
    import numpy as np

    from hsisr_geo.bands.envi_header import join_list

    data = folder / "scene.img"
    data.write_bytes(np.arange(5 * 9 * 8, dtype="<i2").tobytes())
    waves = join_list([f"{400 + 100 * i}.5" for i in range(5)])
    header = (
        "ENVI\ndescription = {a scene}\nsamples = 8\nlines = 9\nbands = 5\nheader offset = 0\n"
        "file type = ENVI Standard\ndata type = 2\ninterleave = bil\nbyte order = 0\n"
        "map info = {UTM, 1, 1, 500000, 5000000, 30, 30, 33, North, WGS-84, rotation=12}\n"
        f"wavelength units = Nanometers\nwavelength = {waves}\nfwhm = {join_list(['9.5'] * 5)}\n"
        f"bbl = {join_list(['1', '1', '0', '1', '1'])}\ndata ignore value = -9999\n"
        f"data gain values = {join_list(['0.0001'] * 5)}\nband names = {{a, b, c, d, e}}\n"
        "default bands = {3, 2, 1}\n"
    )

    def case(rng: random.Random) -> None:
        text = garble(header, rng)
        raw = text.encode("utf-8", "replace")
        (folder / "scene.hdr").write_bytes(damage(raw, rng) if rng.random() < 0.3 else raw)
        (folder / "scene.img.aux.xml").unlink(missing_ok=True)
        use_raster(data)

    return case


def geotiff_target(folder: Path) -> Case:
    """GeoTIFF files of several layouts."""
    seeds = [path.read_bytes() for path in _geotiffs(folder)]
    victim = folder / "scene.tif"

    def case(rng: random.Random) -> None:
        victim.write_bytes(damage(rng.choice(seeds), rng))
        (folder / "scene.tif.aux.xml").unlink(missing_ok=True)
        use_raster(victim)

    return case


def _geotiffs(folder: Path) -> Sequence[Path]:
    import numpy as np
    import rasterio
    from rasterio.control import GroundControlPoint as Point
    from rasterio.transform import from_origin

    layouts: list[dict[str, Any]] = [
        {"dtype": "int16", "nodata": -9999, "compress": "zstd", "predictor": 2},
        {"dtype": "float32", "tiled": True, "blockxsize": 16, "blockysize": 16},
        {"dtype": "uint8", "interleave": "pixel", "compress": "deflate", "photometric": "rgb"},
        {"dtype": "uint16", "bigtiff": "yes", "compress": "lzw"},
    ]
    paths = [folder / f"seed{number}.tif" for number in range(len(layouts))]
    for path, layout in zip(paths, layouts, strict=True):
        place: dict[str, Any] = {"crs": "EPSG:32633"}
        if layout["dtype"] == "float32":
            place["gcps"] = [Point(r, c, 12 + c / 60, 50 - r / 60) for r in (0, 9) for c in (0, 8)]
        else:
            place["transform"] = from_origin(5e5, 5e6, 30, 30)
        size = {"width": 19, "height": 17, "count": 5, "driver": "GTiff"}
        with rasterio.open(path, "w", **size, **place, **layout) as dataset:
            for band in range(1, 6):
                waves = {"wavelength": f"{350 + 100 * band}", "fwhm": "9", "bbl": "1"}
                dataset.update_tags(band, **waves, wavelength_units="Nanometers")
            dataset.write(np.arange(5 * 17 * 19).reshape(5, 17, 19).astype(layout["dtype"]))
    return paths


def safetensors_target(folder: Path) -> Case:
    """Model files."""
    import numpy as np
    import torch

    from hsisr_geo.model.checkpoint import save_network
    from hsisr_geo.model.network import Network
    from hsisr_geo.raster.survey import statistics_of
    from hsisr_geo.resolver.config import ModelConfig
    from hsisr_geo.resolver.load import load_resolver

    torch.set_num_threads(1)
    cube = np.random.default_rng(0).random((20, 9, 9), np.float32)
    statistics = statistics_of(cube)
    small = {"latent_channels": 2, "autoencoder_width": 4, "components": 2}
    few = {"denoiser_width": 8, "denoiser_blocks": 1, "denoiser_fine_width": 4}
    config = ModelConfig("fuzzed", "1", (2, 3), sigma_y=(0.3, 0.3), **small, **few)
    seed, victim = folder / "seed.safetensors", folder / "fuzzed.safetensors"
    save_network(seed, Network(config), config, {"data": "none"})
    raw = seed.read_bytes()
    length = int.from_bytes(raw[:8], "little")
    table, weights = json.loads(raw[8 : 8 + length]), raw[8 + length :]
    del table["__metadata__"][
        "hsisr_checksum"
    ]  # which tells all damage, and files of old have none
    header = json.dumps(table)
    raw = len(header).to_bytes(8, "little") + header.encode() + weights

    def case(rng: random.Random) -> None:
        if rng.random() < 0.4:
            victim.write_bytes(damage(raw, rng))
        else:
            changed = garble(header, rng) if rng.random() < 0.5 else _reconfigured(header, rng)
            text = changed.encode("utf-8", "replace")
            victim.write_bytes(len(text).to_bytes(8, "little") + text + weights)
        resolver = load_resolver(str(victim), upscale=2, device="cpu")
        assert np.isfinite(resolver.fit(statistics)(cube, (0, 0))).all()

    return case


_VALUES = (
    0, -1, 1, 2, 3, 7, 99, 4096, 10**5, 10**9, 2**63, 10**400, 0.5, -0.0, float("nan"),
    float("inf"), 1e-320, 1e308, True, None, "", "bicubic", "gaussian:1e-9", "x" * 100_000,
    [], [2], [2, 3], [10**9, 2], [[2], 3], [0.1, float("nan")], {}, {"a": 1},
)  # fmt: skip


def _reconfigured(header: str, rng: random.Random) -> str:
    """Set one or two entries of the configuration, or of a tensor, to something else."""
    table = json.loads(header)
    config = json.loads(table["__metadata__"]["hsisr_config"])
    for _ in range(rng.randint(1, 2)):
        if rng.random() < 0.7:
            config[rng.choice(list(config))] = rng.choice(_VALUES)
        else:
            tensor = table[rng.choice([name for name in table if name != "__metadata__"])]
            tensor[rng.choice(list(tensor))] = rng.choice((*_VALUES, "F64", "F16", "BOOL", [0, 8]))
    table["__metadata__"]["hsisr_config"] = json.dumps(config)
    return json.dumps(table)


def lists_target(folder: Path) -> Case:
    """Headers of ENVI rasters with lists of any length, in any brackets, of any items."""
    return fuzz_lists.envi_lists(folder, use_raster)


def hdf5_target(folder: Path) -> Case:
    """Products in HDF5 and netCDF-4 with other attributes and small datasets."""
    return fuzz_lists.hdf5_attributes(folder, use_raster)


TARGETS = {
    "envi": envi_target, "geotiff": geotiff_target, "safetensors": safetensors_target,
    "envi-lists": lists_target, "hdf5": hdf5_target,
}  # fmt: skip


def use_raster(path: Path) -> None:
    """Do with a raster what `run` does, or read a corner where that would be large."""
    from hsisr_geo.api import super_resolve
    from hsisr_geo.raster.open import open_raster
    from hsisr_geo.raster.read import read_window
    from hsisr_geo.resolver.interpolation import BicubicResolver

    raster = open_raster(path)
    if raster.rows * raster.cols * len(raster.bands) <= PIXELS:
        target = path.with_name("fine.tif")
        super_resolve(path, target, resolver=BicubicResolver(2), tile=32, overwrite=True)
    else:
        corner = slice(0, min(raster.rows, 8)), slice(0, min(raster.cols, 8))
        read_window(raster, *corner, bands=range(min(len(raster.bands), 8)))
        raster.upscaled(4)


# -- children -------------------------------------------------------------------------------------


def run_cases(
    target: str, seed: int, numbers: range, tell: Callable[[dict[str, Any]], None]
) -> None:
    """Run cases in this process, telling what each ended in before the next begins."""
    import warnings

    from hsisr_geo.errors import HsisrError

    warnings.simplefilter("error", RuntimeWarning)  # a user would see them
    importlib.import_module("hsisr_geo.api")  # not within the time of a case
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        case = TARGETS[target](Path(folder))
        for number in numbers:
            tell({"case": number})
            rng = random.Random(f"{target}/{seed}/{number}")
            try:
                case(rng)
                tell({"end": "result"})
            except HsisrError as error:
                said = str(error)
                tell(
                    {"end": "error" if 0 < len(said) < 2000 and "\n" not in said else "long error"}
                )
            except Exception:
                tell({"end": "exception", "trace": traceback.format_exc(limit=-4)})


def _child(target: str, seed: int, first: int, count: int) -> None:
    import logging

    logging.disable(logging.CRITICAL)
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    started = []

    def tell(what: dict[str, Any]) -> None:
        if "case" in what:
            faulthandler.dump_traceback_later(SECONDS_PER_CASE, exit=True)
        started.append(_peak()) if len(started) < 20 else None
        grown = _peak() - started[-1]
        print(json.dumps({**what, **({"grown": grown} if grown > GROWTH else {})}), flush=True)

    run_cases(target, seed, range(first, first + count), tell)
    faulthandler.cancel_dump_traceback_later()  # the end of the process is no case


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def fuzz(target: str, seed: int, first: int, cases: int) -> Found:
    """Run cases in children, going on behind a case that ends its child."""
    found, number, end = Found(), first, first + cases
    while number < end:
        number = _batch(target, seed, number, min(BATCH, end - number), found)
    return found


def _batch(target: str, seed: int, first: int, count: int, found: Found) -> int:
    """Run one child; return the number of the next case."""
    command = [sys.executable, __file__, "--child", target, str(seed), str(first), str(count)]
    child = subprocess.run(
        command, capture_output=True, text=True, errors="replace",
        env=os.environ | {"OMP_NUM_THREADS": "1"}, check=False,
    )  # fmt: skip
    number, ended, grew = first - 1, True, False
    for line in filter(lambda line: line.startswith("{"), child.stdout.splitlines()):
        said = json.loads(line)
        number, ended = said.get("case", number), "end" in said
        if ended:
            found.ends[said["end"]] += 1
        if said.get("end") not in (None, "result", "error"):
            found.findings.append(f"{target} {number}: {said['end']}\n{said.get('trace', '')}")
        if "grown" in said and not grew:
            grew = True
            found.findings.append(f"{target} {number}: grew by {said['grown'] >> 20} MB")
    if child.returncode != 0:
        found.ends["crash"] += 1
        found.findings.append(
            f"{target} {number}: child ended with {child.returncode}\n{child.stderr[-1500:]}"
        )
    return max(number, first) + 1


def _kind(finding: str) -> str:
    """Return what findings of the same cause share: the last line, without numbers."""
    return re.sub(r"\d+|'.*'", "_", finding.strip().splitlines()[-1])[:120]


def main() -> int:
    """Run all targets and say what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=3000, help="in all")
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--target", choices=TARGETS, action="append")
    parser.add_argument("--child", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        target, *numbers = options.child
        _child(target, *map(int, numbers))
        return 0
    targets = options.target or list(TARGETS)
    print("| target | cases | results | plain errors | findings | cases/s |\n|---|" + "---|" * 5)
    findings = []
    for target in targets:
        began = time.perf_counter()
        found = fuzz(target, options.seed, options.first, -(-options.cases // len(targets)))
        rate = found.ends.total() / (time.perf_counter() - began)
        ends = found.ends
        row = f"{ends.total()} | {ends['result']} | {ends['error']} | {len(found.findings)}"
        print(f"| {target} | {row} | {rate:.0f} |", flush=True)
        findings += found.findings
    kinds = Counter(_kind(finding) for finding in findings)
    examples = {_kind(finding): finding for finding in reversed(findings)}
    for kind, count in kinds.most_common():
        print(f"\n{count} x {kind}\n{examples[kind]}")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
