"""Two sensors' rasters of the same ground: blur and shift between them, and what a gain is worth.

Nobody of us degraded the coarse one. A Gaussian and a shift that turn FINE into COARSE are fitted,
with a gain and an offset for each band; then COARSE is super-resolved, and FINE, averaged over the
pixels of the result, is the truth. On real pairs gains are smaller than by Wald's protocol.
"""

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from affine import Affine
from numpy.typing import NDArray

from hsisr_geo.api import super_resolve
from hsisr_geo.assessment.pair.ground import common_bands, placed, read_bands
from hsisr_geo.assessment.pair.search import search
from hsisr_geo.assessment.pair.sight import Cube, Sight, box, gaussian
from hsisr_geo.engine.identity import holding_still
from hsisr_geo.engine.uncertainty import Uncertainty
from hsisr_geo.errors import RasterError
from hsisr_geo.files import temporary_folder
from hsisr_geo.raster.open import open_raster
from hsisr_geo.raster.raster import Raster
from hsisr_geo.resolver.interpolation import BicubicResolver
from hsisr_geo.resolver.protocol import Predictor, Resolver

_FEWEST = 100  # coarse pixels


@dataclass(frozen=True)
class PairFit:
    """What turns FINE into COARSE.

    Attributes
    ----------
    bands : (of COARSE, of FINE), from 0
    mtf : modulation at the Nyquist frequency of COARSE's pixels, from row to row and across
    shift : (rows, columns) in pixels of COARSE that FINE has to be moved by
    gain, offset, r2 : of each pair of bands
    """

    bands: tuple[tuple[int, int], ...]
    mtf: tuple[float, float]
    shift: tuple[float, float]
    gain: tuple[float, ...]
    offset: tuple[float, ...]
    r2: tuple[float, ...]


@dataclass(frozen=True)
class PairGain:
    """PSNR of COARSE super-resolved, in dB, by band; and of its bicubic interpolation.

    `within` are the shares of all errors within one and two predicted standard deviations; None of
    a method that predicts none. FINE is no truth without error of its own: `within_both` adds, in
    squares, what the two sensors differ by at COARSE's pixels after the fit.
    """

    upscale: int
    degradation: str
    bicubic: tuple[float, ...]
    ours: tuple[float, ...]
    within: tuple[float, float] | None = None
    within_both: tuple[float, float] | None = None

    @property
    def mean(self) -> float:
        """Gain over bicubic in dB, mean over bands."""
        return float(np.mean(np.subtract(self.ours, self.bicubic)))


