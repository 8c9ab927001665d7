"""`find_blur`: what `--psf auto` and `--psf fwhm:45m` stand for, of one scene.

In this order: what the file says (an item PSF among its tags); the table of sensors; the scene's
own pixels; else bicubic. Sharpening what was not blurred costs much more than leaving some blur, so
of an estimate the crisp bound counts, with a margin, and a scene that may be crisp is taken for
crisp.
"""

import math
import re
from dataclasses import dataclass

from rasterio.crs import CRS

from hsisr_geo.blur.estimate import Estimate, estimate_mtf
from hsisr_geo.blur.sensors import MEASURED, Sensor, known_sensor
from hsisr_geo.cube.degradation import BICUBIC, GAUSSIAN
from hsisr_geo.errors import OptionError
from hsisr_geo.raster.raster import Raster

AUTO = "auto"
FWHM = "fwhm:"
MARGIN = 1.2
"""What is assumed of an estimate's crisp bound: one step further on the side that costs little."""
CRISP = 0.45
"""Assumed MTF from which on a blur is taken for bicubic's.

Chosen on training sites, each left out of the estimator: SAMSON, which is soft by itself, is taken
for blurred from 0.46 on.
"""
SOFTEST = 0.12
"""No scene is taken for softer by itself: what is left is noise."""

_LENGTH = re.compile(r"\s*([0-9.]+(?:e[+-]?\d+)?)\s*(m|px)?\s*", re.IGNORECASE)
_PER_SIGMA = 2 * math.sqrt(2 * math.log(2))  # of a Gaussian's full width at half maximum


@dataclass(frozen=True)
class Blur:
    """What is assumed to have blurred a scene.

    Attributes
    ----------
    psf
        A name of `cube.degradation.named`, or of a kernel file.
    source
        "file", "table", "estimate", "default" or "given".
    told
        The same in words, with how sure it is.
    estimate
        What the pixels say, if they were asked.
    """

    psf: str
    source: str
    told: str
    estimate: Estimate | None = None


def of_scene(spec: object) -> bool:
    """Tell whether a PSF is one that only a scene gives a meaning to."""
    return isinstance(spec, str) and (spec == AUTO or spec.startswith(FWHM))


def find_blur(raster: Raster, spec: str = AUTO) -> Blur:
    """Say what blurred a scene.

    Parameters
    ----------
    spec : `auto`, or `fwhm:` and a length or two (rows, columns) in metres or pixels, `fwhm:1.2px`

    Raises
    ------
    OptionError : a length that is none, or metres where the size of pixels is not known
    RasterError : the pixels cannot be read
    """
    if spec.startswith(FWHM):
        return Blur(_of_widths(spec, raster), "given", f"{spec} as given{_taken(spec)}")
    if said := _said_by_file(raster):
        return said
    sensor = known_sensor(raster)
    if sensor is not None and sensor.kind == MEASURED:
        return Blur(_named(sensor.mtf_rows, sensor.mtf_cols), "table", _of_table(sensor))
    return _estimated(estimate_mtf(raster), sensor)


def said_of(raster: Raster) -> str:
    """Say in words what file and table know, without a look at the pixels; "" for nothing.

    What nobody measured is a bound only, as `find_blur` has it, and is told as one.
    """
    sensor = known_sensor(raster)
    if said := _said_by_file(raster):
        return said.told
    if sensor is None or sensor.kind == MEASURED:
        return "" if sensor is None else _of_table(sensor)
    return f"estimated from the pixels by run, and taken for no softer than {_of_table(sensor)}"


def _of_table(sensor: Sensor) -> str:
    return (
        f"{sensor.product}: MTF at Nyquist {sensor.mtf_rows:g} from row to row, "
        f"{sensor.mtf_cols:g} from column to column ({sensor.kind}: {sensor.source}, {sensor.date})"
    )


