"""`hsisr-geo config`: which defaults are not the built-in ones, and where they come from."""

import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click

from ..options import options
from ..options.config_file import VARIABLE, config_path, default_path
from ..options.variables import PREFIX, options_of, walk

_OTHER_VARIABLES = ("CONFIG", "DEBUG", "EXECUTABLE", "MODELS", "TEST_DATA", "WATCH_STDIN", "CACHE")


@dataclass(frozen=True)
class Setting:
    """A default that was changed, and where."""

    command: str
    option: str
    value: Any
    source: str


@click.command()
@options.as_json
@click.pass_context
def config(ctx: click.Context, as_json: bool) -> None:
    """Show which options have other defaults here, by a variable or the configuration file.

    What is given on the command line comes first, then HSISR_GEO_COMMAND_OPTION, then the file,
    then the built-in default.
    """
    from ..terminal.progress import to_json

    root = ctx.find_root()
    path = config_path(root.params.get("config"))
    settings = list(_settings(root, path))
    unknown = _unknown_variables(root.command)
    if as_json:
        fields = {"path": path and str(path), "default_path": str(default_path())}
        shown = [asdict(setting) for setting in settings]
        click.echo(to_json({**fields, "settings": shown, "unknown_variables": unknown}))
        return
    click.echo(f"file: {path or f'none; looked for {default_path()}, {VARIABLE} names another'}")
    for setting in settings:
        option = f"hsisr-geo {setting.command} --{setting.option}".replace("  ", " ")
        click.echo(f"{option} {setting.value}   from {setting.source}")
    for name in unknown:
        click.echo(f"{name} is set, but is no variable of hsisr-geo")


def _settings(root: click.Context, path: Path | None) -> Iterator[Setting]:
    """Yield what is set, checked as the command would check it.

    Raises
    ------
    click.BadParameter : a value that the option does not take
    """
    contexts: dict[tuple[str, ...], click.Context] = {(): root}
    for names, command in walk(root.command):
        ctx = contexts[names] = (
            click.Context(command, parent=contexts[names[:-1]], info_name=names[-1])
            if names
            else root
        )
        for name, option in options_of(command).items():
            found = _set(ctx, option, path) if names or name != "config" else None
            if found is not None:
                yield Setting(" ".join(names), name, *found)


def _set(ctx: click.Context, option: click.Option, path: Path | None) -> tuple[Any, str] | None:
    value, source = option.consume_value(ctx, {})
    places = {
        click.core.ParameterSource.ENVIRONMENT: str(option.envvar),
        click.core.ParameterSource.DEFAULT_MAP: str(path),
    }
    if source not in places:
        return None
    ctx.set_parameter_source(str(option.name), source)
    with click.core.augment_usage_errors(ctx, param=option):
        option.process_value(ctx, value)  # as the command itself would check it
    return value, places[source]


def _unknown_variables(cli: click.Command) -> list[str]:
    known = {option.envvar for _, command in walk(cli) for option in options_of(command).values()}
    known |= {f"{PREFIX}_{name}" for name in _OTHER_VARIABLES}
    return sorted(
        name for name in os.environ if name.startswith(PREFIX + "_") and name not in known
    )
