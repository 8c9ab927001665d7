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
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.control import GroundControlPoint
from rasterio.crs import CRS
from rasterio.errors import RasterioError
from rasterio.io import MemoryFile
from rasterio.rpc import RPC
from rasterio.windows import Window

from hsisr_geo.bands import Bands
from hsisr_geo.datasets import open_quietly, opening_quietly, reason
from hsisr_geo.errors import OutputError
from hsisr_geo.journal import Journal, remove_abandoned
from hsisr_geo.metadata import ALPHA, write_bands, write_tags
from hsisr_geo.raster import Gcp, Raster

_DRIVERS = {
    ".tif": "GTiff", ".tiff": "GTiff", ".img": "ENVI", ".bsq": "ENVI", ".dat": "ENVI",
}  # fmt: skip
# Files that GDAL would read together with an output of that name.
_SIDECARS = (".aux.xml", ".ovr", ".msk")
_NUMBERS = itertools.count()


@dataclass(frozen=True)
class Target:
    """A raster to be written.

    Attributes
    ----------
    raster : grid, bands, tags and data type, usually `open_raster(source).upscaled(upscale)`
    tags : how the raster was made, written beside the tags of the source
    """

    path: str | os.PathLike[str]
    raster: Raster
    tags: Mapping[str, str] = field(default_factory=dict, hash=False)


class Output:
    """The raster being written; made by `open_output`.

    Attributes
    ----------
    raster : the grid and the bands as they will be stored; encode pixels with `raster.bands`
        and `raster.dtype`, since a file has one nodata value for all its bands
    needs_mask : pixels without a value can be told only by `valid` of `write`
    """

    def __init__(self, path: str, raster: Raster, journal: Journal) -> None:
        nodata = raster.bands.nodata
        bands = Bands(tuple(replace(band, nodata=nodata) for band in raster.bands))
        self.raster = replace(raster, bands=bands)
        has_alpha = any(band.color == ALPHA for band in bands)
        self.needs_mask = (
            raster.has_mask and not has_alpha and nodata is None and raster.dtype[0] != "f"
        )
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
    compress: str = "zstd",
) -> Iterator[Output]:
    """Open `path` for writing a raster described by `raster`; complete when the block ends.

    GeoTIFF for .tif and .tiff, ENVI with a header for .img, .bsq and .dat. Until the end
    there are only hidden files beside `path`; an exception or an interrupt removes them, and the
    next run to `path` those of a run that was killed.

    Parameters
    ----------
    raster : grid, bands, tags and data type, usually `open_raster(source).upscaled(upscale)`
    tags : how the raster was made, written beside the tags of the source
    block : side of the blocks of a GeoTIFF in pixels, a multiple of 16
    compress : of a GeoTIFF, "zstd" (where GDAL has it, else "deflate"), "deflate", "lzw", "none"

    Raises
    ------
    OutputError : exists without `overwrite`, is the input, unknown extension, folder missing
        or read-only, disk full, pixels missing at the end
    """
    target = Target(path, raster, tags or {})
    with open_outputs([target], overwrite=overwrite, block=block, compress=compress) as outputs:
        yield outputs[0]


