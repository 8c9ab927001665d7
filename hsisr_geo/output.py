"""Write rasters completely or not at all.

A raster is made block by block in a hidden folder beside it, and gets its name only when it is
complete. Whatever happens before, nothing stays but what is kept on purpose to be resumed.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rasterio.errors import RasterioError

from hsisr_geo.bands.radiometry import Cube, encode, valid_pixels
from hsisr_geo.companions import belongs_to, companions, item_path, write_item, write_style
from hsisr_geo.cube.windows import BLOCK, Window, block_side, blocks
from hsisr_geo.errors import OutputError
from hsisr_geo.files import put_in_place, remove, synchronize, synchronize_all
from hsisr_geo.formats.blocks import Blocks
from hsisr_geo.formats.choice import AS_NAMED, WriteOptions, choose_format
from hsisr_geo.formats.format import Content, Format, needs_mask
from hsisr_geo.formats.zarr import is_zarr
from hsisr_geo.journal.folder import WorkFolder, work_folder, work_folder_of
from hsisr_geo.raster.datasets import reason
from hsisr_geo.raster.raster import Raster
from hsisr_geo.stac_asset import Made

_PUBLISHING = "publishing"


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


@dataclass(frozen=True)
class Output:
    """How the raster will be stored.

    Attributes
    ----------
    raster : the grid and the bands as they will be; encode pixels with `raster.bands` and
        `raster.dtype`, since a file has one nodata value for all its bands, or another type
    needs_mask : pixels without a value can be told only by a valid mask
    """

    raster: Raster
    needs_mask: bool

    @classmethod
    def of(cls, raster: Raster, form: Format) -> "Output":
        """Say how a raster is stored in a format."""
        stored = form.stored(raster)
        return cls(stored, needs_mask(stored))


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
        family = [*_family(part, self.form), *companions(part)]
        for leftover in family:
            remove(leftover)  # of the process that the run was killed in
        content = Content.counted(raster, blocks, tags, threads)
        with as_output_error(self.target.path):
            self.form.write(part, self.file, content)
            if self.target.write.style and _has_companions(self.file, raster):
                write_style(part, self.file, content)
            for made in filter(Path.exists, family):
                synchronize_all(made)
        kind = self.form.media_type
        self.made.append(Made(self.file.name, kind, raster, dict(tags), content.summaries))

    def describe(self, made: Sequence[Made]) -> None:
        """Write the STAC item of this raster and those that belong to it, if it is wanted."""
        if self.target.write.stac:
            with as_output_error(self.target.path):
                write_item(self.folder.part, self.file, made)
                synchronize_all(item_path(self.folder.part))

    def publish(self) -> None:
        """Give the file its name."""
        with as_output_error(self.target.path):
            _publish(self.folder.part, self.file, self.form, self.output.raster)


@dataclass(frozen=True, eq=False)
class _Whole:
    """A raster that is in memory, as blocks."""

    dn: NDArray[Any]
    valid: NDArray[np.bool_]
    block: int

    def blocks(self, shape: tuple[int, int]) -> Iterator[Window]:
        return blocks(shape, self.block)

    def read(self, rows: slice, cols: slice) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        return self.dn[:, rows, cols], self.valid[rows, cols]


def write_raster(
    path: str | os.PathLike[str],
    raster: Raster,
    cube: Cube,
    *,
    overwrite: bool = False,
    tags: Mapping[str, str] | None = None,
    block: int = BLOCK,
    write: WriteOptions = AS_NAMED,
) -> None:
    """Write physical values that are in memory, (band, row, col), as the raster described.

    Parameters
    ----------
    raster : grid, bands, tags and data type
    cube : NaN where there is no value
    tags : how the raster was made, written beside those of `raster`
    block : side of the blocks in pixels, a multiple of 16, unless `write` asks for another
    write : format, creation options, and what is written beside the raster

    Raises
    ------
    OutputError : as `open_outputs`; the cube has another shape than the raster
    """
    if cube.shape != (shape := (len(raster.bands), *raster.shape)):
        raise OutputError(f"{os.fspath(path)}: the cube is {cube.shape}, not {shape}")
    target = Target(path, raster, tags or {}, write)
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
    one right after the other.

    Parameters
    ----------
    resume : keep the folders after an exception, if a tile is finished, and take them up

    Raises
    ------
    OutputError : exists without `overwrite`, is the input, unknown extension, folder missing or
        read-only, disk full, two of them would have a file in common, another run writes them, an
        interrupted run is kept there (`work_folder`)
    """
    publishing = resume and _was_publishing(targets)
    files = check_targets(targets, overwrite=overwrite, resume=resume)
    with ExitStack() as stack:
        drafts = [
            stack.enter_context(_draft(target, file, resume=resume, overwrite=overwrite))
            for target, file in zip(targets, files, strict=True)
        ]
        yield tuple(drafts)
        drafts[0].describe([made for draft in drafts for made in draft.made])
        check_targets(targets, overwrite=overwrite or publishing)  # something may have come there
        folder = drafts[0].folder
        with as_output_error(targets[0].path):
            folder.write_record({**folder.record(), _PUBLISHING: True})
        # ^ from here on files of these names are ours
        for draft in drafts:
            draft.publish()


def _was_publishing(targets: Sequence[Target]) -> bool:
    """Whether a run to these targets was killed while they got their names."""
    file = Path(targets[0].path).resolve()
    return WorkFolder(work_folder_of(file), file).record().get(_PUBLISHING) is True


@contextmanager
def _draft(target: Target, file: Path, *, resume: bool, overwrite: bool) -> Iterator[Draft]:
    with ExitStack() as stack:
        with as_output_error(target.path):
            folder = stack.enter_context(work_folder(file, resume=resume, overwrite=overwrite))
        form = target.form
        yield Draft(target, Output.of(target.raster, form), file, form, folder)


def check_targets(
    targets: Sequence[Target], *, overwrite: bool, resume: bool = False
) -> list[Path]:
    """Check each target by itself, and that no two have a file in common.

    With `resume`, files of a run that was killed while they got their names may be there.
    """
    overwrite = overwrite or (resume and _was_publishing(targets))
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
    if os.fspath(target.path).startswith("/vsi"):
        raise OutputError(f"{target.path}: outputs are plain files, or stdout as `-`: name a file")
    path, form, source = Path(target.path), target.form, Path(target.raster.path)
    if path.is_dir() and not (form.name == "zarr" and is_zarr(path)):
        raise OutputError(f"{path} is a folder: name a file in it")
    if not path.parent.is_dir():
        raise OutputError(f"{path}: there is no folder {path.parent}: create it first")
    inputs = {source, source.with_suffix(".hdr"), *map(Path, target.raster.files)}
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
def as_output_error(path: str | os.PathLike[str]) -> Iterator[None]:
    """Say of what goes wrong in the block that `path` cannot be written."""
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
