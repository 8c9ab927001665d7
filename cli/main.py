"""The `hsisr-geo` command: its group, and how errors and signals become exit codes.

Exit codes: 0 done, 1 error, 2 wrong usage, 129 terminal closed (SIGHUP), 130 interrupted (SIGINT),
143 terminated (SIGTERM).
Only click and the standard library are imported here, so that `--help` answers at once; commands
are imported when they are asked for, and import what they need when they run.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from signal import Signals
from typing import Any

import click
from click.core import ParameterSource

from hsisr_geo import __version__
from hsisr_geo.errors import HsisrError, OptionError
from hsisr_geo.files import told_by_system

from .commands import Commands
from .options.config_file import config_path, read_defaults
from .options.hints import add_option
from .options.variables import name_variables
from .terminal.quiet import be_quiet, keep_stdout
from .terminal.signals import Cancellation, canceled_by_signals
from .terminal.text import shown
from .terminal.verbosity import verbosity
from .terminal.watch import end_with_parent

DEBUG_VARIABLE = "HSISR_GEO_DEBUG"
SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


class Guarded(click.Command):
    """A click command that ends in an exit code, never in a traceback."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Take the arguments apart; what is wrong with them is said in our words."""
        with _in_our_words():
            return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; whatever ends it becomes an exit code."""
        be_quiet()
        with canceled_by_signals() as cancellation:
            ctx.obj = cancellation
            end_with_parent()
            try:
                with _in_our_words():
                    return super().invoke(ctx)
            except (click.ClickException, click.exceptions.Exit, BrokenPipeError):
                raise  # click's own; it ends quietly where the reader of stdout has gone
            except (Exception, KeyboardInterrupt) as e:
                if os.environ.get(DEBUG_VARIABLE) == "1":
                    import traceback  # milliseconds of --help

                    traceback.print_exception(e)
                message, code = _last_word(e, cancellation)
                with suppress(OSError):  # the terminal may be gone, and be the reason
                    click.echo("hsisr-geo: error: " + shown(" ".join(message.split())), err=True)
                cancellation.insists = False
        ctx.exit(code)


class _Group(Guarded, Commands):
    """Our group: what it guards are its commands."""


@click.group(
    cls=_Group,
    context_settings=SETTINGS,
)
@click.version_option(__version__, prog_name="hsisr-geo")
@click.option(
    "--config",
    type=click.Path(),
    metavar="FILE",
    help="Defaults of options, as TOML; an empty name for none.  [default: the user's config.toml, "
    "see `hsisr-geo config`]",
)
@verbosity
@click.pass_context
def cli(ctx: click.Context, /, config: str | None) -> None:
    """Super-resolve georeferenced hyperspectral rasters by 2, 3 or 4.

    Place, bands, wavelengths and nodata are kept. Exit codes: 0 done, 1 error, 2 wrong usage,
    130 or 143 canceled. Every option can be set by a variable, HSISR_GEO_RUN_TILE for `run --tile`,
    or in a configuration file.
    """
    _check_somewhere()
    path = config_path(config)
    if path is not None:
        ctx.default_map = read_defaults(path, _group(ctx))


name_variables(cli)


def main() -> None:
    """Entry point of the console script."""
    keep_stdout()
    os.environ["MPLBACKEND"] = "agg"  # no window is opened: any other may be wrong
    cli(prog_name="hsisr-geo")


@contextmanager
def _in_our_words() -> Iterator[None]:
    """Add to an error of usage what was meant, or where a wrong value comes from."""
    try:
        yield
    except click.BadParameter as e:
        raise _with_source(e) from None
    except click.ClickException as e:
        if isinstance(e, click.NoSuchOption):
            add_option(e)
        vars(e)["message"] = shown(e.message)
        raise


def _check_somewhere() -> None:
    """Refuse to start in a folder that was removed: MKL would end the process there.

    Raises
    ------
    OptionError
    """
    try:
        os.getcwd()
    except FileNotFoundError as error:
        raise OptionError(
            "the folder that this was started in is gone: change to another, and start it there"
        ) from error


def _group(ctx: click.Context) -> click.Group:
    assert isinstance(ctx.command, click.Group)
    return ctx.command


def _with_source(error: click.BadParameter) -> click.BadParameter:
    """Say where a wrong value comes from, if it is not on the command line."""
    ctx, param = error.ctx, error.param
    source = ctx.get_parameter_source(str(param.name)) if ctx and param else None
    if ctx and param and source is ParameterSource.ENVIRONMENT:
        place: object = f"the variable {param.envvar}"
    elif ctx and source is ParameterSource.DEFAULT_MAP:
        place = config_path(ctx.find_root().params.get("config"))
    else:
        return error
    return click.BadParameter(f"{error.message} (from {place})", ctx, param, error.param_hint)


def _last_word(error: BaseException, cancellation: Cancellation) -> tuple[str, int]:
    """Return what to say of an error that reached the top, and the exit code."""
    if cancellation.signum is not None:
        # ^ whatever the interrupted code made of the exception, the cause is the signal
        return f"canceled by {Signals(cancellation.signum).name}", 128 + cancellation.signum
    if isinstance(error, HsisrError):
        return str(error), 1
    if told := told_by_system(error):
        return told, 1
    if isinstance(error, MemoryError):
        return "out of memory: choose a smaller --tile or fewer --threads", 1
    return (
        f"unexpected {type(error).__name__}: {error} (set {DEBUG_VARIABLE}=1 for the traceback)",
        1,
    )
