"""Spectra of a lattice of pixels, packed into the page: what it shows where one clicks."""

import base64
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hsisr_geo.assessment.assess import Assessment
from hsisr_geo.assessment.report.charts import Spectrum
from hsisr_geo.bands.radiometry import Cube

HOLE = 65535
"""Stands for no value; the others are steps from the band's lowest value to its highest."""
_COMPARED = "bicubic"
_BYTES_A_VALUE = 8 / 3  # two bytes as base64
_BESIDE = 60_000  # bytes of what stands beside the values: wavelengths, limits, the section


def samples(found: Assessment, room: int) -> dict[str, Any] | None:
    """Return what a script needs to draw any of the spectra; None of a cube without spectra.

    Values are 16 bits a piece, little-endian, in the order (method, row, col, band), as base64.

    Parameters
    ----------
    room
        Bytes that they may take: the lattice is thinned until they do.
    """
    if not found.truth.exemplars:
        return None
    shown = {"original": found.truth.lattice.of(found.truth.cube)} | {
        trial.name: trial.samples
        for trial in found.trials
        if trial.name == _COMPARED or trial is found.trials[-1]
    }
    cubes = np.stack([*shown.values()])
    thin = _thinned(cubes.shape, room - _BESIDE)
    cubes = cubes[..., ::thin, ::thin]
    low, high = _limits(cubes)
    lattice, spectrum = found.truth.lattice, Spectrum.of(found)
    rows, cols = found.window
    return {
        "methods": [*shown],
        "shape": list(found.truth.cube.shape[1:]),
        "rows": list(lattice.rows[::thin]),
        "cols": list(lattice.cols[::thin]),
        "origin": [rows.start, cols.start],
        "start": _nearest(found, thin),
        "step": lattice.step * thin,
        "x": [round(float(x), 2) for x in spectrum.compared_x],
        "label": spectrum.label,
        "unit": found.source.bands[found.truth.bands[0]].unit or "",
        "noise": list(found.truth.noise),
        "low": [float(f"{x:.7g}") for x in low],
        "high": [float(f"{x:.7g}") for x in high],
        "values": _packed(cubes, low, high),
    }


def _nearest(found: Assessment, thin: int) -> list[int]:
    """Return the place on the thinned lattice that is nearest to the first exemplar."""
    first, lattice = found.truth.exemplars[0], found.truth.lattice
    axes = ((lattice.rows[::thin], first.row), (lattice.cols[::thin], first.col))
    return [int(np.abs(np.subtract(places, at)).argmin()) for places, at in axes]


def _thinned(shape: tuple[int, ...], room: int) -> int:
    """Return of how many rows and columns one is kept, of a stack (method, band, row, col)."""
    methods, bands, rows, cols = shape
    thin = 1
    while _BYTES_A_VALUE * methods * bands * -(-rows // thin) * -(
        -cols // thin
    ) > room and thin < max(rows, cols):
        thin += 1
    return thin


def _limits(cubes: NDArray[np.floating]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the lowest and highest value of each band, over all methods."""
    finite = np.isfinite(cubes)
    low = np.where(finite, cubes, np.inf).min(axis=(0, 2, 3)).astype(np.float64)
    high = np.where(finite, cubes, -np.inf).max(axis=(0, 2, 3)).astype(np.float64)
    none = ~np.isfinite(low)
    low[none], high[none] = 0.0, 1.0
    return low, high


def _packed(
    cubes: NDArray[np.floating], low: NDArray[np.float64], high: NDArray[np.float64]
) -> str:
    span = np.where(high > low, high - low, 1.0)[:, None, None]
    steps = [_steps(cube, low[:, None, None], span) for cube in cubes]
    packed = np.stack(steps).transpose(0, 2, 3, 1).astype("<u2")
    return base64.b64encode(packed.tobytes()).decode("ascii")


def _steps(cube: Cube, low: NDArray[np.float64], span: NDArray[np.float64]) -> NDArray[np.floating]:
    share = (cube.astype(np.float64) - low) / span
    return np.where(np.isfinite(share), np.rint(share * (HOLE - 1)), HOLE)
