"""The `hsisr-geo` command: its group, and how errors and signals become exit codes.

Exit codes: 0 done, 1 error, 2 wrong usage, 130 interrupted (SIGINT), 143 terminated (SIGTERM).
Only click and the standard library are imported here, so that `--help` answers at once; every
command imports what it needs when it runs.
"""

import os
import traceback
from signal import Signals
from typing import Any

import click

from hsisr_geo import __version__
from hsisr_geo.errors import HsisrError

from .adapt import adapt
from .assess import assess
from .batch import batch
from .evaluate import evaluate
from .handshake import handshake
from .info import info
from .models import models
from .run import run
from .signals import Cancellation, canceled_by_signals
from .train import train
from .verbosity import verbosity
from .watch import end_with_parent

DEBUG_VARIABLE = "HSISR_GEO_DEBUG"


class _Group(click.Group):
    """A click group whose commands end in an exit code, never in a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        with canceled_by_signals() as cancellation:
            ctx.obj = cancellation
            end_with_parent()
            try:
                return super().invoke(ctx)
            except (click.ClickException, click.exceptions.Exit, BrokenPipeError):
                raise  # click's own; it ends quietly where the reader of stdout has gone
            except (Exception, KeyboardInterrupt) as e:
                if os.environ.get(DEBUG_VARIABLE) == "1":
                    traceback.print_exception(e)
                message, code = _last_word(e, cancellation)
        click.echo("hsisr-geo: error: " + " ".join(message.split()), err=True)
        ctx.exit(code)


@click.group(
    cls=_Group,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="hsisr-geo")
@verbosity
def cli() -> None:
    """Super-resolve georeferenced hyperspectral rasters by 2, 3 or 4.

    Place, bands, wavelengths and nodata are kept. Exit codes: 0 done, 1 error, 2 wrong usage,
    130 or 143 canceled.
    """


cli.add_command(run)
cli.add_command(batch)
cli.add_command(adapt)
cli.add_command(info)
cli.add_command(evaluate)
cli.add_command(assess)
cli.add_command(models)
cli.add_command(train)
cli.add_command(handshake)


def main() -> None:
    """Entry point of the console script."""
    cli(prog_name="hsisr-geo")


def _last_word(error: BaseException, cancellation: Cancellation) -> tuple[str, int]:
    """Return what to say of an error that reached the top, and the exit code."""
    if cancellation.signum is not None:
        # ^ whatever the interrupted code made of the exception, the cause is the signal
        return f"canceled by {Signals(cancellation.signum).name}", 128 + cancellation.signum
    if isinstance(error, HsisrError):
        return str(error), 1
    if isinstance(error, MemoryError):
        return "out of memory: choose a smaller --tile or fewer --threads", 1
    return (
        f"unexpected {type(error).__name__}: {error} (set {DEBUG_VARIABLE}=1 for the traceback)",
        1,
    )
