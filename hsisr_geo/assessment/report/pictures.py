"""Pictures and maps as PNG: of a large window the clearest part, pixel by pixel."""

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
from hsisr_geo.cube.windows import Window, scaled

PICTURE_SIDE, FINE_SIDE, MAP_SIDE = 256, 320, 200
"""Pixels of a side that pictures show at most, compared and at the scene's own resolution; maps of
a larger window are means over blocks of it. Without that a page could be 20 MB."""
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


def compared_part(found: Assessment) -> Window:
    """Return the part of the compared window that the pictures show."""
    return clearest_part(_valid(found.truth.picture), PICTURE_SIDE, found.resolver.upscale)


def trial_pictures(found: Assessment) -> tuple[Picture, ...]:
    """Show the degraded scene, what each method made of it, and the original, stretched alike."""
    truth, part = found.truth, compared_part(found)
    limits = stretch_limits(truth.picture)
    rows, cols = truth.coarse.shape
    coarse = _cut(truth.coarse_picture, _coarser(part, found.resolver.upscale))
    shown = [_picture("input", f"degraded, {rows} × {cols}", coarse, limits)]
    for trial in found.trials:
        caption = f"{trial.scores.mpsnr:.2f} dB"
        shown.append(_picture(trial.name, caption, _cut(trial.picture, part), limits))
    return (*shown, _picture("original", "the truth", _cut(truth.picture, part), limits))


def overview(found: Assessment) -> Picture:
    """Show the whole compared window, of a large one every other pixel or fewer."""
    picture = found.truth.picture
    step = -(-max(picture.shape[1:]) // PICTURE_SIDE)
    return _picture(
        "original", "the whole window", picture[:, ::step, ::step], stretch_limits(picture)
    )


def check_pictures(found: Assessment) -> tuple[Picture, ...]:
    """Show the scene as it is, and what the methods make of it."""
    picture, upscale = found.scene.picture, found.resolver.upscale
    limits = stretch_limits(picture)
    part = clearest_part(_valid(picture), FINE_SIDE // upscale, 1)
    rows, cols = found.scene.raster.shape
    shown = [_picture("scene", f"as it is, {rows} × {cols}", _cut(picture, part), limits)]
    for check in found.checks:
        finer = _cut(check.picture, scaled(part, upscale))
        shown.append(_picture(check.name, f"×{upscale}", finer, limits))
    return tuple(shown)


def _valid(picture: Cube) -> NDArray[np.bool_]:
    """Return where all bands have values, (row, col)."""
    return np.asarray(np.isfinite(picture).all(axis=0))


def _cut(picture: Cube, part: Window) -> Cube:
    return picture[:, part[0], part[1]]


def _coarser(part: Window, factor: int) -> Window:
    rows, cols = (slice(axis.start // factor, axis.stop // factor) for axis in part)
    return rows, cols


def error_maps(found: Assessment) -> Maps:
    """Draw every method's error, and the difference between bicubic's and the assessed one's."""
    errors = {trial.name: trial.error for trial in found.trials}
    every = np.concatenate([error[np.isfinite(error)] for error in errors.values()])
    top = float(np.quantile(every, _TOP_QUANTILE)) or 1.0
    pictures = [
        _map(
            trial.name,
            f"RMSE {trial.scores.rmse:.4g}",
            in_blocks(trial.error, MAP_SIDE) / top,
            ERROR_COLORS,
        )
        for trial in found.trials
    ]
    ours, gain, gain_top = found.trials[-1], None, 0.0
    if ours.name != "bicubic":
        ahead = in_blocks(errors["bicubic"], MAP_SIDE) - in_blocks(ours.error, MAP_SIDE)
        gain_top = float(np.nanquantile(np.abs(ahead), _TOP_QUANTILE)) or 1.0
        gain = _map("difference", "", 0.5 + ahead / (2 * gain_top), GAIN_COLORS)
    return Maps(tuple(pictures), top, _scale(ERROR_COLORS), gain, gain_top, _scale(GAIN_COLORS))


def clearest_part(valid: NDArray[np.bool_], side: int, step: int) -> Window:
    """Return the window of at most `side` pixels a side with the fewest holes.

    It begins and ends at multiples of `step`, from the first pixel on. Of equals, the one nearest
    to the middle.
    """
    sizes = [min(size, max(step, side // step * step)) for size in valid.shape]
    starts = [range(0, size - n + 1, step) for size, n in zip(valid.shape, sizes, strict=True)]
    total = np.pad(valid.astype(np.int64).cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    top, left = (np.asarray(places) for places in starts)
    height, width = sizes
    counts = (
        total[np.ix_(top + height, left + width)]
        - total[np.ix_(top, left + width)]
        - total[np.ix_(top + height, left)]
        + total[np.ix_(top, left)]
    )
    away = np.add.outer(*(np.abs(places - places.mean()) for places in (top, left)))
    row, col = np.unravel_index(np.lexsort((away.ravel(), -counts.ravel()))[0], counts.shape)
    first, start = int(top[row]), int(left[col])
    return slice(first, first + height), slice(start, start + width)


def in_blocks(plane: NDArray[np.floating], side: int) -> NDArray[np.float64]:
    """Return root mean squares over blocks, so that neither side exceeds `side` pixels.

    NaN is left out, and stays where a block has nothing else.
    """
    size = -(-max(plane.shape) // side)
    rows, cols = (np.arange(0, length, size) for length in plane.shape)
    valid = np.isfinite(plane)
    sums, counts = (
        np.add.reduceat(np.add.reduceat(values, rows, axis=0), cols, axis=1)
        for values in (np.where(valid, plane, 0.0).astype(np.float64) ** 2, valid.astype(np.int64))
    )
    mean = np.divide(sums, counts, out=np.full_like(sums, np.nan), where=counts > 0)
    return np.asarray(np.sqrt(mean), np.float64)


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
