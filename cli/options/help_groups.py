"""Help of a command with many options, in groups: what most runs need comes first."""

from collections.abc import Mapping, Sequence

import click


class GroupedCommand(click.Command):
    """A command whose help lists its options under headings.

    `GROUPS` maps a heading to options; one that stands in no group comes under "Other".
    """

    GROUPS: Mapping[str, Sequence[str]] = {
        "What is made": (
            *("--upscale", "--model", "--out-dir", "--name", "--report"),
            *("--uncertainty", "--uncertainty-name", "--samples", "--uncertainty-bands"),
            *("--detail", "--seed", "--valid-range"),
        ),
        "Which scenes": ("--pattern", "--skip-existing", "--keep-going", "--jobs"),
        "What of the scene": (
            *(
                "--window",
                "--bounds",
                "--bands",
                "--exclude",
                "--drop-bad",
                "--overlap",
                "--nodata",
                "--mask-clouds",
                "--orthorectify",
            ),
            "--again",
        ),
        "The sensor's blur": ("--psf", "--no-consistency"),
        "How it is stored": ("--format", "--co", "--style", "--stac", "--header", "--overwrite"),
        "Time and memory": (
            *(
                "--device",
                "--precision",
                "--tile",
                "--memory",
                "--threads",
                "--workers",
                "--scheduler",
            ),
            "--resume",
            "--strict",
        ),
        "What is said": ("--dry-run", "--json", "--progress", "--verbose", "--quiet", "--help"),
    }

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, group by group."""
        left = {
            max(param.opts, key=len): record
            for param in self.get_params(ctx)
            if isinstance(param, click.Option)
            and (record := param.get_help_record(ctx)) is not None
        }
        for heading, names in self.GROUPS.items():
            rows = [left.pop(name) for name in names if name in left]
            if rows:
                with formatter.section(heading):
                    formatter.write_dl(rows)
        if left:
            with formatter.section("Other"):
                formatter.write_dl([*left.values()])
