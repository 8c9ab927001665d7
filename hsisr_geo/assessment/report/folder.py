"""The folder of a report: complete when it gets its name, or not there at all."""

import json
import os
from pathlib import Path

from hsisr_geo.assessment.assess import Assessment
from hsisr_geo.assessment.report.page import render
from hsisr_geo.assessment.report.record import Record, to_record
from hsisr_geo.assessment.report.verdict import judge
from hsisr_geo.errors import OutputError
from hsisr_geo.journal.folder import work_folder, work_folder_of
from hsisr_geo.output.commit import Move, commit, settle
from hsisr_geo.paths import check_length, check_may_go, check_on_disk, unwritable

PAGE = "index.html"
RECORD = "report.json"


def write_report(
    found: Assessment, folder: str | os.PathLike[str], *, overwrite: bool = False
) -> Record:
    """Write `index.html` and `report.json` into a new folder; return what is in the latter.

    Parameters
    ----------
    overwrite
        Replace a folder that holds a report and nothing else.

    Raises
    ------
    OutputError
        The folder exists, its parent does not or cannot be written, or the disk is full.
    """
    target = check_report_folder(folder, overwrite=overwrite)
    verdict = judge(found)
    record = to_record(found, verdict)
    files = {
        RECORD: json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False) + "\n",
        PAGE: render(found, verdict, record),
    }
    try:
        with work_folder(target, resume=False, overwrite=True) as work:
            work.part.mkdir()
            for name, text in files.items():
                (work.part / name).write_text(text, encoding="utf-8")
            check_report_folder(folder, overwrite=overwrite)  # something may have come there
            commit([work.path], [Move(work.path, work.part.name, target.name)])
    except OSError as e:
        raise OutputError(f"{folder}: cannot be written: {e.strerror or e}") from e
    return record


def check_report_folder(folder: str | os.PathLike[str], *, overwrite: bool) -> Path:
    """Return the folder to write, once nothing speaks against it.

    A report that was getting its name when a kill came gets it first.

    Raises
    ------
    OutputError
        It exists with something in it, and `overwrite` is not given or there is more in it than a
        report; it is a file; its parent is missing or read-only.
    """
    check_on_disk(Path(folder))
    target = Path(folder).resolve()  # a link stays a link
    check_length(target, [work_folder_of(target)])
    settle([target])
    parent = target.parent
    if target.exists() and not target.is_dir():
        raise OutputError(f"{folder} is a file: name a folder for the report")
    if not parent.is_dir():
        raise OutputError(f"{folder}: there is no folder {parent}: create it first")
    if told := unwritable(parent):
        raise OutputError(f"{folder}: {told}")
    present = {path.name for path in target.iterdir()} if target.is_dir() else set()
    if present and not overwrite:
        raise OutputError(f"{folder} exists: choose another name or give --overwrite")
    check_may_go(target)
    if foreign := sorted(present - {PAGE, RECORD}):
        raise OutputError(
            f"{folder} holds more than a report ({foreign[0]}): choose another name, as it would "
            "be replaced as a whole"
        )
    return target
