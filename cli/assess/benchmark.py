"""`hsisr-geo benchmark`: systems trained on equal budgets, scored, in tables and figures."""

from contextlib import suppress
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..options import options
from ..options.run_options import canceling, logging_to
from ..terminal.progress import Report, report
from ..terminal.signals import Cancellation
from ..terminal.verbosity import is_verbose

if TYPE_CHECKING:
    from hsisr_geo.benchmark.comparison.plan import BenchmarkPlan
    from hsisr_geo.benchmark.comparison.run import JobOutcome
    from hsisr_geo.benchmark.figures.values import FigureSettings
    from hsisr_geo.benchmark.folder import Folder
    from hsisr_geo.benchmark.settings import BenchmarkSettings


@click.command()
@click.argument("config", type=click.Path(path_type=Path))
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    metavar="DIR",
    help="Folder for models, scores, tables and figures; what is complete there is kept.",
)
@click.option(
    "--only",
    "labels",
    multiple=True,
    metavar="LABEL",
    help="Only this system of CONFIG; repeatable.",
)
@click.option(
    "--upscale",
    "upscales",
    type=click.Choice(options.UPSCALES),
    multiple=True,
    help="Only this factor; repeatable.",
)
@click.option(
    "--seed", "seeds", type=click.IntRange(0), multiple=True, help="Only this seed; repeatable."
)
@click.option("--dry-run", is_flag=True, help="Say what would be done, and by which budgets.")
@click.option("--tables-only", is_flag=True, help="Only write tables and figures of what is there.")
@click.option("--no-figures", is_flag=True, help="Write tables only, no figures.")
@click.option(
    "--overwrite",
    is_flag=True,
    help="Train anew what was trained there with other settings or scenes.",
)
@click.option(
    "--threads",
    type=click.IntRange(min=1),
    help="Processor threads of the networks.  [default: as torch chooses]",
)
@options.training_device
@options.progress
@click.pass_obj
def benchmark(
    cancellation: Cancellation,
    config: Path,
    out: Path,
    labels: tuple[str, ...],
    upscales: tuple[int, ...],
    seeds: tuple[int, ...],
    dry_run: bool,
    tables_only: bool,
    no_figures: bool,
    overwrite: bool,
    threads: int | None,
    device: str,
    progress: str,
) -> None:
    """Compare systems of the literature with ours, as the TOML file CONFIG says.

    Each system is trained on the same scenes with the same budget, scored on others, and timed;
    tables are written as CSV, Markdown and LaTeX, and figures as PNG. Run again, it goes on where
    it was stopped. Several processes may work on one DIR. docs/benchmark.md has CONFIG's keys.
    """
    from hsisr_geo.assessment.report.words import counted
    from hsisr_geo.benchmark.comparison.plan import Selection, plan_benchmark
    from hsisr_geo.benchmark.comparison.results import check_there
    from hsisr_geo.benchmark.configuration import read_settings
    from hsisr_geo.benchmark.folder import Folder
    from hsisr_geo.errors import Canceled, HsisrError

    if dry_run and tables_only:
        raise click.UsageError("--dry-run writes nothing: leave out --tables-only")
    speak = report(progress, asked=dry_run)
    settings, folder = read_settings(config), Folder(out)
    outcome = None
    if tables_only:
        check_there(settings, folder)
    else:
        plan = plan_benchmark(settings, folder, Selection(labels, upscales, seeds))
        if dry_run:
            speak.result(_planned(plan), plan.text())
            return
        speak.log(plan.text())
        try:
            outcome = _run(settings, plan, folder, device, threads, overwrite, speak, cancellation)
        except Canceled:
            with suppress(HsisrError):  # where nothing is scored yet
                written = _write(settings, folder, speak, figures=False)
                speak.log(f"{counted(len(written), 'file')} of tables of what is there")
            raise
    written = _write(settings, folder, speak, figures=not no_figures)
    speak.result(_told(folder, outcome, written), _summary(folder, outcome, written))
    _raise_failures(outcome)


