"""Scenes that are trained on, and those that a training is judged by."""

from collections.abc import Sequence

from hsisr_geo.errors import ModelError
from hsisr_geo.model.training.identity import check_apart, copies
from hsisr_geo.model.training.optimise import Log
from hsisr_geo.model.training.training_data import TrainingScene

_LEAST_SCENES = 5  # of which one is held out by default


def split(
    scenes: Sequence[TrainingScene], holdout: Sequence[str] | None
) -> tuple[list[TrainingScene], list[TrainingScene]]:
    """Part scenes into those trained on and those held out: by name, or by default one in five.

    Of fewer than five none is held out by default.

    Raises
    ------
    ModelError : nothing is left to train on; a name that no scene begins with; a scene is on both
        sides, under two names
    """
    names = [scene.name for scene in scenes]
    if holdout is None:
        chosen = set(sorted(names)[2::5]) if len(names) >= _LEAST_SCENES else set()
    else:
        for prefix in holdout:
            if not any(name.startswith(prefix) for name in names):
                raise ModelError(
                    f"no scene begins with {prefix!r}, so none can be held out: there are "
                    f"{', '.join(sorted(names))}"
                )
        chosen = {name for name in names if name.startswith(tuple(holdout))}
    train = [scene for scene in scenes if scene.name not in chosen]
    held = [scene for scene in scenes if scene.name in chosen]
    if not train:
        raise ModelError("every scene is held out: nothing is left to train on")
    check_apart(train, held)
    return train, held


def say_scenes(train: Sequence[TrainingScene], held: Sequence[TrainingScene], log: Log) -> None:
    """Say which scenes are not trained on, and which are there twice, under two names."""
    for scene, other in copies([*train, *held]):
        log(f"warning: {scene.name} and {other.name} are one scene, which counts twice")
    if held:
        log(f"held out: {', '.join(scene.name for scene in held)}")
    else:
        log("no scene is held out: nothing tells when the weights begin to suit these scenes only")
