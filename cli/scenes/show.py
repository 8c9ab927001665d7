"""`hsisr-geo show`: a quick look at a scene and its result, as a PNG."""

import os
from pathlib import Path

import click

from ..options.scene_options import SceneOptions, scene_options
from ..terminal.text import shown


@click.command()
@click.argument("scene", type=click.Path())
@click.argument("result", type=click.Path(), required=False)
@click.option(
    "--out",
    type=click.Path(),
    metavar="PNG",
    help="The picture to draw.  [default: beside RESULT, else SCENE]",
)
@scene_options
@click.option("--overwrite", is_flag=True, help="Replace a picture that exists.")
def show(
    scene: str, result: str | None, out: str | None, take: SceneOptions, overwrite: bool
) -> None:
    """Draw the raster SCENE, and the RESULT that was made of it, as a PNG.

    True colour with the stretch of SCENE, a half of each side by side, and the spectra of a dark, a
    middling and a bright pixel: at most 512 pixels a side of the middle, for a first look and not a
    verdict, which `assess` gives. SCENE is read with the options that RESULT was made with.
    """
    if result and result.lower().endswith(".png"):
        raise click.UsageError(f"{result} is no raster: to name the picture so, --out {result}")
    path = Path(out or os.path.splitext(result or scene)[0] + ".show.png")
    if path.suffix.lower() != ".png":
        raise click.UsageError(f"{path}: a picture is a PNG: let its name end in .png")
    from hsisr_geo.assessment.report.quick_look import draw_quick_look
    from hsisr_geo.paths import check_new
    from hsisr_geo.raster.open import open_raster

    before, after = take.open(scene), None if result is None else open_raster(result)
    inputs = [name for raster in filter(None, (before, after)) for name in raster.all_files]
    check_new(path, overwrite=overwrite, inputs=inputs)
    draw_quick_look(path, before, after)
    click.echo(shown(f"wrote {path}"), err=True)
