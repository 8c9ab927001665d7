"""The report as one HTML page that needs nothing but itself."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources

from jinja2 import Environment, StrictUndefined

from hsisr_geo.assessment.assess import Assessment
from hsisr_geo.assessment.report.charts import DARK, LIGHT, Theme, psnr_chart, spectra_chart
from hsisr_geo.assessment.report.pictures import (
    check_pictures,
    data_uri,
    error_maps,
    trial_pictures,
)
from hsisr_geo.assessment.report.record import Record
from hsisr_geo.assessment.report.verdict import METRICS, Verdict
from hsisr_geo.assessment.report.words import counted, figure, fixed

TEMPLATE = "template.html"


@dataclass(frozen=True)
class Chart:
    """A chart for light and for dark pages, as data URIs, and what it says in words."""

    light: str
    dark: str
    alt: str


@dataclass(frozen=True)
class PageColumn:
    """A column of the table of metrics: its heads, and its cells, the best of them marked."""

    title: str
    better: str
    cells: tuple[tuple[str, bool], ...]


def render(found: Assessment, verdict: Verdict, record: Record) -> str:
    """Return the page; all text that comes from files is escaped."""
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"figure": figure, "fixed": fixed, "counted": counted}
    folder = resources.files("hsisr_geo.assessment.report")
    template = folder.joinpath(TEMPLATE).read_text(encoding="utf-8")
    return environment.from_string(template).render(
        record=record,
        verdict=verdict,
        columns=_columns(record),
        trial_pictures=trial_pictures(found),
        check_pictures=check_pictures(found),
        maps=error_maps(found),
        psnr=_psnr(found),
        spectra=_spectra(found),
        marks=_marks(found),
        colors=_colors_text(found),
        metrics=METRICS,
    )


def _chart(draw: Callable[[Assessment, Theme], bytes], found: Assessment, alt: str) -> Chart:
    light, dark = (data_uri(draw(found, theme), "image/svg+xml") for theme in (LIGHT, DARK))
    return Chart(light, dark, alt)


def _psnr(found: Assessment) -> Chart | None:
    if len(found.truth.bands) == 1:
        return None  # one point, which the table has
    return _chart(psnr_chart, found, "PSNR of every method over the spectrum")


def _spectra(found: Assessment) -> Chart | None:
    if not found.truth.exemplars:
        return None
    pixels = ", ".join(e.why for e in found.truth.exemplars)
    return _chart(spectra_chart, found, f"Spectra and differences of pixels: {pixels}")


def _marks(found: Assessment) -> list[dict[str, str]]:
    """Place the exemplars on the picture of the original, in per cent of its sides."""
    rows, cols = found.truth.cube.shape[1:]
    return [
        {"left": f"{100 * (e.col + 0.5) / cols:.2f}", "top": f"{100 * (e.row + 0.5) / rows:.2f}"}
        for e in found.truth.exemplars
    ]


def _columns(record: Record) -> list[PageColumn]:
    """Lay out the table of metrics: a column each, a cell for every trial."""
    layout = (
        ("PSNR, dB", "mpsnr", 2, max),
        ("SSIM", "mssim", 4, max),
        ("Spectral angle, °", "sam_deg", 3, min),
        ("ERGAS", "ergas", 3, min),
        ("ERGAS, ratio 4", "ergas4", 3, min),
        ("Correlation", "cc", 4, max),
        ("RMSE", "rmse", None, min),
    )
    columns = []
    for title, key, places, best in layout:
        values = [trial[key] for trial in record["trials"]]
        known = [value for value in values if value is not None]
        texts = [figure(v, 4) if places is None else fixed(v, places) for v in values]
        cells = [
            (text, value is not None and value == best(known))
            for text, value in zip(texts, values, strict=True)
        ]
        columns.append(PageColumn(title, "↑" if best is max else "↓", tuple(cells)))
    return columns


def _colors_text(found: Assessment) -> str:
    """Say which bands are shown, and how."""
    bands, colors = found.source.bands, found.truth.colors
    centres = [bands[i].wavelength_nm for i in colors.bands]
    numbers = ", ".join(str(i + 1) for i in colors.bands)
    if len(set(colors.bands)) == 1:
        what = f"Band {colors.bands[0] + 1} in grey"
    elif colors.true:
        what = "True colour: " + ", ".join(f"{nm:.0f}" for nm in centres) + " nm"
    elif None in centres:
        what = f"False colour, as wavelengths are not known: bands {numbers}"
    else:
        what = "False colour: " + ", ".join(f"{nm:.0f}" for nm in centres) + " nm"
    return f"{what}; all stretched alike, 2 to 98 % of the original."
