"""`Degradation`: how the fine pixels around a coarse one make it, the D of every consistency.

D at one factor is a sum of separable terms: taps along rows times taps along columns, at fine
pixels, about the centre of a coarse pixel. So pairs of banded matrices serve a Gaussian and any
measured kernel alike, in numpy here and in torch in `model/`. Taps that fall outside the image are
left out and the others renormalised.
"""

import logging
import math
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hsisr_geo.cube.resampling import (
    along_cols,
    along_rows,
    cubic_taps,
    cubic_upsampling,
    decimation,
    placed_taps,
    upsample,
)
from hsisr_geo.errors import ModelError, OptionError

BICUBIC = "bicubic"
GAUSSIAN = "gaussian"
MAX_SIDE = 129
"""Fine pixels that a kernel may be wide; a tile needs a context as wide as that."""

Taps = tuple[float, ...]
Term = tuple[Taps, Taps]

_LOG = logging.getLogger(__name__)
_UP_REACH = 2  # coarse pixels, of bicubic interpolation
_CUT_SIGMAS = 4  # a Gaussian's tails beyond hold 6e-5 of its weight
_NEGLIGIBLE = 1e-6  # share of a kernel's weight that is rounding


class Operator(NamedTuple):
    """D for one size of image: the sum over `pairs` of rows @ image @ cols.T, over `weight`.

    pairs of float32 (row // factor, row) and (col // factor, col); weight (row // factor,
    col // factor) is what the kernel's taps inside the image sum to, None where that is one.
    """

    pairs: tuple[tuple[NDArray[np.float32], NDArray[np.float32]], ...]
    weight: NDArray[np.float32] | None

    def apply(self, cube: NDArray[np.float32]) -> NDArray[np.float32]:
        """Degrade an image or cube of that size."""
        first, *others = self.pairs
        out = along_cols(first[1], along_rows(first[0], cube))
        for rows, cols in others:
            out += along_cols(cols, along_rows(rows, cube))
        return out if self.weight is None else out / self.weight


