"""Pictures and maps as PNG, one pixel of the raster to a pixel of the file."""

import base64
import io
from dataclasses import dataclass

import matplotlib as mpl
import numpy as np
from matplotlib.image import imsave
from numpy.typing import NDArray

from hsisr_geo.assessment.assess import Assessment
from hsisr_geo.bands.radiometry import Cube
from hsisr_geo.bands.truecolor import stretch, stretch_limits

ERROR_COLORS = "inferno"
GAIN_COLORS = "RdBu"
_TOP_QUANTILE = 0.995  # of all errors: the colour scale ends there


@dataclass(frozen=True)
class Picture:
    """A picture of the page: what it shows, its size in pixels, and itself as a data URI."""

    title: str
    caption: str
    width: int
    height: int
    uri: str


@dataclass(frozen=True)
class Maps:
    """Error maps on one scale, and the map of where the method is ahead of bicubic."""

    pictures: tuple[Picture, ...]
    top: float
    scale: str
    gain: Picture | None
    gain_top: float
    gain_scale: str


def trial_pictures(found: Assessment) -> tuple[Picture, ...]:
    """Show the degraded scene, what each method made of it, and the original, stretched alike."""
    truth = found.truth
    limits = stretch_limits(truth.picture)
    rows, cols = truth.coarse.shape
    shown = [_picture("input", f"degraded, {rows} × {cols}", truth.coarse_picture, limits)]
    for trial in found.trials:
        caption = f"{trial.scores.mpsnr:.2f} dB"
        shown.append(_picture(trial.name, caption, trial.picture, limits))
    return (*shown, _picture("original", "the truth", truth.picture, limits))


def check_pictures(found: Assessment) -> tuple[Picture, ...]:
    """Show the scene as it is, and what the methods make of it."""
    limits = stretch_limits(found.scene.picture)
    rows, cols = found.scene.raster.shape
    shown = [_picture("scene", f"as it is, {rows} × {cols}", found.scene.picture, limits)]
    for check in found.checks:
        caption = f"×{found.resolver.upscale}"
        shown.append(_picture(check.name, caption, check.picture, limits))
    return tuple(shown)


def error_maps(found: Assessment) -> Maps:
    """Draw every method's error, and the difference between bicubic's and the assessed one's."""
    errors = {trial.name: trial.error for trial in found.trials}
    every = np.concatenate([error[np.isfinite(error)] for error in errors.values()])
    top = float(np.quantile(every, _TOP_QUANTILE)) or 1.0
    pictures = [
        _map(trial.name, f"RMSE {trial.scores.rmse:.4g}", trial.error / top, ERROR_COLORS)
        for trial in found.trials
    ]
    ours, gain, gain_top = found.trials[-1], None, 0.0
    if ours.name != "bicubic":
        ahead = errors["bicubic"] - ours.error
        gain_top = float(np.nanquantile(np.abs(ahead), _TOP_QUANTILE)) or 1.0
        gain = _map("difference", "", 0.5 + ahead / (2 * gain_top), GAIN_COLORS)
    return Maps(tuple(pictures), top, _scale(ERROR_COLORS), gain, gain_top, _scale(GAIN_COLORS))


def data_uri(content: bytes, kind: str) -> str:
    """Return a file as a `data:` URI."""
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"


def _picture(title: str, caption: str, image: Cube, limits: NDArray[np.float64]) -> Picture:
    return _png(title, caption, stretch(image, limits))


def _map(title: str, caption: str, share: NDArray[np.floating], colors: str) -> Picture:
    """Colour a map of shares 0 to 1; holes are transparent."""
    rgba = mpl.colormaps[colors](np.where(np.isfinite(share), share, 0).clip(0, 1), bytes=True)
    rgba[..., 3] = np.where(np.isfinite(share), 255, 0)
    return _png(title, caption, rgba)


def _scale(colors: str) -> str:
    """Return the colours as one row of pixels."""
    return _png("", "", mpl.colormaps[colors](np.linspace(0, 1, 256), bytes=True)[None]).uri


def _png(title: str, caption: str, rgba: NDArray[np.uint8]) -> Picture:
    buffer = io.BytesIO()
    imsave(buffer, rgba, format="png")
    height, width = rgba.shape[:2]
    return Picture(title, caption, width, height, data_uri(buffer.getvalue(), "image/png"))
