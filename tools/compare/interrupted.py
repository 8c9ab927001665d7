"""Runs that are killed, and resumed by the same and by the other version.

What a version kept when it was killed is copied: both versions go on with the very same tiles.
"""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from . import scenes
from .case import RESULTS, TOLD, failure, perform
from .cases import RUN, given
from .difference import difference, differences, of_rasters
from .side import Side

FINE = "fine.tif"
RESUMED = (
    *RUN, given(scenes.HYSPEX), FINE, "--upscale", "2", "--bands", "1-40", "--tile", "16",
    "--resume", "--progress", "json",
)  # fmt: skip
OTHER = ("--model", "bicubic")
"""Makes another run of it, that must not go on with what was kept."""
KILLED_AFTER = 5


def compare_interrupted(before: Side, after: Side) -> Iterator[tuple[str, list[str]]]:
    """Yield what was compared and what differs: resumed runs, refused ones, and whole results."""
    sides = {"before": before, "after": after}
    for side in sides.values():
        _kill(side, side.folder / "killed" / RESULTS)
    roots = before.folder, after.folder
    kept = [root / "killed" / RESULTS / f".{FINE}.hsisr-geo" / "run.json" for root in roots]
    yield "killed: what is known of the run", _of_records(kept[0], kept[1], roots)

    perform(before, RESUMED, before.folder / "whole", "1")
    whole = before.folder / "whole" / RESULTS / FINE
    for killer, killed in sides.items():
        name = f"killed by {killer}"
        made = [_resume(killed, side, f"{name}, resumed") for side in sides.values()]
        found = [told for folder in made for told in _against_whole(folder, whole)]
        yield f"{name}, resumed by both", found + list(differences(made[0], made[1], roots))
        made = [_resume(killed, side, f"{name}, refused", *OTHER) for side in sides.values()]
        found = [told for folder in made for told in failure(folder, "1", 1)]
        yield f"{name}, refused by both", found + list(differences(made[0], made[1], roots))


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


def _of_records(before: Path, after: Path, roots: tuple[Path, Path]) -> list[str]:
    """Tell how what two killed runs wrote down of themselves differs."""
    if not (before.is_file() and after.is_file()):
        return ["nothing was left by a killed run: it was too quick, or failed"]
    told = difference(before, after, roots)
    return [f"{before.name}: {told}"] if told else []


def _against_whole(folder: Path, whole: Path) -> Iterator[str]:
    """Tell if a resumed run did not go on, or made other than an uninterrupted one."""
    yield from failure(folder, "1")
    if not (folder / RESULTS / FINE).exists():
        yield "it made nothing"
        return
    last = (folder / TOLD / "1.stdout").read_text().splitlines()[-1]
    if not json.loads(last)["kept"]:
        yield "no tile was kept"
    if told := of_rasters(whole, folder / RESULTS / FINE):
        yield f"beside an uninterrupted run: {told}"