@dataclass(frozen=True)
class Degradation:
    """A degradation D by one factor; `name` is what the output says of it.

    Attributes
    ----------
    terms
        Taps along rows and along columns; as many as an even factor and an odd one ask for
        (`resampling.decimation`). All products of all terms sum to one.
    file
        Where its kernel was read, "" where it was not.
    """

    name: str
    factor: int
    terms: tuple[Term, ...] = field(repr=False)
    file: str = field(default="", compare=False)

    @property
    def reach(self) -> int:
        """Coarse pixels around a coarse pixel whose fine pixels D averages over."""
        longest = max(len(taps) for term in self.terms for taps in term)
        return max(0, -(-(longest - self.factor) // (2 * self.factor)))

    def operator(self, rows: int, cols: int) -> Operator:
        """Return the matrices for images of a size."""
        return _operator(self.terms, self.factor, rows, cols)

    def apply(self, cube: NDArray[np.float32]) -> NDArray[np.float32]:
        """Degrade an image or cube, e.g. (bands, 128, 160) by factor 4 -> (bands, 32, 40)."""
        return self.operator(*cube.shape[-2:]).apply(cube)

    def again(self, rows: int, cols: int) -> Operator:
        """Return D·up for coarse images of a size: what D makes of their interpolation."""
        return _again(self.terms, self.factor, rows, cols)

    @property
    def transfer(self) -> NDArray[np.complex128]:
        """Eigenvalues of D·up, by wave (row, col) in the order of `numpy.fft`.

        On an endless coarse grid D·up is a convolution, and the Fourier transform of its answer to
        a single pixel holds them all.
        """
        middle = 2 * (self.reach + _UP_REACH)
        impulse = np.zeros((2 * middle + 1, 2 * middle + 1), np.float32)
        impulse[middle, middle] = 1
        answer = self.apply(upsample(impulse, self.factor))
        side = max(64, len(answer))
        wide = np.zeros((side, side))
        wide[: len(answer), : len(answer)] = answer
        return np.fft.fft2(np.roll(wide, (-middle, -middle), (0, 1)))

    @property
    def growth(self) -> float:
        """Largest factor by which one back-projection multiplies a wave of the residual.

        x <- x + up(x_lr - D x) leaves 1 - H of each wave, H being D·up's: above one, it grows.
        """
        return float(np.abs(1 - self.transfer).max())


def named(spec: str, factor: int) -> Degradation:
    """Return the degradation that a name stands for: `bicubic`, `gaussian:MTF` or `gaussian:R,C`.

    MTF is the modulation at the Nyquist frequency of the coarse grid, between 0 and 1; R is that
    along a column of pixels (from row to row), C that along a row, where the two differ.

    Raises
    ------
    OptionError
        Another name, or an MTF that is no number between 0 and 1 or makes too wide a kernel.
    """
    if spec == BICUBIC:
        taps = cubic_taps(factor)
        return Degradation(spec, factor, ((taps, taps),))
    kind, _, mtf = spec.partition(":")
    if kind != GAUSSIAN:
        raise OptionError(f"unknown degradation {spec!r}: known are bicubic and gaussian:MTF")
    try:
        values = [float(value) for value in mtf.split(",")]
    except ValueError as e:
        raise OptionError(
            f"{spec}: {mtf!r} is no number; give an MTF between 0 and 1, e.g. gaussian:0.3"
        ) from e
    if len(values) > 2:
        raise OptionError(
            f"{spec}: give one MTF, or two: from row to row, and from column to column"
        )
    return gaussian(values[0], factor, values[-1])


def declared(model: str, spec: str, factor: int) -> Degradation:
    """Return the degradation that a model says it was trained on.

    Raises
    ------
    ModelError
        It names one that this version does not know.
    """
    try:
        return named(spec, factor)
    except OptionError as e:
        raise ModelError(
            f"model {model} was trained for a degradation {spec!r} that this version of hsisr-geo "
            "does not know; update hsisr-geo"
        ) from e


def gaussian(mtf: float, factor: int, mtf_cols: float | None = None) -> Degradation:
    """Return a Gaussian of a modulation at the coarse grid's Nyquist frequency.

    `mtf_cols` is that along a row where it is another; errors as `named`.
    """
    mtf_cols = mtf if mtf_cols is None else mtf_cols
    name = f"{GAUSSIAN}:{mtf:g}" if mtf_cols == mtf else f"{GAUSSIAN}:{mtf:g},{mtf_cols:g}"
    terms = ((_gaussian_taps(mtf, factor, name), _gaussian_taps(mtf_cols, factor, name)),)
    return Degradation(name, factor, terms)


def _gaussian_taps(mtf: float, factor: int, name: str) -> Taps:
    """Sample a Gaussian at fine pixels: exp(-(pi sigma)^2 / 2) = MTF, sigma in coarse pixels."""
    if not 0 < mtf < 1:
        raise OptionError(f"{name}: the MTF must be between 0 and 1, e.g. gaussian:0.3")
    sigma = factor * math.sqrt(-2 * math.log(mtf)) / math.pi
    half = math.ceil(_CUT_SIGMAS * sigma - factor % 2 / 2)
    count = 2 * half + factor % 2 if half else 2 - factor % 2
    if count > MAX_SIDE:
        raise OptionError(f"{name} is {count} output pixels wide; at most {MAX_SIDE} are possible")
    exponent = -0.5 * ((np.arange(count) - (count - 1) / 2) / sigma) ** 2
    weights = np.exp(exponent - exponent.max())
    return tuple((weights / weights.sum()).tolist())


def of_kernel(kernel: NDArray[np.float64], name: str, factor: int) -> Degradation:
    """Return the degradation by a PSF sampled at fine pixels (row, col), of any size.

    A fine pixel weighs in a coarse one what the PSF of a point there has at its centre: D is a
    convolution, then decimation. Where the samples lie half a fine pixel off (an odd number of
    them for an even factor, and the other way round), they are interpolated.

    Raises
    ------
    OptionError
        The kernel sums to nothing, is too wide, or would weigh nothing at an image's edge.
    """
    kernel = _trimmed(kernel / np.abs(kernel).max())
    if kernel.sum() < _NEGLIGIBLE * np.abs(kernel).sum():
        raise OptionError(f"{name}: the kernel's weights sum to nothing; a PSF has a positive sum")
    kernel = kernel / kernel.sum()
    _warn_of_shift(kernel, name)
    for axis in range(2):
        if (kernel.shape[axis] - factor) % 2:
            _LOG.info("%s: samples lie half an output pixel off: interpolated", name)
            kernel = np.apply_along_axis(_half_way, axis, kernel)
    if (side := max(kernel.shape)) > MAX_SIDE:
        raise OptionError(
            f"{name} is {side} output pixels wide without its empty margin; at most {MAX_SIDE} "
            "are possible"
        )
    degradation = Degradation(name, factor, _separated(kernel[::-1, ::-1]))
    if _least_weight(degradation) < 1e-3:
        raise OptionError(f"{name}: at an edge the kernel's weights sum to nothing; is it a PSF?")
    return degradation


@lru_cache(maxsize=32)
def _operator(terms: tuple[Term, ...], factor: int, rows: int, cols: int) -> Operator:
    if len(terms) == 1:
        ((along, across),) = terms
        pair = decimation(along, rows, factor), decimation(across, cols, factor)
        return Operator((pair,), None)
    pairs = [(placed_taps(r, rows, factor), placed_taps(c, cols, factor)) for r, c in terms]
    weight = sum(np.outer(r.sum(axis=1), c.sum(axis=1)) for r, c in pairs)
    return Operator(
        tuple((_shared(r), _shared(c)) for r, c in pairs), np.asarray(weight, np.float32)
    )


@lru_cache(maxsize=32)
def _again(terms: tuple[Term, ...], factor: int, rows: int, cols: int) -> Operator:
    up = cubic_upsampling(rows, factor), cubic_upsampling(cols, factor)
    pairs, weight = _operator(terms, factor, factor * rows, factor * cols)
    both = tuple((_shared(along_rows(r, up[0])), _shared(along_rows(c, up[1]))) for r, c in pairs)
    return Operator(both, weight)


def _shared(weights: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return a matrix as all callers have it, through the cache."""
    matrix = weights.astype(np.float32)
    matrix.flags.writeable = False
    return matrix


def _trimmed(kernel: NDArray[np.float64]) -> NDArray[np.float64]:
    """Cut what is empty on both sides; the centre stays the centre."""
    least = _NEGLIGIBLE * np.abs(kernel).sum()
    for axis in range(2):
        profile = np.abs(kernel).sum(axis=1 - axis)
        outside = np.cumsum(profile + profile[::-1])[: (len(profile) - 1) // 2]
        empty = int(np.searchsorted(outside, least, side="right"))
        kernel = np.take(kernel, range(empty, len(profile) - empty), axis=axis)
    return kernel


def _half_way(line: NDArray[np.float64]) -> NDArray[np.float64]:
    """Interpolate a line half-way between its samples: n -> n + 7, about the same centre."""
    x = np.arange(8) - 3.5
    lanczos = np.sinc(x) * np.sinc(x / 4)
    return np.convolve(line, lanczos / lanczos.sum())


def _warn_of_shift(kernel: NDArray[np.float64], name: str) -> None:
    down, right = (
        float((kernel.sum(axis=1 - axis) * (np.arange(n) - (n - 1) / 2)).sum())
        for axis, n in enumerate(kernel.shape)
    )
    if math.hypot(down, right) > 0.05:
        _LOG.warning(
            "warning: %s: the kernel's centroid lies off its middle (%+.2f columns, %+.2f rows of "
            "output pixels): it shifts the result", name, right, down,
        )  # fmt: skip


def _separated(kernel: NDArray[np.float64]) -> tuple[Term, ...]:
    """Return the terms whose products sum to the kernel (singular value decomposition)."""
    along, strength, across = np.linalg.svd(kernel)
    count = int((strength > _NEGLIGIBLE * strength[0]).sum())
    if count == 1:  # of sum one each, whatever their signs were
        lines = [(along[:, 0] / along[:, 0].sum(), across[0] / across[0].sum())]
    else:
        lines = [(along[:, i] * strength[i], across[i]) for i in range(count)]
    return tuple((tuple(r.tolist()), tuple(c.tolist())) for r, c in lines)


def _least_weight(degradation: Degradation) -> float:
    """Return the least sum of taps inside an image, over images of all small sizes."""
    factor, sizes = degradation.factor, range(1, 2 * degradation.reach + 2)

    def sums(taps: Taps) -> NDArray[np.float64]:
        return np.concatenate([placed_taps(taps, n * factor, factor).sum(axis=1) for n in sizes])

    rows, cols = (np.array([sums(term[axis]) for term in degradation.terms]) for axis in range(2))
    return float((rows.T @ cols).min())
