"""`Truth`: a window of the scene that methods are held against, and what it looks like degraded."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hsisr_geo.assessment.exemplars import Exemplar, choose_exemplars
from hsisr_geo.assessment.index_errors import IndexTruth, find_indices
from hsisr_geo.assessment.lattice import Lattice, choose_lattice
from hsisr_geo.assessment.noise_bands import noise_bands
from hsisr_geo.assessment.wald import coarser, degrade, write
from hsisr_geo.bands.radiometry import Cube
from hsisr_geo.bands.truecolor import Colors, choose_colors
from hsisr_geo.cube.degradation import Degradation
from hsisr_geo.cube.windows import Window
from hsisr_geo.errors import RasterError
from hsisr_geo.metrics import default_data_range
from hsisr_geo.raster.raster import Raster
from hsisr_geo.raster.read import read_cube, read_planes, whole


@dataclass(frozen=True, eq=False)
class Truth:
    """What methods are held against, and where they start.

    Attributes
    ----------
    coarse
        The degraded raster.
    bands
        Indices of the bands that are compared: good, and with data in both.
    cube, coarse_cube
        Original and degraded values in these bands (band, row, col), NaN in holes.
    noise
        Those of the compared bands, by their place in the cube, that are mostly noise.
    data_range
        Peak value of PSNR and SSIM, of the bands that are not.
    colors
        The bands that are shown.
    picture, coarse_picture
        Their values, (3, row, col).
    exemplars, lattice
        The pixels whose spectra are shown: at once, and on a click.
    indices
        What users compute from such a cube.
    """

    coarse: Raster
    bands: tuple[int, ...]
    cube: Cube
    coarse_cube: Cube
    noise: tuple[int, ...]
    data_range: float
    colors: Colors
    picture: Cube
    coarse_picture: Cube
    exemplars: tuple[Exemplar, ...]
    lattice: Lattice
    indices: tuple[IndexTruth, ...]


def degraded_pair(source: Raster, area: Window, degradation: Degradation, path: Path) -> Truth:
    """Read the original, band by band, and write it degraded.

    Raises
    ------
    RasterError
        No band has data in both, or all values are equal.
    """
    good, upscale = source.bands.good_indices, degradation.factor
    shape = tuple(axis.stop - axis.start for axis in area)
    cube = np.empty((len(good), *shape), np.float32)
    coarse = np.empty((len(source.bands), *(size // upscale for size in shape)), np.float32)
    for band, plane in enumerate(read_planes(source, area, range(len(source.bands)))):
        coarse[band] = degrade(plane[None], degradation)[0]
        if band in good:
            cube[good.index(band)] = plane
    raster = write(path, coarser(source.upscaled(1, *area), upscale), coarse)
    coarse = read_cube(raster, whole(raster), range(len(raster.bands)))
    kept = [i for i, band in enumerate(good) if np.isfinite(coarse[band]).any()]
    if not kept:
        raise RasterError(_why_nothing_is_left(source, cube, upscale))
    bands, cube = tuple(good[i] for i in kept), cube if len(kept) == len(good) else cube[kept]
    colors = choose_colors(source.bands)
    wavelengths = tuple(source.bands[i].wavelength_nm for i in bands)
    noise = noise_bands(cube, wavelengths)
    return Truth(
        coarse=raster,
        bands=bands,
        cube=cube,
        coarse_cube=coarse[list(bands)],
        noise=noise,
        data_range=_data_range(source, np.delete(cube, noise, axis=0) if noise else cube),
        colors=colors,
        picture=read_cube(source, area, colors.bands),
        coarse_picture=coarse[list(colors.bands)],
        exemplars=choose_exemplars(cube),
        lattice=choose_lattice(len(cube), cube.shape[1:]),
        indices=find_indices(cube, wavelengths),
    )


def _why_nothing_is_left(source: Raster, cube: Cube, upscale: int) -> str:
    if np.isfinite(cube).any():
        return (
            f"{source.path}: holes lie so dense that no {upscale} x {upscale} pixels are free of "
            "them: there is nothing to compare; give --bounds without holes"
        )
    return (
        f"{source.path}: no good band has a value there: there is nothing to assess; give --bounds "
        "where the scene has data"
    )


def _data_range(source: Raster, cube: Cube) -> float:
    """Return the peak value of bands without noise: the 99.9 % quantile, or the spread.

    The spread where values are not positive.
    """
    peak = default_data_range(cube)
    if peak <= 0:
        low, high = np.nanquantile(cube, (0.001, 0.999))
        peak = float(high - low)
    if not peak > 0:
        raise RasterError(f"{source.path}: all values are equal: there is nothing to assess")
    return peak
