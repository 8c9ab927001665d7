"""`hsisr-geo evaluate`: scores of a super-resolved raster against a reference on the same grid.

With --pair, of a raster and a finer one by another sensor over the same ground.
"""

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from ..options import options

if TYPE_CHECKING:
    from hsisr_geo.assessment.pair import PairGain, SensorPair
    from hsisr_geo.metrics import Scores


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
    from hsisr_geo.assessment.compare import compare

    from ..terminal.progress import to_json

    if pair:
        upscales = options.UPSCALES if upscale is None else (upscale,)
        click.echo(_pair_text(sr, ref, upscales, model, psf, as_json))
        return
    found = compare(sr, ref, upscale=upscale, data_range=data_range, all_bands=all_bands)
    warnings = [found.warning] if found.warning else []
    for told in warnings:
        click.echo(f"warning: {told}", err=True)
    if as_json:
        bands = [band + 1 for band in found.bands]
        click.echo(to_json({**asdict(found.scores), "bands": bands, "warnings": warnings}))
    else:
        click.echo(_table(found.scores, len(found.bands)))


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
        f"R2 {min(fit.r2):.3f}-{max(fit.r2):.3f} in {len(fit.bands)} bands at {_at(pair)} nm"
    ]
    for gain in gains:
        both = zip(gain.ours, gain.bicubic, strict=True)
        each = ", ".join(f"{ours - plain:+.2f}" for ours, plain in both)
        told = f"{gain.mean:+.2f} dB over bicubic ({each}), {gain.degradation} assumed"
        lines += [f"x{gain.upscale}      {told}", *_coverage(gain)]
    return "\n".join(lines)


def _at(pair: "SensorPair") -> str:
    waves = [pair.coarse.bands[band].wavelength_nm for band, _ in pair.bands]
    return ", ".join("?" if nm is None else f"{nm:.0f}" for nm in waves)


def _coverage(gain: "PairGain") -> list[str]:
    """Say how many errors the predicted deviation covers."""
    if gain.within is None or gain.within_both is None:
        return []
    alone, both = ([f"{100 * share:.0f} %" for share in w] for w in (gain.within, gain.within_both))
    return [
        f"        {alone[0]} of the errors within one predicted deviation, {alone[1]} within two; "
        f"{both[0]} and {both[1]} with what the sensors differ by after the fit"
    ]


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
