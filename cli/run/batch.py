"""`hsisr-geo batch`: super-resolve many rasters with the same options."""

import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hsisr_geo.errors import BatchFailed

from ..options import options
from ..options.help_groups import GroupedCommand
from ..options.run_options import RunOptions, canceling, check_samples, logging_to, run_options
from ..terminal.progress import Report, report
from ..terminal.signals import Cancellation
from ..terminal.verbosity import is_verbose
from . import batch_summary
from .batch_scenes import BatchScene, Wish, prepare
from .plan import plan_text

if TYPE_CHECKING:
    from hsisr_geo.batch import Job, Outcome
    from hsisr_geo.engine.pipeline import RunReport
    from hsisr_geo.resolver.protocol import Resolver

DEFAULT_NAME = "{stem}_x{upscale}"


@click.command(cls=GroupedCommand)
@click.argument("sources", metavar="SRC...", nargs=-1, required=True, type=click.Path())
@click.option(
    "--out-dir",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Folder for the outputs; made if it is not there.",
)
@click.option(
    "--name",
    metavar="TEMPLATE",
    help="Name of an output. Fields: {stem} and {parent} (folder) of the scene, {upscale}, "
    "{model}, {detail}, {seed}.  [default: {stem}_x{upscale}.tif, or the ending of --format]",
)
@click.option(
    "--pattern",
    metavar="GLOB",
    help="What to take from folders, e.g. '*_REFL.tif', or '**/*.tif' with the folders below.  "
    "[default: files with an ending of rasters or an ENVI header]",
)
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Scenes at a time, in threads that share one model; memory grows with them.",
)
@click.option(
    "--skip-existing",
    is_flag=True,
    help="Leave outputs alone that exist and are what this batch would make, as their fingerprint "
    "tells; others are an error, or replaced with --overwrite.",
)
@click.option("--keep-going", is_flag=True, help="Go on after a scene that failed.")
@click.option(
    "--report",
    "report_path",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write what became of each scene to FILE, .json or .csv.",
)
@run_options
@click.option(
    "--uncertainty-name",
    metavar="TEMPLATE",
    help="Also write standard deviations, as they are predicted, to files of this name.",
)
@options.samples
@options.uncertainty_bands
@options.progress
@options.dry_run
@click.pass_obj
def batch(
    cancellation: Cancellation,
    sources: tuple[str, ...],
    out_dir: Path,
    name: str | None,
    pattern: str | None,
    jobs: int,
    skip_existing: bool,
    keep_going: bool,
    report_path: Path | None,
    how: RunOptions,
    uncertainty_name: str | None,
    samples: int | None,
    uncertainty_bands: str | None,
    progress: str,
    dry_run: bool,
) -> None:
    """Super-resolve many rasters: the scenes SRC, and those in the folders SRC.

    Each is what `hsisr-geo run` would make of it. All scenes and names are checked before the first
    is begun. Without --keep-going the batch ends with the first scene that fails. What is finished
    when it fails or is canceled stays; nothing is left half-written. Exit code 1 if a scene failed.
    """
    from hsisr_geo.batch import plan_jobs
    from hsisr_geo.output.formats.choice import usual_ending
    from hsisr_geo.raster.scenes import find_scenes

    if jobs > 1 and (how.workers > 1 or how.scheduler):
        raise click.UsageError(
            "--jobs is for many scenes, --workers and --scheduler for large ones: choose"
        )
    check_samples("--uncertainty-name TEMPLATE", uncertainty_name, samples, uncertainty_bands)
    if report_path:
        batch_summary.check_report_path(report_path, overwrite=how.overwrite)
    cancellation.insists = False  # each scene asks; what became of all is told, then
    started = time.perf_counter()
    name = name or DEFAULT_NAME + usual_ending(how.format or "gtiff")
    names = [name] if uncertainty_name is None else [name, uncertainty_name]
    scenes = find_scenes(sources, pattern)
    planned = plan_jobs(scenes, out_dir, names, _name_values(how), named=sources)
    speak = report(
        progress, label=lambda share: f"{share:.0%} of {len(planned)} scenes", asked=dry_run
    )
    log = speak.log if is_verbose() else _ignore  # else one line per scene
    wish = Wish(how, samples, uncertainty_bands, skip_existing, jobs, keep_going)
    with logging_to(log), _folder(out_dir):
        checked, resolver = prepare(planned, wish)
        if report_path:
            _check_apart(report_path, checked, how)
        if resolver and dry_run:
            _tell_plans(speak, checked, wish, resolver)
            return
        outcomes = (
            _run(checked, wish, resolver, speak, log, cancellation)
            if resolver
            else [_not_begun(scene) for scene in checked]
        )
    seconds = time.perf_counter() - started
    found = batch_summary.summary(outcomes, seconds)
    if report_path:
        batch_summary.write_report(report_path, how.by_name(), found)
    speak.result(found, batch_summary.text(outcomes, seconds))
    cancellation.check()
    _raise_failure(outcomes)


