"""`hsisr-geo info`: what the engine sees in a raster."""

import math
import os
import shutil
import sys
import textwrap
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from ..options.scene_options import SceneOptions, scene_options
from ..terminal.streams import source
from ..terminal.text import shown

if TYPE_CHECKING:
    from hsisr_geo.bands.bands import Band
    from hsisr_geo.raster.raster import Raster


_WIDTH = 12  # characters of the first column


@click.command()
@click.argument("src", type=click.Path())
@scene_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON, with every band.")
def info(src: str, take: SceneOptions, as_json: bool) -> None:
    """Describe the raster or product SRC, or what is on stdin for `-`: grid, bands, nodata.

    SRC is a raster that GDAL reads, a product (EnMAP, DESIS, PRISMA, EMIT, Tanager, PACE, AVIRIS,
    NEON ...), its file or its folder, or a CF cube in netCDF or Zarr. With --bands and --exclude it
    says what `run` would take.
    """
    from ..terminal.progress import to_json

    with source(src) as name:
        raster = take.open(name)
    raster = replace(raster, path=src)
    if as_json:
        click.echo(to_json(_record(raster)))
    else:
        for name, text in _lines(raster):
            click.echo(shown(_row(name, text)))


def _row(name: str, text: str) -> str:
    """Lay out two columns; long text goes on below itself on a terminal, and in a file does not."""
    if sys.stdout is None or not sys.stdout.isatty():  # None: closed
        return f"{name:<{_WIDTH}} {text}"
    return textwrap.fill(
        text,
        width=max(shutil.get_terminal_size().columns, 60),
        initial_indent=f"{name:<{_WIDTH}} ",
        subsequent_indent=" " * (_WIDTH + 1),
        break_long_words=False,
        break_on_hyphens=False,
    )


def _record(raster: "Raster") -> dict[str, Any]:
    """Return the description for a machine; indices of bands are from 1, as in GDAL."""
    from hsisr_geo.blur.find import said_of

    return {
        "path": raster.path,
        "driver": raster.driver,
        "product": raster.product or None,
        **_origin_record(raster),
        "files": list(raster.files),
        "rows": raster.rows,
        "cols": raster.cols,
        "dtype": raster.dtype,
        "crs": raster.crs,
        "transform": list(raster.transform)[:6] if raster.has_transform else None,
        "bounds": list(raster.bounds) if raster.has_transform else None,
        "rotation_deg": _rotation(raster) if raster.has_transform else None,
        "gcps": len(raster.gcps),
        "rpcs": raster.rpcs is not None,
        "nodata": raster.bands.nodata,
        "psf": said_of(raster) or None,
        "mask": raster.has_mask,
        "notes": list(raster.notes),
        "classes": raster.classes or None,
        "provenance": dict(raster.provenance),
        "told": _lines(raster),
        "good_bands": len(raster.bands.good_indices),
        "bands": [_band_record(i, band) for i, band in enumerate(raster.bands, start=1)],
    }


def _origin_record(raster: "Raster") -> dict[str, Any]:
    from hsisr_geo.raster.facts.origin import origin_of

    origin = origin_of(raster)
    when = None if origin.acquired is None else str(origin.acquired)
    return {
        "sensor": origin.sensor or None,
        "acquired": when,
        "acquired_told_by": origin.acquired.told_by if origin.acquired else None,
        "processing_level": origin.level or None,
    }


def _band_record(number: int, band: "Band") -> dict[str, Any]:
    return {
        "band": number,
        "name": band.name,
        "wavelength_nm": band.wavelength_nm,
        "fwhm_nm": band.fwhm_nm,
        "good": band.good,
        "unit": band.unit,
        "scale": band.scale,
        "offset": band.offset,
        "nodata": band.nodata,
    }


def _lines(raster: "Raster") -> list[tuple[str, str]]:
    from hsisr_geo.raster.selection import advice

    lines = [
        ("file", f"{raster.path} ({raster.driver})"),
        *([("product", raster.product)] if raster.product else []),
        *_origin_lines(raster),
        ("size", f"{raster.rows} rows x {raster.cols} columns, {_bands_text(raster)}"),
        ("type", raster.dtype),
        *_place(raster),
        ("wavelengths", _wavelengths_text(raster)),
        ("nodata", _nodata_text(raster)),
    ]
    if any(band.scale != 1 or band.offset != 0 for band in raster.bands):
        first = raster.bands[0]
        lines.append(("scaling", f"value = DN * {first.scale:g} + {first.offset:g} (first band)"))
    lines += [("note", note) for note in raster.notes]
    if made := _made(raster):
        return lines + made
    lines.append(("psf", _psf_text(raster)))
    if told := advice(raster):
        lines.append(("note", told))
    return lines


def _origin_lines(raster: "Raster") -> list[tuple[str, str]]:
    """Say who took the scene and when, where anything tells."""
    found = _origin_record(raster)
    told = [text for text in (found["sensor"], found["processing_level"]) if text]
    lines = [("sensor" if found["sensor"] else "level", ", ".join(told))] if told else []
    if found["acquired"]:
        lines.append(("acquired", f"{found['acquired']} (by {found['acquired_told_by']})"))
    return lines


