"""A figure of what blurred a scene: modulation over frequency, in both directions, with bounds."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from hsisr_geo.blur.estimate import Mtf
from hsisr_geo.blur.find import Blur
from hsisr_geo.cube.degradation import named
from hsisr_geo.errors import OutputError
from hsisr_geo.files import drafted

PICTURES = (".png", ".svg", ".pdf")
_FREQUENCIES = np.linspace(0, 0.5, 101)
_FACTOR = 8  # fine pixels that an assumed kernel is drawn with


def draw_blur(blur: Blur, name: str, path: Path) -> None:
    """Write the figure as its ending says.

    Raises
    ------
    OutputError : it cannot be written there, or the ending is that of no picture: matplotlib would
        write over a scene, as a TIFF
    """
    if path.suffix.lower() not in PICTURES:
        raise OutputError(f"{path}: a plot ends in one of {' '.join(PICTURES)}")
    figure = Figure(figsize=(8, 3.6), layout="constrained")
    FigureCanvasAgg(figure)
    both = figure.subplots(1, 2, sharey=True)
    estimates = (blur.estimate.rows, blur.estimate.cols) if blur.estimate else (None, None)
    for number, (axes, title) in enumerate(
        zip(both, ("from row to row", "from column to column"), strict=True)
    ):
        _draw_direction(axes, estimates[number], _assumed(blur.psf, number))
        axes.set(title=title, xlabel="cycles per pixel", xlim=(0, 0.5), ylim=(0, 1.02))
    both[0].set_ylabel("modulation")
    both[1].legend(frameon=False)
    figure.suptitle(f"{name}: {blur.psf} ({blur.source})")
    try:
        with drafted(path) as draft:
            figure.savefig(draft, format=path.suffix[1:].lower(), dpi=120)
    except ValueError as e:
        raise OutputError(f"cannot write figure {path}: {e}") from e


def _draw_direction(axes: Axes, estimate: Mtf | None, assumed: NDArray[np.float64]) -> None:
    if estimate is not None:
        low, high = (_gaussian(value) for value in (estimate.low, estimate.high))
        axes.fill_between(_FREQUENCIES, low, high, color="0.85", label="10 to 90 %")
        axes.plot(_FREQUENCIES, _gaussian(estimate.middle), "0.4", label="estimate")
    axes.plot(_FREQUENCIES, assumed, "C0--", label="assumed")


def _gaussian(at_nyquist: float) -> NDArray[np.float64]:
    """MTF of a Gaussian, by frequency."""
    return np.asarray(at_nyquist ** ((_FREQUENCIES / 0.5) ** 2), np.float64)


def _assumed(psf: str, direction: int) -> NDArray[np.float64]:
    """MTF of a named degradation along one direction."""
    taps = np.array(named(psf, _FACTOR).terms[0][direction])
    place = (np.arange(len(taps)) - (len(taps) - 1) / 2) / _FACTOR
    waves = np.cos(2 * np.pi * _FREQUENCIES[:, None] * place)
    return np.asarray((waves @ taps) / taps.sum(), np.float64)
