"""Outputs that get their names all together, whatever interrupts that: by a record on the disk.

Before the first name is given, the record of all moves is there for good. A process may be killed
at any moment after that: whoever next works on one of the outputs carries out what is left. Before
that moment nothing that can be seen was touched. So there is the old state or the new.
"""

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hsisr_geo.errors import OutputError
from hsisr_geo.files import put_in_place, remove, synchronize
from hsisr_geo.journal.folder import COMMIT as RECORD
from hsisr_geo.journal.folder import ENDING, locked, read_json, work_folder_of


@dataclass(frozen=True)
class Move:
    """A name that is to be given.

    Attributes
    ----------
    folder : of the work, beside the output
    made : what is in it, and gets the name; None where what has the name only has to go
    final : the name, in the folder above
    """

    folder: Path
    made: str | None
    final: str

    def carry_out(self) -> None:
        """Give the name; nothing if that has been done."""
        target = self.folder.parent / self.final
        if self.made is None:
            remove(target)
        elif os.path.lexists(self.folder / self.made):
            put_in_place(self.folder / self.made, target)


def commit(folders: Sequence[Path], moves: Sequence[Move]) -> None:
    """Give all names; the folders are those of the outputs, locked by this process.

    An interrupt on the way is heeded when all names are given. Where one cannot be, twice, the
    record stays, and with it the folders: the next run to one of the outputs goes on.

    Raises
    ------
    OSError : the record cannot be written, and nothing was moved; or a name cannot be given
    """
    first, *others = folders
    try:
        for folder in others:
            _write(folder, {"first": _seen_from(folder, first)})
        _write(first, {"moves": [[_seen_from(first, m.folder), m.made, m.final] for m in moves]})
        _carry_out(first, moves)
    except BaseException:
        if (first / RECORD).exists():
            _carry_out(first, moves)
        raise
    finally:
        if not (first / RECORD).exists():
            for folder in others:
                (folder / RECORD).unlink(missing_ok=True)


def settle(files: Sequence[Path], *, keep: bool = False) -> None:
    """Carry out what runs to these outputs had recorded when they were killed.

    Parameters
    ----------
    files : the outputs
    keep : leave the folders, for a run that is to be taken up

    Raises
    ------
    OutputError : another run is at it, the record is none of ours, or the disk does not let us
    """
    for file in files:
        try:
            _settle(work_folder_of(file), keep=keep)
        except OSError as error:
            raise OutputError(
                f"{file}: an earlier run was giving it its name, and that cannot be completed: "
                f"{error.strerror}"
            ) from error


def _settle(folder: Path, *, keep: bool) -> None:
    first = _first_of(folder)
    if first is None or not (first / RECORD).exists():
        return
    with _all_locked(first) as moves:
        _carry_out(first, moves)
        if not keep:
            for inner in {move.folder: None for move in reversed(moves)}:
                remove(inner)


@contextmanager
def _all_locked(first: Path) -> Iterator[list[Move]]:
    """Lock the folders of a record, the first one first, and read it then."""
    with ExitStack() as stack:
        stack.enter_context(locked(first, _output_of(first)))
        moves = _moves(first) if (first / RECORD).exists() else []  # another run was faster
        for folder in {move.folder: None for move in moves if move.folder != first}:
            stack.enter_context(locked(folder, _output_of(folder)))
        yield moves


def _carry_out(first: Path, moves: Sequence[Move]) -> None:
    for move in moves:
        move.carry_out()
    if os.name == "posix":
        for parent in {move.folder.parent for move in moves}:
            synchronize(parent)
    (first / RECORD).unlink(missing_ok=True)  # from now on what has these names is not ours to move


def _write(folder: Path, said: dict[str, Any]) -> None:
    draft = folder / f"{RECORD}.new"
    draft.write_text(json.dumps(said), encoding="utf-8", errors="surrogateescape")
    synchronize(draft)
    os.replace(draft, folder / RECORD)
    if os.name == "posix":
        synchronize(folder)


def _first_of(folder: Path) -> Path | None:
    """Return the folder whose record is of this one's output, too; None where there is none."""
    if not os.path.lexists(folder / RECORD):
        return None
    said = read_json(folder / RECORD)
    if "moves" in said:
        return folder
    first = said.get("first")
    if isinstance(first, str) and _is_work_folder(there := _named_in(folder, first)):
        return there
    raise _strange(folder)


def _moves(first: Path) -> list[Move]:
    """Read a record; it may name things in work folders and beside them, and nothing else."""
    found = []
    said = read_json(first / RECORD).get("moves")
    if not isinstance(said, list):
        raise _strange(first)
    for item in said:
        if not (isinstance(item, list) and len(item) == 3 and isinstance(item[0], str)):
            raise _strange(first)
        folder, made, final = _named_in(first, item[0]), *item[1:]
        plain = _is_plain(final) and (made is None or _is_plain(made))
        if not (plain and _is_work_folder(folder) and final.startswith(_output_of(folder).stem)):
            raise _strange(first)
        found.append(Move(folder, made, final))
    _check_together(first, found)
    return found


def _check_together(first: Path, moves: Sequence[Move]) -> None:
    """Refuse a record whose folders were parted since, by moving or copying some of them.

    Raises
    ------
    OutputError : naming what is not there
    """
    for folder in {move.folder: None for move in moves if move.folder != first}:
        if not folder.is_dir() or _first_of(folder) != first:
            file, other = _output_of(first), _output_of(folder)
            raise OutputError(
                f"{file} and {other} were to get their names together, and {folder}, where the "
                f"second was made, is not there any more: put it back, or remove {first} if "
                "neither is to be kept"
            )


def _seen_from(folder: Path, other: Path) -> str:
    """Name another folder as seen from one, so that both may be moved or copied together."""
    try:
        return os.path.relpath(other, folder)
    except ValueError:  # on another drive of Windows
        return os.fspath(other)


def _named_in(folder: Path, name: str) -> Path:
    """Return the folder that a record in another one names."""
    return Path(os.path.normpath(folder / name))


def _is_plain(name: object) -> bool:
    return isinstance(name, str) and name not in ("", ".", "..") and Path(name).name == name


def _is_work_folder(path: Path) -> bool:
    return path.is_absolute() and path.name.startswith(".") and path.name.endswith(ENDING)


def _output_of(folder: Path) -> Path:
    return folder.with_name(folder.name[1 : -len(ENDING)])


def _strange(folder: Path) -> OutputError:
    return OutputError(
        f"{folder / RECORD} is not what this program writes there: look what is in that folder, "
        "and remove it if nothing is to be kept"
    )
