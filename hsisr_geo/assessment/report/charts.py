"""Line charts as SVG: PSNR over the spectrum, and spectra with their differences.

No text is left to the fonts of the reader's machine, and nothing in a file depends on when it was
made.
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from hsisr_geo.assessment.assess import Assessment
from hsisr_geo.assessment.report.limits import limit
from hsisr_geo.assessment.report.themes import Theme, page_style
from hsisr_geo.raster.selection import WATER_VAPOUR_NM

_GAP = 3.0  # times the usual spacing: farther apart, bands are not joined by a line

_FEW_BANDS = 10  # fewer are points rather than a curve


@dataclass(frozen=True, eq=False)
class Spectrum:
    """The axis of the spectrum: x of every band of the scene, and which ones are compared.

    `quiet` tells of each compared band whether it is not mostly noise.
    """

    x: NDArray[np.float64]
    label: str
    compared: tuple[int, ...]
    bad: tuple[int, ...]
    quiet: NDArray[np.bool_]

    @classmethod
    def of(cls, found: Assessment) -> "Spectrum":
        """Take wavelengths where all bands have one, else numbers from 1."""
        bands = found.source.bands
        known = bands.wavelengths_nm
        x = np.arange(1, len(bands) + 1) if known is None else np.asarray(known)
        bad = tuple(i for i, band in enumerate(bands) if not band.good)
        label = "band" if known is None else "wavelength, nm"
        quiet = np.ones(len(found.truth.bands), bool)
        quiet[list(found.truth.noise)] = False
        return cls(x.astype(np.float64), label, found.truth.bands, bad, quiet)

    @property
    def in_nm(self) -> bool:
        """Whether x is a wavelength."""
        return self.label != "band"

    @property
    def compared_x(self) -> NDArray[np.float64]:
        """Places of the compared bands on the axis."""
        return self.x[list(self.compared)]

    def curve(self, values: Any) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return x and y of a line through the compared bands, with NaN where it has to break.

        It breaks over bad bands and over gaps. Detectors may overlap in wavelength, so x may step
        back; it breaks there too.
        """
        x, y = self.compared_x, np.asarray(values, np.float64)
        y = np.where(np.isfinite(y), y, np.nan)
        steps = np.diff(x)
        usual = float(np.median(np.abs(steps))) if steps.size else 0.0
        apart = (steps > _GAP * usual) | (steps <= 0) | (np.diff(self.compared) > 1)
        places = np.flatnonzero(apart) + 1
        return np.insert(x, places, np.nan), np.insert(y, places, np.nan)


def psnr_chart(found: Assessment, theme: Theme) -> bytes:
    """Draw the PSNR of every method over the spectrum, and the gain over bicubic below."""
    spectrum = Spectrum.of(found)
    with _style(theme, spectrum):
        figure = Figure(figsize=(9.2, 5.6), layout="constrained")
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
        for trial in found.trials:
            upper.plot(
                *spectrum.curve(trial.scores.psnr), label=trial.name, **_line(trial.name, theme)
            )
        x, quiet = spectrum.compared_x, spectrum.quiet
        limit(upper, x, [trial.scores.psnr for trial in found.trials], quiet)
        upper.set_ylabel("PSNR, dB")
        reference = next((t for t in found.trials if t.name == "bicubic"), found.trials[0])
        theirs = np.asarray(reference.scores.psnr)
        with np.errstate(invalid="ignore"):
            gains = {t.name: np.asarray(t.scores.psnr) - theirs for t in found.trials[2:]}
        for name, gain in gains.items():
            lower.plot(*spectrum.curve(gain), **_line(name, theme))
        limit(lower, x, [*gains.values(), np.zeros(len(x))], quiet)
        lower.set_ylabel(f"gain over\n{reference.name}, dB")
        lower.set_xlabel(spectrum.label)
        for axes in (upper, lower):
            _mark(axes, spectrum, theme)
        figure.legend(*upper.get_legend_handles_labels(), loc="outside upper center", ncols=6)
        return _svg(figure)


