"""Write docs/cli.md, an introduction, and docs/cli/: the help of every command as it is."""

import itertools
from collections.abc import Sequence
from pathlib import Path

import click
from click.testing import CliRunner
from hsisr_geo.cli.commands import PACKAGES
from hsisr_geo.cli.main import cli

INTRODUCTION = """# Command line

Written by `tools/write_cli_docs.py`; a test holds it against the program.

**Exit codes**: 0 done, 1 error (one line on stderr), 2 wrong usage, 130 interrupted,
143 terminated. An error or a canceled run leaves no output. `HSISR_GEO_DEBUG=1` adds the
traceback of an error.

**Progress**: by default a bar on stderr where that is a terminal, and the log on stderr. With
`--progress json` there is one JSON object per line on stdout (on stderr when DST is `-`); `result`
is the last line of a run that succeeded, and `share` counts parts of the tiles under way:

```json
{"event": "progress", "done": 37, "total": 120}
{"event": "progress", "done": 37, "total": 120, "share": 0.3125}
{"event": "log", "message": "..."}
{"event": "result", "path": "out.tif", "shape": [384, 320], "seconds": 11.8, "tiles": 9}
```

`result` also carries `warnings`, and `consistency_rms`, `_max` and `_relative`: how far the output,
degraded again by the assumed `degradation`, is from the input; and `uncertainty`, its path. With
`--dry-run` it carries what would be written instead.

**Uncertainty**: `run SRC DST --uncertainty PATH` writes a second raster on the grid of DST: for
every band that the model made, the standard deviation of its error, in physical units; float32, NaN
where there is no value and in bands that were interpolated. DST is what it is without the option,
and both files appear, or neither. It is predicted of what is seen around a pixel, which takes
little time. With `--samples N` it is the standard deviation over N samples (of `--detail 1`, drawn
from `--seed`), each of which takes about five evaluations of the network in time, and no memory.
The tags are those of DST and `HSISR_CONTENT`, with `HSISR_DEVIATION_WEIGHTS`; or `HSISR_SAMPLES`,
`HSISR_SEEDS` and `HSISR_SPREAD`, the calibration factor that is in the numbers.
[method.md](method.md) says what the deviation covers, [uncertainty.md](uncertainty.md) how far to
trust it. `index` turns it into that of a spectral index.

**Formats**: the ending of DST says which, `--format` where it does not;
[formats.md](formats.md) shows each with its creation options (`--co`), and what lies beside DST: a
QGIS style, a STAC item.

**Many scenes**: [batch.md](batch.md). With `--progress json`, `batch` adds one
`{"event": "scene", ...}` per scene; its progress is in thousandths of the work, and its `result`
comes also where scenes failed.

**Less, more**: `-q` leaves only errors (and what `--dry-run` tells, and of JSON the results), `-v`
logs more, each line with the seconds since the start; before or after the command.

**Defaults of your own**: every option is also a variable, `HSISR_GEO_COMMAND_OPTION`
(`HSISR_GEO_RUN_TILE=256`, `HSISR_GEO_TRAIN_DIFFUSION_STEPS=5000`; flags take 1 or 0, `--bounds`
four numbers with blanks between), and a key of the configuration file: `config.toml` in
`~/.config/hsisr-geo` (Linux), `~/Library/Application Support/hsisr-geo` (macOS) or
`%APPDATA%\\hsisr-geo` (Windows), or what `--config` or `HSISR_GEO_CONFIG` names; an empty name
turns it off.

```toml
device = "cpu"     # of every command that has --device

[run]
tile = 256

[batch]
keep-going = true
```

The command line comes first, then variables, then the file, then the built-in default.
`hsisr-geo config` shows what is set, from where, and variables that name no option.

**Completion** of commands, options, models and file names in bash, zsh and fish:
`eval "$(hsisr-geo completion bash)"`.

**Models** are named by `hsisr-geo models`; `HSISR_GEO_MODELS` may name a folder of further ones.
"""


TITLES = {
    "run": "Super-resolve",
    "scenes": "Look at scenes, and at the installation",
    "assess": "Tell how good it is",
    "models": "Models",
    "shell": "Defaults and the shell",
}
UNSET = {"HSISR_GEO_CONFIG": ""}  # the defaults of nobody's configuration file
DOCS = Path(__file__).resolve().parents[1] / "docs"


def main() -> None:
    """Write the pages."""
    (DOCS / "cli").mkdir(exist_ok=True)
    for path, text in pages().items():
        (DOCS / path).write_text(text, encoding="utf-8")


def pages() -> dict[str, str]:
    """Return the text of every page, by its path in docs/."""
    links = [
        f"- [{TITLES[name]}](cli/{name}.md): " + ", ".join(f"`{command}`" for command in commands)
        for name, commands in PACKAGES.items()
    ]
    index = "\n".join([INTRODUCTION, "## Commands\n", *links, "", _help([])])
    return {"cli.md": index} | {
        f"cli/{name}.md": "\n".join([_head(TITLES[name]), *_group(commands)])
        for name, commands in PACKAGES.items()
    }


def _head(title: str) -> str:
    return f"# {title}\n\nWritten by `tools/write_cli_docs.py`; [all commands](../cli.md).\n"


def _group(names: Sequence[str]) -> list[str]:
    context = click.Context(cli)
    found = {name: cli.get_command(context, name) for name in names}
    return [page for name, command in found.items() if command for page in _pages(command, [name])]


def _pages(command: click.Command, names: list[str]) -> list[str]:
    children = command.commands if isinstance(command, click.Group) else {}
    below = (_pages(child, [*names, name]) for name, child in sorted(children.items()))
    return [f"## {' '.join(['hsisr-geo', *names])}\n\n{_help(names)}", *itertools.chain(*below)]


def _help(names: list[str]) -> str:
    asked = CliRunner().invoke(cli, [*names, "--help"], prog_name="hsisr-geo", env=UNSET)
    return f"```text\n{asked.stdout.strip()}\n```\n"


if __name__ == "__main__":
    main()
