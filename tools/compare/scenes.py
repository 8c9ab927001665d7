"""What both versions are given: real scenes or their twins, and small products of the missions."""

import os
import shutil
import subprocess
import sys
import warnings
from collections.abc import Sequence
from itertools import product
from pathlib import Path

import rasterio
from rasterio.errors import NotGeoreferencedWarning

from .side import Side

MOSAIC = "products/enmap_potsdam_mosaic.tif"
TILE = "products/enmap_l2a_tiles/enmap_potsdam_tile_128_32.tif"
HYSPEX = "products/hyspex_envi/Bavaria_farmland_LMU_Hyspex_subset.bsq"
EMIT = "products/emit_envi_bil/emit20250324t221005_jpl_unmix_ex"
AVIRIS = "products/aviris_envi_rotated/AV_mastercal_testdata.bsq"
SAN_DIEGO = "val/san_diego.tif"

# The generators of the version before serve both: they need nothing of the program.
TWINS = "import sys, scenes, pathlib; scenes.make_twins(pathlib.Path(sys.argv[1]))"
MISSIONS = """
import sys
from pathlib import Path
from made_products import make_desis, make_emit, make_enmap, make_neon, make_prisma
root = Path(sys.argv[1])
root.mkdir()
make_enmap(root / "enmap")
make_desis(root / "desis")
make_prisma(root / "prisma_l2d.he5")
make_prisma(root / "prisma_l1.he5", level="L1")
make_emit(root / "emit.nc")
make_neon(root / "neon.h5")
"""


# Networks too small to be good at anything, trained for two steps.
SYSTEM = "compared/models/edsr-x2-seed0.safetensors"
"""A file that the version before trained: either must read it."""
COMPARISON = f"""
upscales = [2]
bands = 8
[data]
train = "{SAN_DIEGO}"
test = "{TILE}"
[budget]
steps = 2
batch = 1
patch = 8
[systems.bicubic]
model = "bicubic"
[systems.edsr]
width = 8
blocks = 1
[systems.dmgasr]
group_size = 4
group_overlap = 1
width = 8
blocks = 1
global_width = 8
global_blocks = 1
unet_width = 8
unet_widths = "1 2"
unet_attention_level = 1
diffusion_steps = 2
all_bands = false
"""


def gather(folder: Path, before: Side, data: Path | None) -> None:
    """Lay the scenes out in a folder: copies of the real ones in `data`, else twins."""
    if data is None:
        _generate(before, TWINS, folder)
    else:
        for name in (MOSAIC, TILE, HYSPEX, EMIT, AVIRIS, SAN_DIEGO):
            _copy_with_header(data / name, folder / name)
    _generate(before, MISSIONS, folder / "missions")
    (folder / "comparison.toml").write_text(COMPARISON)
    _train(before, folder)
    (folder / "pair").mkdir()
    for name in (TILE, EMIT, f"{EMIT}.hdr"):
        shutil.copyfile(folder / name, folder / "pair" / Path(name).name)


def _train(before: Side, folder: Path) -> None:
    command = ("hsisr-geo", "benchmark", "comparison.toml", "--only", "edsr", "--no-figures")
    subprocess.run(
        before.arguments((*command, "--out", "compared")), cwd=folder, check=True,
        env=before.environment(), capture_output=True,
    )  # fmt: skip


def bounds(scene: Path, rows: slice, cols: slice) -> Sequence[str]:
    """Return --bounds around some pixels; of a rotated scene those are more than were asked for."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.open(scene) as dataset:
            place = dataset.transform
    ends = product((cols.start, cols.stop), (rows.start, rows.stop))
    xs, ys = zip(*(place @ end for end in ends), strict=True)
    return ("--bounds", *(f"{value:.3f}" for value in (min(xs), min(ys), max(xs), max(ys))))


def _copy_with_header(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    for file in source.parent.glob(f"{source.stem}*"):
        if file.stem == source.stem:
            shutil.copyfile(file, target.with_name(file.name))


def _generate(side: Side, script: str, folder: Path) -> None:
    environment = side.environment() | {"PYTHONPATH": os.fspath(side.checkout / "tests")}
    subprocess.run([sys.executable, "-c", script, folder], check=True, env=environment)
