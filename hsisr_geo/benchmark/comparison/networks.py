"""A comparison's door to `hsisr_geo.model`, and torch with it: imported when something is asked."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from hsisr_geo.benchmark.facts import SystemJob
from hsisr_geo.benchmark.settings import BenchmarkSettings, Entry
from hsisr_geo.benchmark.systems.training_run import NamedCube, TrainingRun
from hsisr_geo.errors import ModelError
from hsisr_geo.resolver.header import read_header
from hsisr_geo.resolver.system_config import OWN, SystemConfig

Train = Callable[
    [TrainingRun, Sequence[NamedCube], Sequence[NamedCube], Path, Callable[[str], None]], None
]


USUAL_BANDS = 60
"""What networks are checked with where a comparison does not pick bands."""


def check_networks(jobs: Iterable[SystemJob], settings: BenchmarkSettings) -> None:
    """Refuse architectures that there are not, and settings that no network can be built of.

    Raises
    ------
    ModelError
        Naming the file, the system of the comparison, and what is known.
    """
    trained = [j.entry for j in jobs if j.entry.model is None]
    for entry in trained:
        if entry.architecture == OWN and entry.start is not None:
            raise ModelError(f"{settings.path}: [systems.{entry.label}]: {OWN} takes no start")
    trained = [entry for entry in trained if entry.architecture != OWN]
    if not trained:
        return
    try:
        from hsisr_geo.benchmark.systems.build import check_buildable
    except ModuleNotFoundError as e:
        raise _without_torch(e) from e
    for entry in {entry.label: entry for entry in trained}.values():
        try:
            check_buildable(
                entry.architecture, entry.upscales, settings.bands or USUAL_BANDS, entry.settings
            )
            if entry.start is not None:
                _check_start(entry, entry.start, settings.bands)
        except ModelError as e:
            raise ModelError(f"{settings.path}: [systems.{entry.label}]: {e}") from e


def _check_start(entry: Entry, start: Path, bands: int | None) -> None:
    """Refuse what a system cannot start from; of bands that no one knows yet, its own are taken."""
    from hsisr_geo.benchmark.systems.training.start import check_start

    count = bands or getattr(read_header(start).config, "bands", 0) or USUAL_BANDS
    for upscale in entry.upscales:
        config = SystemConfig(
            entry.label, "1", (upscale,), entry.architecture, count, dict(entry.settings)
        )
        check_start(config, start)


def use_threads(count: int) -> None:
    """Let networks use so many processor threads."""
    from hsisr_geo.model.inference.devices import use_threads as use

    use(count)


def trainer() -> Train:
    """Return the function that trains a system."""
    try:
        from hsisr_geo.benchmark.systems.training.train import train_system
    except ModuleNotFoundError as e:
        raise _without_torch(e) from e
    train: Train = train_system
    return train


def _without_torch(error: ModuleNotFoundError) -> Exception:
    if error.name != "torch":
        return error
    return ModelError("training needs torch, which is not installed: install torch")
