"""`hsisr-geo psf`: what blurred a raster, how sure that is, and a plot of it."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..options import options
from ..options.scene_options import SceneOptions, scene_options
from ..terminal.streams import source
from ..terminal.text import shown

if TYPE_CHECKING:
    from hsisr_geo.blur.find import Blur


@click.command()
@click.argument("src", type=click.Path())
@scene_options
@click.option(
    "--plot", type=click.Path(path_type=Path), metavar="PNG|SVG|PDF", help="Draw it, too."
)
@click.option("--overwrite", is_flag=True, help="Replace a plot that exists.")
@options.as_json
def psf(src: str, take: SceneOptions, plot: Path | None, overwrite: bool, as_json: bool) -> None:
    """Tell what blurred the raster SRC: what `run` takes by `--psf auto`, and how sure that is.

    In this order: what SRC says (an item PSF among its tags, e.g. PSF=gaussian:0.3); a table of
    sensors; the pixels of SRC; else bicubic. MTF is the modulation at the Nyquist frequency of
    SRC's pixels; in brackets the bounds that the truth exceeds in one of ten cases each.
    """
    from hsisr_geo.blur.find import find_blur
    from hsisr_geo.paths import check_new

    from ..terminal.progress import to_json

    with source(src) as name:
        raster = take.open(name)
        if plot is not None:
            check_new(plot, overwrite=overwrite, inputs=raster.all_files)
        blur = find_blur(raster)
    if plot is not None:
        from hsisr_geo.assessment.report.blur_figure import draw_blur

        draw_blur(blur, Path(src).name, plot)
    click.echo(to_json(_record(src, blur)) if as_json else shown(_text(blur)))


def _record(src: str, blur: "Blur") -> dict[str, Any]:
    estimate = None
    if blur.estimate is not None:
        estimate = {"rows": blur.estimate.rows._asdict(), "cols": blur.estimate.cols._asdict()}
    return {"path": src, **asdict(blur), "estimate": estimate}


def _text(blur: "Blur") -> str:
    lines = [f"--psf {blur.psf}", f"from    {blur.source}", f"told    {blur.told}"]
    return "\n".join(lines)
