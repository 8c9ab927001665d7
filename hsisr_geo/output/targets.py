"""`Target`: where an output goes, and whether it may be written there."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from hsisr_geo.errors import OutputError
from hsisr_geo.journal.folder import WorkFolder, work_folder_of
from hsisr_geo.output.companions import check_header, companions, item_path
from hsisr_geo.output.formats.choice import AS_NAMED, WriteOptions, choose_format
from hsisr_geo.output.formats.format import Format
from hsisr_geo.output.formats.zarr import is_zarr
from hsisr_geo.paths import (
    check_length,
    check_may_go,
    check_plain,
    is_utf8,
    place_of,
    refusal,
    unwritable,
)
from hsisr_geo.raster.datasets import GDAL_ERRORS, reason
from hsisr_geo.raster.raster import Raster

PUBLISHING = "publishing"
"""In the record of a work folder: its outputs are getting their names."""


@dataclass(frozen=True)
class Target:
    """A raster to be written.

    Attributes
    ----------
    raster : grid, bands, tags and data type, usually `open_raster(source).upscaled(upscale)`
    tags : how the raster was made, written beside the tags of the source
    write : how it is stored
    sources : files that it must not replace, besides those of the source: weights, a kernel
    """

    path: str | os.PathLike[str]
    raster: Raster
    tags: Mapping[str, str] = field(default_factory=dict, hash=False)
    write: WriteOptions = AS_NAMED
    sources: tuple[str, ...] = ()

    @property
    def form(self) -> Format:
        """The format that follows from path and options."""
        return choose_format(self.path, self.write)


def check_targets(
    targets: Sequence[Target], *, overwrite: bool, resume: bool = False
) -> list[Path]:
    """Check each target by itself, and that no two have a file in common.

    With `resume`, files of a run that was killed while they got their names may be there.
    """
    overwrite = overwrite or (resume and was_publishing(targets))
    files = [_check_target(target, overwrite=overwrite) for target in targets]
    taken: dict[str, Target] = {}
    for target, file in zip(targets, files, strict=True):
        for member in family(file, target.form):
            other = taken.setdefault(place_of(member), target)
            if other is not target:
                told = f"{target.path} and {other.path} would both be written to {member.name}"
                raise OutputError(f"{told}: choose another name for one of them")
    return files


def was_publishing(targets: Sequence[Target]) -> bool:
    """Whether a run to these targets was killed while they got their names."""
    file = Path(targets[0].path).resolve()
    return WorkFolder(work_folder_of(file), file).record().get(PUBLISHING) is True


def _check_target(target: Target, *, overwrite: bool) -> Path:
    """Return the file that a path stands for, once nothing speaks against writing it."""
    if os.fspath(target.path).startswith("/vsi"):
        raise OutputError(f"{target.path}: outputs are plain files, or stdout as `-`: name a file")
    path, form, source = Path(target.path), target.form, Path(target.raster.path)
    check_length(path, [*family(path, form), *companions(path), work_folder_of(path.resolve())])
    if path.is_dir() and not (form.name == "zarr" and is_zarr(path)):
        raise OutputError(f"{path} is a folder: name a file in it")
    if not is_utf8(path):
        raise OutputError(
            f"{path}: its name is not UTF-8, and GDAL writes no others: choose another"
        )
    for parent in (path.parent, path.resolve().parent):  # a link may lead nowhere
        if not parent.is_dir():
            raise OutputError(f"{path}: there is no folder {parent}: create it first")
    _check_inputs(target, path, source)
    _check_names(target, path, overwrite=overwrite)
    if target.write.header:
        check_header(path)
    if target.write.stac and not has_companions(path, target.raster):
        raise OutputError(f"{path}: its STAC item would be that of {source}: choose another name")
    if told := unwritable(path.parent):
        raise OutputError(f"{path}: {told}")
    form.check(path, target.raster)
    return path.resolve()  # a link stays a link, to the new file


def _check_names(target: Target, path: Path, *, overwrite: bool) -> None:
    """Refuse to replace what is there, and whatever the options what is no file by one."""
    form = target.form
    made = [*form.files(path), *([item_path(path)] if target.write.stac else ())]
    folders = form.files(path) if form.name in ("vrt", "zarr") else []
    for file in [*form.sidecars(path), *made]:
        if not (file in folders and file.is_dir()):
            check_plain(file)
    for file in made:
        if file.exists() and not overwrite:
            raise OutputError(f"{file} exists: choose another name or give --overwrite")
    for file in [*form.sidecars(path), *made]:
        check_may_go(file)


def _check_inputs(target: Target, path: Path, source: Path) -> None:
    """Refuse an output that would replace, or remove as an old sidecar, what it is made of."""
    inputs = [source, source.with_suffix(".hdr"), *map(Path, target.raster.files)]
    replaced = [*family(path, target.form), *([item_path(path)] if target.write.stac else ())]
    replaced.append(work_folder_of(path.resolve()))  # what an earlier run left there goes, too
    for replaces in filter(Path.exists, replaced):
        if any(_is_in(given, replaces) for given in inputs):
            raise OutputError(f"{path} would overwrite the input {source}: choose another name")
        if given := next((g for g in target.sources if _is_in(Path(g), replaces)), None):
            raise OutputError(
                f"{path} would overwrite {given}, which it is made with: choose another name"
            )


def _is_in(given: Path, replaces: Path) -> bool:
    """Whether a file is, or lies in, a file or folder that is to be replaced."""
    try:
        if not given.exists():
            return False
        return given.samefile(replaces) or replaces.resolve() in given.resolve().parents
    except (OSError, ValueError):  # a name of GDAL that is no path
        return False


def has_companions(path: Path, raster: Raster) -> bool:
    """Whether style and item of that name belong to it: not if its source is called so, too."""
    source = Path(raster.path)
    return source.stem != path.stem or source.resolve().parent != path.resolve().parent


def family(path: Path, form: Format) -> list[Path]:
    """Return all that GDAL reads as the raster at `path`, itself last."""
    return [*form.sidecars(path), *form.files(path)]


@contextmanager
def as_output_error(path: str | os.PathLike[str]) -> Iterator[None]:
    """Say of what goes wrong in the block that `path` cannot be written."""
    try:
        yield
    except OSError as error:  # RasterioIOError is one of them
        told = error.strerror or refusal(Path(path).parent) or reason(error)
        raise OutputError(f"{os.fspath(path)}: cannot be written: {told}") from error
    except (*GDAL_ERRORS, ValueError) as error:
        told = refusal(Path(path).parent) or str(error)
        raise OutputError(f"{os.fspath(path)}: cannot be written: {told}") from error
