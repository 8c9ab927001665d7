"""Write a raster completely or not at all.

Pixels arrive in chunks that need not match the blocks of the file. Written as they come,
compressed blocks would be rewritten wherever chunks meet, which trebles the file; so chunks
are first appended to a journal beside the output, and the file is made from it block by
block. It gets its name only when it is complete; whatever happens before, nothing stays.
"""

import itertools
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rasterio.errors import RasterioError

from hsisr_geo.companions import belongs_to, companions, item_path, write_item, write_style
from hsisr_geo.datasets import reason
from hsisr_geo.errors import OutputError
from hsisr_geo.files import put_in_place, remove, synchronize, synchronize_all
from hsisr_geo.formats.choice import AS_NAMED, WriteOptions, choose_format
from hsisr_geo.formats.format import Content, Format, needs_mask
from hsisr_geo.formats.zarr import is_zarr
from hsisr_geo.journal import Journal, remove_abandoned
from hsisr_geo.raster import Raster
from hsisr_geo.stac import Made

_NUMBERS = itertools.count()


@dataclass(frozen=True)
class Target:
    """A raster to be written.

    Attributes
    ----------
    raster : grid, bands, tags and data type, usually `open_raster(source).upscaled(upscale)`
    tags : how the raster was made, written beside the tags of the source
    write : how it is stored
    """

    path: str | os.PathLike[str]
    raster: Raster
    tags: Mapping[str, str] = field(default_factory=dict, hash=False)
    write: WriteOptions = AS_NAMED

    @property
    def form(self) -> Format:
        """The format that follows from path and options."""
        return choose_format(self.path, self.write)


class Output:
    """The raster being written; made by `open_output`.

    Attributes
    ----------
    raster : the grid and the bands as they will be stored; encode pixels with `raster.bands`
        and `raster.dtype`, since a file has one nodata value for all its bands, or another type
    needs_mask : pixels without a value can be told only by `valid` of `write`
    """

    def __init__(self, path: str, raster: Raster, journal: Journal) -> None:
        self.raster = raster
        self.needs_mask = needs_mask(raster)
        self._path, self._journal = path, journal

    def write(
        self,
        dn: NDArray[Any],
        rows: slice,
        cols: slice,
        *,
        valid: NDArray[np.bool_] | None = None,
    ) -> None:
        """Take a chunk of stored numbers (band, row, col); chunks come in any order.

        Parameters
        ----------
        valid : (row, col), False where there is no value; needed where `needs_mask`, else
            every pixel counts as valid
        """
        shape = (len(self.raster.bands), rows.stop - rows.start, cols.stop - cols.start)
        if dn.shape != shape or dn.dtype != self.raster.dtype:
            raise OutputError(f"a chunk is {dn.dtype}{dn.shape}, not {self.raster.dtype}{shape}")
        if valid is None:
            valid = np.ones(shape[1:], np.bool_)
        with _as_output_error(self._path):
            self._journal.add(dn, valid, rows, cols)


@contextmanager
def open_output(
    path: str | os.PathLike[str],
    raster: Raster,
    *,
    overwrite: bool = False,
    tags: Mapping[str, str] | None = None,
    block: int = 256,
    write: WriteOptions = AS_NAMED,
) -> Iterator[Output]:
    """Open `path` for writing a raster described by `raster`; complete when the block ends.

    The format follows from `write`, else from the ending of the name. Until the end there are
    only hidden files beside `path`; an exception or an interrupt removes them, and the next run
    to `path` those of a run that was killed.

    Parameters
    ----------
    raster : grid, bands, tags and data type, usually `open_raster(source).upscaled(upscale)`
    tags : how the raster was made, written beside the tags of the source
    block : side of the blocks in pixels, a multiple of 16, unless `write` asks for another
    write : format, creation options, and what is written beside the raster

    Raises
    ------
    OutputError : exists without `overwrite`, is the input, unknown ending, format or creation
        option, folder missing or read-only, disk full, pixels missing at the end
    """
    target = Target(path, raster, tags or {}, write)
    with open_outputs([target], overwrite=overwrite, block=block) as outputs:
        yield outputs[0]


@contextmanager
def open_outputs(
    targets: Sequence[Target],
    *,
    overwrite: bool = False,
    block: int = 256,
) -> Iterator[tuple[Output, ...]]:
    """Open several rasters for writing, as `open_output` opens one; all appear, or none.

    They get their names one right after the other, when the last of them is complete.

    Raises
    ------
    OutputError : as `open_output`; two of them would have a file in common
    """
    files = check_targets(targets, overwrite=overwrite)
    with ExitStack() as stack:
        drafts = [
            stack.enter_context(_draft(target, file, block))
            for target, file in zip(targets, files, strict=True)
        ]
        yield tuple(draft.output for draft in drafts)
        made = [draft.complete() for draft in drafts]
        drafts[0].describe(made)
        check_targets(targets, overwrite=overwrite)  # another run may have been faster
        for draft in drafts:
            draft.publish()


