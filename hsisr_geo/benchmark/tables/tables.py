"""The tables of a comparison, in the form of the paper's: quality, ablation, groups, times."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from hsisr_geo.assessment.report.words import counted
from hsisr_geo.benchmark.comparison.results import Result, Results
from hsisr_geo.benchmark.facts import budget_text
from hsisr_geo.benchmark.scores.times import SIZES
from hsisr_geo.benchmark.settings import ALL, Entry, Schooling
from hsisr_geo.benchmark.tables.table import Column, Row, Section, Table, TableCell, ranked
from hsisr_geo.resolver.catalogue import BASELINES
from hsisr_geo.resolver.system_config import OWN

METRICS = {
    "mpsnr": Column("MPSNR", 3, 1),
    "mssim": Column("MSSIM", 3, 1),
    "cc": Column("CC", 3, 1),
    "rmse": Column("RMSE", 4, -1),
    "sam": Column("SAM", 3, -1),
    "ergas": Column("ERGAS", 3, -1),
}
"""Fields of a score, in the order and with the decimals of the paper's tables 1 to 3."""
_OF_GROUPS = ("mpsnr", "mssim", "ergas")  # table 4
_OWN = "†"
_MADE = "‡"


def all_tables(results: Results) -> list[Table]:
    """Return every table that there is something for."""
    chosen = results.settings.chosen
    tables = [_quality(results, "comparison", "Quality", results.entries(), results.bands)]
    if results.bands != ALL:
        wide = [entry for entry in results.entries() if _has_all(results, entry)]
        title = "Quality on all bands, of systems that take any number"
        tables.append(_quality(results, "all-bands", title, wide, ALL))
    tables.append(
        _quality(results, "ablation", "Ablation", results.entries(chosen.ablation), results.bands)
    )
    groups = results.entries(chosen.groups)
    tables.append(_quality(results, "groups", "Group sizes", groups, results.bands, _OF_GROUPS))
    tables.append(_times(results, results.entries(chosen.times)))
    tables.append(_systems(results))
    return [table for table in tables if table.sections]


def scene_rows(results: Results) -> Iterator[tuple[str | int | float | None, ...]]:
    """Give every score of every scene, a header first."""
    fields = ("scene", "bands", *METRICS, "ergas_true", "data_range")
    yield ("label", "system", "upscale", "seed", *fields)
    for result in results.all:
        job = result.job
        for row in result.rows:
            values = tuple(row[field] for field in fields)
            yield (job.entry.label, job.entry.title, job.upscale, job.seed, *values)


@dataclass(frozen=True)
class _Kind:
    """A kind of table: its columns, and the cells of a system from its results over seeds."""

    columns: tuple[Column, ...]
    cells: Callable[[Sequence[Result]], tuple[TableCell, ...]]


def _quality(
    results: Results,
    name: str,
    title: str,
    entries: Sequence[Entry],
    bands: str,
    metrics: Sequence[str] = tuple(METRICS),
) -> Table:
    def cells(found: Sequence[Result]) -> tuple[TableCell, ...]:
        return tuple(TableCell.over([r.mean(metric, bands) for r in found]) for metric in metrics)

    kind = _Kind(tuple(METRICS[metric] for metric in metrics), cells)
    settings = results.settings
    count = "all bands" if bands == ALL else counted(int(bands), "band")
    scenes = counted(_scenes(results, bands), "scene")
    about = (
        f"Protocol {settings.protocol}, {count}, mean over {scenes}.",
        *(["RMSE in units of the data range."] if "rmse" in metrics else []),
        *_seeds_note(entries),
    )
    return _table(results, name, title, entries, kind, about)


def _times(results: Results, entries: Sequence[Entry]) -> Table:
    def cells(found: Sequence[Result]) -> tuple[TableCell, ...]:
        return tuple(TableCell.over([r.seconds.get(size) for r in found]) for size in SIZES)

    kind = _Kind(tuple(Column(f"{size} px", 3, -1, significant=2) for size in SIZES), cells)
    about = ("Seconds an image, by its side in output pixels.",)
    return _table(results, "times", "Time of inference", entries, kind, about)


def _systems(results: Results) -> Table:
    short, long = ("parameters", "steps", "CPU minutes"), ("budget", "settings")
    columns = *(Column(title) for title in short), *(Column(title, wraps=True) for title in long)
    kind = _Kind(columns, _facts_of)
    about = ("What was trained, at what expense. Of several seeds: the first.",)
    return _table(results, "systems", "Systems", results.entries(), kind, about)


