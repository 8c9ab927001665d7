"""NaN for no data is what it is: nothing about it is odd."""

import numpy as np
from commands import write

from hsisr_geo.raster.open import open_raster


def test_nan_for_no_data_is_no_note(tmp_path):
    cube = np.ones((2, 3, 3), np.float32)
    path = write(tmp_path / "a.tif", cube, wavelengths=(500, 600), nodata=np.nan)
    assert not [note for note in open_raster(path).notes if "nodata" in note]
