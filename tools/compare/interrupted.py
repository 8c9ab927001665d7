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
from .difference import differences, of_rasters
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
    kept = [side.folder / "killed" / RESULTS / f".{FINE}.hsisr-geo" for side in sides.values()]
    yield "killed: what is known of the run", _differences_of(kept, "run.json")

    roots = before.folder, after.folder
    perform(before, RESUMED, before.folder / "whole", "1")
    whole = before.folder / "whole" / RESULTS / FINE
    for killer, killed in sides.items():
        name = f"killed by {killer}"
        made = [_resume(killed, side, f"{name}, resumed") for side in sides.values()]
        found = [told for folder in made for told in _against_whole(folder, whole)]
        yield f"{name}, resumed by both", found + list(differences(*made, roots))
        made = [_resume(killed, side, f"{name}, refused", *OTHER) for side in sides.values()]
        found = [told for folder in made for told in failure(folder, "1", 1)]
        yield f"{name}, refused by both", found + list(differences(*made, roots))


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
