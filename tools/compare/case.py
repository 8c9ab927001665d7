"""Something that the program is made to do: commands in an empty folder, and what they leave."""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .side import Side

RESULTS = "made"
"""The folder that steps run in, inside that of their case."""
TOLD = "told"
"""The folder beside it of what the steps said."""


@dataclass(frozen=True)
class Case:
    """Commands that both versions run, one after the other.

    Attributes
    ----------
    steps : each `hsisr-geo` or a Python file, and its arguments; `{checkout}` in the file's path
        is the version's own. They run in <folder of the version>/<name>/made; scenes lie in
        ../../../scenes.
    exits : the code that each step ends with; none given: all with 0
    """

    name: str
    steps: tuple[tuple[str, ...], ...]
    exits: tuple[int, ...] = ()

    def run(self, side: Side) -> Path:
        """Run all steps with a version; return the folder of what was made and told."""
        folder = side.folder / self.name
        for number, step in enumerate(self.steps, start=1):
            perform(side, step, folder, str(number))
        return folder

    def failures(self, folder: Path) -> Iterator[str]:
        """Tell which steps did not end as they should: two that fail alike prove nothing."""
        exits = self.exits or (0,) * len(self.steps)
        for number, expected in enumerate(exits, start=1):
            yield from failure(folder, str(number), expected)


def perform(side: Side, step: tuple[str, ...], folder: Path, name: str) -> None:
    """Run a step in a case's folder; keep in `told` of it what it says, and its exit code."""
    (folder / RESULTS).mkdir(parents=True, exist_ok=True)
    told = folder / TOLD
    told.mkdir(exist_ok=True)
    with (told / f"{name}.stdout").open("wb") as out, (told / f"{name}.stderr").open("wb") as err:
        done = subprocess.run(
            side.arguments(step), cwd=folder / RESULTS, env=side.environment(),
            stdin=subprocess.DEVNULL, stdout=out, stderr=err,
        )  # fmt: skip
    (told / f"{name}.exit").write_text(f"{done.returncode}\n")


def failure(folder: Path, name: str, expected: int = 0) -> Iterator[str]:
    """Tell of a step that did not end with the code it should have ended with."""
    code = int((folder / TOLD / f"{name}.exit").read_text())
    if code != expected:
        said = (folder / TOLD / f"{name}.stderr").read_text(errors="replace").strip()
        yield f"step {name} ends with {code}, not {expected}: ...{said[-160:]!r}"