@dataclass(frozen=True, eq=False)
class _Draft:
    """An output without its name: `part` becomes `file`."""

    target: Target
    file: Path
    part: Path
    form: Format
    journal: Journal
    output: Output

    def complete(self) -> Made:
        """Make the file from the journal, on the disk for good."""
        raster, tags = self.output.raster, self.target.tags
        with _as_output_error(self.target.path):
            self.journal.check_complete(raster.shape)
            content = Content.counted(raster, self.journal, tags)
            self.form.write(self.part, self.file, content)
            if self.target.write.style and _has_companions(self.file, raster):
                write_style(self.part, self.file, content)
            for made in filter(Path.exists, _family(self.part, self.form)):
                synchronize_all(made)
        return Made(self.file.name, self.form.media_type, raster, tags, content.summaries)

    def describe(self, made: Sequence[Made]) -> None:
        """Write the STAC item of this raster and those that belong to it, if it is wanted."""
        if self.target.write.stac:
            with _as_output_error(self.target.path):
                write_item(self.part, self.file, made)
                synchronize_all(item_path(self.part))

    def publish(self) -> None:
        """Give the file its name."""
        with _as_output_error(self.target.path):
            _publish(self.part, self.file, self.form, self.output.raster)


@contextmanager
def _draft(target: Target, file: Path, block: int) -> Iterator[_Draft]:
    """Open a journal and a hidden name beside `file`; neither stays."""
    path, form = target.path, target.form
    raster = form.stored(target.raster)
    # The driver sees the same suffix; hidden, and unique among processes and threads.
    hidden = f".{file.stem}.partial-"
    part = file.with_name(f"{hidden}{os.getpid()}-{next(_NUMBERS)}{file.suffix or '.raster'}")
    journal_path = part.with_suffix(".journal")
    remove_abandoned(file.parent, hidden)
    try:
        with _as_output_error(path):
            side = min(form.block or block, 16 * -(-max(raster.shape) // 16))
            journal = Journal(journal_path, len(raster.bands), raster.dtype, side)
        with journal:
            output = Output(os.fspath(path), raster, journal)
            yield _Draft(target, file, part, form, journal, output)
    finally:
        for leftover in (*_family(part, form), *companions(part), journal_path):
            remove(leftover)


def check_targets(targets: Sequence[Target], *, overwrite: bool) -> list[Path]:
    """Check each target as `check_target` does, and that no two have a file in common."""
    files = [_check_target(target, overwrite=overwrite) for target in targets]
    taken: dict[Path, Target] = {}
    for target, file in zip(targets, files, strict=True):
        for member in _family(file, target.form):
            other = taken.setdefault(member, target)
            if other is not target:
                told = f"{target.path} and {other.path} would both be written to {member.name}"
                raise OutputError(f"{told}: choose another name for one of them")
    return files


def _check_target(target: Target, *, overwrite: bool) -> Path:
    """Return the file that a path stands for, once nothing speaks against writing it."""
    path, form, source = Path(target.path), target.form, Path(target.raster.path)
    if path.is_dir() and not (target.form.name == "zarr" and is_zarr(path)):
        raise OutputError(f"{path} is a folder: name a file in it")
    if not path.parent.is_dir():
        raise OutputError(f"{path}: there is no folder {path.parent}: create it first")
    inputs = {source, source.with_suffix(".hdr")}
    files = [*form.files(path), *([item_path(path)] if target.write.stac else ())]
    for file in files:
        if any(p.exists() and file.exists() and p.samefile(file) for p in inputs):
            raise OutputError(f"{path} would overwrite the input {source}: choose another name")
        if file.exists() and not overwrite:
            raise OutputError(f"{file} exists: choose another name or give --overwrite")
    if target.write.stac and not _has_companions(path, target.raster):
        raise OutputError(f"{path}: its STAC item would be that of {source}: choose another name")
    if not os.access(path.parent, os.W_OK):
        raise OutputError(f"{path}: no permission to write in {path.parent}")
    form.check(path, target.raster)
    return path.resolve()  # a link stays a link, to the new file


def _has_companions(path: Path, raster: Raster) -> bool:
    """Whether style and item of that name belong to it: not if its source is called so, too."""
    source = Path(raster.path)
    return source.stem != path.stem or source.resolve().parent != path.resolve().parent


def _family(path: Path, form: Format) -> list[Path]:
    """Return all that GDAL reads as the raster at `path`, itself last."""
    return [*form.sidecars(path), *form.files(path)]


@contextmanager
def _as_output_error(path: str | os.PathLike[str]) -> Iterator[None]:
    try:
        yield
    except OSError as error:  # RasterioIOError is one of them
        told = error.strerror or reason(error)
        raise OutputError(f"{os.fspath(path)}: cannot be written: {told}") from error
    except (RasterioError, ValueError) as error:
        raise OutputError(f"{os.fspath(path)}: cannot be written: {error}") from error


def _publish(part: Path, target: Path, form: Format, raster: Raster) -> None:
    if _has_companions(target, raster):
        for made, final in zip(companions(part), companions(target), strict=True):
            if made.exists():
                put_in_place(made, final)
            elif belongs_to(final, target):  # an older raster of that name
                remove(final)
    for made, final in zip(_family(part, form), _family(target, form), strict=True):
        if made.exists():
            put_in_place(made, final)
        else:  # of an older raster of that name
            remove(final)
    if os.name == "posix":
        synchronize(target.parent)