def _run(
    settings: "BenchmarkSettings",
    plan: "BenchmarkPlan",
    folder: "Folder",
    device: str,
    threads: int | None,
    overwrite: bool,
    speak: Report,
    cancellation: Cancellation,
) -> "JobOutcome":
    from hsisr_geo.benchmark.comparison.networks import use_threads
    from hsisr_geo.benchmark.comparison.run import run_benchmark

    if threads is not None:
        use_threads(threads)
    with logging_to(speak.log if is_verbose() else _ignore):  # of every scene, and every time
        return run_benchmark(
            settings,
            plan,
            folder,
            device=device,
            overwrite=overwrite,
            log=speak.log,
            progress=canceling(speak.progress, cancellation),
        )


def _write(
    settings: "BenchmarkSettings", folder: "Folder", speak: Report, *, figures: bool
) -> list[Path]:
    """Write tables, and figures if they are wanted; return their files."""
    from hsisr_geo.benchmark.tables.table_files import write_tables

    folder.make()
    written = write_tables(settings, folder)
    if figures:
        from hsisr_geo.benchmark.figures.figures import write_figures

        log = speak.log if is_verbose() else _ignore  # what is missing, tables say, too
        written += write_figures(folder.root, _figure_settings(settings), log)
    return written


def _figure_settings(settings: "BenchmarkSettings") -> "FigureSettings":
    """Say what of a comparison is drawn: all systems, held against bicubic if that is there."""
    from hsisr_geo.benchmark.figures.values import FigureSettings, Shown
    from hsisr_geo.resolver.catalogue import BASELINES, BICUBIC
    from hsisr_geo.resolver.system_config import OWN

    entries = settings.entries
    own = {e.label for e in entries if e.architecture == OWN or e.model not in (None, *BASELINES)}
    bicubic = [entry.label for entry in entries if entry.model == BICUBIC]
    return FigureSettings(
        systems=tuple(Shown(e.label, e.title, ours=e.label in own) for e in entries),
        upscales=settings.upscales,
        reference=(bicubic or [entries[0].label])[0],
        groups=settings.chosen.groups,
        scenes=settings.pictured.scenes,
        svg=settings.pictured.svg,
    )


def _planned(plan: "BenchmarkPlan") -> dict[str, Any]:
    """Return the plan for a machine."""
    jobs = [
        {
            "name": planned.job.name,
            "trained": planned.trained,
            "scored": planned.scored,
            "outdated": planned.outdated,
        }
        for planned in plan.jobs
    ]
    return {
        "dry_run": True,
        "jobs": jobs,
        "to_train": plan.to_train,
        "cpu_minutes": plan.cpu_minutes,
        "steps": plan.steps,
    }


def _told(folder: "Folder", outcome: "JobOutcome | None", written: list[Path]) -> dict[str, Any]:
    """Return the result for a machine."""
    fields: dict[str, Any] = {"path": str(folder.root), "files": [str(path) for path in written]}
    if outcome is not None:
        failed = [{"name": failure.name, "error": failure.error} for failure in outcome.failed]
        fields |= {"done": outcome.done, "failed": failed, "busy": outcome.busy}
    return fields


def _summary(folder: "Folder", outcome: "JobOutcome | None", written: list[Path]) -> str:
    from hsisr_geo.assessment.report.words import counted

    lines = [
        f"wrote {place}: {', '.join(dict.fromkeys(path.stem for path in paths))}"
        for place, paths in groupby(written, key=lambda path: path.parent)
    ]
    if outcome is not None and outcome.busy:
        waiting = counted(len(outcome.busy), "job")
        lines.append(f"{waiting} with other processes: what they make is in later tables")
    return "\n".join(lines) or f"nothing in {folder.root} to make a table of"


def _ignore(message: str) -> None:
    """Take a line of the log, and do nothing."""


def _raise_failures(outcome: "JobOutcome | None") -> None:
    from hsisr_geo.assessment.report.words import counted
    from hsisr_geo.errors import BenchmarkFailed

    if outcome is not None and outcome.failed:
        names: dict[str, list[str]] = {}
        for failure in outcome.failed:
            names.setdefault(failure.error, []).append(failure.name)
        told = "; ".join(f"{', '.join(those)}: {error}" for error, those in names.items())
        count = len(outcome.failed)
        tried = counted(count + len(outcome.done), "job")
        raise BenchmarkFailed(f"{count} of {tried} failed: {told}")
