"""`inversion`: the polynomial of D·up that takes a blur off an image as far as its noise allows.

Where y = A s + n with A = D·up, an operator on coarse images, g(A) y is the estimate of s. All of
A's eigenvalues a are known (`Degradation.transfer`), and so is, roughly, how much power ground has
at each wave: the coefficients of g are those of least expected error, as in Wiener's filter, among
polynomials. A polynomial reads a bounded neighbourhood, so tiles agree.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from hsisr_geo.cube.degradation import Degradation

DEGREE = 8
"""Of the polynomial: how often D·up is applied."""

_KNEE = 0.03  # waves per pixel below which the power of ground rises no more
_LEAST_NOISE = 1e-4  # of an image's power: rounding, and what is not known of D


def inversion(
    degradation: Degradation, power: NDArray[np.float64], noise: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Return Chebyshev coefficients of g in z = 2 A - 1, for images of given variances.

    Parameters
    ----------
    power, noise
        (image,): variance of each image, noise included, and of the noise in it.

    Returns
    -------
    float32 array (image, DEGREE + 1)
    """
    waves, basis, density = _basis(degradation)
    signal = np.maximum(power - noise, 0.02 * power)
    floor = np.maximum(noise, _LEAST_NOISE * power)
    passed = waves[:, None] * basis
    of_signal = np.real((passed.conj() * density[:, None]).T @ passed)
    of_noise = np.real(basis.conj().T @ basis) / len(basis)
    wanted = np.real(passed.conj().T @ density)
    ridge = 1e-12 * np.eye(DEGREE + 1)
    found = [
        np.linalg.solve(s * of_signal + n * of_noise + (s + n) * ridge, s * wanted)
        for s, n in zip(signal, floor, strict=True)
    ]
    return np.array(found, np.float32).reshape(len(power), DEGREE + 1)


@lru_cache(maxsize=16)
def _basis(
    degradation: Degradation,
) -> tuple[NDArray[np.complex128], NDArray[np.complex128], NDArray[np.float64]]:
    """Eigenvalues of A (wave,), polynomials there (wave, degree), power of ground (wave,).

    That power falls as 1 / f², as in photographs and scenes alike; what passes A adds up to one.
    """
    transfer = degradation.transfer
    rows, cols = (np.fft.fftfreq(n) for n in transfer.shape)
    ground = 1 / (_KNEE**2 + rows[:, None] ** 2 + cols**2)
    waves, density = transfer.ravel(), ground.ravel()
    density = density / (density @ np.abs(waves) ** 2)
    basis = np.polynomial.chebyshev.chebvander(2 * waves - 1, DEGREE)
    return waves, basis.astype(np.complex128), np.asarray(density, np.float64)
