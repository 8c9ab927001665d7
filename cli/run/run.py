"""`hsisr-geo run`: super-resolve one raster."""

import os
import sys
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..options import options
from ..options.help_groups import GroupedCommand
from ..options.run_options import (
    RunOptions,
    canceling,
    check_samples,
    logging_to,
    run_options,
    wished,
)
from ..terminal.progress import report
from ..terminal.signals import Cancellation
from ..terminal.streams import destination, source
from .plan import plan_text

if TYPE_CHECKING:
    from hsisr_geo.engine.pipeline import RunReport
    from hsisr_geo.engine.uncertainty import Uncertainty
    from hsisr_geo.output.formats.choice import WriteOptions

STDOUT = "-", "/vsistdout/"


@click.command(cls=GroupedCommand)
@click.argument("src", type=click.Path())
@click.argument("dst", type=click.Path())
@run_options
@click.option(
    "--uncertainty",
    metavar="PATH",
    help="Also write the standard deviation of DST, as it is predicted, to this raster.",
)
@options.samples
@options.uncertainty_bands
@options.progress
@options.dry_run
@click.pass_obj
def run(
    cancellation: Cancellation,
    src: str,
    dst: str,
    uncertainty: str | None,
    samples: int | None,
    uncertainty_bands: str | None,
    how: RunOptions,
    progress: str,
    dry_run: bool,
) -> None:
    """Super-resolve the raster SRC into DST.

    SRC is a file, or any name that GDAL opens: `/vsizip/...`, a subdataset, a URL. `-` stands for
    stdin and stdout. The ending of DST says its format; to stdout it is a GeoTIFF.
    Place, bands, wavelengths, scaling and nodata are those of SRC. DST appears when it is complete;
    an error or a canceled run leaves nothing, unless it is to be resumed.
    """
    from hsisr_geo.engine.listener import Listener
    from hsisr_geo.output.commit import settle
    from hsisr_geo.output.targets import Target, check_targets

    if dst in STDOUT and sys.stdout.isatty():
        raise click.UsageError("a raster is not for a terminal: redirect stdout, or name a file")
    if dst in STDOUT and how.resume:
        raise click.UsageError("what goes to stdout cannot be resumed: name a file")
    wish = _uncertainty(dst, uncertainty, samples, uncertainty_bands)
    write = _write_options(dst, how)
    speak = report(progress, stdout_is_data=dst in STDOUT, asked=dry_run)
    with logging_to(speak.log), source(src) as name:
        raster = how.open(name)
        targets = [] if dst in STDOUT else [Target(dst, raster, write=write)]
        if uncertainty is not None:
            targets.append(Target(uncertainty, raster, write=write.beside(dst, uncertainty)))
        if not dry_run:
            settle([Path(target.path).resolve() for target in targets], keep=how.resume)
        check_targets(targets, overwrite=how.overwrite, resume=how.resume)
        # ^ before the model, which takes seconds: what is wrong with a path is told at once
        resolver = how.load_resolver()
        request = partial(how.request, raster, resolver=resolver, uncertainty=wish, write=write)
        if dry_run:
            plan = request(dst).plan()
            speak.result({**asdict(plan), "dry_run": True}, plan_text(plan))
            return
        listener = Listener(canceling(speak.progress, cancellation), speak.log, speak.within)
        with destination(dst, as_it_is=write.format == "cog") as path:
            done = how.fulfil(request(path), listener)
    speak.result({**asdict(done), "path": dst}, _summary(done, dst))


def _write_options(dst: str, how: RunOptions) -> "WriteOptions":
    """Say how DST is stored; stdout takes one file, with nothing beside it."""
    write = how.write_options()
    if dst not in STDOUT:
        return write
    if write.format not in (None, "gtiff", "cog"):
        raise click.UsageError(f"stdout takes gtiff and cog: name a file for {write.format}")
    for wanted, what in (write.stac, "a STAC item"), (write.header, "a header"):
        if wanted:
            raise click.UsageError(f"{what} lies beside a file: name one for DST")
    return replace(write, format=write.format or "gtiff", style=False)


def _uncertainty(
    dst: str, path: str | None, samples: int | None, bands: str | None
) -> "Uncertainty | None":
    """Return what the three options ask for; without the first the others have no meaning."""
    check_samples("--uncertainty PATH", path, samples, bands)
    if path is None:
        return None
    if path in STDOUT:
        raise click.UsageError("stdout takes DST only: name a file for --uncertainty")
    if os.path.realpath(path) == os.path.realpath(dst):
        raise click.UsageError(f"DST and --uncertainty are the same file, {path}: name two")
    return wished(path, samples, bands)


def _summary(done: "RunReport", dst: str) -> str:
    rows, cols = done.shape
    where = "stdout" if dst in STDOUT else dst
    text = f"wrote {where}: {cols} x {rows} pixels in {done.seconds:.1f} s"
    if done.uncertainty is not None:
        text += f", and its uncertainty to {done.uncertainty}"
    if done.consistency_relative is not None:
        text += (
            f"; {_percent(done.consistency_relative)} of a band's standard deviation from the "
            f"input, degraded again ({done.degradation})"
        )
    return text


def _percent(share: float) -> str:
    """Return e.g. 0.4 %, with two digits that count."""
    return f"{100 * share:.2g} %"
