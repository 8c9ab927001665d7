"""The `hsisr` accessor: `array.hsisr.super_resolve(upscale=4)`, in memory or lazily on dask."""

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, Literal

import numpy as np
import xarray as xr

from hsisr_geo._version import __version__
from hsisr_geo.bands.bands import Band, Bands
from hsisr_geo.bands.metadata import as_tags
from hsisr_geo.bands.radiometry import usable_nodata
from hsisr_geo.cube.valid_range import check_range
from hsisr_geo.errors import OptionError, RasterError
from hsisr_geo.raster.suitability import check_new
from hsisr_geo.resolver.catalogue import DEFAULT
from hsisr_geo.resolver.load import DEFAULT_UPSCALE, Recipe, check_upscale
from hsisr_geo.resolver.protocol import Resolver
from hsisr_geo.xarray.axes import (
    EACH_BAND,
    NODATA_NAMES,
    RADIOMETRY,
    Axes,
    axes_of,
    bands_of,
    name_of,
    nodata_in,
)
from hsisr_geo.xarray.chunks import ArrayRequest, Maker, Storage
from hsisr_geo.xarray.coordinates import finer_coordinates
from hsisr_geo.xarray.graph import super_resolve_array
from hsisr_geo.xarray.grid_attributes import finer_attributes

_STORAGE = ("dtype", "rasterio_dtype", "grid_mapping", *NODATA_NAMES, *RADIOMETRY)
# ^ what of an encoding is not about the chunks and the file of the coarser array


@xr.register_dataarray_accessor("hsisr")  # type: ignore[no-untyped-call]
class HsisrArray:
    """`array.hsisr` of a DataArray with bands, rows and columns, in any order."""

    def __init__(self, array: xr.DataArray) -> None:
        self._array = array

    def super_resolve(
        self,
        *,
        upscale: int | None = None,
        model: str = DEFAULT,
        detail: float = 0.0,
        seed: int = 0,
        device: str = "auto",
        precision: str = "float32",
        psf: str | None = None,
        consistency: bool = True,
        resolver: Resolver | None = None,
        dtype: Literal["float32", "source"] = "float32",
        tile: int = 128,
        valid_range: Sequence[float] | None = None,
        again: bool = False,
        x_dim: Hashable | None = None,
        y_dim: Hashable | None = None,
    ) -> xr.DataArray:
        """Return the array `upscale` times finer; lazily if it is a dask array.

        Values are those that `hsisr_geo.super_resolve` writes for the same raster, up to the
        rounding of float32, however the array is chunked. NaN and the `_FillValue` attribute say
        where there is no value; holes stay holes.

        Parameters
        ----------
        upscale, model, detail, seed, device, precision, psf, consistency
            As for `hsisr_geo.load_resolver`; upscale 2 by default.
        resolver
            Instead of these. To be used in other processes, it must be picklable.
        dtype
            "float32": physical values, NaN where there is none; the encoding then says how to store
            them as the input is stored. "source": numbers like the input's.
        tile
            Side of what is computed at a time within a chunk, in input pixels: a matter of memory.
        valid_range, again
            As for `hsisr_geo.super_resolve`.
        x_dim, y_dim
            Dimensions of columns and rows, where their names do not tell.

        Returns
        -------
        DataArray with the dimensions in the order of the input. Chunks are `upscale` times larger,
        with all bands in each. Coordinates of rows and columns are at the new pixels' centres,
        others as they were; attributes get `HSISR_*`, which say how the array was made.

        Raises
        ------
        HsisrError : an unknown model, an option out of range, axes that cannot be told apart
        """
        array = self._array
        axes = axes_of(array, x_dim=x_dim, y_dim=y_dim)
        _check(array, dtype, tile)
        if not again:
            check_new(array.attrs, name_of(array))
        factor = DEFAULT_UPSCALE if upscale is None else upscale
        recipe = Recipe(model, factor, detail, seed, device, precision, psf, consistency)
        maker: Maker = resolver or recipe.pinned()
        made_by = maker.load() if isinstance(maker, Recipe) else maker
        check_upscale(made_by, upscale)
        bands, encoded = bands_of(array, axes), dtype == "source"
        job = ArrayRequest(
            maker=maker,
            bands=bands,
            shape=(array.sizes[axes.y], array.sizes[axes.x]),
            upscale=made_by.upscale,
            context=made_by.context,
            dtype=array.dtype.name if dtype == "source" else "float32",
            encoded=encoded,
            tile=tile,
            limits=check_range(valid_range),
            storage=None if encoded else _stored(_storage(array, encoded=False)[1], len(bands)),
        )
        data = array.transpose(*axes.order).data
        finer = super_resolve_array(data, job, uses_statistics=made_by.uses_statistics)
        return _labelled(finer, array, axes, made_by, encoded=job.encoded)