def _name_values(how: RunOptions) -> dict[str, object]:
    return {
        "upscale": how.upscale,
        "model": Path(how.model).stem,
        "detail": f"{how.detail:g}",
        "seed": how.seed,
    }


@contextmanager
def _folder(path: Path) -> Iterator[None]:
    """Make a folder; remove it again if nothing came into it."""
    from hsisr_geo.errors import OutputError
    from hsisr_geo.paths import check_on_disk

    check_on_disk(path)
    made = [folder for folder in (path, *path.parents) if not folder.exists()]
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as e:
        raise OutputError(f"{path}: the folder cannot be made: {e.strerror}") from e
    try:
        yield
    finally:
        for folder in made:
            with suppress(OSError):  # it is in use
                folder.rmdir()


def _check_apart(report_path: Path, scenes: "Sequence[BatchScene]", how: RunOptions) -> None:
    """Refuse a report in place of what the batch reads or writes."""
    rasters = [scene.raster for scene in scenes if scene.raster]
    inputs = [name for raster in rasters for name in raster.all_files]
    outputs = [path for scene in scenes for path in scene.job.outputs]
    batch_summary.check_report_apart(report_path, [*inputs, how.model, how.psf or ""], outputs)


def _raise_failure(outcomes: "Sequence[Outcome]") -> None:
    if told := batch_summary.failure(outcomes):
        raise BatchFailed(told)


def _not_begun(scene: BatchScene) -> "Outcome":
    from hsisr_geo.batch import Outcome

    if scene.error:
        return Outcome(scene.job, "failed", error=scene.error)
    return Outcome(scene.job, "not started")


def _tell_plans(
    speak: Report, scenes: "Sequence[BatchScene]", wish: Wish, resolver: "Resolver"
) -> None:
    """Say what would be made of each scene, and what would not."""
    plans, lines = [], []
    for scene in scenes:
        job, stopped = scene.job, scene.error or scene.skipped
        if scene.raster is None or stopped:
            plans.append({"src": job.src, "path": str(job.dst), "message": str(stopped)})
            lines.append(f"would not write {job.dst}: {stopped}")
            continue
        plan = wish.request(job, scene.raster, resolver).plan()
        plans.append({"src": job.src, **asdict(plan)})
        lines.append(f"{job.src}: {plan_text(plan)}")
    speak.result({"dry_run": True, "plans": plans}, "\n".join(lines))
    _raise_failure([_not_begun(scene) for scene in scenes])


def _run(
    scenes: "Sequence[BatchScene]",
    wish: Wish,
    resolver: "Resolver",
    speak: Report,
    log: Callable[[str], None],
    cancellation: Cancellation,
) -> "list[Outcome]":
    from hsisr_geo.batch import Total, run_batch
    from hsisr_geo.engine.listener import Listener

    known = {scene.job: scene for scene in scenes}
    weights = {scene.job: scene.weight for scene in scenes}
    total = Total(weights, canceling(speak.progress, cancellation))
    numbers = itertools.count(1)

    def work(job: "Job") -> "RunReport":
        if stopped := known[job].error or known[job].skipped:
            raise stopped
        raster = known[job].raster
        assert raster is not None  # as nothing stopped it
        share = total.of(job)
        return wish.how.fulfil(
            wish.request(job, raster, resolver),
            Listener(share, lambda told: log(f"{job.src}: {told}"), share),
        )

    def told(outcome: "Outcome") -> None:
        number = next(numbers)
        total.put(outcome.job, 1)
        fields = {**batch_summary.record(outcome), "number": number, "of": len(scenes)}
        speak.event("scene", fields, batch_summary.line(outcome, number, len(scenes)))

    return run_batch(list(known), work, at_once=wish.jobs, keep_going=wish.keep_going, told=told)


def _ignore(message: str) -> None:
    """Take a line of the log, and do nothing."""
