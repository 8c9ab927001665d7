"""Scenes from files that the user has: what any of them holds, as cubes without holes.

Whatever `open_raster` reads, MATLAB's files, folders of one image a band, and folders of all these.
Bands are the usable ones, by wavelength, as a network sees them.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from affine import Affine
from numpy.typing import NDArray

from hsisr_geo.assessment.wald import cut_out
from hsisr_geo.bands.bands import Band, Bands
from hsisr_geo.bands.radiometry import Cube, decode
from hsisr_geo.benchmark.data import band_images, mat_files
from hsisr_geo.benchmark.data.solid_parts import solid_rectangles
from hsisr_geo.cube.windows import Window
from hsisr_geo.errors import RasterError
from hsisr_geo.raster.open import open_raster
from hsisr_geo.raster.products.recognise import describe, is_product_folder
from hsisr_geo.raster.raster import Raster
from hsisr_geo.raster.read import read_cube, whole
from hsisr_geo.raster.scenes import find_scenes
from hsisr_geo.raster.selection import in_water_vapour
from hsisr_geo.raster.suitability import check_learnable

NOISE_NM = (2450.0, 2600.0)
"""Where spectrometers outdoors see next to nothing, besides in water vapour."""
UNMARKED_BANDS = 400
"""A sensor of so many bands looks into water vapour: if its file marks no band as bad, it forgot.

NEON's files do. Sensors of fewer bands often come with those bands cut away.
"""
_STORED = {"uint8", "int16", "uint16", "int32", "uint32"}
_DEPTH = 2  # folders within folders that are looked into: CAVE has each scene twice wrapped


@dataclass(frozen=True, eq=False)
class SourceScene:
    """A rectangle without holes.

    Attributes
    ----------
    raster
        Its grid, bands and data type; nothing to be read from.
    cube
        float32 (band, row, col), physical values in the same bands.
    """

    name: str
    raster: Raster
    cube: Cube

    @property
    def shape(self) -> tuple[int, ...]:
        """Bands, rows and columns."""
        return self.cube.shape

    def select(self, bands: Sequence[int]) -> "SourceScene":
        """Keep some of the bands, 0-based, in that order."""
        return replace(self, raster=self.raster.select(bands), cube=self.cube[list(bands)])

    def cut(self, window: Window) -> "SourceScene":
        """Cut out a window; its cube is a view."""
        rows, cols = window
        return replace(self, raster=cut_out(self.raster, window), cube=self.cube[:, rows, cols])


@dataclass(frozen=True)
class FileSource:
    """A file, or a folder that is one scene; and which array of a `.mat` file is the cube."""

    path: Path
    variable: str | None = None

    def scenes(self) -> Iterator[SourceScene]:
        """Read its scenes: one, or the parts where it has holes.

        Raises
        ------
        RasterError
            Not to be read, or no rectangle of 64 x 64 pixels without holes in it.
        """
        scene = _read(self.path, self.variable)
        parts = solid_rectangles(scene.cube)
        if not parts:
            raise RasterError(
                f"{self.path}: no 64 x 64 pixels without a hole in it: fill it, or leave it out"
            )
        for number, part in enumerate(parts, start=1):
            name = scene.name if len(parts) == 1 else f"{scene.name}, part {number}"
            yield replace(scene, name=name).cut(part)


def cube_of(source: FileSource) -> Cube:
    """Read all of a scene, holes too (band, row, col), without a word of what is odd about it.

    Raises
    ------
    RasterError : not to be read
    """
    return _read(source.path, source.variable, lambda path: describe(str(path))).cube


def find_sources(path: Path) -> list[FileSource]:
    """Return the sources at a path, in order of name; one for what is no folder of several.

    Parameters
    ----------
    path
        `FILE.mat#NAME` or `FOLDER#NAME` says which array of each `.mat` file is the cube.

    Raises
    ------
    RasterError
        Nothing is there, or no scene in the folder.
    """
    place, variable = without_variable(path)
    if not place.exists():
        raise RasterError(f"{place} does not exist")
    if place.is_file() or band_images.is_stack(place) or is_product_folder(place):
        return [FileSource(place, variable)]
    found = _inside(place, _DEPTH)
    if not found:
        raise RasterError(
            f"{place}: no scenes in it: rasters, products, .mat files and folders of one PNG a "
            "band are looked for"
        )
    return [FileSource(path, variable) for path in found]


def load_scenes(path: Path) -> list[SourceScene]:
    """Read a file, or every scene of a folder; `path` and errors as for `find_sources`."""
    return [scene for source in find_sources(path) for scene in source.scenes()]


def without_variable(path: Path) -> tuple[Path, str | None]:
    """Part `FILE.mat#NAME` into the path and the name, None where there is none."""
    name, mark, variable = path.name.rpartition("#")
    if path.exists() or not mark or not name:
        return path, None
    return path.with_name(name), variable


def _inside(folder: Path, depth: int) -> list[Path]:
    found = {path for path in folder.iterdir() if path.suffix.lower() == mat_files.SUFFIX}
    for path in folder.iterdir():
        if band_images.is_stack(path):
            found.add(path)
        elif depth and path.is_dir():
            found |= {p for p in _inside(path, depth - 1) if band_images.is_stack(p)}
    with suppress(RasterError):  # no raster: told by who asked, if there is nothing else either
        found |= {Path(scene) for scene in find_scenes([str(folder)])}
    return sorted(found)


def _read(
    path: Path, variable: str | None, opened: Callable[[Path], Raster] = open_raster
) -> SourceScene:
    if band_images.is_stack(path):
        return _plain(path, *band_images.read_stack(path))
    if path.suffix.lower() == mat_files.SUFFIX:
        stored = mat_files.read_mat(path, variable)
        return _plain(path, _finite(stored), _stored_type(stored.dtype))
    raster = opened(path)
    check_learnable(raster)
    good = usable_bands(raster)
    return SourceScene(path.stem, raster.select(good), read_cube(raster, whole(raster), good))


def _plain(path: Path, cube: Cube, dtype: str) -> SourceScene:
    """Describe a cube without a place or wavelengths."""
    raster = Raster(
        path=str(path),
        driver="",
        shape=(cube.shape[1], cube.shape[2]),
        crs=None,
        transform=Affine.identity(),
        dtype=dtype,
        bands=Bands((Band(),) * len(cube)),
    )
    return SourceScene(path.stem, raster, cube)


def _finite(stored: NDArray[Any]) -> Cube:
    """Return values as float32, NaN where there is none."""
    return decode(stored, Bands((Band(),) * len(stored)))


def _stored_type(dtype: "np.dtype[Any]") -> str:
    """Return the type that values of an array are written as: its own, or what they are kept in."""
    return dtype.name if dtype.name in _STORED else "float32"


def usable_bands(raster: Raster) -> tuple[int, ...]:
    """Return the bands that hold more than noise, 0-based, by wavelength.

    Those that the file marks as good; of a file of 400 bands or more that marks none as bad, those
    where the atmosphere lets light through.
    """
    good = raster.bands.good_by_wavelength
    if len(raster.bands) < UNMARKED_BANDS or len(good) < len(raster.bands):
        return good
    return tuple(i for i in good if not is_noise(raster.bands[i].wavelength_nm))


def is_noise(wavelength_nm: float | None) -> bool:
    """Tell whether reflectance at a wavelength is noise, seen through the atmosphere."""
    if wavelength_nm is None:
        return False
    return in_water_vapour(wavelength_nm) or NOISE_NM[0] <= wavelength_nm <= NOISE_NM[1]
