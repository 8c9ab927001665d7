"""`hsisr-geo assess`: how well a model does on the user's own scene, as a report."""

from typing import TYPE_CHECKING, Any

import click

from ..options import options
from ..options.help_groups import GroupedCommand
from ..options.run_options import canceling, check_bounds, logging_to
from ..options.scene_options import SceneOptions, scene_options
from ..terminal.progress import report, to_json
from ..terminal.signals import Cancellation

if TYPE_CHECKING:
    from collections.abc import Mapping


@click.command(cls=GroupedCommand)
@click.argument("src", type=click.Path())
@options.upscale
@click.option(
    "--report",
    "folder",
    required=True,
    metavar="DIR",
    help="Folder to make, for index.html and report.json.",
)
@click.option(
    "--model",
    shell_complete=options.known_models,
    default="default",
    show_default=True,
    metavar="NAME|PATH",
    help="A name that `hsisr-geo models` lists, or a model file.",
)
@options.detail
@click.option(
    "--seed",
    type=click.IntRange(0, 2**63 - 1),
    default=0,
    show_default=True,
    help="Picks the sample; without effect at --detail 0.",
)
@options.blur("What SRC is degraded by, and what its own pixels are assumed to be made by")
@options.bounds
@scene_options
@click.option(
    "--window",
    type=click.IntRange(min=16),
    default=512,
    show_default=True,
    help="Largest side of what is compared, in pixels; the part with the fewest holes is taken.",
)
@options.tile
@options.threads
@options.device
@options.valid_range
@options.again
@click.option("--overwrite", is_flag=True, help="Replace DIR if it holds a report.")
@click.option("--json", "as_json", is_flag=True, help="Print what is in report.json, too.")
@options.progress
@click.pass_obj
def assess(
    cancellation: Cancellation,
    src: str,
    upscale: int,
    folder: str,
    model: str,
    detail: float,
    seed: int,
    psf: str,
    bounds: tuple[float, float, float, float] | None,
    take: SceneOptions,
    window: int,
    tile: int | None,
    threads: int,
    device: str,
    valid_range: tuple[float, float] | None,
    again: bool,
    overwrite: bool,
    as_json: bool,
    progress: str,
) -> None:
    """Tell how well a model does on the raster SRC, by degrading it and comparing it with itself.

    Beside the model stand nearest, bilinear, bicubic and back-projection; the report says which of
    them wins. SRC is super-resolved as it is as well, and checked for seams, range and consistency.
    """
    from pathlib import Path

    from hsisr_geo.assessment.report import check_report_folder
    from hsisr_geo.raster.suitability import check_suitable
    from hsisr_geo.resolver.load import load_resolver

    check_bounds(bounds)
    speak = report(progress, stdout_is_data=as_json)
    target = check_report_folder(folder, overwrite=overwrite)
    with logging_to(speak.log):
        raster = take.open(src)
    check_suitable(raster, again=again)
    # ^ before the model, which takes seconds: what is wrong with a path is told at once
    resolver = load_resolver(
        model, upscale=upscale, detail=detail, seed=seed, device=device, psf=psf
    )

    from hsisr_geo.assessment.assess import assess as assess_scene
    from hsisr_geo.assessment.report import write_report

    found = assess_scene(
        raster,
        resolver=resolver,
        bounds=bounds,
        window=window,
        tile=tile,
        threads=threads,
        valid_range=valid_range,
        again=again,
        scratch=target.parent,
        progress=canceling(speak.progress, cancellation),
        log=speak.log,
    )
    record = write_report(found, folder, overwrite=overwrite)
    page = str(Path(folder) / "index.html")
    if as_json:
        click.echo(to_json(record))
    speak.result(_fields(record, page), f"{record['verdict']['headline']}\nwrote {page}")


def _fields(record: "Mapping[str, Any]", page: str) -> dict[str, Any]:
    """Return what a machine is told at the end; the rest is in report.json."""
    verdict = record["verdict"]
    return {"path": page, **{key: verdict[key] for key in ("kind", "winner", "headline")}}