@dataclass(frozen=True, eq=False)
class SensorPair:
    """The bands that both sensors have, and where COARSE's pixels lie on FINE's grid."""

    coarse: Raster
    fine: Raster
    bands: tuple[tuple[int, int], ...]
    given: Cube
    truth: Cube
    place: Affine

    @classmethod
    def open(cls, coarse: str | os.PathLike[str], fine: str | os.PathLike[str]) -> "SensorPair":
        """Open both.

        Raises
        ------
        RasterError : they have no bands, no place or no ground in common, or lie askew
        """
        one, other = open_raster(coarse), open_raster(fine)
        place = placed(one, other)
        bands = common_bands(one, other)
        with holding_still(one, other):
            given = read_bands(one, [band for band, _ in bands])
            truth = read_bands(other, [band for _, band in bands])
        return cls(one, other, bands, given, truth, place)

    def fit(self) -> PairFit:
        """Fit blur and shift, by a search that halves its steps, from a usual blur on.

        Raises
        ------
        RasterError : too few pixels have values in both
        """

        def badness(at: Sequence[float]) -> float:
            return 1 - float(np.mean(self._compare(at)[2]))

        rows, cols, down, right = search(badness, (0.57, 0.57, 0.0, 0.0))
        gain, offset, r2 = self._compare((rows, cols, down, right))
        mtf = tuple(math.exp(-0.5 * (math.pi * sigma) ** 2) for sigma in (rows, cols))
        return PairFit(
            self.bands,
            (mtf[0], mtf[1]),
            (down, right),
            *(tuple(map(float, values)) for values in (gain, offset, r2)),
        )

    def gains(self, fit: PairFit, resolver: Resolver) -> PairGain:
        """Super-resolve COARSE and compare with FINE, brought to COARSE's scale by the fit."""
        factor = resolver.upscale
        seen = self._sight().through(box, (1 / factor, 1 / factor), fit.shift, factor)
        truth = np.array(fit.gain)[:, None, None] * seen + np.array(fit.offset)[:, None, None]
        peak = float(np.nanquantile(truth, 0.999))
        plain, _, _ = self._made(BicubicResolver(factor))
        ours, sigma, degradation = self._made(resolver)
        bicubic, made = (_psnr(cube, truth, peak) for cube in (plain, ours))
        gain = PairGain(factor, degradation, bicubic, made)
        if sigma is None:
            return gain
        both = np.sqrt(np.square(sigma) + self._differing(fit)[:, None, None])
        within, within_both = (_within(ours - truth, s) for s in (sigma, both))
        return replace(gain, within=within, within_both=within_both)

    def _differing(self, fit: PairFit) -> NDArray[np.float64]:
        """Mean square, by band, of what COARSE differs by from FINE as fitted."""
        varies = np.nanvar(self.given, axis=(1, 2))
        return np.asarray((1 - np.array(fit.r2)) * varies)

    def _made(self, resolver: Resolver) -> tuple[Cube, Cube | None, str]:
        """Super-resolve COARSE: the common bands, their deviations, and the D assumed."""
        bands = [band for band, _ in self.bands]
        with temporary_folder() as folder:
            out, beside = folder / "out.tif", folder / "sigma.tif"
            told = Uncertainty(beside) if isinstance(resolver, Predictor) else None
            done = super_resolve(self.coarse, out, resolver=resolver, uncertainty=told)
            sigma = read_bands(open_raster(beside), bands) if told else None
            return read_bands(open_raster(out), bands), sigma, done.degradation

    def _sight(self) -> Sight:
        return Sight(self.truth, self.place, self.coarse.shape)

    def _compare(self, at: Sequence[float]) -> tuple[NDArray[np.float64], ...]:
        """Gain, offset and R² of each band for sigmas and shifts in coarse pixels."""
        seen = self._sight().through(gaussian, (at[0], at[1]), (at[2], at[3]))
        lines = [_line(x, y) for x, y in zip(seen, self.given, strict=True)]
        if any(line is None for line in lines):
            told = f"{self.coarse.path} and {self.fine.path} have too few pixels in common"
            raise RasterError(f"{told}: a fit takes {_FEWEST}")
        gain, offset, r2 = np.array([line for line in lines if line is not None]).T
        return gain, offset, r2


def _line(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[float, float, float] | None:
    """Gain, offset and R² of y = gain x + offset; None of too few pixels."""
    use = np.isfinite(x) & np.isfinite(y)
    if use.sum() < _FEWEST or np.ptp(x[use]) == 0 or np.ptp(y[use]) == 0:
        return None
    x, y = x[use], y[use]
    gain = float(np.cov(x, y, bias=True)[0, 1] / x.var())
    offset = float(y.mean() - gain * x.mean())
    return gain, offset, 1 - float(np.square(y - gain * x - offset).mean() / y.var())


def _psnr(cube: Cube, truth: Cube, peak: float) -> tuple[float, ...]:
    errors = np.nanmean(np.square(cube - truth), axis=(1, 2))
    return tuple(float(10 * np.log10(peak**2 / error)) for error in errors)


def _within(error: Cube, sigma: Cube) -> tuple[float, float]:
    """Shares of the errors within one and two deviations, where all have values."""
    ratio = (np.abs(error) / sigma)[np.isfinite(error) & (sigma > 0)]
    return float(np.mean(ratio <= 1)), float(np.mean(ratio <= 2))
