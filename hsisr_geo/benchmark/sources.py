"""Scenes from files that the user has: what any of them holds, as cubes without holes.

Whatever `open_raster` reads, folders of that, MATLAB's files and folders of one image a band. Bands
are the usable ones, by wavelength, as a network sees them.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hsisr_geo.bands import Bands
from hsisr_geo.benchmark.solid_parts import solid_parts
from hsisr_geo.raster import Raster, open_raster, read_window
from hsisr_geo.scenes import find_scenes
from hsisr_geo.selection import in_water_vapour
from hsisr_geo.wald import cut_out

NOISE_NM = (2450.0, 2600.0)
"""Where spectrometers at work outdoors see next to nothing, besides in water vapour."""
UNMARKED_BANDS = 400
"""A sensor of so many bands looks into water vapour: its files mark bad bands, or forgot to."""


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
    cube: NDArray[np.float32]

    def select(self, bands: tuple[int, ...]) -> "SourceScene":
        """Keep some of the bands, 0-based, in that order."""
        return replace(self, raster=self.raster.select(bands), cube=self.cube[list(bands)])


def load_scenes(path: Path) -> list[SourceScene]:
    """Read a file, or every scene of a folder.

    Raises
    ------
    RasterError
        Nothing there, nothing usable in it, or not to be read.
    """
    return [scene for source in find_scenes([str(path)]) for scene in scenes_in(Path(source))]


def scenes_in(path: Path) -> Iterator[SourceScene]:
    """Read the scenes of one file: one, or its parts where it has holes."""
    raster = open_raster(path)
    good = usable_bands(raster)
    marked = Bands(tuple(replace(b, good=i in good) for i, b in enumerate(raster.bands)))
    parts = solid_parts(replace(raster, bands=marked))
    for number, part in enumerate(parts, start=1):
        name = path.stem if len(parts) == 1 else f"{path.stem}, part {number}"
        yield SourceScene(
            name, cut_out(raster.select(good), part), read_window(raster, *part, good)
        )


def usable_bands(raster: Raster) -> tuple[int, ...]:
    """Return the bands that hold more than noise, 0-based, by wavelength.

    Those that the file marks as good. A file of more than 400 bands that marks none as bad says
    nothing of water vapour: there its bands between and beyond the windows of the atmosphere are
    left out, too.
    """
    good = raster.bands.good_by_wavelength
    if len(raster.bands) < UNMARKED_BANDS or len(good) < len(raster.bands):
        return good
    return tuple(i for i in good if not is_noise(raster.bands[i].wavelength_nm))


def is_noise(wavelength_nm: float | None) -> bool:
    """Tell whether reflectance at a wavelength is noise, seen from above the atmosphere."""
    if wavelength_nm is None:
        return False
    return in_water_vapour(wavelength_nm) or NOISE_NM[0] <= wavelength_nm <= NOISE_NM[1]
