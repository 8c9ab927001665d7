"""The report as one HTML page that needs nothing but itself."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources
from typing import Any

from jinja2 import Environment, StrictUndefined

from hsisr_geo.assessment.assess import Assessment
from hsisr_geo.assessment.report.charts import psnr_chart, spectra_chart
from hsisr_geo.assessment.report.pictures import (
    check_pictures,
    compared_part,
    data_uri,
    error_maps,
    overview,
    trial_pictures,
)
from hsisr_geo.assessment.report.record import Record
from hsisr_geo.assessment.report.samples import samples
from hsisr_geo.assessment.report.themes import DARK, LIGHT, Theme, recolored
from hsisr_geo.assessment.report.verdict import METRICS, Verdict
from hsisr_geo.assessment.report.words import counted, figure, fixed, percent
from hsisr_geo.cube.windows import Window

TEMPLATE, STYLE, SCRIPT = "template.html", "style.css", "script.js"
MOST_BYTES = 5_000_000
"""Of a page: more does not fit into a letter."""


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
    """Return the page; all text that comes from files is escaped.

    What room is left to `MOST_BYTES` is taken by spectra to choose from.
    """
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    filters = (figure, fixed, counted, percent)
    environment.filters |= {function.__name__: function for function in filters}
    template, style, script = (_resource(name) for name in (TEMPLATE, STYLE, SCRIPT))
    part = compared_part(found)
    parts = {
        "record": record,
        "verdict": verdict,
        "style": style,
        "script": script,
        "columns": _columns(record),
        "trial_pictures": trial_pictures(found),
        "check_pictures": check_pictures(found),
        "maps": error_maps(found),
        "psnr": _psnr(found),
        "spectra": _spectra(found),
        "part": _shown(found, part),
        "overview": overview(found),
        "marks": _marks(found, part),
        "all_marks": _marks(found, _whole(found)),
        "colors": _colors_text(found),
        "metrics": METRICS,
        "some_cut": any(trial["values_cut"] for trial in record["trials"]),
    }
    page = environment.from_string(template)
    without = page.render(**parts, samples=None, samples_json=None)
    packed = samples(found, MOST_BYTES - len(without.encode()))
    if packed is None:
        return without
    return page.render(**parts, samples=packed, samples_json=_in_script(packed))


def _resource(name: str) -> str:
    folder = resources.files("hsisr_geo.assessment.report")
    return folder.joinpath(name).read_text(encoding="utf-8")


def _in_script(value: Any) -> str:
    """Return JSON that cannot end the script element it stands in."""
    return json.dumps(value, separators=(",", ":")).replace("<", "\\u003c")


def _chart(draw: Callable[[Assessment, Theme], bytes], found: Assessment, alt: str) -> Chart:
    drawn = draw(found, LIGHT)
    light, dark = (data_uri(svg, "image/svg+xml") for svg in (drawn, recolored(drawn, LIGHT, DARK)))
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


def _whole(found: Assessment) -> Window:
    rows, cols = found.truth.cube.shape[1:]
    return slice(0, rows), slice(0, cols)


def _shown(found: Assessment, part: Window) -> dict[str, int] | None:
    """Return first and last row and column of the part that is shown, None of a whole window."""
    if part == _whole(found):
        return None
    top, left = (axis.start for axis in found.window)
    rows, cols = part
    return {
        "top": top + rows.start,
        "bottom": top + rows.stop - 1,
        "left": left + cols.start,
        "right": left + cols.stop - 1,
    }


def _marks(found: Assessment, part: Window) -> list[dict[str, str]]:
    """Place the exemplars that lie in a part, in per cent of its sides, with their numbers."""
    rows, cols = part
    height, width = rows.stop - rows.start, cols.stop - cols.start
    places = [(e.row - rows.start, e.col - cols.start) for e in found.truth.exemplars]
    return [
        {
            "number": str(number),
            "left": f"{100 * (col + 0.5) / width:.2f}",
            "top": f"{100 * (row + 0.5) / height:.2f}",
        }
        for number, (row, col) in enumerate(places, start=1)
        if 0 <= row < height and 0 <= col < width
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
        (f"RMSE{_unit(record)}", "rmse", None, min),
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


def _unit(record: Record) -> str:
    unit = record["scene"]["unit"]
    return f", {unit}" if unit else ""


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
