"""The commands by name, with a line each; one is imported when it is asked for.

So that `hsisr-geo --help` answers at once, and `hsisr-geo run` pays for no other command. A new one
is a module in one of the `PACKAGES`, and a line.
"""

from collections.abc import Mapping, Sequence
from importlib import import_module

import click

from .options.hints import of_command
from .options.variables import name_variables

LINES: Mapping[str, str] = {
    "run": "Super-resolve one raster.",
    "batch": "Super-resolve many rasters, and those in folders.",
    "info": "Describe a raster or product, and what is odd about it.",
    "show": "Draw a scene, and the result that was made of it.",
    "psf": "Tell what blurred a raster, and how sure that is.",
    "index": "Make a spectral index of a result, and how sure it is.",
    "assess": "Tell how well a model does on your own raster.",
    "evaluate": "Score a result against a reference.",
    "adapt": "Fine-tune a model on one raster.",
    "models": "List the models, or show one with its card.",
    "train": "Train a model: autoencoder, then diffusion.",
    "benchmark": "Compare systems of the literature with ours.",
    "doctor": "Look at the installation, and say what is wrong.",
    "config": "Show which options have other defaults here.",
    "completion": "Print what makes a shell complete commands and options.",
}
PACKAGES: Mapping[str, Sequence[str]] = {  # a package has the name of its page in docs/cli/
    "run": ("run", "batch"),
    "scenes": ("info", "show", "psf", "doctor"),
    "assess": ("assess", "evaluate", "index", "benchmark"),
    "models": ("models", "adapt", "train"),
    "shell": ("config", "completion", "handshake"),
}
MODULES: Mapping[str, str] = {
    name: f"{__package__}.{package}.{name}" for package, names in PACKAGES.items() for name in names
}
_HIDDEN = ("handshake",)  # for programs that start the engine


class Commands(click.Group):
    """A group whose commands are modules of packages beside this one, in the order of `LINES`."""

    def list_commands(self, ctx: click.Context | None) -> list[str]:
        """Return the names of all commands."""
        return [*LINES, *_HIDDEN]

    def get_command(self, ctx: click.Context | None, cmd_name: str) -> click.Command | None:
        """Import a command, and name the variables of its options; None where there is none."""
        if cmd_name not in self.list_commands(ctx):
            return None
        if cmd_name not in self.commands:
            command = getattr(import_module(MODULES[cmd_name]), cmd_name)
            name_variables(command, (cmd_name,))
            self.add_command(command)
        return self.commands[cmd_name]

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that arguments begin with; say what is meant where there is none."""
        word = args[0]
        is_none = not word.startswith("-") and self.get_command(ctx, word) is None
        if is_none and not ctx.resilient_parsing:
            ctx.fail(f"No such command {word!r}. {of_command(word, LINES)}".rstrip())
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the lines."""
        with formatter.section("Commands"):
            formatter.write_dl([*LINES.items()])