def spectra_chart(found: Assessment, theme: Theme) -> bytes:
    """Draw the exemplars' spectra, and what each method makes different (result - original)."""
    spectrum, exemplars = Spectrum.of(found), found.truth.exemplars
    shown = [t for t in found.trials if t.name not in ("nearest", "bilinear")]
    unit = found.source.bands[found.truth.bands[0]].unit
    with _style(theme, spectrum):
        columns = 2 if len(exemplars) > 1 else 1
        blocks = -(-len(exemplars) // columns)
        figure = Figure(figsize=(9.2, 4.6 * blocks + 0.3), layout="constrained")
        grid = figure.subplots(
            2 * blocks, columns, squeeze=False, sharex=True, height_ratios=(3, 2) * blocks
        )
        for place in range(blocks * columns):
            row, column = divmod(place, columns)
            upper, lower = grid[2 * row, column], grid[2 * row + 1, column]
            if place >= len(exemplars):
                upper.set_axis_off()
                lower.set_axis_off()
                continue
            pixel = exemplars[place]
            truth = found.truth.cube[:, pixel.row, pixel.col]
            results = {trial.name: trial.spectra[place] for trial in shown}
            _draw_spectra(upper, lower, spectrum, truth, results, theme)
            upper.set_title(f"{place + 1}: {pixel.why}", loc="left")
            upper.set_ylabel(f"value, {unit}" if unit else "value (unit not told)")
            lower.set_ylabel("difference")
            lower.set_xlabel(spectrum.label)
            for axes in (upper, lower):
                axes.tick_params(labelbottom=True)
                _mark(axes, spectrum, theme)
        figure.legend(*grid[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=5)
        return _svg(figure)


def _draw_spectra(
    upper: Axes,
    lower: Axes,
    spectrum: Spectrum,
    truth: NDArray[np.floating],
    results: dict[str, NDArray[np.float32]],
    theme: Theme,
) -> None:
    """Draw a pixel's spectra, and below what each method makes different."""
    upper.plot(*spectrum.curve(truth), color=theme.ink, lw=4.5, alpha=0.3, label="original")
    lower.axhline(0, color=theme.ink, lw=0.8, marker="None")
    for name, values in results.items():
        upper.plot(*spectrum.curve(values), **_line(name, theme), label=name)
        lower.plot(*spectrum.curve(values - truth), **_line(name, theme))
    x, quiet = spectrum.compared_x, spectrum.quiet
    limit(upper, x, [truth, *results.values()], quiet)
    limit(lower, x, [*(values - truth for values in results.values()), 0 * truth], quiet)


def _line(name: str, theme: Theme) -> dict[str, Any]:
    """Return how a method's line looks: the assessed one is the strongest."""
    colors = dict(theme.methods)
    if name not in colors:
        return {"color": theme.ours, "lw": 1.8, "zorder": 4}
    faint = name in ("nearest", "bilinear")
    dashes = {"nearest": ":", "bilinear": "--"}
    return {"color": colors[name], "lw": 1.0 if faint else 1.4, "ls": dashes.get(name, "-")}


def _mark(axes: Axes, spectrum: Spectrum, theme: Theme) -> None:
    """Shade bad bands and water vapour, and set the limits to the spectrum."""
    low, high = float(spectrum.x.min()), float(spectrum.x.max())
    if low == high:
        low, high = low - 0.5, high + 0.5
    if spectrum.in_nm:
        for start, stop in WATER_VAPOUR_NM:
            if start < high and stop > low:
                axes.axvspan(max(start, low), min(stop, high), color=theme.shade, lw=0, zorder=0)
    else:
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    for start, stop in _bad_spans(spectrum):
        axes.axvspan(start, stop, color=theme.bad, lw=0, zorder=0.5)
    pad = 0.01 * (high - low)
    axes.set_xlim(low - pad, high + pad)


def _bad_spans(spectrum: Spectrum) -> Iterator[tuple[float, float]]:
    """Yield the ranges of x that bad bands take, half a spacing on each side."""
    half = float(np.median(np.abs(np.diff(spectrum.x)))) / 2 if len(spectrum.x) > 1 else 0.5
    runs: list[list[int]] = []
    for band in spectrum.bad:
        if runs and band == runs[-1][-1] + 1:
            runs[-1].append(band)
        else:
            runs.append([band])
    for run in runs:
        x = spectrum.x[run]
        yield float(x.min()) - half, float(x.max()) + half


def _style(theme: Theme, spectrum: Spectrum) -> Any:
    few = len(spectrum.compared) < _FEW_BANDS
    return mpl.rc_context({"lines.marker": "o" if few else "None", **page_style(theme)})


def _svg(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return buffer.getvalue()
