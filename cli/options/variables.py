"""`HSISR_GEO_*`: an environment variable for every option of every command."""

from collections.abc import Iterator

import click

PREFIX = "HSISR_GEO"


def walk(
    command: click.Command, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Yield a command and all below it, each with its path, e.g. ("train", "diffusion")."""
    yield path, command
    if isinstance(command, click.Group):
        ctx = click.Context(command)
        for name in command.list_commands(ctx):
            if child := command.get_command(ctx, name):
                yield from walk(child, (*path, name))


def options_of(command: click.Command) -> dict[str, click.Option]:
    """Return the options that can be set from outside by their long names, e.g. "out-dir"."""
    return {
        next(opt for opt in param.opts if opt.startswith("--"))[2:]: param
        for param in command.params
        if isinstance(param, click.Option) and not param.is_eager  # --version acts, and ends
    }


def name_variables(command: click.Command, path: tuple[str, ...] = ()) -> None:
    """Give a command's options their variables: HSISR_GEO_RUN_TILE is `hsisr-geo run --tile`.

    A command below a group gets its own when that group imports it.
    """
    for below, each in walk(command, path) if path else [(path, command)]:
        for name, option in options_of(each).items():
            option.envvar = "_".join((PREFIX, *below, name)).replace("-", "_").upper()
