"""What a band is; wavelengths and scaling out of a file's tags, and back."""

from hsisr_geo.bands.bands import Band, Bands
from hsisr_geo.bands.radiometry import Cube

__all__ = ["Band", "Bands", "Cube"]
