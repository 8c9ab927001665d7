"""`-v` and `-q`: how much a command says, given before the command or after it."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])
_KEY = "hsisr_geo.verbosity"


def _choose(ctx: click.Context, param: click.Parameter, given: bool) -> None:
    if given:
        ctx.meta[_KEY] = param.name  # what a context knows, those below it know


verbose = click.option(
    "-v",
    "--verbose",
    is_flag=True,
    expose_value=False,
    callback=_choose,
    help="Log more, with the seconds since the start.",
)
quiet = click.option(
    "-q", "--quiet", is_flag=True, expose_value=False, callback=_choose, help="Only errors."
)


def verbosity(command: F) -> F:
    """Add both options to a command, or to the group for all of them."""
    return verbose(quiet(command))


def is_verbose() -> bool:
    """Whether the running command is to say more."""
    return _chosen() == "verbose"


def is_quiet() -> bool:
    """Whether the running command is to say nothing but errors and what it was asked for."""
    return _chosen() == "quiet"


def _chosen() -> str | None:
    ctx = click.get_current_context(silent=True)
    return None if ctx is None else ctx.meta.get(_KEY)
