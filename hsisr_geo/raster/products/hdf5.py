"""HDF5 files, netCDF-4 among them: opened once per thread, cubes in them read by window."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from hsisr_geo.bands.lists import length, split_list
from hsisr_geo.errors import RasterError, one_line
from hsisr_geo.raster.datasets import anywhere, thread_handle
from hsisr_geo.raster.products.unpack import MOST_AT_ONCE, suited
from hsisr_geo.raster.raster import Clouds, Missing, Stored

_BY_ITS_MAKER = 2  # H5D_FILL_VALUE_USER_DEFINED
_FILTERS = {32001: "blosc", 32004: "lz4", 32008: "bitshuffle", 32013: "zfp", 32015: "zstd",
            32026: "blosc2"}  # fmt: skip


@dataclass(frozen=True)
class BandRange:
    """Bands of a cube in an HDF5 file.

    Attributes
    ----------
    dataset : its path in the file
    axes : what its axes are, in order: "r" rows, "c" columns, and "b" bands if it has several
    bands : places of the bands along its band axis, in the order of the raster
    """

    dataset: str
    axes: str
    bands: tuple[int, ...]


@dataclass(frozen=True)
class Hdf5Source:
    """Windows of one or several cubes in an HDF5 file, one after another in the raster.

    Attributes
    ----------
    flags : for each part, the dataset beside it that tells about single values, or ""
    no_value : flags of values that are none
    """

    path: str
    parts: tuple[BandRange, ...]
    flags: tuple[str, ...] = ()
    no_value: tuple[int, ...] = ()

    def read(self, bands: Sequence[int], rows: slice, cols: slice) -> tuple[Stored, Missing | None]:
        """Read a window as `Source.read` says."""
        with reading(self.path, rows, cols) as file:
            stored = self._gathered(file, [p.dataset for p in self.parts], bands, rows, cols)
            if not any(self.flags):
                return stored, None
            flags = self._gathered(file, self.flags, bands, rows, cols)
        return stored, np.isin(flags, self.no_value)

    def _gathered(
        self, file: Any, datasets: Sequence[str], bands: Sequence[int], rows: slice, cols: slice
    ) -> Stored:
        shape = len(bands), rows.stop - rows.start, cols.stop - cols.start
        dtype = next(file[name].dtype for name in datasets if name)
        out = np.zeros(shape, dtype.newbyteorder("="))
        first = 0
        for part, name in zip(self.parts, datasets, strict=True):
            here = [
                (i, part.bands[b - first])
                for i, b in enumerate(bands)
                if 0 <= b - first < len(part.bands)
            ]
            first += len(part.bands)
            if here and name:
                places = [place for _, place in here]
                cube, axes = suited(file[name], part.axes, self.path, places, rows, cols)
                out[[i for i, _ in here]] = read_cube(cube, axes, places, rows, cols)
        return out


def clouds_in(file: Any, path: Path, dataset: str, shape: tuple[int, int]) -> Clouds | None:
    """Return the mask of clouds that a dataset of an open file is; None where there is none."""
    if dataset not in file or getattr(file[dataset], "shape", None) != shape:
        return None
    source = Hdf5Source(anywhere(str(path)), (BandRange(dataset, "rc", (0,)),))
    return Clouds(dataset.rpartition("/")[2], source)


def read_cube(dataset: Any, axes: str, bands: Sequence[int], rows: slice, cols: slice) -> Stored:
    """Read (band, row, col) from a dataset with its axes in any order, and bands in any order.

    One without an axis of bands is a single band.
    """
    if "b" not in axes:
        index = tuple({"r": rows, "c": cols}[axis] for axis in axes)
        plane = np.asarray(dataset[index])
        return (plane if axes == "rc" else plane.T)[None]
    blocks = np.empty(0)
    wanted = sorted(set(bands))
    for number, run in enumerate(_runs(wanted)):
        index = tuple({"r": rows, "c": cols, "b": run}[axis] for axis in axes)
        block = np.transpose(dataset[index], [axes.index(axis) for axis in "brc"])
        if number == 0:
            blocks = np.empty((len(bands), *block.shape[1:]), block.dtype)
        for i, band in enumerate(bands):
            if run.start <= band < run.stop:
                blocks[i] = block[band - run.start]
    return blocks


def _runs(places: Sequence[int]) -> Iterator[slice]:
    """Yield slices that cover sorted places; small gaps are read along, as they cost less."""
    start = previous = places[0]
    for place in places[1:]:
        if place - previous > 4:
            yield slice(start, previous + 1)
            start = place
        previous = place
    yield slice(start, previous + 1)


def open_file(path: str) -> Any:
    """Open for reading, with locks as HDF5 has them: others may have it open in this process.

    A dataset keeps as many bytes decompressed, so that neighbouring windows share its chunks.
    """
    import h5py  # a tenth of a second, of which other rasters need nothing

    with suppress(ImportError):
        import_module("hdf5plugin")  # if it is installed, HDF5 knows more compressions
    return h5py.File(path, "r", rdcc_nbytes=MOST_AT_ONCE)


@contextmanager
def reading(path: str, rows: slice, cols: slice) -> Iterator[Any]:
    """Give this thread's handle; what goes wrong is told of the window.

    Raises
    ------
    RasterError
    """
    try:
        yield thread_handle(path, open_file)
    except (OSError, KeyError, RuntimeError, ValueError, TypeError, IndexError) as error:
        where = f"rows {rows.start}-{rows.stop - 1}, columns {cols.start}-{cols.stop - 1}"
        why = unknown_compression(path) or f"{one_line(error)}; damaged?"
        raise RasterError(f"{path}: cannot read {where}: {why}") from error


def unknown_compression(path: str) -> str:
    """Say so where HDF5 has no filter here that something in a file is compressed with, else ""."""
    import h5py

    missing: dict[str, None] = {}

    def visit(_: str, node: Any) -> None:
        if isinstance(node, h5py.Dataset):
            made = node.id.get_create_plist()
            for code, _, _, name in map(made.get_filter, range(made.get_nfilters())):
                if not h5py.h5z.filter_avail(code):
                    missing[_FILTERS.get(code) or as_text(name) or f"filter {code}"] = None

    with suppress(OSError, RuntimeError, ValueError), open_file(path) as file:
        file.visititems(visit)
    if not missing:
        return ""
    return (
        f"it is compressed with {', '.join(missing)}, which HDF5 does not know here: pip install "
        "hdf5plugin beside hsisr-geo, or have it rewritten with deflate (h5repack -f GZIP=1)"
    )


@contextmanager
def describing(path: Path) -> Iterator[Any]:
    """Open to describe what is inside.

    Raises
    ------
    RasterError : truncated, damaged
    """
    try:
        with open_file(str(path)) as file:
            yield file
    except (OSError, RuntimeError) as error:
        reason = "truncated" if "truncated" in str(error) else str(error)
        raise RasterError(f"{path}: this HDF5 file is damaged: {reason}") from error


def need(file: Any, name: str, path: Path, product: str) -> Any:
    """Return a dataset or group.

    Raises
    ------
    RasterError : not there
    """
    found = file.get(name)
    if found is None:
        raise RasterError(f"{path}: the {product} product lacks {name}: it is incomplete")
    return found


def need_attribute(node: Any, name: str, path: Path, product: str) -> Any:
    """Return an attribute as numpy or Python value, bytes as text.

    Raises
    ------
    RasterError : not there
    """
    if name not in node.attrs:
        raise RasterError(f"{path}: the {product} product lacks the attribute {name}: incomplete")
    return as_text(node.attrs[name])


def optional(file: Any, name: str, count: int) -> list[float | None]:
    """Return a number for each band, None where the file does not tell, or of others."""
    found = file.get(name)
    numbers = [] if found is None else decimals(found[()])
    if len(numbers) != count:
        return [None] * count
    return [number if number > 0 else None for number in numbers]


def decimals(numbers: Any) -> list[float]:
    """Return numbers as they were meant: 2497.12 in float32 is not 2497.1201171875.

    They may be flags, of any shape, or a list in a text.
    """
    plain = as_text(numbers)
    if isinstance(plain, str):
        plain = (split_list(plain, length(plain)) if plain.strip() else None) or []
    flat = np.ravel(plain)
    if flat.dtype.kind == "b":
        return [float(flag) for flag in flat]
    return [float(str(as_text(number))) for number in flat]


def fill_of(cube: Any, otherwise: float | None = None) -> float | None:
    """Return the number for no value: the attribute, else the one that HDF5 fills chunks with."""
    said = attribute(cube, "_FillValue")
    if said is None and cube.id.get_create_plist().fill_value_defined() == _BY_ITS_MAKER:
        said = cube.fillvalue
    numbers = [] if said is None else decimals(said)
    return numbers[0] if numbers else otherwise


def axes_in(node: Any) -> int:
    """Return how many axes a dataset has; 0 of a group."""
    return len(getattr(node, "shape", ()))


def attribute(node: Any, name: str) -> Any:
    """Return an attribute whatever case its name has; None where there is none."""
    if name in node.attrs:
        return node.attrs[name]
    return next((node.attrs[key] for key in node.attrs if key.lower() == name.lower()), None)


def scale_and_offset(node: Any) -> tuple[float, float]:
    """Return scale and offset by CF's names, 1 and 0 where they are not told."""
    scale, offset = (attribute(node, key) for key in ("scale_factor", "add_offset"))
    return (
        1.0 if scale is None else decimals(scale)[0],
        0.0 if offset is None else decimals(offset)[0],
    )


def of_bands(numbers: Any, what: str, count: int, path: Path) -> list[float | None]:
    """Return a number for each band, as they were meant; None for all where there are none.

    Raises
    ------
    RasterError : there are more or less than bands
    """
    if numbers is None:
        return [None] * count
    values = decimals(numbers)
    if len(values) != count:
        raise RasterError(f"{path} tells of {len(values)} {what}, but has {count} bands: damaged?")
    return list(values)


def as_text(value: Any) -> Any:
    """Return text for bytes, also in an array of one; other values as they are."""
    if isinstance(value, np.ndarray) and value.size == 1:
        value = value.reshape(-1)[0]
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value
