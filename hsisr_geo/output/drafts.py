"""`Draft`: outputs that get their names when all of them are complete, or not at all."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hsisr_geo.bands.radiometry import Cube, encode, valid_pixels
from hsisr_geo.cube.windows import BLOCK, EVERY, Window, block_side, blocks
from hsisr_geo.errors import OutputError
from hsisr_geo.files import remove, synchronize_all
from hsisr_geo.journal.folder import WorkFolder, work_folder
from hsisr_geo.journal.layout import Output
from hsisr_geo.output.commit import Move, commit, settle
from hsisr_geo.output.companions import (
    belongs_to,
    companions,
    item_path,
    write_header,
    write_item,
    write_style,
)
from hsisr_geo.output.formats.blocks import Blocks
from hsisr_geo.output.formats.choice import AS_NAMED, WriteOptions
from hsisr_geo.output.formats.format import Content, Format, needs_mask
from hsisr_geo.output.libtiff import without_words
from hsisr_geo.output.read_back import check_read_back
from hsisr_geo.output.stac.asset import Made
from hsisr_geo.output.targets import (
    PUBLISHING,
    Target,
    as_output_error,
    check_targets,
    family,
    has_companions,
    was_publishing,
)
from hsisr_geo.raster.raster import Raster


def as_output(raster: Raster, form: Format) -> Output:
    """Say how a raster is stored in a format."""
    stored = form.stored(raster)
    return Output(stored, needs_mask(stored))


@dataclass(frozen=True, eq=False)
class Draft:
    """An output without its name; made by `open_outputs`.

    Attributes
    ----------
    target, output : what is to be written, and how it will be stored
    folder : where it is made
    made : what was, once it is filled
    """

    target: Target
    output: Output
    file: Path
    form: Format
    folder: WorkFolder
    made: list[Made] = field(default_factory=list)

    def fill(self, blocks: Blocks, threads: int = 1) -> None:
        """Make the file of blocks, on the disk for good; its tags are read last.

        Parameters
        ----------
        threads : that may read blocks and write them, where the format can

        Raises
        ------
        OutputError : it could not be made, or not completely
        """
        part, raster, tags = self.folder.part, self.output.raster, self.target.tags
        members = [*family(part, self.form), *companions(part)]
        for leftover in members:
            remove(leftover)  # of the process that the run was killed in
        content = Content.counted(raster, blocks, tags, threads)
        with as_output_error(self.target.path), without_words():
            self.form.write(part, self.file, content)
            check_read_back(part, self.file, self.form, raster)
            if self.target.write.style and has_companions(self.file, raster):
                write_style(part, self.file, content)
            if self.target.write.header:
                write_header(part, self.file, content)
            for made in filter(Path.exists, members):
                synchronize_all(made)
        kind = self.form.media_type
        self.made.append(Made(self.file.name, kind, raster, dict(tags), content.summaries))

    def describe(self, made: Sequence[Made]) -> None:
        """Write the STAC item of this raster and those that belong to it, if it is wanted."""
        if self.target.write.stac:
            with as_output_error(self.target.path):
                write_item(self.folder.part, self.file, made)
                synchronize_all(item_path(self.folder.part))

    def moves(self) -> list[Move]:
        """Return the names that are to be given, the raster's last, and what has to go."""
        part, file, raster = self.folder.part, self.file, self.output.raster
        pairs = list(zip(family(part, self.form), family(file, self.form), strict=True))
        moves = [self._move(made, final) for made, final in pairs]
        if has_companions(file, raster):
            beside = zip(companions(part), companions(file), strict=True)
            replaced = [(m, f) for m, f in beside if m.exists() or belongs_to(f, file)]
            moves = [self._move(made, final) for made, final in replaced] + moves
        return moves

    def _move(self, made: Path, final: Path) -> Move:
        """Give a name to what was made, else take it from what an older raster had."""
        return Move(self.folder.path, made.name if made.exists() else None, final.name)


