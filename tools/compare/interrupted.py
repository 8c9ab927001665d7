"""Runs that are killed, and resumed by the same and by the other version.

What a version kept when it was killed is copied: both versions go on with the very same tiles.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from . import scenes
from .case import RESULTS, perform
from .cases import RUN, given
from .difference import differences, of_rasters
from .side import Side

FINE = "fine.tif"
RESUMED = (
    *RUN, given(scenes.HYSPEX), FINE, "--upscale", "2", "--bands", "1-40", "--tile", "16",
    "--resume", "--progress", "json",
)  # fmt: skip
KILLED_AFTER = 5


def compare_interrupted(before: Side, after: Side) -> Iterator[tuple[str, list[str]]]:
    """Yield what was compared and what differs: resumed runs, refused ones, and whole results."""
    sides = {"before": before, "after": after}
    for name, side in sides.items():
        _kill(side, side.folder / "killed" / RESULTS)
    kept = [side.folder / "killed" / RESULTS / f".{FINE}.hsisr-geo" for side in sides.values()]
    roots = before.folder, after.folder
    yield "killed: what is known of the run", _differences_of(kept, "run.json")

    perform(before, RESUMED, before.folder / "whole", "1")
    whole = before.folder / "whole" / RESULTS / FINE
    for killer in sides:
        name = f"killed by {killer}"
        made = [_resume(sides[killer], side, f"{name}, resumed") for side in sides.values()]
        found = [told for folder in made for told in _against_whole(folder, whole)]
        yield f"{name}, resumed by both", found + list(differences(*made, roots))
        other = ("--detail", "0.5")
        made = [_resume(sides[killer], side, f"{name}, refused", *other) for side in sides.values()]
        yield f"{name}, refused by both", list(differences(*made, roots))


def _kill(side: Side, folder: Path) -> None:
    """Run until some tiles are finished, and kill it then, as a power failure would."""
    folder.mkdir(parents=True)
    with subprocess.Popen(
        side.arguments(RESUMED), cwd=folder, env=side.environment(), text=True,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    ) as run:  # fmt: skip
        assert run.stdout is not None
        for line in run.stdout:
            if json.loads(line).get("done") == KILLED_AFTER:
                run.kill()
                break


def _resume(killed: Side, side: Side, name: str, *options: str) -> Path:
    """Go on with a copy of what a killed run left, at the same path whoever left it."""
    folder = side.folder / name
    shutil.copytree(killed.folder / "killed", folder)
    perform(side, (*RESUMED, *options), folder, "1")
    return folder


def _differences_of(folders: list[Path], name: str) -> list[str]:
    texts = [(folder / name).read_text() if folder.is_dir() else None for folder in folders]
    if None in texts:
        return ["nothing was left by a killed run: it was too quick, or failed"]
    return [] if texts[0] == texts[1] else [f"{name}: {texts[0]} became {texts[1]}"]


def _against_whole(folder: Path, whole: Path) -> Iterator[str]:
    """A resumed run must have gone on, and made what an uninterrupted one makes."""
    lines = (folder / "told" / "1.stdout").read_text().splitlines()
    if not lines or not json.loads(lines[-1]).get("kept"):
        yield f"{folder.name}: no tile was kept"
    elif os.path.exists(folder / RESULTS / FINE):
        if told := of_rasters(whole, folder / RESULTS / FINE):
            yield f"{folder.name}, beside an uninterrupted run: {told}"