@contextmanager
def open_outputs(
    targets: Sequence[Target],
    *,
    overwrite: bool = False,
    block: int = 256,
    compress: str = "zstd",
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
        for draft in drafts:
            draft.complete(compress)
        check_targets(targets, overwrite=overwrite)  # another run may have been faster
        for draft in drafts:
            draft.publish()


@dataclass(frozen=True, eq=False)
class _Draft:
    """An output without its name: `part` becomes `file`."""

    target: Target
    file: Path
    part: Path
    journal: Journal
    output: Output

    def complete(self, compress: str) -> None:
        """Make the file from the journal, on the disk for good."""
        part, raster = self.part, self.target.raster
        with _as_output_error(self.target.path):
            self.journal.check_complete(raster.shape)
            _make_file(part, self.output, self.journal, self.target.tags, compress)
            _check_file(part, raster)
            if _driver(part) == "ENVI":  # GDAL put the name of the file in its description
                header = part.with_suffix(".hdr")
                header.write_text(header.read_text().replace(str(part), self.file.name))
            for made in filter(Path.exists, _family(part)):
                _synchronize(made)

    def publish(self) -> None:
        """Give the file its name."""
        with _as_output_error(self.target.path):
            _publish(self.part, self.file)


@contextmanager
def _draft(target: Target, file: Path, block: int) -> Iterator[_Draft]:
    """Open a journal and a hidden name beside `file`; neither stays."""
    path, raster = target.path, target.raster
    # The driver sees the same suffix; hidden, and unique among processes and threads.
    hidden = f".{file.stem}.partial-"
    part = file.with_name(f"{hidden}{os.getpid()}-{next(_NUMBERS)}{file.suffix}")
    journal_path = part.with_suffix(".journal")
    remove_abandoned(file.parent, hidden)
    try:
        with _as_output_error(path):
            side = min(block, 16 * -(-max(raster.shape) // 16))
            journal = Journal(journal_path, len(raster.bands), raster.dtype, side)
        with journal:
            output = Output(os.fspath(path), raster, journal)
            if output.needs_mask and _driver(file) != "GTiff":
                raise OutputError(f"{path}: only a GeoTIFF can hold the mask of {raster.path}")
            yield _Draft(target, file, part, journal, output)
    finally:
        for leftover in (*_family(part), journal_path):
            leftover.unlink(missing_ok=True)


def check_targets(targets: Sequence[Target], *, overwrite: bool) -> list[Path]:
    """Check each target as `check_target` does, and that no two have a file in common."""
    files = [check_target(t.path, t.raster, overwrite=overwrite) for t in targets]
    taken: dict[Path, Target] = {}
    for target, file in zip(targets, files, strict=True):
        for member in _family(file):
            other = taken.setdefault(member, target)
            if other is not target:
                told = f"{target.path} and {other.path} would both be written to {member.name}"
                raise OutputError(f"{told}: choose another name for one of them")
    return files


def check_target(path: str | os.PathLike[str], raster: Raster, *, overwrite: bool) -> Path:
    """Return the file that `path` stands for, once nothing speaks against writing it.

    Raises
    ------
    OutputError : exists without `overwrite`, is the input, unknown extension, folder missing
        or read-only
    """
    path = Path(path)
    if path.suffix.lower() not in _DRIVERS:
        known = " ".join(_DRIVERS)
        raise OutputError(f"{path}: no format for the ending {path.suffix!r}: use one of {known}")
    if path.is_dir():
        raise OutputError(f"{path} is a folder: name a file in it")
    if not path.parent.is_dir():
        raise OutputError(f"{path}: there is no folder {path.parent}: create it first")
    source = Path(raster.path)
    inputs = {source, source.with_suffix(".hdr")}
    files = [path, path.with_suffix(".hdr")] if _driver(path) == "ENVI" else [path]
    for file in files:
        if any(p.exists() and file.exists() and p.samefile(file) for p in inputs):
            raise OutputError(f"{path} would overwrite the input {source}: choose another name")
        if file.exists() and not overwrite:
            raise OutputError(f"{file} exists: choose another name or give --overwrite")
    if not os.access(path.parent, os.W_OK):
        raise OutputError(f"{path}: no permission to write in {path.parent}")
    return path.resolve()  # a link stays a link, to the new file


def _driver(path: Path) -> str:
    return _DRIVERS[path.suffix.lower()]


def _family(path: Path) -> list[Path]:
    """Return the files that GDAL may write for `path`, the raster itself last."""
    sidecars = [path.with_name(path.name + ending) for ending in _SIDECARS]
    header = [path.with_suffix(".hdr")] if _driver(path) == "ENVI" else []
    return [*sidecars, *header, path]


@contextmanager
def _as_output_error(path: str | os.PathLike[str]) -> Iterator[None]:
    try:
        yield
    except OSError as error:  # RasterioIOError is one of them
        told = error.strerror or reason(error)
        raise OutputError(f"{os.fspath(path)}: cannot be written: {told}") from error
    except (RasterioError, ValueError) as error:
        raise OutputError(f"{os.fspath(path)}: cannot be written: {error}") from error


def _make_file(
    part: Path, output: Output, journal: Journal, tags: Mapping[str, str], compress: str
) -> None:
    raster = output.raster
    profile = _profile(part, raster, journal.block, compress)
    with opening_quietly():
        dataset = rasterio.open(part, "w", **profile)
    with dataset:
        _write_place(dataset, raster)
        write_tags(dataset, raster.tags, tags)
        write_bands(dataset, raster.bands)
        with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True):
            for rows, cols in journal.blocks(raster.shape):
                dn, valid = journal.read(rows, cols)
                window = Window.from_slices(rows, cols)
                dataset.write(dn, window=window)
                if output.needs_mask:
                    dataset.write_mask(valid, window=window)


def _profile(part: Path, raster: Raster, block: int, compress: str) -> dict[str, Any]:
    profile: dict[str, Any] = {
        "driver": _driver(part),
        "height": raster.rows,
        "width": raster.cols,
        "count": len(raster.bands),
        "dtype": raster.dtype,
        "nodata": raster.bands.nodata,
    }
    if raster.crs:
        profile["crs"] = CRS.from_wkt(raster.crs)
    if raster.has_transform:
        profile["transform"] = raster.transform
    if profile["driver"] == "ENVI":
        return profile | {"interleave": "bsq"}
    if compress == "zstd" and not _has_zstd():
        compress = "deflate"
    if compress == "zstd":
        profile |= {"zstd_level": 3}  # GDAL's 9 takes 4 times as long for 4 % less
    if compress != "none":
        profile |= {"predictor": 3 if raster.dtype[0] == "f" else 2}
    return profile | {
        "compress": compress,
        "tiled": True,
        "blockxsize": block,
        "blockysize": block,
        "interleave": "band",
        "photometric": "minisblack",  # else GDAL takes three bands of bytes for colours
        "bigtiff": "if_safer",
    }


@cache
def _has_zstd() -> bool:
    try:
        with opening_quietly(), MemoryFile() as memory:
            size = {"width": 1, "height": 1, "count": 1, "dtype": "uint8"}
            memory.open(driver="GTiff", compress="zstd", **size).close()
    except RasterioError:
        return False
    return True


def _write_place(dataset: Any, raster: Raster) -> None:
    if raster.gcps and not raster.has_transform:
        crs = CRS.from_wkt(raster.gcp_crs) if raster.gcp_crs else CRS()
        dataset.gcps = ([_control_point(p) for p in raster.gcps], crs)
    if raster.rpcs is not None:
        dataset.rpcs = RPC.from_gdal(dict(raster.rpcs))


def _control_point(p: Gcp) -> GroundControlPoint:
    return GroundControlPoint(row=p.row, col=p.col, x=p.x, y=p.y, z=p.z, id=p.id, info=p.info)


def _check_file(part: Path, raster: Raster) -> None:
    """Refuse a closed file that lacks pixels: GDAL need not tell that the disk was full."""
    size = part.stat().st_size
    with open_quietly(str(part)) as dataset:
        if dataset.driver == "ENVI":
            pixel = len(raster.bands) * np.dtype(raster.dtype).itemsize
            whole = size >= raster.rows * raster.cols * pixel
        else:
            whole = all(0 < end <= size for end in _block_ends(dataset))
    if not whole:
        raise OSError("the disk is full, or does not take files of that size")


def _block_ends(dataset: Any) -> Iterator[int]:
    """Yield where in the file each block of a GeoTIFF ends, 0 for one that is not there."""
    height, width = dataset.block_shapes[0]
    for row in range(-(-dataset.height // height)):
        for col in range(-(-dataset.width // width)):
            for number in dataset.indexes:
                offset = dataset.get_tag_item(f"BLOCK_OFFSET_{col}_{row}", "TIFF", bidx=number)
                length = dataset.get_tag_item(f"BLOCK_SIZE_{col}_{row}", "TIFF", bidx=number)
                yield int(offset or 0) + int(length) if length else 0


def _publish(part: Path, target: Path) -> None:
    for made, final in zip(_family(part), _family(target), strict=True):
        if made.exists():
            os.replace(made, final)
        else:  # of an older raster of that name
            final.unlink(missing_ok=True)
    if os.name == "posix":
        _synchronize(target.parent)


def _synchronize(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
