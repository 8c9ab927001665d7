"""Quality of a super-resolved cube against its reference: MPSNR, MSSIM, CC, RMSE, SAM, ERGAS.

Formulas are those of the hyperspectral super-resolution literature, per band and averaged, on
cubes `(band, row, col)` in the same physical unit. A value that is NaN in either cube is left
out of both, so holes cost nothing and gain nothing. Both cubes are in memory; beyond them only a
few planes are held, as the work goes band by band.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf, nan, sqrt

import numpy as np
from numpy.typing import NDArray

from hsisr_geo.errors import RasterError

SSIM_WINDOW = 7  # side of the uniform window, as scikit-image's default
_K1, _K2 = 0.01, 0.03  # Wang et al. (2004)
PAPER_RATIO = 4  # the fixed ratio in the ERGAS of DMGASR and its relatives, whatever the upscale


@dataclass(frozen=True)
class Scores:
    """Scores of one cube; a score that has no defined value is NaN.

    Attributes
    ----------
    mpsnr : mean over bands of the PSNR, dB; inf where the cubes are equal
    mssim : mean over bands of the structural similarity
    cc : mean over bands of Pearson's correlation
    rmse : root mean square error over all values, in the unit of the cubes
    sam_deg : mean spectral angle, degrees
    ergas : relative error with the true ratio, `100 / upscale * ...`
    ergas4 : the same with ratio 4 at every upscale, as printed in the DMGASR paper
    data_range : peak value of PSNR and SSIM, in the unit of the cubes
    psnr : PSNR of each band, dB; NaN for a band without a valid value
    """

    mpsnr: float
    mssim: float
    cc: float
    rmse: float
    sam_deg: float
    ergas: float
    ergas4: float
    data_range: float
    psnr: tuple[float, ...]


def evaluate(
    sr: NDArray[np.floating],
    reference: NDArray[np.floating],
    *,
    upscale: int | None,
    data_range: float | None = None,
) -> Scores:
    """Score a super-resolved cube against its reference.

    Parameters
    ----------
    sr, reference : (band, row, col), same shape and unit, NaN where there is no data; pass the
        good bands only, a noise band tells nothing about the resolver
    upscale : the true ratio of ERGAS; None where it is unknown, `ergas` is NaN then
    data_range : peak value; by default the 99.9 % quantile of the reference, which unlike the
        maximum does not hang on one glint

    Notes
    -----
    A constant band has no correlation and is skipped by `cc`; a band whose reference has zero
    mean is skipped by `ergas`; a pixel with a zero spectrum is skipped by `sam_deg`; a window
    that touches a hole is skipped by `mssim`.

    Raises
    ------
    RasterError
        The shapes differ, no value is valid in both cubes, or the data range is not positive.
    """
    _check_shapes(sr, reference)
    if data_range is None:
        data_range = default_data_range(reference)
    if not (np.isfinite(data_range) and data_range > 0):
        raise RasterError(
            f"data range {data_range:g} is not a positive number: the reference is constant or "
            "negative; give the range of its values"
        )
    bands = [_score_band(x, y, data_range) for x, y in zip(sr, reference, strict=True)]
    count = sum(band.count for band in bands)
    if count == 0:
        raise RasterError("nothing to compare: no pixel has data in both rasters")
    relative = _relative_error(bands)
    return Scores(
        mpsnr=_mean([band.psnr for band in bands]),
        mssim=_mean([band.ssim for band in bands]),
        cc=_mean([band.cc for band in bands]),
        rmse=sqrt(sum(band.squared_error for band in bands) / count),
        sam_deg=spectral_angle_deg(sr, reference),
        ergas=100 / upscale * relative if upscale else nan,
        ergas4=100 / PAPER_RATIO * relative,
        data_range=data_range,
        psnr=tuple(band.psnr for band in bands),
    )


def default_data_range(reference: NDArray[np.floating]) -> float:
    """Return the 99.9 % quantile of the valid values; NaN where there are none."""
    valid = reference[np.isfinite(reference)]
    return float(np.quantile(valid, 0.999)) if valid.size else nan


def spectral_angle_deg(sr: NDArray[np.floating], reference: NDArray[np.floating]) -> float:
    """Return the mean angle between the spectra of each pixel, in degrees.

    The angle of a pixel is taken over the bands that both cubes have there; pixels where either
    spectrum is zero are skipped.
    """
    angles = spectral_angles_deg(sr, reference)
    spectra = np.isfinite(angles)
    return float(angles[spectra].mean()) if spectra.any() else nan


def spectral_angles_deg(
    sr: NDArray[np.floating], reference: NDArray[np.floating]
) -> NDArray[np.float64]:
    """Return the angle of each pixel (row, col) in degrees, NaN where it is skipped."""
    dot, norm_x, norm_y = (np.zeros(sr.shape[1:]) for _ in range(3))
    for x, y, valid in _valid_planes(sr, reference):
        x, y = np.where(valid, x, 0.0), np.where(valid, y, 0.0)
        dot += x * y
        norm_x += x * x
        norm_y += y * y
    norm = np.sqrt(norm_x) * np.sqrt(norm_y)
    # ^ clipped below: rounding takes the cosine of equal spectra above one
    cosine = np.divide(dot, norm, out=np.full_like(dot, nan), where=norm > 0)
    angles: NDArray[np.float64] = np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0)))
    return angles


def structural_similarity(
    x: NDArray[np.floating], y: NDArray[np.floating], *, data_range: float
) -> float:
    """Return the mean SSIM of two planes (row, col) over the windows without a hole.

    Uniform 7x7 windows and sample covariance: equal to scikit-image's `structural_similarity`
    with its default options. NaN where no whole window is valid.
    """
    valid = np.isfinite(x) & np.isfinite(y)
    if min(valid.shape) < SSIM_WINDOW:
        return nan
    n = SSIM_WINDOW**2
    whole = _window_sums(valid.astype(np.float64)) == n
    if not whole.any():
        return nan
    x, y = (np.where(valid, plane, 0.0).astype(np.float64) for plane in (x, y))
    mean_x, mean_y = _window_sums(x) / n, _window_sums(y) / n
    var_x = (_window_sums(x * x) / n - mean_x**2) * n / (n - 1)
    var_y = (_window_sums(y * y) / n - mean_y**2) * n / (n - 1)
    cov = (_window_sums(x * y) / n - mean_x * mean_y) * n / (n - 1)
    c1, c2 = (_K1 * data_range) ** 2, (_K2 * data_range) ** 2
    ssim = ((2 * mean_x * mean_y + c1) * (2 * cov + c2)) / (
        (mean_x**2 + mean_y**2 + c1) * (var_x + var_y + c2)
    )
    return float(ssim[whole].mean())


@dataclass(frozen=True)
class _BandScores:
    count: int
    squared_error: float  # sum over the valid values
    mean_reference: float
    psnr: float
    ssim: float
    cc: float


def _score_band(x: NDArray[np.floating], y: NDArray[np.floating], data_range: float) -> _BandScores:
    valid = np.isfinite(x) & np.isfinite(y)
    a, b = x[valid].astype(np.float64), y[valid].astype(np.float64)
    if not a.size:
        return _BandScores(0, 0.0, nan, nan, nan, nan)
    squared_error = float(np.square(a - b).sum())
    return _BandScores(
        count=a.size,
        squared_error=squared_error,
        mean_reference=float(b.mean()),
        psnr=_psnr(squared_error / a.size, data_range),
        ssim=structural_similarity(x, y, data_range=data_range),
        cc=_correlation(a, b),
    )


def _psnr(mse: float, data_range: float) -> float:
    return float(10 * np.log10(data_range**2 / mse)) if mse > 0 else inf


def _correlation(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    # ^ compared with `==` rather than a zero variance: rounding gives constants a tiny one
    if (a == a[0]).all() or (b == b[0]).all():
        return nan
    a, b = a - a.mean(), b - b.mean()
    return float((a @ b) / sqrt((a @ a) * (b @ b)))


def _relative_error(bands: list[_BandScores]) -> float:
    """Return the root mean over bands of MSE / mean², the part of ERGAS without the ratio."""
    terms = [
        band.squared_error / band.count / band.mean_reference**2
        for band in bands
        if band.count and band.mean_reference != 0
    ]
    return sqrt(_mean(terms)) if terms else nan


def _window_sums(plane: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sum over each whole window, (row, col) -> (row - 6, col - 6).

    Shifted adds, not cumulative sums: a window's sum then only carries the rounding of its own 49
    values, whatever the size of the scene.
    """
    rows, cols = (size - SSIM_WINDOW + 1 for size in plane.shape)
    columns = sum((plane[i : i + rows] for i in range(1, SSIM_WINDOW)), start=plane[:rows])
    return sum((columns[:, i : i + cols] for i in range(1, SSIM_WINDOW)), start=columns[:, :cols])


def _valid_planes(
    sr: NDArray[np.floating], reference: NDArray[np.floating]
) -> Iterator[tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]]:
    for x, y in zip(sr, reference, strict=True):
        valid = np.isfinite(x) & np.isfinite(y)
        yield x.astype(np.float64), y.astype(np.float64), valid


def _mean(values: list[float]) -> float:
    """Return the mean of the defined values; NaN where there are none."""
    defined = [value for value in values if not np.isnan(value)]
    return float(np.mean(defined)) if defined else nan


def _check_shapes(sr: NDArray[np.floating], reference: NDArray[np.floating]) -> None:
    if sr.ndim != 3 or sr.shape != reference.shape:
        raise RasterError(
            f"cubes cannot be compared: shapes (band, row, col) are {sr.shape} and "
            f"{reference.shape}"
        )