def _facts_of(found: Sequence[Result]) -> tuple[TableCell, ...]:
    first = found[0]
    entry, card = first.job.entry, first.card
    seconds = card.get("cpu_seconds")
    differing = {**entry.settings, **({"start": entry.start.name} if entry.start else {})}
    settings = ", ".join(f"{key} {value}" for key, value in differing.items())
    facts = (
        _number(card.get("parameters")),
        _number(card.get("steps")),
        f"{seconds / 60:.2f}" if isinstance(seconds, (int, float)) else "–",
        _schooling_text(entry.schooling) if entry.schooling else f"not trained here: {entry.model}",
        settings or _defaults(entry),
    )
    return tuple(TableCell(words=fact) for fact in facts)


def _defaults(entry: Entry) -> str:
    """Say what a system without settings of its own has."""
    if entry.schooling is None:
        return "–"
    return "its own" if entry.architecture == OWN else "as published"


def _table(
    results: Results,
    name: str,
    title: str,
    entries: Sequence[Entry],
    kind: _Kind,
    about: Sequence[str],
) -> Table:
    sections = []
    for upscale in results.upscales(entries):
        rows = [
            Row(entry.label, entry.title + _mark(entry), kind.cells(results.of(entry, upscale)))
            for entry in entries
            if upscale in entry.upscales
        ]
        sections.append(Section(f"×{upscale}", ranked(kind.columns, rows)))
    some = tuple(section for section in sections if section.has_content)
    notes = (*about, *_mark_notes(entries), *_trouble_notes(results, entries))
    whole = f"{results.settings.title}: {title[0].lower()}{title[1:]}"
    return Table(name, whole, kind.columns, some or tuple(sections), notes)


def _mark(entry: Entry) -> str:
    """Mark what was not trained as the others were."""
    if entry.own_schooling:
        return _OWN
    return _MADE if entry.model and entry.model not in BASELINES else ""


def _mark_notes(entries: Sequence[Entry]) -> Iterator[str]:
    for entry in entries:
        if entry.own_schooling and entry.schooling:
            how = _schooling_text(entry.schooling)
            yield f"{_OWN} {entry.title}: trained by {how}, unlike others."
        elif _mark(entry) == _MADE:
            yield f"{_MADE} {entry.title}: not trained here, but the model {entry.model} as it is."
        if entry.architecture == OWN and entry.schooling:
            yield (
                f"{entry.title}: trained in bfloat16 where the machine computes it, the others in "
                "float32."
            )


def _trouble_notes(results: Results, entries: Sequence[Entry]) -> Iterator[str]:
    """Tell what is missing or doubtful, what has the same reason in one line."""
    who: dict[str, list[str]] = {}
    for entry in entries:
        for upscale in entry.upscales:
            for result in results.of(entry, upscale):
                seed = f", seed {result.job.seed}" if len(entry.seeds) > 1 else ""
                who.setdefault(result.trouble, []).append(f"{entry.title} ×{upscale}{seed}")
    for trouble, names in who.items():
        if trouble:
            yield f"{'; '.join(names)}: {' '.join(trouble.split())}."


def _seeds_note(entries: Sequence[Entry]) -> Iterator[str]:
    most = max((len(entry.seeds) for entry in entries), default=1)
    if most > 1:
        yield f"Mean ± sample standard deviation over {most} seeds."


def _scenes(results: Results, bands: str) -> int:
    counts = [len([r for r in result.rows if r["bands"] == bands]) for result in results.all]
    return max(counts, default=0)


def _has_all(results: Results, entry: Entry) -> bool:
    found = [result for result in results.all if result.job.entry.label == entry.label]
    return any(row["bands"] == ALL for result in found for row in result.rows)


def _schooling_text(schooling: Schooling) -> str:
    rate = schooling.learning_rate
    learning = "published learning rate" if rate is None else f"learning rate {rate:g}"
    how = f"batch {schooling.batch}, patch {schooling.patch}, {learning}"
    return f"{budget_text(schooling.budget)} ({how})"


def _number(value: object) -> str:
    return f"{value:,}".replace(",", " ") if isinstance(value, int) else "–"
