"""Classic netCDF (CDF-1, CDF-2, CDF-5) as an xarray dataset of views into the file.

Unidata, "NetCDF Classic Format Specification", and PnetCDF's of CDF-5: a header of dimensions,
attributes and variables, then big-endian numbers, a variable after the other; those along the
unlimited dimension in records, a row of each variable in one. GDAL has a reader, too. It takes the
last two axes for rows and columns whatever their names, and the first line for the southernmost
where no coordinate tells; rasterio's wheels know no CDF-5.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hsisr_geo.errors import RasterError

_TYPES = ("i1", "S1", ">i2", ">i4", ">f4", ">f8", "u1", ">u2", ">u4", ">i8", ">u8")  # from 1
_FILLS = {"i2": -32767, "i4": -2147483647, "f4": 9.969209968386869e36, "f8": 9.969209968386869e36,
          "u2": 65535, "u4": 4294967295}  # fmt: skip
_STREAMING = -1  # as a number of records: whoever wrote the file did not come back to tell it


@dataclass(frozen=True)
class _Variable:
    """A variable as the header declares it; its first number is at `begin`."""

    name: str
    dims: tuple[str, ...]
    dtype: np.dtype[Any]
    attributes: dict[str, Any]
    begin: int


def default_fill(dtype: np.dtype[Any]) -> float | None:
    """Return what stands where nothing was written, if `_FillValue` does not say it.

    GDAL and ncdump have it so, too. Bytes have none, as each of their numbers may be a value.
    """
    return _FILLS.get(dtype.str[1:])


def open_classic(path: str) -> Any:
    """Open a file, its numbers as stored; they are read when they are asked for.

    Raises
    ------
    RasterError : damaged, or shorter than its header says
    """
    import xarray

    raw = np.memmap(path, np.uint8, mode="r")
    try:
        header = _Header(raw)
        arrays = dict(_arrays(header, raw, path))
    except (IndexError, KeyError, ValueError, OverflowError, TypeError) as error:
        raise RasterError(f"{path}: the header of this netCDF file is damaged") from error
    dataset = xarray.Dataset(
        {v.name: (v.dims, arrays[v.name], v.attributes) for v in header.variables},
        attrs=header.attributes,
    )
    return xarray.decode_cf(dataset, mask_and_scale=False, decode_times=False, decode_coords="all")


def _arrays(header: "_Header", raw: Any, path: str) -> Iterator[tuple[str, NDArray[Any]]]:
    """Yield each variable as a view of the file."""
    in_records = [v for v in header.variables if header.unlimited in v.dims[:1]]
    rows = [prod(header.sizes[d] for d in v.dims[1:]) * v.dtype.itemsize for v in in_records]
    step = rows[0] if len(rows) == 1 else sum(map(_padded, rows))  # one alone is not padded
    records = header.records
    if records == _STREAMING:
        begin = min((v.begin for v in in_records), default=0)
        records = max(0, len(raw) - begin) // step if step else 0
    sizes = {**header.sizes, header.unlimited: records} if header.unlimited else header.sizes
    for variable in header.variables:
        shape = tuple(sizes[d] for d in variable.dims)
        strides = [prod(shape[i + 1 :]) * variable.dtype.itemsize for i in range(len(shape))]
        if variable in in_records:
            strides[0] = step
        last = sum((n - 1) * s for n, s in zip(shape, strides, strict=True))
        if prod(shape) and variable.begin + last + variable.dtype.itemsize > len(raw):
            needed = variable.begin + last + variable.dtype.itemsize
            raise RasterError(f"{path} is truncated: {len(raw)} of {needed} bytes are there")
        at = variable.begin if prod(shape) else 0
        yield variable.name, np.ndarray(shape, variable.dtype, raw, at, tuple(strides))


class _Header:
    """What a file says of its numbers.

    Attributes
    ----------
    records : length of the unlimited dimension, or `_STREAMING`
    unlimited : its name, "" where there is none
    sizes : of the dimensions, 0 of the unlimited one
    """

    def __init__(self, raw: Any) -> None:
        self._raw, self._at = raw, 4
        version = int(raw[3])
        self._count = ">i8" if version == 5 else ">i4"  # how long a number of things is
        self._offset = ">i4" if version == 1 else ">i8"
        self.records = self._number(self._count)
        dims = [(self._text(), self._number(self._count)) for _ in self._list()]
        self.sizes = dict(dims)
        self.unlimited = next((name for name, size in dims if size == 0), "")
        self.attributes = self._attributes()
        self._names = [name for name, _ in dims]
        self.variables = [self._variable() for _ in self._list()]

    def _variable(self) -> _Variable:
        name = self._text()
        dims = [self._names[self._number(self._count)] for _ in range(self._number(self._count))]
        attributes, dtype = self._attributes(), self._type()
        self._number(self._count)  # its bytes, which has no room for over 4 GB: they follow anyway
        return _Variable(name, tuple(dims), dtype, attributes, self._number(self._offset))

    def _attributes(self) -> dict[str, Any]:
        return {self._text(): self._values() for _ in self._list()}

    def _values(self) -> Any:
        dtype = self._type()
        values = self._take(dtype, self._number(self._count))
        if dtype.kind == "S":
            return values.tobytes().decode("utf-8", "surrogateescape").rstrip("\0")
        native = values.astype(dtype.newbyteorder("="))
        return native[0] if native.size == 1 else native

    def _list(self) -> range:
        self._number(">i4")  # of what kind, 0 of none
        return range(self._number(self._count))

    def _text(self) -> str:
        values = self._take(np.dtype("S1"), self._number(self._count))
        return values.tobytes().decode("utf-8", "surrogateescape")

    def _type(self) -> np.dtype[Any]:
        return np.dtype(_TYPES[self._number(">i4") - 1])

    def _number(self, dtype: str) -> int:
        return int(self._take(np.dtype(dtype), 1)[0])

    def _take(self, dtype: np.dtype[Any], count: int) -> NDArray[Any]:
        """Return the next numbers, and go on behind what pads them to four bytes."""
        size = count * dtype.itemsize
        found = np.frombuffer(self._raw[self._at : self._at + size].tobytes(), dtype, count)
        self._at += _padded(size)
        return found


def _padded(size: int) -> int:
    return -(-size // 4) * 4