@xr.register_dataset_accessor("hsisr")  # type: ignore[no-untyped-call]
class HsisrDataset:
    """`dataset.hsisr` of a Dataset with one variable of bands, rows and columns, or several."""

    def __init__(self, dataset: xr.Dataset) -> None:
        self._dataset = dataset

    def super_resolve(self, variable: Hashable | None = None, **options: Any) -> xr.Dataset:
        """Return a Dataset with one variable super-resolved; lazily if it is a dask array.

        Parameters
        ----------
        variable
            Its name; not needed where just one has three dimensions.
        options
            Of `DataArray.hsisr.super_resolve`.

        Returns
        -------
        Dataset with that variable, and those that lie along none of its rows and columns.
        Variables along the bands alone, as EMIT has its `wavelengths`, count as its coordinates.

        Raises
        ------
        RasterError : no variable with three dimensions, or several and none was named
        """
        dataset = self._dataset
        name = _chosen(dataset, variable)
        array = dataset[name]
        beside = [
            other
            for other, values in dataset.data_vars.items()
            if other != name and set(values.dims) < set(array.dims) and values.ndim <= 1
        ]
        promoted = dataset.set_coords(beside)
        finer: xr.DataArray = promoted[name].hsisr.super_resolve(**options)
        return finer.to_dataset(name=name).reset_coords(beside).assign_attrs(dataset.attrs)


def _chosen(dataset: xr.Dataset, variable: Hashable | None) -> Hashable:
    cubes = [name for name, values in dataset.data_vars.items() if values.ndim == 3]
    if variable is not None:
        if variable not in dataset.data_vars:
            raise RasterError(f"the dataset has no variable {variable!r}: {_names(dataset)}")
        return variable
    if len(cubes) != 1:
        found = "several variables have" if cubes else "no variable has"
        way = "" if cubes else _way_to_one(dataset)
        raise RasterError(f"{found} three dimensions, name one of: {_names(dataset)}{way}")
    return cubes[0]


def _way_to_one(dataset: xr.Dataset) -> str:
    """Say how variables that are bands become one, with what tells their holes and values."""
    flat = next((name for name, values in dataset.data_vars.items() if values.ndim == 2), None)
    if flat is None:
        return ""
    way = "; of a variable for each band, .to_dataarray('band')"
    told = any(name in dataset[flat].attrs for name in (*NODATA_NAMES, *RADIOMETRY))
    # to_dataarray drops attributes: -9999 would be a value
    return f"{way}.assign_attrs(dataset[{flat!r}].attrs)" if told else way


def _names(dataset: xr.Dataset) -> str:
    return ", ".join(map(str, dataset.data_vars)) or "it has none"


def _check(array: xr.DataArray, dtype: str, tile: int) -> None:
    if dtype not in ("float32", "source"):
        raise OptionError(f"dtype must be float32 or source, not {dtype!r}")
    if tile < 1:
        raise OptionError(f"tile must be at least 1, not {tile}")
    if array.dtype.kind not in "iuf":
        raise RasterError(f"{name_of(array)} holds {array.dtype}: real numbers are needed")
    if 0 in array.shape:
        raise RasterError(f"{name_of(array)} has no pixels: {dict(array.sizes)}")


def _stored(encoding: Mapping[Any, Any], count: int) -> Storage | None:
    """Return how an encoding stores values; None where it is by floats, which take any."""
    told = encoding.get("dtype") or encoding.get("rasterio_dtype")
    if told is None or np.dtype(told).kind not in "iu":
        return None
    nodata = nodata_in(encoding)
    band = Band(
        scale=float(encoding.get("scale_factor", 1.0)),
        offset=float(encoding.get("add_offset", 0.0)),
        nodata=None if nodata is None else usable_nodata(nodata, np.dtype(told).name),
    )
    return Storage(Bands((band,) * count), np.dtype(told).name)


def _labelled(
    finer: Any, array: xr.DataArray, axes: Axes, resolver: Resolver, *, encoded: bool
) -> xr.DataArray:
    """Give the finer pixels the labels of the array."""
    attrs, encoding = _storage(array, encoded=encoded)
    made = xr.DataArray(
        finer,
        dims=axes.order,
        coords=finer_coordinates(array, axes, resolver.upscale),
        attrs=finer_attributes(attrs, resolver.upscale) | _provenance(resolver),
        name=array.name,
    ).transpose(*array.dims)
    made.encoding = encoding
    made.name = array.name  # xarray takes dask's name for that of an array without one
    return made


def _storage(array: xr.DataArray, *, encoded: bool) -> tuple[dict[Any, Any], dict[Any, Any]]:
    """Return attributes and encoding: what decoding took from the former is in the latter."""
    attrs = dict(array.attrs)
    encoding = {k: v for k, v in array.encoding.items() if k in _STORAGE}
    if encoded:
        return attrs, encoding
    if array.dtype.kind == "f" or any(name in attrs for name in NODATA_NAMES):
        encoding.setdefault("dtype", array.dtype)  # integers need a number for "no value"
    for name in (*NODATA_NAMES, *RADIOMETRY):
        if name in attrs:
            encoding[name] = attrs.pop(name)
    if any(name in told for told in (attrs, array.encoding) for name in EACH_BAND):
        # No encoding can say it: rioxarray 0.23 rounds what it has scaled as if it had not.
        attrs = {k: v for k, v in attrs.items() if k not in EACH_BAND}
        encoding = {k: v for k, v in encoding.items() if k == "grid_mapping"}
    return attrs, encoding


def _provenance(resolver: Resolver) -> dict[str, str]:
    """Say how the array was made, in the words of the tags of a file."""
    items = {
        "version": __version__,
        "model": resolver.name,
        "upscale": str(resolver.upscale),
        **resolver.provenance(),
    }
    return as_tags(items)
