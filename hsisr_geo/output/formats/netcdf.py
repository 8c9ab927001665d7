"""netCDF-4 by the CF conventions: one file that xarray, GDAL, QGIS and Panoply open as it is.

Written by h5netcdf, as inputs are read. The dimensions are those of Zarr.
"""

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from hsisr_geo.errors import HsisrError, one_line
from hsisr_geo.output.formats.cf_cube import (
    CUBE,
    Variable,
    as_cf,
    band_dimension,
    check_place,
    coordinates,
    cube_attributes,
    plain_tags,
    variables,
)
from hsisr_geo.output.formats.creation import refuse
from hsisr_geo.output.formats.format import Content, Format
from hsisr_geo.raster.raster import Raster

_COMPRESS = ("DEFLATE", "NONE")
_LEVEL = 4
_BANDS_PER_CHUNK = 32
_LONGEST = 16_000  # characters, of four bytes at most


@dataclass(frozen=True)
class NetCdf:
    """A netCDF-4 file of one cube and its coordinates.

    Parameters
    ----------
    creation : COMPRESS=DEFLATE (the default) or NONE
    """

    creation: Mapping[str, str] = field(default_factory=dict, hash=False)

    name = "netcdf"
    media_type = "application/x-netcdf"
    block = None

    def deep(self, bands: int) -> int:
        """Return the bands of a chunk."""
        return min(_BANDS_PER_CHUNK, bands)

    def stored(self, raster: Raster) -> Raster:
        """Return the raster as CF can tell it."""
        return as_cf(raster)

    def check(self, path: Path, raster: Raster) -> None:
        """Refuse places that CF coordinates cannot tell, and unknown options."""
        for name, value in self.creation.items():
            if name != "COMPRESS":
                raise refuse(path, name, value, "is not COMPRESS, which netCDF has")
            if value.upper() not in _COMPRESS:
                raise refuse(path, name, value, f"is none of {', '.join(_COMPRESS)}")
        check_place(path, raster, "netCDF")

    def files(self, path: Path) -> list[Path]:
        """Return the one file."""
        return [path]

    def sidecars(self, path: Path) -> list[Path]:
        """Return what GDAL may keep beside it."""
        return [path.with_name(f"{path.name}.aux.xml")]

    def write(self, part: Path, file: Path, content: Content) -> None:
        """Make the file; one thread writes, as HDF5 has it."""
        with _Unfailing(part) as disk:
            try:
                self._write(disk, content)
            except RuntimeError as error:  # of HDF5
                raise OSError(f"HDF5 does not take it: {one_line(error)}") from error

    def _write(self, disk: "_Unfailing", content: Content) -> None:
        h5netcdf: Any = import_module("h5netcdf")  # brings h5py, which other formats do without
        raster = content.raster
        with h5netcdf.File(disk, "w") as dataset:
            dataset.dimensions = {
                band_dimension(raster): len(raster.bands), "y": raster.rows, "x": raster.cols,
            }  # fmt: skip
            for variable in variables(raster):
                _write_variable(dataset, variable)
            cube, deep = self._create_cube(dataset, content), self.deep(len(raster.bands))
            for rows, cols in content.blocks.blocks(raster.shape):
                for bands, dn, _ in content.read(rows, cols, deep):
                    cube[bands, rows, cols] = dn
                    disk.check()
            told = {**cube_attributes(content), "coordinates": coordinates(raster)}
            cube.attrs.update(_short(told))
            dataset.attrs.update({"Conventions": "CF-1.8", **_short(plain_tags(content))})

    def _create_cube(self, dataset: Any, content: Content) -> Any:
        raster, block = content.raster, content.blocks.block
        shape = (len(raster.bands), *raster.shape)
        packed: dict[str, Any] = {}
        if self.creation.get("COMPRESS", "DEFLATE").upper() == "DEFLATE":
            packed = {"compression": "gzip", "compression_opts": _LEVEL, "shuffle": True}
        nodata = raster.bands.nodata
        return dataset.create_variable(
            CUBE,
            (band_dimension(raster), "y", "x"),
            raster.dtype,
            chunks=tuple(map(min, zip((_BANDS_PER_CHUNK, block, block), shape, strict=True))),
            fillvalue=None if nodata is None else np.dtype(raster.dtype).type(nodata),
            **packed,
        )


class _Unfailing(io.FileIO):
    """A new file that HDF5 may write to where the disk is full: the error is kept, and raised last.

    HDF5 that hears of it cannot close what it has open, and takes the process with it.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path, "w+")
        self.error: OSError | None = None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the file; what it could not take is the reason of all that went wrong later."""
        super().__exit__(kind, error, trace)
        if not isinstance(error, HsisrError):  # such as `Canceled`
            self.check()

    def check(self) -> None:
        """Raise what happened, if anything has."""
        if self.error is not None:
            raise self.error

    def write(self, data: Any) -> int:
        """Write all of it, or nothing once that has failed."""
        view = memoryview(data).cast("B")
        size = done = len(view)
        if self.error is None:
            done = 0
        try:
            while done < size:
                done += super().write(view[done:])
        except OSError as error:
            self.error = error
        return size

    def readinto(self, buffer: Any) -> int:
        """Read; what was never written is 0."""
        view = memoryview(buffer).cast("B")
        found = super().readinto(view)
        view[found:] = bytes(len(view) - found)
        return len(view)

    def truncate(self, size: int | None = None) -> int:
        """Cut the file, or make it longer."""
        try:
            return super().truncate(size)
        except OSError as error:
            self.error = self.error or error
            return size or 0


def _short(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what HDF5 has no room for in an attribute, 64 KiB."""
    return {name: value for name, value in attributes.items() if len(str(value)) < _LONGEST}


def _write_variable(dataset: Any, variable: Variable) -> None:
    values = variable.values
    if values.dtype.kind == "U":  # as netCDF-4 has texts: of any length
        text = np.dtype("O", metadata={"vlen": str})  # as h5py spells it
        created = dataset.create_variable(variable.name, variable.dimensions, text)
        created[...] = values.astype(object)
    else:
        created = dataset.create_variable(variable.name, variable.dimensions, values.dtype)
        created[...] = values
    created.attrs.update(variable.attributes)


_: type[Format] = NetCdf
