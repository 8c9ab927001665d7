"""The compared bands that hold noise rather than ground.

They are compared like all others, but they say nothing of a method, and a few spikes in them
would set the peak value of PSNR and the axes of every chart.
"""

from collections.abc import Sequence

import numpy as np

from hsisr_geo.bands.radiometry import Cube
from hsisr_geo.blur.band_noise import band_noise
from hsisr_geo.raster.selection import in_water_vapour

MOSTLY = 0.5
"""Share of noise in a band's variance from which on it is a noise band."""
_MOST_PIXELS = 20_000


def noise_bands(cube: Cube, wavelengths_nm: Sequence[float | None]) -> tuple[int, ...]:
    """Return the bands (from 0) of a cube (band, row, col) that are mostly noise.

    Those in the absorptions of water vapour, and those of which their neighbours tell less than
    half. None of them, if that were all.
    """
    shares = _shares(cube, wavelengths_nm)
    found = tuple(
        i
        for i, (share, nm) in enumerate(zip(shares, wavelengths_nm, strict=True))
        if share > MOSTLY or in_water_vapour(nm)
    )
    return found if len(found) < len(cube) else ()


def _shares(cube: Cube, wavelengths_nm: Sequence[float | None]) -> list[float]:
    """Return the share of noise in each band's variance, 0 where it cannot be told."""
    places = np.flatnonzero(np.isfinite(cube).all(axis=0))
    places = places[:: -(-len(places) // _MOST_PIXELS) or 1]
    order = sorted(range(len(cube)), key=lambda i: (wavelengths_nm[i] or 0.0, i))
    spectra = cube.reshape(len(cube), -1)[:, places].astype(np.float64)
    varied = [i for i in order if len(places) and np.ptp(spectra[i]) > 0]
    shares = [0.0] * len(cube)
    if len(varied) > 1:
        noise = band_noise(np.asarray(np.corrcoef(spectra[varied])), len(places))
        for i, share in zip(varied, noise, strict=True):
            shares[i] = float(share)
    return shares
