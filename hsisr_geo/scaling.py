"""By what a scene is divided so that nearly all of its values lie in 0 ... 1."""

import numpy as np

from hsisr_geo.statistics import SceneStatistics

QUANTILE = 0.999
"""Unlike the maximum, it does not hang on one glint."""


def scene_scale(statistics: SceneStatistics) -> float:
    """Return the 99.9 % quantile of a scene's sampled spectra; 1 if that is not positive.

    One number for all bands, in physical units: the shape of a spectrum stays.
    """
    if not statistics.sample.size:
        return 1.0
    scale = float(np.quantile(statistics.sample, QUANTILE))
    return scale if scale > 0 else 1.0