@dataclass(frozen=True, eq=False)
class _Whole:
    """A raster that is in memory, as blocks."""

    dn: NDArray[Any]
    valid: NDArray[np.bool_]
    block: int

    def blocks(self, shape: tuple[int, int]) -> Iterator[Window]:
        return blocks(shape, self.block)

    def read(
        self, rows: slice, cols: slice, bands: slice = EVERY
    ) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        return self.dn[bands, rows, cols], self.valid[rows, cols]


def write_raster(
    path: str | os.PathLike[str],
    raster: Raster,
    cube: Cube,
    *,
    overwrite: bool = False,
    tags: Mapping[str, str] | None = None,
    block: int = BLOCK,
    write: WriteOptions = AS_NAMED,
    sources: Sequence[str] = (),
) -> None:
    """Write physical values that are in memory, (band, row, col), as the raster described.

    Parameters
    ----------
    raster : grid, bands, tags and data type
    cube : NaN where there is no value
    tags : how the raster was made, written beside those of `raster`
    block : side of the blocks in pixels, a multiple of 16, unless `write` asks for another
    write : format, creation options, and what is written beside the raster
    sources : files that it must not replace, besides those of `raster`

    Raises
    ------
    OutputError : as `open_outputs`; the cube has another shape than the raster
    """
    if cube.shape != (shape := (len(raster.bands), *raster.shape)):
        raise OutputError(f"{os.fspath(path)}: the cube is {cube.shape}, not {shape}")
    target = Target(path, raster, tags or {}, write, tuple(sources))
    with open_outputs([target], overwrite=overwrite) as (draft,):
        stored = draft.output.raster
        dn = encode(cube, stored.bands, stored.dtype)
        side = block_side(raster.shape, draft.form.block or block)
        draft.fill(_Whole(dn, valid_pixels(cube), side))


@contextmanager
def open_outputs(
    targets: Sequence[Target],
    *,
    overwrite: bool = False,
    resume: bool = False,
) -> Iterator[tuple[Draft, ...]]:
    """Open rasters for writing: each is to be filled; all appear when the block ends, or none.

    Until then there is only a hidden folder beside each. An exception or an interrupt removes it,
    and the next run to the same path that of a run that was killed. The rasters get their names
    all together (`commit`): what a kill interrupts there, the next run to one of them completes.

    Parameters
    ----------
    resume : keep the folders after an exception, if a tile is finished, and take them up

    Raises
    ------
    OutputError : exists without `overwrite`, is the input, unknown extension, folder missing or
        read-only, disk full, two of them would have a file in common, another run writes them, an
        interrupted run is kept there (`work_folder`)
    """
    settle([Path(target.path).resolve() for target in targets], keep=resume)
    publishing = resume and was_publishing(targets)
    files = check_targets(targets, overwrite=overwrite, resume=resume)
    with ExitStack() as stack:
        drafts = [
            stack.enter_context(_draft(target, file, resume=resume, overwrite=overwrite))
            for target, file in zip(targets, files, strict=True)
        ]
        yield tuple(drafts)
        for draft in drafts:
            draft.folder.check_there()  # one of its name would be another run's
        drafts[0].describe([made for draft in drafts for made in draft.made])
        check_targets(targets, overwrite=overwrite or publishing)  # something may have come there
        folder = drafts[0].folder
        with as_output_error(targets[0].path):
            folder.write_record({**folder.record(), PUBLISHING: True})
        # ^ from here on files of these names are ours
        with as_output_error(targets[0].path):
            commit([draft.folder.path for draft in drafts], [m for d in drafts for m in d.moves()])


@contextmanager
def _draft(target: Target, file: Path, *, resume: bool, overwrite: bool) -> Iterator[Draft]:
    with ExitStack() as stack:
        with as_output_error(target.path):
            folder = stack.enter_context(work_folder(file, resume=resume, overwrite=overwrite))
        form = target.form
        yield Draft(target, as_output(target.raster, form), file, form, folder)
