"""`hsisr-geo run`: super-resolve one raster."""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from . import options
from .progress import report
from .running import RunOptions, canceling, check_samples, logging_to, run_options, wished
from .signals import Cancellation

if TYPE_CHECKING:
    from hsisr_geo.pipeline import RunReport
    from hsisr_geo.uncertainty import Uncertainty

STDOUT = "-"


@click.command()
@click.argument("src", type=click.Path())
@click.argument("dst", type=click.Path())
@run_options
@click.option(
    "--uncertainty",
    metavar="PATH",
    help="Also write the standard deviation over samples to this raster, on the grid of DST.",
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
    """Super-resolve the raster SRC into the GeoTIFF DST, or to stdout if DST is `-`.

    Place, bands, wavelengths, scaling and nodata are those of SRC. DST appears when it is complete;
    an error or a canceled run leaves nothing, unless it is to be resumed.
    """
    from hsisr_geo.output import Target, check_targets

    if dst == STDOUT and sys.stdout.isatty():
        raise click.UsageError("a raster is not for a terminal: redirect stdout, or name a file")
    if dst == STDOUT and how.resume:
        raise click.UsageError("what goes to stdout cannot be resumed: name a file")
    wish = _uncertainty(dst, uncertainty, samples, uncertainty_bands)
    speak = report(progress, stdout_is_data=dst == STDOUT)
    with logging_to(speak.log):
        raster = how.open(src)
        paths = [path for path in (dst, uncertainty) if path not in (None, STDOUT)]
        check_targets(
            [Target(path, raster) for path in paths], overwrite=how.overwrite, resume=how.resume
        )
        # ^ before the model, which takes seconds: what is wrong with a path is told at once
        resolver = how.load_resolver()
        if dry_run:
            plan = how.plan(raster, dst, resolver=resolver, uncertainty=wish)
            speak.result({**asdict(plan), "dry_run": True}, plan.text())
            return
        with _destination(dst) as path:
            done = how.super_resolve(
                raster,
                path,
                resolver=resolver,
                uncertainty=wish,
                progress=canceling(speak.progress, cancellation),
                log=speak.log,
            )
    speak.result({**asdict(done), "path": dst}, _summary(done, dst))


def _uncertainty(
    dst: str, path: str | None, samples: int | None, bands: str | None
) -> "Uncertainty | None":
    """Return what the three options ask for; without the first the others have no meaning."""
    check_samples("--uncertainty PATH", path, samples, bands)
    if path is None:
        return None
    if path == STDOUT:
        raise click.UsageError("stdout takes DST only: name a file for --uncertainty")
    if os.path.realpath(path) == os.path.realpath(dst):
        raise click.UsageError(f"DST and --uncertainty are the same file, {path}: name two")
    return wished(path, samples, bands)


@contextmanager
def _destination(dst: str) -> Iterator[Path]:
    """Yield the file to write; for stdout a temporary one, sent when it is complete."""
    if dst != STDOUT:
        yield Path(dst)
        return
    with tempfile.TemporaryDirectory(prefix="hsisr-geo-") as folder:
        path = Path(folder) / "stdout.tif"
        yield path
        _send(path)


def _send(path: Path) -> None:
    from hsisr_geo.errors import OutputError

    try:
        with open(path, "rb") as file:
            shutil.copyfileobj(file, sys.stdout.buffer, 1 << 20)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise  # the reader has gone: nobody is left to be told
    except OSError as e:
        raise OutputError(f"stdout: cannot be written: {e.strerror}") from e


def _summary(done: "RunReport", dst: str) -> str:
    rows, cols = done.shape
    where = "stdout" if dst == STDOUT else dst
    text = f"wrote {where}: {cols} x {rows} pixels in {done.seconds:.1f} s"
    if done.uncertainty is not None:
        text += f", and its uncertainty to {done.uncertainty}"
    if done.consistency_relative is not None:
        text += (
            f"; degraded again ({done.degradation}) it differs from the input by "
            f"{done.consistency_relative:.2%}"
        )
    return text
