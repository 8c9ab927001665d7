"""What became of a batch: one line per scene, the sum of it, and the same for a machine."""

import csv
import json
import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..terminal.progress import to_json

if TYPE_CHECKING:
    from hsisr_geo.batch import Outcome

FORMATS = (".json", ".csv")
STATUSES = ("done", "skipped", "failed", "canceled", "not started")
_FIRST_LINE = 1000  # characters, and more than there are
_NAMED = 5  # failed scenes in the last line; all of them are listed above it


def line(outcome: "Outcome", number: int, total: int) -> str:
    """Say what became of a scene, for a person."""
    where = f"[{number:>{len(str(total))}}/{total}] {outcome.status}: {outcome.job.src}"
    if outcome.report is None:
        return where + _why(outcome)
    rows, cols = outcome.report.shape
    text = f"{where} -> {outcome.job.dst}: {cols} x {rows} pixels in {outcome.seconds:.1f} s"
    return "".join([text, *(f"; warning: {warning}" for warning in outcome.report.warnings)])


def record(outcome: "Outcome") -> dict[str, Any]:
    """Say what became of a scene, for a machine; the same fields whatever it is."""
    report = asdict(outcome.report) if outcome.report else {}
    rows, cols = report.get("shape", (None, None))
    return {
        "src": outcome.job.src,
        "dst": str(outcome.job.dst),
        "uncertainty": str(outcome.job.uncertainty) if outcome.job.uncertainty else None,
        "status": outcome.status,
        "message": _message(outcome) if outcome.error else "",
        "seconds": round(outcome.seconds, 3),
        "rows": rows,
        "cols": cols,
        "consistency_relative": report.get("consistency_relative"),
        "warnings": list(report.get("warnings", ())),
    }


def summary(outcomes: Sequence["Outcome"], seconds: float) -> dict[str, Any]:
    """Count the scenes by what became of them, and list them."""
    counts: Counter[str] = Counter(outcome.status for outcome in outcomes)
    return {
        "scenes": len(outcomes),
        **{status.replace(" ", "_"): counts[status] for status in STATUSES},
        "seconds": round(seconds, 3),
        "results": [record(outcome) for outcome in outcomes],
    }


def text(outcomes: Sequence["Outcome"], seconds: float) -> str:
    """Return the sum for a person, and what failed and why; one scene is told by `failure`."""
    counts: Counter[str] = Counter(outcome.status for outcome in outcomes)
    told = ", ".join(f"{counts[status]} {status}" for status in STATUSES if counts[status])
    failed = [f"failed: {o.job.src}{_why(o)}" for o in outcomes if o.status == "failed"]
    return "\n".join([f"{told} in {seconds:.1f} s", *(failed if len(failed) > 1 else [])])


def failure(outcomes: Sequence["Outcome"]) -> str:
    """Return the error of a batch in which scenes failed, "" where none did."""
    failed = [outcome for outcome in outcomes if outcome.status == "failed"]
    if not failed:
        return ""
    told = f"{len(failed)} of {len(outcomes)} scenes failed: "
    if len(failed) == 1:
        return told + _message(failed[0])
    names = [outcome.job.src for outcome in failed[:_NAMED]]
    return told + ", ".join(names) + (", ..." if len(failed) > _NAMED else "")


def check_report_path(path: Path, *, overwrite: bool) -> None:
    """Refuse a path that no report can be written to, before any work is done.

    A report of an earlier batch is replaced, as who goes on with a batch gives the same command.
    """
    from hsisr_geo.errors import OutputError
    from hsisr_geo.paths import check_length, check_may_go, check_plain, draft_of, unwritable

    if path.suffix.lower() not in FORMATS:
        raise OutputError(f"{path}: a report ends in {' or '.join(FORMATS)}")
    check_length(path, [draft_of(path)])
    if path.is_dir() or not path.absolute().parent.is_dir():
        raise OutputError(f"{path}: no file can be written there: name a file in a folder")
    if told := unwritable(path.absolute().parent):
        raise OutputError(f"{path}: {told}")
    check_plain(path)
    check_may_go(path)
    if os.path.lexists(path) and not (overwrite or _is_report(path)):
        raise OutputError(
            f"{path} exists, and is no report of a batch: choose another name or give --overwrite"
        )


def check_report_apart(path: Path, inputs: Iterable[str], outputs: Iterable[Path]) -> None:
    """Refuse a report in place of what the batch reads or writes, whatever the options.

    Raises
    ------
    OutputError
    """
    from hsisr_geo.errors import OutputError
    from hsisr_geo.output.companions import item_path
    from hsisr_geo.paths import check_replaces_none, place_of

    check_replaces_none(path, inputs)
    place = place_of(path)
    for output in outputs:
        if place in {place_of(p) for p in (output, item_path(output))}:
            raise OutputError(f"{path} is where an output goes: choose another name for the report")


def _is_report(path: Path) -> bool:
    """Whether a file is what `write_report` writes, of this version or another."""
    try:
        with path.open(encoding="utf-8") as file:
            if path.suffix.lower() == ".csv":
                return file.readline(_FIRST_LINE).startswith("src,dst,")
            found = json.load(file)
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(found, dict) and {"hsisr_geo", "results"} <= found.keys()


def write_report(path: Path, options: Mapping[str, Any], found: Mapping[str, Any]) -> None:
    """Write the summary as JSON, or its scenes as CSV, completely or not at all.

    Raises
    ------
    OutputError : it cannot be written
    """
    from hsisr_geo import __version__
    from hsisr_geo.files import drafted

    if path.suffix.lower() == ".csv":
        content = _csv(found["results"])
    else:
        whole = {"hsisr_geo": __version__, "options": dict(options), **found}
        content = json.dumps(json.loads(to_json(whole)), indent=2, ensure_ascii=False) + "\n"
    with drafted(path) as draft:
        draft.write_text(content, encoding="utf-8", newline="")


def _csv(results: Sequence[Mapping[str, Any]]) -> str:
    stream = StringIO()
    writer = csv.DictWriter(stream, list(results[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({**row, "warnings": "; ".join(row["warnings"])} for row in results)
    return stream.getvalue()


def _why(outcome: "Outcome") -> str:
    """Return what goes after the scene's name; many messages begin with it."""
    if outcome.error is None:
        return ""
    src, message = outcome.job.src, _message(outcome)
    return message.removeprefix(src) if message.startswith(src) else f": {message}"


def _message(outcome: "Outcome") -> str:
    from hsisr_geo.batch import Skipped
    from hsisr_geo.errors import HsisrError
    from hsisr_geo.files import told_by_system

    error = outcome.error
    if isinstance(error, HsisrError | Skipped):
        words = str(error)
    elif isinstance(error, MemoryError):
        words = "out of memory: choose a smaller --tile, fewer --threads or fewer --jobs"
    else:
        words = told_by_system(error) or f"unexpected {type(error).__name__}: {error}"
    return " ".join(words.split())
