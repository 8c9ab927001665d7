#!/usr/bin/env python3
"""Writes qgis_plugin/pages: what the Help buttons of the plugin open, out of its own texts.

Run by the Python that QGIS uses, e.g. `.venv-qgis/bin/python tools/write_qgis_help.py`. A test in
QGIS holds the pages against the algorithms.
"""

import html
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PAGES = ROOT / "qgis_plugin" / "pages"
STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:860px;margin:24px auto;padding:0 16px}"
    "table{border-collapse:collapse;width:100%}td,th{border-bottom:1px solid #ccc;padding:5px 8px;"
    "text-align:left;vertical-align:top}code{background:#8882;padding:0 3px}small{color:#666}"
    ":root{color-scheme:light dark}"
)
INDEX = """<p>Makes hyperspectral rasters 2, 3 or 4 times finer. The engine, which does the work, is
a Python of its own beside QGIS: <i>Raster › Hyperspectral super-resolution › Set up…</i> makes it
once. Until then the algorithms are in the toolbox and say what is missing.</p>
<h2>Algorithms</h2>
<ul>{algorithms}</ul>
<h2>In the menu Raster › Hyperspectral super-resolution</h2>
<ul>
<li><b>Open a sample scene</b>: made up, to try things with.</li>
<li><b>Show in true colour</b>: for any raster whose bands tell their wavelengths.</li>
<li><b>Swipe between before and after</b>: the input left of a line that follows the mouse, for the
pair of the active layer or else the newest. The same entry ends it.</li>
<li><b>Spectra before and after</b>: of pixels that you click on; dashed is the input, solid the
result, a shade its ± standard deviation where there is one, grey are bad bands.</li>
<li><b>Difference between before and after</b>: result minus input, as a layer.</li>
</ul>
<h2>How far to trust it</h2>
<p>Finer pixels are an estimate. Do not measure on them what the original pixels do not support.
<i>Assess on this scene</i> degrades your scene, makes it finer again and compares it with itself;
its report says so where bicubic does as well.</p>
"""


def main() -> None:
    """Write all pages, in English, from a profile in which nothing was set."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    with tempfile.TemporaryDirectory() as home:
        os.environ["QGIS_CUSTOM_CONFIG_PATH"] = home
        from qgis.core import QgsApplication

        application = QgsApplication([], False)
        application.initQgis()
        folder = os.path.join(QgsApplication.pkgDataPath(), "python", "plugins")
        sys.path[:0] = [str(ROOT), folder]
        from qgis_plugin.provider import HsisrProvider

        provider = HsisrProvider()  # kept: it owns the algorithms
        provider.loadAlgorithms()
        PAGES.mkdir(exist_ok=True)
        for name, text in pages(provider.algorithms()).items():
            (PAGES / name).write_text(text, encoding="utf-8")


def pages(algorithms: list[Any]) -> dict[str, str]:
    """Return the text of every page by its name."""
    ordered = sorted(algorithms, key=lambda algorithm: algorithm.displayName())
    links = "".join(
        f'<li><a href="{a.name()}.html">{_plain(a.displayName())}</a>: '
        f"{_plain(a.shortDescription())}</li>"
        for a in ordered
    )
    index = _page("Hyperspectral super-resolution", INDEX.format(algorithms=links))
    return {"index.html": index} | {f"{a.name()}.html": _of(a) for a in ordered}


def _of(algorithm: Any) -> str:
    from qgis.core import QgsProcessingParameterDefinition

    advanced = QgsProcessingParameterDefinition.Flag.FlagAdvanced
    algorithm.models = ()  # those that are installed differ
    told = re.sub(r"<p><img.*?</p>", "", algorithm.shortHelpString(), flags=re.DOTALL)
    parameters = algorithm.parameterDefinitions()
    plain = [p for p in parameters if not p.flags() & advanced]
    others = [p for p in parameters if p.flags() & advanced]
    body = [f"<p><i>{_plain(algorithm.shortDescription())}</i></p>", told, "<h2>Parameters</h2>"]
    body += _table(plain)
    if others:
        body += ["<h2>Advanced parameters</h2>", *_table(others)]
    outputs = [
        f"<tr><td><code>{o.name()}</code></td><td>{_plain(o.description())}</td></tr>"
        for o in algorithm.outputDefinitions()
    ]
    body += ["<h2>Results</h2><table>", *outputs, "</table>"]
    body.append(f"<p>In scripts: <code>processing.run('{algorithm.id()}', {{…}})</code></p>")
    body.append('<p><a href="index.html">All algorithms</a></p>')
    return _page(algorithm.displayName(), "\n".join(body))


def _table(parameters: list[Any]) -> Iterator[str]:
    yield "<table><tr><th>in the dialog</th><th>in scripts</th><th></th></tr>"
    for parameter in parameters:
        yield (
            f"<tr><td>{_plain(parameter.description())}</td>"
            f"<td><code>{parameter.name()}</code></td>"
            f"<td>{_plain(parameter.help())}{_values(parameter)}</td></tr>"
        )
    yield "</table>"


def _values(parameter: Any) -> str:
    """Say what may be chosen and what is there; models differ between engines."""
    said = []
    if parameter.type() == "enum" and parameter.name() != "MODEL":
        said.append(", ".join(parameter.options()))
    default = parameter.defaultValue()
    if default not in (None, ""):
        said.append(f"default: {default}")
    return f" <small>{_plain('; '.join(said))}</small>" if said else ""


def _plain(text: str) -> str:
    return html.escape(text or "", quote=False)


def _page(title: str, body: str) -> str:
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{_plain(title)}'
        f"</title><style>{STYLE}</style></head><body>\n<h1>{_plain(title)}</h1>\n{body}\n"
        "</body></html>\n"
    )


if __name__ == "__main__":
    main()