def _psf_text(raster: "Raster") -> str:
    """Say what is known of the blur without a look at the pixels."""
    from hsisr_geo.blur.find import said_of

    return said_of(raster) or "not known: run estimates it from the pixels, as hsisr-geo psf shows"


def _made(raster: "Raster") -> list[tuple[str, str]]:
    """Say how a result of ours was made; nothing of any other raster."""
    said = {name.removeprefix("HSISR_").lower(): v for name, v in raster.provenance.items()}
    index = [("index", _index_text(said))] if "index" in said else []
    if "model" not in said:
        return index
    by = f"hsisr-geo {said.get('version', '?')}, {said['model']} x{said.get('upscale', '?')}"
    blur = ", ".join(said[key] for key in ("degradation", "psf_told") if key in said)
    rows = [
        *index,
        ("content", said.get("content", "")),
        ("made by", f"{by}: a result, not to be super-resolved again"),
        ("made from", said.get("source", "?")),
        ("weights", said.get("model_sha256", "")),
        ("detail", _detail(said)),
        ("blur", blur),
        ("agreement", _agreement(said)),
        ("values cut", _percent(said.get("values_cut"))),
    ]
    return [(name, text) for name, text in rows if text]


def _index_text(said: dict[str, str]) -> str:
    bands = ", ".join(said.get("index_bands", "?").split())
    of = f"bands {bands} of {said.get('index_of', '?')}"
    return f"{said['index']} of {of}; band 2 is its standard deviation"


def _detail(said: dict[str, str]) -> str:
    detail, seed = said.get("detail", ""), said.get("seed")
    return f"{detail}, seed {seed}" if seed else detail


def _agreement(said: dict[str, str]) -> str:
    left = _percent(said.get("consistency_relative"))
    return left and f"{left} of a band's standard deviation from its input, degraded again"


def _share_text(share: float) -> str:
    from hsisr_geo.cube.valid_range import FEW

    return f"less than {100 * FEW:g} %" if 0 < share < FEW else f"{100 * share:.2g} %"


def _percent(share: str | None) -> str:
    """Write a share as an output's tag has it in per cent, "" for none or one that is no number."""
    try:
        return _share_text(float(share)) if share else ""
    except ValueError:
        return ""


def _bands_text(raster: "Raster") -> str:
    bad = len(raster.bands) - len(raster.bands.good_indices)
    count = "1 band" if len(raster.bands) == 1 else f"{len(raster.bands)} bands"
    return count + (f" ({bad} marked bad)" if bad else "")


def _place(raster: "Raster") -> list[tuple[str, str]]:
    """Say where the pixels lie, a row for each fact."""
    if not raster.has_transform:
        if raster.gcps:
            points = f"{len(raster.gcps)} ground control points, {raster.crs_name or 'no CRS'}"
            return [("place", points)]
        told = "rational polynomial coefficients" if raster.rpcs else "not georeferenced"
        return [("place", told)]
    a, b, _, d, e, _ = tuple(raster.transform)[:6]
    xmin, ymin, xmax, ymax = raster.bounds
    rows = [
        ("crs", raster.crs_name or "no CRS"),
        ("pixel", f"{math.hypot(a, d):g} x {math.hypot(b, e):g} {raster.unit}".rstrip()),
        ("bounds", f"{xmin:.10g} {ymin:.10g} {xmax:.10g} {ymax:.10g}"),
    ]
    if turned := _rotation(raster):
        way = "counter-clockwise" if turned > 0 else "clockwise"
        rows.append(("rotation", f"{abs(turned):.4g} degrees {way}, of the rows from the x axis"))
    return rows


def _rotation(raster: "Raster") -> float:
    """Return by how many degrees rows are turned counter-clockwise from the x axis."""
    return math.degrees(math.atan2(raster.transform.d, raster.transform.a))


def _wavelengths_text(raster: "Raster") -> str:
    known = [band.wavelength_nm for band in raster.bands if band.wavelength_nm is not None]
    if not known:
        return f"none: bands are taken in file order{_how_to_tell(raster)}"
    widths = "" if raster.bands.fwhm_nm is None else ", with widths"
    partial = "" if len(known) == len(raster.bands) else f" of {len(known)} bands"
    span = f"{min(known):g} to {max(known):g} nm" if len(known) > 1 else f"{known[0]:g} nm"
    return f"{span}{partial}{widths}"


def _how_to_tell(raster: "Raster") -> str:
    """Return what a user may do about a raster that tells no wavelengths; "" of a product."""
    if raster.product or not os.path.isfile(raster.path):
        return ""
    name = f"{os.path.splitext(os.path.basename(raster.path))[0]}.hdr"
    where = "its header" if raster.driver == "ENVI" else f"a header of ENVI beside it, {name}"
    return f"; {where}, may tell them by wavelength = {{…}}"


def _nodata_text(raster: "Raster") -> str:
    found = {band.nodata for band in raster.bands if band.nodata is not None}
    values = sorted(str(n) if isinstance(n, int) else f"{n:g}" for n in found)
    texts = [", ".join(values)] if values else []
    return ", ".join([*texts, *(["mask"] if raster.has_mask else [])]) or "none"
