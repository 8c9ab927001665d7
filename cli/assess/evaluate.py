"""`hsisr-geo evaluate`: scores of a super-resolved raster against a reference on the same grid.

With --pair, of a raster and a finer one by another sensor over the same ground.
"""

import itertools
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from ..options import options

if TYPE_CHECKING:
    from hsisr_geo.assessment.pair import PairGain
    from hsisr_geo.bands.radiometry import Cube
    from hsisr_geo.metrics import Scores
    from hsisr_geo.raster.raster import Raster

UPSCALE_TAG = "HSISR_UPSCALE"
_TOLERANCE_PX = 1e-6
_TOLERANCE_NM = 1.0  # GDAL's IMAGERY tags of an ENVI file are rounded to a nanometre


@click.command()
@click.argument("sr", type=click.Path())
@click.argument("ref", type=click.Path())
@click.option(
    "--upscale",
    type=click.IntRange(min=2),
    help="Ratio of ERGAS.  [default: as SR says it was made]",
)
@click.option(
    "--data-range",
    type=float,
    help="Peak value of PSNR and SSIM.  [default: 99.9 % quantile of REF]",
)
@click.option("--all-bands", is_flag=True, help="Include bands marked as bad (bbl = 0).")
@click.option(
    "--pair",
    is_flag=True,
    help="SR is a raster as it is, REF a finer one by another sensor: fit blur and shift between "
    "them, super-resolve SR by --upscale (2, 3 and 4 without), and compare with REF at the bands "
    "that both have.",
)
@options.model
@options.blur("What made SR's pixels of finer ones")
@options.as_json
def evaluate(
    sr: str,
    ref: str,
    upscale: int | None,
    data_range: float | None,
    all_bands: bool,
    pair: bool,
    model: str,
    psf: str,
    as_json: bool,
) -> None:
    """Score the super-resolved raster SR against the reference REF.

    Both must lie on the same grid. Pixels without data in either are left out, and so are bands
    that either marks as bad. With --pair, SR is any raster, and REF a finer one of the same ground
    in the same CRS; --model and --psf are for that.
    """
    from ..terminal.progress import to_json

    if pair:
        upscales = options.UPSCALES if upscale is None else (upscale,)
        click.echo(_pair_text(sr, ref, upscales, model, psf, as_json))
        return
    scores, bands, warning = compare(
        sr, ref, upscale=upscale, data_range=data_range, all_bands=all_bands
    )
    warnings = [warning] if warning else []
    for told in warnings:
        click.echo(f"warning: {told}", err=True)
    if as_json:
        record = {**asdict(scores), "bands": [band + 1 for band in bands], "warnings": warnings}
        click.echo(to_json(record))
    else:
        click.echo(_table(scores, len(bands)))


def _pair_text(
    coarse: str, fine: str, upscales: tuple[int, ...], model: str, psf: str, as_json: bool
) -> str:
    """Fit the two sensors to each other and score each upscale, in words or as JSON."""
    from hsisr_geo.assessment.pair import SensorPair
    from hsisr_geo.resolver.load import load_resolver

    from ..terminal.progress import to_json

    pair = SensorPair.open(coarse, fine)
    fit = pair.fit()
    gains = [pair.gains(fit, load_resolver(model, upscale=n, psf=psf)) for n in upscales]
    if as_json:
        scores = [{**asdict(gain), "mean_gain": gain.mean} for gain in gains]
        return to_json({"fit": asdict(fit), "scores": scores})
    lines = [
        f"fit     MTF at Nyquist {fit.mtf[0]:.2f} from row to row, {fit.mtf[1]:.2f} from column to "
        f"column; shift {fit.shift[0]:+.2f} rows, {fit.shift[1]:+.2f} columns; "
        f"R2 {min(fit.r2):.3f}-{max(fit.r2):.3f} in {len(fit.bands)} bands"
    ]
    for gain in gains:
        both = zip(gain.ours, gain.bicubic, strict=True)
        each = ", ".join(f"{ours - plain:+.2f}" for ours, plain in both)
        told = f"{gain.mean:+.2f} dB over bicubic ({each}), {gain.degradation} assumed"
        lines += [f"x{gain.upscale}      {told}", *_coverage(gain)]
    return "\n".join(lines)


def _coverage(gain: "PairGain") -> list[str]:
    """Say how many errors the predicted deviation covers."""
    if gain.within is None or gain.within_both is None:
        return []
    alone, both = ([f"{100 * share:.0f} %" for share in w] for w in (gain.within, gain.within_both))
    return [
        f"        {alone[0]} of the errors within one predicted deviation, {alone[1]} within two; "
        f"{both[0]} and {both[1]} with what the sensors differ by after the fit"
    ]


