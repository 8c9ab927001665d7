"""`hsisr-geo completion`: the script with which a shell completes commands, options and files."""

import click
from click.shell_completion import get_completion_class

SHELLS = ("bash", "zsh", "fish")
_VARIABLE = "_HSISR_GEO_COMPLETE"


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print what makes SHELL complete commands, options and file names.

    \b
    bash  eval "$(hsisr-geo completion bash)" in ~/.bashrc
    zsh   eval "$(hsisr-geo completion zsh)" in ~/.zshrc
    fish  hsisr-geo completion fish > ~/.config/fish/completions/hsisr-geo.fish
    """  # noqa: D301 # click reads the backspace itself: what follows keeps its lines
    made = get_completion_class(shell)
    assert made is not None  # all of SHELLS are click's own
    click.echo(made(ctx.find_root().command, {}, "hsisr-geo", _VARIABLE).source())