def _said_by_file(raster: Raster) -> Blur | None:
    items = {name.upper(): value for name, value in raster.tags.get("", {}).items()}
    said = items.get("PSF", "").strip()
    if said.startswith(FWHM):
        told = f"the file says PSF={said}{_taken(said)}"
        return Blur(_of_widths(said, raster), "file", told)
    if said == BICUBIC or said.startswith(f"{GAUSSIAN}:"):
        return Blur(said, "file", f"the file says PSF={said}")
    return None


def _estimated(estimate: Estimate | None, sensor: Sensor | None) -> Blur:
    if estimate is None:
        return Blur(BICUBIC, "default", "too few pixels to tell: bicubic")
    rows, cols = (max(MARGIN * axis.high, SOFTEST) for axis in (estimate.rows, estimate.cols))
    told = (
        f"MTF at Nyquist {_range(estimate.rows)} from row to row, {_range(estimate.cols)} from "
        "column to column"
    )
    if sensor is not None:
        rows, cols = max(rows, sensor.mtf_rows), max(cols, sensor.mtf_cols)
        told += f"; taken for no softer than {_of_table(sensor)}"
    if max(rows, cols) >= CRISP:
        return Blur(BICUBIC, "estimate", f"{told}: may be crisp, taken for bicubic", estimate)
    return Blur(
        _named(rows, cols),
        "estimate",
        f"{told}; assumed is {MARGIN:g} times the upper bound",
        estimate,
    )


def _named(rows: float, cols: float) -> str:
    rows, cols = round(rows, 2), round(cols, 2)
    return f"{GAUSSIAN}:{rows:g}" if rows == cols else f"{GAUSSIAN}:{rows:g},{cols:g}"


def _range(axis: "tuple[float, float, float]") -> str:
    return f"{axis[1]:.2f} ({axis[0]:.2f}-{axis[2]:.2f})"


def _of_widths(spec: str, raster: Raster) -> str:
    """Return the Gaussian of a full width at half maximum, or of two."""
    texts = spec[len(FWHM) :].split(",")
    found = [_LENGTH.fullmatch(text) for text in texts]
    if len(texts) > 2 or not all(found):
        raise OptionError(f"{spec}: give a width in metres or pixels, or two: fwhm:45m, fwhm:1.5px")
    lengths = [(float(m[1]), (m[2] or "m").lower()) for m in found if m]
    pixels = pixel_metres(raster) if any(unit == "m" for _, unit in lengths) else (1.0, 1.0)
    both = [lengths[0], lengths[-1]]
    widths = [n / size if unit == "m" else n for (n, unit), size in zip(both, pixels, strict=True)]
    mtf = [math.exp(-0.5 * (math.pi * width / _PER_SIGMA) ** 2) for width in widths]
    if not all(1e-4 < m < 1 for m in mtf):
        raise OptionError(f"{spec}: {widths[0]:.3g} pixels are no width of a sensor's blur")
    rows, cols = (float(f"{m:.4g}") for m in mtf)
    return f"{GAUSSIAN}:{rows:g}" if rows == cols else f"{GAUSSIAN}:{rows:g},{cols:g}"


def _taken(spec: str) -> str:
    """Say which unit was taken where a width has none."""
    unitless = any(text.strip()[-1:] in "0123456789." for text in spec[len(FWHM) :].split(","))
    return " (no unit: metres)" if unitless else ""


def pixel_metres(raster: Raster) -> tuple[float, float]:
    """Return height and width of a pixel in metres.

    Raises
    ------
    OptionError : the raster does not say, or lies on a grid of degrees
    """
    crs = CRS.from_wkt(raster.crs) if raster.crs else None
    if crs is None or not crs.is_projected or not raster.has_transform:
        raise OptionError(
            f"{raster.path}: its pixels have no size in metres: give the PSF in pixels, fwhm:1.5px"
        )
    metres, t = crs.linear_units_factor[1], raster.transform
    return math.hypot(t.b, t.e) * metres, math.hypot(t.a, t.d) * metres