def compare(
    sr_path: str,
    ref_path: str,
    *,
    upscale: int | None = None,
    data_range: float | None = None,
    all_bands: bool = False,
) -> "tuple[Scores, tuple[int, ...], str]":
    """Score a raster file against another; also return the bands used, from 0, and a warning.

    Parameters
    ----------
    upscale : ratio of ERGAS; by default what the file says of its making

    Raises
    ------
    RasterError
        A file cannot be read, the grids or bands differ, or there is nothing to compare.
    """
    from hsisr_geo import metrics
    from hsisr_geo.assessment.magnitudes import differing_units
    from hsisr_geo.engine.identity import holding_still
    from hsisr_geo.raster.open import open_raster

    sr, reference = open_raster(sr_path), open_raster(ref_path)
    check_same_grid(sr, reference)
    bands = _bands_to_compare(sr, reference, all_bands=all_bands)
    with holding_still(sr, reference):
        made, truth = _read(sr, bands), _read(reference, bands)
    scores = metrics.evaluate(
        made, truth, upscale=upscale or _made_with_upscale(sr), data_range=data_range
    )
    return scores, bands, differing_units(made, truth, (sr_path, ref_path))


def check_same_grid(sr: "Raster", reference: "Raster") -> None:
    """Refuse rasters whose pixels or bands do not correspond.

    Raises
    ------
    RasterError
        Naming both files and what differs.
    """
    from hsisr_geo.errors import RasterError

    difference = _difference(sr, reference)
    if difference:
        raise RasterError(
            f"{sr.path} and {reference.path} cannot be compared: {difference}; the reference must "
            "have the grid and bands of the super-resolved raster; where there is none, hsisr-geo "
            "assess degrades the scene and compares it with itself"
        )


def _difference(sr: "Raster", reference: "Raster") -> str:
    """Say what differs first, "" where nothing does."""
    if len(sr.bands) != len(reference.bands):
        return f"{len(sr.bands)} and {len(reference.bands)} bands"
    if sr.shape != reference.shape:
        return f"{sr.rows} x {sr.cols} and {reference.rows} x {reference.cols} rows and columns"
    if bool(sr.crs) != bool(reference.crs):
        return "one has no coordinate reference system"
    if not _same_crs(sr.crs, reference.crs):
        return "their coordinate reference systems differ"
    shift = _corner_shift_px(sr, reference)
    if shift > _TOLERANCE_PX:
        return f"their grids differ by {shift:.3g} pixels"
    for number, (one, other) in enumerate(zip(sr.bands, reference.bands, strict=True), start=1):
        a, b = one.wavelength_nm, other.wavelength_nm
        if a is not None and b is not None and abs(a - b) > _TOLERANCE_NM:
            return f"band {number} is at {a:g} nm and {b:g} nm"
    return ""


def _corner_shift_px(sr: "Raster", reference: "Raster") -> float:
    """Return how far apart the corners of two grids of one shape lie, in pixels at most."""
    to_pixels = ~reference.transform @ sr.transform
    shifts = []
    for corner in itertools.product((0, sr.cols), (0, sr.rows)):
        moved = to_pixels @ corner
        shifts += [abs(moved[0] - corner[0]), abs(moved[1] - corner[1])]
    return float(max(shifts))


def _bands_to_compare(sr: "Raster", reference: "Raster", *, all_bands: bool) -> tuple[int, ...]:
    from hsisr_geo.errors import RasterError

    if all_bands:
        return tuple(range(len(reference.bands)))
    good = tuple(i for i in reference.bands.good_indices if sr.bands[i].good)
    if not good:
        raise RasterError(
            f"{reference.path}: every band is marked as bad; use --all-bands to compare them anyway"
        )
    return good


def _read(raster: "Raster", bands: tuple[int, ...]) -> "Cube":
    from hsisr_geo.raster.read import read_window

    return read_window(raster, slice(0, raster.rows), slice(0, raster.cols), bands)


def _same_crs(one: str | None, other: str | None) -> bool:
    """Whether two WKT texts mean one CRS: formats spell the same one differently."""
    from rasterio.crs import CRS

    return one == other or bool(CRS.from_wkt(one) == CRS.from_wkt(other))


def _made_with_upscale(raster: "Raster") -> int | None:
    """Return the upscale that a raster made by us carries; None for others."""
    text = raster.provenance.get(UPSCALE_TAG, "")
    return int(text) if text.isdigit() else None


def _table(scores: "Scores", bands: int) -> str:
    rows = [
        ("MPSNR", f"{scores.mpsnr:.3f} dB"),
        ("MSSIM", f"{scores.mssim:.4f}"),
        ("CC", f"{scores.cc:.4f}"),
        ("RMSE", f"{scores.rmse:.6g}"),
        ("SAM", f"{scores.sam_deg:.3f} degrees"),
        ("ERGAS", f"{scores.ergas:.3f}"),
        ("ERGAS4", f"{scores.ergas4:.3f}"),
    ]
    note = f"{bands} bands, data range {scores.data_range:.6g}"
    return "\n".join([f"{name:<7} {value}" for name, value in rows] + [note])
