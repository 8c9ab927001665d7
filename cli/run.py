"""`hsisr-geo run`: super-resolve one raster."""

import logging
import math
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from . import options
from .progress import report
from .signals import Cancellation

if TYPE_CHECKING:
    from hsisr_geo.pipeline import RunReport
    from hsisr_geo.uncertainty import Uncertainty

UNCERTAINTY_BANDS = ("all", "mean")
STDOUT = "-"


@click.command()
@click.argument("src")
@click.argument("dst")
@options.upscale
@click.option(
    "--model",
    default="default",
    show_default=True,
    metavar="NAME|PATH",
    help="A name that `hsisr-geo models` lists, or a model file. `bicubic` needs no torch.",
)
@options.detail
@click.option(
    "--seed",
    type=click.IntRange(0, 2**63 - 1),
    default=0,
    show_default=True,
    help="Picks the sample, and those of --uncertainty; else without effect at --detail 0.",
)
@click.option(
    "--psf",
    metavar="SPEC",
    help="What made SRC's pixels of finer ones: `bicubic`, `gaussian:MTF` (at SRC's Nyquist "
    "frequency, e.g. gaussian:0.3), or a kernel file (text or .npy) of the PSF at DST's pixels. "
    "The output is made consistent with it, and measured.  [default: the model's own]",
)
@click.option(
    "--no-consistency",
    is_flag=True,
    help="Leave the output as the network made it; only measure it against the PSF.",
)
@options.tile
@options.threads
@options.device
@options.bounds
@click.option(
    "--uncertainty",
    metavar="PATH",
    help="Also write the standard deviation over samples to this raster, on the grid of DST.",
)
@click.option(
    "--samples",
    type=click.IntRange(2, 2**24),
    help="How many samples it is of; time grows with them.  [default: 8]",
)
@click.option(
    "--uncertainty-bands",
    type=click.Choice(UNCERTAINTY_BANDS),
    help="All bands of SRC, or one with their mean.  [default: all]",
)
@click.option("--overwrite", is_flag=True, help="Replace DST, and PATH, if they exist.")
@click.option(
    "--resume",
    is_flag=True,
    help="Keep finished tiles if the run is interrupted, and go on with those that are kept.",
)
@options.progress
@click.option("--dry-run", is_flag=True, help="Say what would be written; write nothing.")
@click.pass_obj
def run(
    cancellation: Cancellation,
    src: str,
    dst: str,
    upscale: str,
    model: str,
    detail: float,
    seed: int,
    tile: int,
    threads: int,
    device: str,
    psf: str | None,
    no_consistency: bool,
    bounds: tuple[float, float, float, float] | None,
    uncertainty: str | None,
    samples: int | None,
    uncertainty_bands: str | None,
    overwrite: bool,
    resume: bool,
    progress: str,
    dry_run: bool,
) -> None:
    """Super-resolve the raster SRC into the GeoTIFF DST, or to stdout if DST is `-`.

    Place, bands, wavelengths, scaling and nodata are those of SRC. DST appears when it is complete;
    an error or a canceled run leaves nothing, unless it is to be resumed.
    """
    from hsisr_geo.output import Target, check_targets
    from hsisr_geo.pipeline import super_resolve
    from hsisr_geo.raster import open_raster
    from hsisr_geo.registry import load_resolver

    from .plan import plan_run

    if dst == STDOUT and sys.stdout.isatty():
        raise click.UsageError("a raster is not for a terminal: redirect stdout, or name a file")
    if dst == STDOUT and resume:
        raise click.UsageError("what goes to stdout cannot be resumed: name a file")
    check_bounds(bounds)
    wish = _uncertainty(dst, uncertainty, samples, uncertainty_bands)
    speak = report(progress, stdout_is_data=dst == STDOUT)
    with _logging_to(speak.log):
        raster = open_raster(src)
        paths = [path for path in (dst, uncertainty) if path not in (None, STDOUT)]
        check_targets([Target(path, raster) for path in paths], overwrite=overwrite, resume=resume)
        # ^ before the model, which takes seconds: what is wrong with a path is told at once
        resolver = load_resolver(
            model,
            upscale=int(upscale),
            detail=detail,
            seed=seed,
            device=device,
            psf=psf,
            consistency=not no_consistency,
        )
        if dry_run:
            plan = plan_run(
                raster, resolver, dst, tile=tile, threads=threads, bounds=bounds, uncertainty=wish
            )
            speak.result({**asdict(plan), "dry_run": True}, plan.text())
            return
        with _destination(dst) as path:
            done = super_resolve(
                src,
                path,
                resolver=resolver,
                tile=tile,
                threads=threads,
                bounds=bounds,
                uncertainty=wish,
                overwrite=overwrite,
                resume=resume,
                progress=canceling(speak.progress, cancellation),
                log=speak.log,
            )
    speak.result({**asdict(done), "path": dst}, _summary(done, dst))


def check_bounds(bounds: tuple[float, float, float, float] | None) -> None:
    """Refuse bounds that enclose nothing, as wrong usage."""
    if bounds is None:
        return
    xmin, ymin, xmax, ymax = bounds
    if not (all(map(math.isfinite, bounds)) and xmin < xmax and ymin < ymax):
        raise click.BadParameter("give XMIN YMIN XMAX YMAX", param_hint="'--bounds'")


def _uncertainty(
    dst: str, path: str | None, samples: int | None, bands: str | None
) -> "Uncertainty | None":
    """Return what the three options ask for; without the first the others have no meaning."""
    if path is None:
        given = {"--samples": samples, "--uncertainty-bands": bands}
        for option, value in given.items():
            if value is not None:
                raise click.UsageError(f"{option} needs --uncertainty PATH")
        return None
    if path == STDOUT:
        raise click.UsageError("stdout takes DST only: name a file for --uncertainty")
    if os.path.realpath(path) == os.path.realpath(dst):
        raise click.UsageError(f"DST and --uncertainty are the same file, {path}: name two")
    from hsisr_geo.uncertainty import DEFAULT_SAMPLES, Uncertainty

    return Uncertainty(path, samples or DEFAULT_SAMPLES, bands or "all")


@contextmanager
def _logging_to(log: Callable[[str], None]) -> Iterator[None]:
    """Pass on what the package logs, each message once."""
    logger, handler = logging.getLogger("hsisr_geo"), _Forward(log)
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.setLevel(level)
        logger.removeHandler(handler)


class _Forward(logging.Handler):
    def __init__(self, log: Callable[[str], None]) -> None:
        super().__init__()
        self._log = log
        self._said: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        if message not in self._said:
            self._said.add(message)
            self._log(message)


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


def canceling(
    progress: Callable[[int, int], None], cancellation: Cancellation
) -> Callable[[int, int], None]:
    """Report progress unless a signal came."""

    def step(done: int, total: int) -> None:
        cancellation.check()
        progress(done, total)

    return step


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
