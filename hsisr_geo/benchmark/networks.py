"""What a comparison takes from `hsisr_geo.model`, imported, and torch with it, when asked for."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from hsisr_geo.benchmark.settings import Entry
from hsisr_geo.errors import ModelError
from hsisr_geo.training_run import OWN, NamedCube, TrainingRun

Train = Callable[
    [TrainingRun, Sequence[NamedCube], Sequence[NamedCube], Path, Callable[[str], None]], None
]


def check_networks(entries: Iterable[Entry]) -> None:
    """Refuse architectures that there are not, and settings that they do not have.

    Raises
    ------
    ModelError
        Naming the system of the comparison, and what is known.
    """
    trained = [e for e in entries if e.model is None and e.architecture != OWN]
    if not trained:
        return
    try:
        from hsisr_geo.model.baselines.build import settings_of
    except ModuleNotFoundError as e:
        raise _without_torch(e) from e
    for entry in trained:
        try:
            settings_of(entry.architecture, entry.settings)
        except ModelError as e:
            raise ModelError(f"[systems.{entry.label}]: {e}") from e


def use_threads(count: int) -> None:
    """Let networks use so many processor threads."""
    from hsisr_geo.model.devices import use_threads as use

    use(count)


def trainer() -> Train:
    """Return the function that trains a system."""
    try:
        from hsisr_geo.model.baselines.training import train_system
    except ModuleNotFoundError as e:
        raise _without_torch(e) from e
    train: Train = train_system
    return train


def _without_torch(error: ModuleNotFoundError) -> Exception:
    if error.name != "torch":
        return error
    return ModelError("training needs torch, which is not installed: install torch")
