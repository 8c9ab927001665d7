"""Blocks of the documentation: what a page says to type, and what it shows of the answer.

A block without a language, or an indented one that begins with `hsisr-geo`, is typed in a shell.
Lines after `$ ` are then commands and the others what they answer, where there are any; else each
line is a command. `python` blocks of a page share their names; one whose first line is `# NAME.py`
is kept as that file. `text` is neither.
"""

import os
import re
import shlex
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path

from click.testing import CliRunner
from hsisr_geo.cli.main import cli

BLOCK = re.compile(r"^```(\w*)\n(.*?)^```|^((?: {4}[^\n]*\n)+)", re.DOTALL | re.MULTILINE)
# What only a shell understands. Without it a command runs in this process, which has all imported.
SHELL = re.compile(r"[|<>;&`$]")


@dataclass(frozen=True)
class Block:
    """What stands between two lines of backquotes; `line` is where in the page."""

    language: str
    text: str
    line: int


@dataclass(frozen=True)
class Command:
    """One command of a shell, and the lines that the page shows below it."""

    text: str
    shown: tuple[str, ...] = ()


def blocks_of(page):
    text = page.read_text(encoding="utf-8")
    for found in BLOCK.finditer(text):
        inside = found[2] if found[3] is None else textwrap.dedent(found[3])
        if found[3] is None or inside.startswith("hsisr-geo "):
            yield Block(found[1] or "", inside, text.count("\n", 0, found.start()) + 1)


def commands_of(block):
    """Return the commands of a block that is typed in a shell."""
    commands = []
    lines = block.text.replace("\\\n", " ").splitlines()
    transcript = any(line.startswith("$ ") for line in lines)
    for line in filter(str.strip, lines):
        if not transcript or line.startswith("$ "):
            commands.append(Command(line.removeprefix("$ ")))
        else:
            commands[-1] = Command(commands[-1].text, (*commands[-1].shown, line))
    return commands


def type_in(text, shims):
    """Run a command in the working directory; return its exit code and all that it says."""
    words = shlex.split(text, comments=True)
    if words[0] == "hsisr-geo" and not SHELL.search(re.sub(r"'[^']*'|#.*", "", text)):
        result = CliRunner().invoke(cli, words[1:], prog_name="hsisr-geo")
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.exit_code, result.output
    path = f"{shims}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", text],
        env={**os.environ, "PATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=120,
    )
    return done.returncode, done.stdout.decode()


def write_shims(folder: Path):
    """Write the programs that a page types, as those of this interpreter."""
    folder.mkdir()
    rio = "from rasterio.rio.main import main_group; main_group()"
    calls = {"hsisr-geo": "-m hsisr_geo.cli", "python": "", "rio": f"-c '{rio}'"}
    for name, arguments in calls.items():
        program = folder / name
        program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {arguments} "$@"\n')
        program.chmod(0o755)
    return folder


def pattern_of(shown, *, exact=False):
    """Return what output has to match, to be what a page shows.

    Words are held to; numbers are those of the page's scene, and others here unless `exact`. `…`
    and `...` stand for anything, other lines may lie in between, and a page may break a line where
    it likes.
    """
    lines = []
    for line in shown:
        parts = re.split(r"(\d[\w.+-]*|…|\.\.\.|\s+)", line)
        lines.append("".join(_pattern_of_part(part, exact) for part in parts))
    return re.compile(r"\s(?:.*\n)*?\s*".join(lines))


def _pattern_of_part(part, exact):
    if part in ("…", "..."):
        return r"[\s\S]*?"
    if part[:1].isdigit() and not exact:
        return r"\d[\w.+-]*"
    return r"\s+" if part.isspace() else re.escape(part)
