"""What a run is said to take is more than it takes, and what it may take is kept."""

import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest
import rasterio

from hsisr_geo.api import super_resolve
from hsisr_geo.engine import local, tasks
from hsisr_geo.engine.request import Request
from hsisr_geo.raster.open import open_raster
from hsisr_geo.resolver.interpolation import BicubicResolver

BANDS, ROWS, COLS = 200, 256, 256
CUBE = BANDS * ROWS * COLS * 2
RUN = """
import re, sys
from hsisr_geo.api import super_resolve
from hsisr_geo.engine.request import Request
from hsisr_geo.resolver.interpolation import BicubicResolver
src, dst = sys.argv[1:]
how = {"resolver": BicubicResolver(2), "tile": 32, "bounds": (0, -64, 64, 0)}
plan = Request.of(src, dst, **how).plan()
super_resolve(src, dst, **how)
peak = re.search(r"VmHWM:\\s*(\\d+) kB", open("/proc/self/status").read())  # not its parent's
print(plan.memory, 1024 * int(peak[1]))
"""


def _scene(path: Path, bands: int = BANDS, **layout: object) -> Path:
    noise = np.random.default_rng(0).integers(0, 4000, (ROWS, COLS)).astype(np.int16)
    with rasterio.open(
        path, "w", driver="GTiff", count=bands, height=ROWS, width=COLS, dtype="int16", **layout
    ) as file:
        file.write(np.stack([noise + band for band in range(bands)]))
    return path


def _said_and_took(src: Path) -> tuple[int, int]:
    told = subprocess.run(
        [sys.executable, "-c", RUN, src, src.with_suffix(".out.tif")],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()
    return int(told[0]), int(told[1])


@pytest.mark.skipif(sys.platform != "linux", reason="counts memory as Linux does")
def test_what_a_run_is_said_to_take_counts_the_blocks_that_are_decoded(tmp_path: Path) -> None:
    lines = _scene(tmp_path / "lines.tif", blockysize=1, interleave="band")
    block = _scene(
        tmp_path / "block.tif", blockysize=ROWS, interleave="pixel", compress="zstd", zstd_level=1
    )
    (said, took), (said_of_block, took_of_block) = map(_said_and_took, (lines, block))
    assert took < said < 2 * took
    assert took_of_block < said_of_block < 2 * took_of_block
    assert took_of_block - took > CUBE / 2  # it is decoded as a whole
    assert said_of_block - said > CUBE


def test_with_memory_for_one_of_both_only_reading_and_computing_take_turns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    src = _scene(tmp_path / "a.tif", 8, blockysize=ROWS, interleave="pixel", compress="deflate")
    raster, resolver = open_raster(src), BicubicResolver(4)
    assert raster.decoded == 2 * 8 * ROWS * COLS * 2

    def asked(memory: int | None) -> Request:
        return Request.of(src, tmp_path / "x.tif", resolver=resolver, tile=128, memory=memory)

    little = next(m for m in range(10**8, 10**9, 10**6) if _fits(asked(m)))
    assert not asked(None).in_turns(asked(None).grid(128))
    assert not asked(2 * little).in_turns(asked(None).grid(128))
    assert asked(little).in_turns(asked(None).grid(128))

    closed: list[None] = []
    super_resolve(src, tmp_path / "much.tif", resolver=resolver, tile=128)
    monkeypatch.setattr(local, "one_ahead", None)
    monkeypatch.setattr(tasks, "close_handles", lambda: closed.append(None))
    report = super_resolve(src, tmp_path / "a_bit.tif", resolver=resolver, tile=128, memory=little)
    assert len(closed) == report.tiles > 1
    much, a_bit = (rasterio.open(tmp_path / f"{name}.tif").read() for name in ("much", "a_bit"))
    np.testing.assert_array_equal(a_bit, much)


def _fits(request: Request) -> bool:
    return request.need(request.grid(128)).host <= (request.memory or 0)


@pytest.mark.skipif(sys.platform != "linux", reason="counts memory as Linux does")
def test_a_vrt_of_many_files_does_not_keep_what_each_decodes(tmp_path: Path) -> None:
    parts = 6
    _scene(tmp_path / "part.tif", blockysize=ROWS, interleave="pixel", compress="zstd")
    for number in range(parts):
        (tmp_path / f"{number}.tif").hardlink_to(tmp_path / "part.tif")
    vrt = ET.Element("VRTDataset", rasterXSize=str(parts * COLS), rasterYSize=str(ROWS))
    for band in range(1, BANDS + 1):
        made = ET.SubElement(vrt, "VRTRasterBand", dataType="Int16", band=str(band))
        for number in range(parts):
            source = ET.SubElement(made, "SimpleSource")
            ET.SubElement(source, "SourceFilename", relativeToVRT="1").text = f"{number}.tif"
            ET.SubElement(source, "SourceBand").text = str(band)
            for name, left in (("SrcRect", 0), ("DstRect", number * COLS)):
                place = {"xOff": left, "yOff": 0, "xSize": COLS, "ySize": ROWS}
                ET.SubElement(source, name, {k: str(v) for k, v in place.items()})
    (tmp_path / "all.vrt").write_text(ET.tostring(vrt, encoding="unicode"))
    said, took = _said_and_took(tmp_path / "all.vrt")
    assert took < said
    assert open_raster(tmp_path / "all.vrt").decoded == 2 * 2 * CUBE  # two at a time, packed too
