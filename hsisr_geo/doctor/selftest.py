"""A small scene of known content, super-resolved from file to file as any other, and checked."""

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from affine import Affine
from numpy.typing import NDArray

from hsisr_geo.api import super_resolve
from hsisr_geo.bands.bands import Band, Bands
from hsisr_geo.bands.radiometry import decode
from hsisr_geo.cube.resampling import upsample
from hsisr_geo.doctor.finding import Finding
from hsisr_geo.engine.pipeline import RunReport
from hsisr_geo.files import temporary_folder
from hsisr_geo.output.drafts import write_raster
from hsisr_geo.raster.open import open_raster
from hsisr_geo.raster.raster import Raster
from hsisr_geo.raster.read import read_window
from hsisr_geo.resolver.load import load_resolver

UPSCALE = 2
_SIDE, _BANDS, _BAD, _NODATA = 24, 12, 5, -9999
_HOLE = (3, 4)
_LARGEST_RESIDUAL = 0.05  # of D(output) - input in standard deviations; released models: below 0.01
_LARGEST_DETAIL = 0.5  # of the difference from bicubic, in standard deviations of a band


def super_resolve_a_small_scene(model: str) -> Finding:
    """Make a scene in a temporary folder, super-resolve it with a model, and check the result."""
    started = time.perf_counter()
    with temporary_folder() as folder:
        src, dst = folder / "scene.tif", folder / "fine.tif"
        dn = _make_scene(src)
        resolver = load_resolver(model, upscale=UPSCALE)
        report = super_resolve(src, dst, resolver=resolver)
        wrong = list(_differences(open_raster(src), open_raster(dst), dn, report))
    seconds = time.perf_counter() - started
    what = f"a scene of {_SIDE} x {_SIDE} pixels, {_BANDS} bands, with {resolver.name}"
    details = {"model": resolver.name, "seconds": seconds, "wrong": wrong}
    if wrong:
        told, advice = f"{what}: {'; '.join(wrong)}", "please report this, with `doctor --json`"
        return Finding("self-test", "broken", told, advice, details)
    told = f"{what}: place, bands, holes and numbers are right ({seconds:.1f} s)"
    return Finding("self-test", "ok", told, details=details)


def _make_scene(path: Path) -> NDArray[np.int16]:
    """Write smooth reflectance times 10 000 with a bad band and a hole; return the numbers."""
    rows, cols = np.mgrid[:_SIDE, :_SIDE] / _SIDE
    mixed = 0.5 + 0.4 * np.sin(7 * rows) * np.cos(5 * cols)
    one, other = np.linspace(0.05, 0.3, _BANDS), 0.2 + 0.15 * np.sin(np.arange(_BANDS) / 2)
    cube = one[:, None, None] * mixed + other[:, None, None] * (1 - mixed)
    dn: NDArray[np.int16] = np.rint(cube * 1e4).astype(np.int16)
    dn[:, _HOLE[0], _HOLE[1]] = _NODATA
    bands = (
        Band(wavelength_nm=450.0 + 50 * i, fwhm_nm=8.0, good=i != _BAD, nodata=_NODATA, scale=1e-4)
        for i in range(_BANDS)
    )
    raster = Raster(
        path=str(path),
        driver="GTiff",
        shape=(_SIDE, _SIDE),
        crs=None,  # coordinate systems are looked at apart from this
        transform=Affine(30, 0, 364_095, 0, -30, 5_809_965),
        dtype="int16",
        bands=Bands(tuple(bands)),
    )
    write_raster(path, raster, decode(dn, raster.bands))
    return dn


def _differences(
    src: Raster, dst: Raster, dn: NDArray[np.int16], report: RunReport
) -> Iterator[str]:
    """Yield what is not as it has to be."""
    expected = src.upscaled(UPSCALE)
    if (dst.shape, dst.transform) != (expected.shape, expected.transform):
        yield f"it lies at {dst.transform} {dst.shape}, not {expected.transform} {expected.shape}"
        return
    for name in ("wavelengths_nm", "fwhm_nm", "good_indices", "nodata"):
        found, wanted = getattr(dst.bands, name), getattr(expected.bands, name)
        if found != wanted:
            yield f"{name} of the bands are {found}, not {wanted}"
    cube = read_window(dst, slice(0, dst.rows), slice(0, dst.cols))
    holes = np.zeros(dst.shape, bool)
    holes[tuple(slice(UPSCALE * i, UPSCALE * (i + 1)) for i in _HOLE)] = True
    if not (np.isnan(cube) == holes).all():
        yield "holes are not where they were"
    residual = report.consistency_relative
    if residual is None or not residual < _LARGEST_RESIDUAL:
        yield f"degraded again it differs from the scene by {residual} standard deviations"
    far = _from_bicubic(cube, dn, holes)
    if not far < _LARGEST_DETAIL:
        yield f"it differs from interpolation by {far:.2g} standard deviations"


def _from_bicubic(
    cube: NDArray[np.float32], dn: NDArray[np.int16], holes: NDArray[np.bool_]
) -> float:
    """Return the largest rms difference of a band from bicubic, in its standard deviations."""
    lr = np.where(dn == _NODATA, np.nan, dn * 1e-4)
    level = np.nanmean(lr, axis=(1, 2), keepdims=True)
    smooth = upsample(np.where(np.isnan(lr), level, lr).astype(np.float32), UPSCALE)
    far = np.abs(cube - smooth)
    near_hole = np.zeros_like(holes)
    near_hole[: UPSCALE * (_HOLE[0] + 4), : UPSCALE * (_HOLE[1] + 4)] = True  # filled otherwise
    rms = np.sqrt(np.square(far[:, ~near_hole]).mean(axis=1))
    return float((rms / np.nanstd(lr, axis=(1, 2))).max())
