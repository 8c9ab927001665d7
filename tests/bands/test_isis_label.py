"""Cubes of USGS Isis, which say wavelengths in the group BandBin of their label."""

import numpy as np
import pytest

from hsisr_geo.raster.open import open_raster

CENTRES, WIDTHS = (1.0211, 1.5019, 2.3012), (0.0065, 0.0066, 0.007)
LABEL = """Object = IsisCube
  Object = Core
    StartByte = 4097
    Format = BandSequential
    Group = Dimensions
      Samples = 4
      Lines = 3
      Bands = 3
    End_Group
    Group = Pixels
      Type = Real
      ByteOrder = Lsb
      Base = 0.0
      Multiplier = 1.0
    End_Group
  End_Object
  Group = BandBin
    FilterName = "a = b: c"
    {}
  End_Group
End_Object
End
"""


def listed(numbers, factor=1):
    return "({})".format(", ".join(f"{factor * number:.6g}" for number in numbers))


@pytest.mark.parametrize(
    "told",
    [
        f"Center = {listed(CENTRES)}\n Width = {listed(WIDTHS)}\n Unit = MICROMETERS",
        f"Center = {listed(CENTRES, 1e3)} <nm>\n Width = {listed(WIDTHS, 1e3)} <nm>",
        f"OriginalBand = (7, 8, 9)\n Center = {listed(CENTRES)}\n Width = {listed(WIDTHS)}",
    ],
    ids=["unit", "unit of the list", "no unit"],
)
def test_centres_and_widths_are_those_of_the_label(tmp_path, told):
    pixels = np.arange(36, dtype="<f4").reshape(3, 3, 4)
    path = tmp_path / "a.cub"
    path.write_bytes(LABEL.format(told).encode().ljust(4096, b"\0") + pixels.tobytes())
    bands = open_raster(path).bands
    assert bands.wavelengths_nm == pytest.approx([1021.1, 1501.9, 2301.2])
    assert bands.fwhm_nm == pytest.approx([6.5, 6.6, 7.0])
