"""One job of a comparison: its system trained, scored and timed, as far as that is not done yet."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

from hsisr_geo.benchmark.comparison.networks import trainer
from hsisr_geo.benchmark.comparison.plan import planned
from hsisr_geo.benchmark.data.crops import picking_rule
from hsisr_geo.benchmark.data.protocols import find_protocol, training_cubes
from hsisr_geo.benchmark.facts import Deciding, SystemJob
from hsisr_geo.benchmark.folder import TRUTH, Folder
from hsisr_geo.benchmark.records import Facts, difference, read_record, write_record
from hsisr_geo.benchmark.scores.checksum import judge
from hsisr_geo.benchmark.scores.group_sizes import SIDE, measure_groups
from hsisr_geo.benchmark.scores.score import built_for, score
from hsisr_geo.benchmark.scores.times import machine, measure
from hsisr_geo.benchmark.settings import BenchmarkSettings
from hsisr_geo.benchmark.systems.training_run import NamedCube, TrainingRun
from hsisr_geo.errors import ModelError, OptionError
from hsisr_geo.resolver.catalogue import BICUBIC, find_model

Log = Callable[[str], None]

TIMED_BANDS = 60
"""Of the image that is timed, where a comparison does not pick bands."""


@dataclass(frozen=True)
class Bench:
    """A comparison with all that its jobs need."""

    settings: BenchmarkSettings
    folder: Folder
    device: str
    log: Log

    @cached_property
    def deciding(self) -> Deciding:
        """What decides about each file."""
        return Deciding(self.settings)

    @cached_property
    def cubes(self) -> tuple[list[NamedCube], list[NamedCube]]:
        """Scenes to train on, and those that are held out; errors as `training_cubes`."""
        settings = self.settings
        assert settings.train is not None  # else there is nothing to train
        found = training_cubes(find_protocol(settings.protocol), settings.train, settings.bands)
        try:
            return divided(found, settings.held_out)
        except OptionError as error:
            raise OptionError(f"{settings.path}: [data]: {error}") from error

    @cached_property
    def where(self) -> dict[str, str]:
        """Tell the machine."""
        return {key: str(value) for key, value in asdict(machine(self.device)).items()}

    def for_job(self, job: SystemJob) -> Log:
        """Return a log whose lines name the job."""
        return lambda message: self.log(f"{job.name}: {message}")


def make(bench: Bench, job: SystemJob) -> None:
    """Train, score and time what is not there yet."""
    model = job.entry.model
    if model is None:
        train(bench, job)
        model = str(bench.folder.model(job.name))
    _make_scores(bench, job, model)
    if bench.settings.chosen.is_timed(job.entry.label, job.upscale):
        _make_times(bench, job, model)
    if job.entry.label in bench.settings.chosen.groups:
        _make_group_sizes(bench, job, model)


def train(bench: Bench, job: SystemJob) -> None:
    """Train a system, unless it is there; another process may have done so since the plan."""
    now = planned(job, bench.deciding, bench.folder)
    if now.trained:
        return
    model, facts = bench.folder.model(job.name), bench.deciding.of_training(job)
    if now.outdated:
        bench.log(f"{job.name}: is trained anew: {now.outdated}")
        bench.folder.progress(job.name).unlink(missing_ok=True)
    model.unlink(missing_ok=True)
    # ^ before the facts are written: a model must never lie beside facts that are not its own
    write_record(bench.folder.training(job.name), facts, {})
    used, held = bench.cubes
    run = training_run(bench.settings, job, len(used[0].cube), bench.device)
    trainer()(run, used, held, model, bench.for_job(job))


def training_run(
    settings: BenchmarkSettings, job: SystemJob, bands: int, device: str
) -> TrainingRun:
    """Return what training is asked for a job."""
    schooling = job.entry.schooling
    assert schooling is not None  # else there is nothing to train
    return TrainingRun(
        name=job.name,
        architecture=job.entry.architecture,
        upscale=job.upscale,
        bands=bands,
        budget=schooling.budget,
        settings=job.entry.settings,
        seed=job.seed,
        batch=schooling.batch,
        patch=schooling.patch,
        learning_rate=schooling.learning_rate,
        device=device,
        start=job.entry.start,
        bands_from=picking_rule(settings.bands),
    )


def divided(
    cubes: Sequence[NamedCube], held_out: Sequence[str]
) -> tuple[list[NamedCube], list[NamedCube]]:
    """Part scenes into those to train on and those held out; a scene's parts go with it.

    Raises
    ------
    OptionError
        No scene has a name that is to be held out, or none is left.
    """
    for name in held_out:
        if not any(_is_of(cube, name) for cube in cubes):
            known = ", ".join(dict.fromkeys(cube.name for cube in cubes))
            raise OptionError(f"held_out: no scene to train on is called {name}; there are {known}")
    held = [cube for cube in cubes if any(_is_of(cube, name) for name in held_out)]
    used = [cube for cube in cubes if not any(_is_of(cube, name) for name in held_out)]
    if not used:
        raise OptionError("held_out leaves no scene to train on: hold fewer out")
    return used, held


def _is_of(cube: NamedCube, name: str) -> bool:
    """Whether a cube is a scene of that name, or a part of it ("name, part 2")."""
    return cube.name == name or cube.name.startswith(f"{name}, ")


def _make_scores(bench: Bench, job: SystemJob, model: str) -> None:
    path, facts = bench.folder.scores(job.name), bench.deciding.of_scores(job, model)
    if _kept(bench, path, facts, job, "scores"):
        return
    bench.log(f"{job.name}: being scored")
    settings, protocol = bench.settings, find_protocol(bench.settings.protocol)
    rows = score(
        model,
        upscale=job.upscale,
        protocol=protocol,
        test=settings.test,
        bands=settings.bands,
        all_bands=job.entry.all_bands,
        device=bench.device,
        seed=job.seed,
        keep=bench.folder.cubes(job.name) if job.seed == job.entry.seeds[0] else None,
        # ^ figures show one seed
    )
    write_record(path, facts, {"rows": [asdict(row) for row in rows]})
    if model == BICUBIC and (checked := judge(protocol, settings.test, rows)):
        bench.log(str(checked))


def _make_times(bench: Bench, job: SystemJob, model: str) -> None:
    path = bench.folder.times(job.name)
    facts = bench.deciding.of_times(job, model, bench.where)
    if _kept(bench, path, facts, job, "times"):
        return
    bench.log(f"{job.name}: being timed")
    bands = bench.settings.bands or built_for(model) or TIMED_BANDS
    found = measure(model, upscale=job.upscale, bands=bands, device=bench.device)
    write_record(path, facts, found.record())


def _make_group_sizes(bench: Bench, job: SystemJob, model: str) -> None:
    """Measure what the autoencoder of a system loses, of one seed: figures show one."""
    if job.seed != job.entry.seeds[0]:
        return
    path = bench.folder.reconstructions(job.name)
    facts = bench.deciding.of_scores(job, model)
    if _kept(bench, path, facts, job, "reconstructions"):
        return
    bench.log(f"{job.name}: the truth being reconstructed")
    timed = bench.settings.chosen.is_timed(job.entry.label, job.upscale)
    try:
        found = measure_groups(
            find_model(model),
            bench.folder.cubes(TRUTH),
            upscale=job.upscale,
            protocol=find_protocol(bench.settings.protocol),
            bands=bench.settings.bands or built_for(model) or TIMED_BANDS,
            device=bench.device,
            sizes=() if timed else (SIDE,),
        )
    except ModelError as e:  # it may stand in the table of group sizes for comparison only
        bench.log(f"{job.name}: is not in the figure of group sizes: {e}")
        return
    write_record(path, facts, found.record())


def _kept(bench: Bench, path: Path, facts: Facts, job: SystemJob, what: str) -> bool:
    """Whether a record is there and still true; say so if it is not."""
    kept = read_record(path)
    if kept is None:
        return False
    if changed := difference(kept.facts, facts):
        bench.log(f"{job.name}: {what} are made again: {changed}")
    return not changed
