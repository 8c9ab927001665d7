"""Something that the program is made to do: commands in an empty folder, and what they leave."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from .side import Side

RESULTS = "made"
"""The folder that steps run in, inside that of their case."""


@dataclass(frozen=True)
class Case:
    """Commands that both versions run, one after the other.

    Attributes
    ----------
    steps : each `hsisr-geo` or a Python file, and its arguments; `{checkout}` in the file's path
        is the version's own. They run in <folder of the version>/<name>/made; scenes lie in
        ../../../scenes.
    """

    name: str
    steps: tuple[tuple[str, ...], ...]

    def run(self, side: Side) -> Path:
        """Run all steps with a version; return the folder of what was made and told."""
        folder = side.folder / self.name
        for number, step in enumerate(self.steps, start=1):
            perform(side, step, folder, str(number))
        return folder


def perform(side: Side, step: tuple[str, ...], folder: Path, name: str) -> None:
    """Run a step in a case's folder; keep in `told` of it what it says, and its exit code."""
    (folder / RESULTS).mkdir(parents=True, exist_ok=True)
    told = folder / "told"
    told.mkdir(exist_ok=True)
    with (told / f"{name}.stdout").open("wb") as out, (told / f"{name}.stderr").open("wb") as err:
        done = subprocess.run(
            side.arguments(step), cwd=folder / RESULTS, env=side.environment(),
            stdin=subprocess.DEVNULL, stdout=out, stderr=err,
        )  # fmt: skip
    (told / f"{name}.exit").write_text(f"{done.returncode}\n")
