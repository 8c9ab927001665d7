"""What a path holds, told from its content: a product with a reader of its own, else GDAL's.

Readers of HDF5 and of CF are imported when a file asks for them: a GeoTIFF opens sooner by a tenth
of a second.
"""

import os
import re
from pathlib import Path

from hsisr_geo.bands.envi_header import is_header
from hsisr_geo.errors import OptionError, RasterError
from hsisr_geo.paths import oddity
from hsisr_geo.raster import gdal
from hsisr_geo.raster.facts import archives, arrays
from hsisr_geo.raster.facts.stac_item import with_item_beside
from hsisr_geo.raster.pipes import is_stdin
from hsisr_geo.raster.products import aviris, dlr, envi, makers, snap
from hsisr_geo.raster.products.place import ORTHORECTIFIED
from hsisr_geo.raster.products.wavelength_table import with_table_beside
from hsisr_geo.raster.raster import Raster

_HDF5 = b"\x89HDF\r\n\x1a\n"
_SUBDATASET = re.compile(
    r"""(NETCDF|HDF5|ZARR):(?P<quote>["']?)(?P<file>.+)(?P=quote):/*(?P<cube>.+)""", re.IGNORECASE
)  # rasterio writes them in small letters
_CLASSIC = (b"CDF\x01", b"CDF\x02", b"CDF\x05")


def describe(path: str, *, orthorectify: bool = False) -> Raster:
    """Describe the raster or product at `path`.

    Parameters
    ----------
    path : a file, a folder, or any other name that GDAL takes
    orthorectify : on the map grid of a lookup table that the product brings along

    Raises
    ------
    RasterError : as `open_raster` says
    OptionError : `orthorectify` of what has no lookup table
    """
    place = Path(path)
    if not path:
        raise RasterError("a raster has an empty name: is a variable not set?")
    if is_stdin(path) and not os.path.lexists(path):
        raise RasterError(
            f"{path}: stdin is read by run, info and psf: keep it in a file, name that"
        )
    if os.path.isdir(path):  # unlike `Path.is_dir` it takes any text that GDAL calls a name
        raster = _folder(place, orthorectify)
    elif os.path.isfile(path):
        raster = _file(place, orthorectify)
    elif what := oddity(path):
        raise RasterError(
            f"{path} is {what}, and no file: what comes through a pipe is read as `-` by run, info "
            "and psf, and by the others once it is kept in a file"
        )
    elif _is_zarr(packed := Path(archives.plain_name(path))):
        raster = _folder(packed, orthorectify)
    else:  # a /vsi path, a subdataset, a URL, or nothing
        raster = _cube_of_a_product(path, orthorectify) or gdal.describe(path)
    if orthorectify and not raster.product.endswith(ORTHORECTIFIED):
        raise OptionError(_no_lookup_table(raster))
    return raster


def is_product_folder(place: Path) -> bool:
    """Tell whether a folder is one scene: a Zarr store, or a product of several files."""
    if not place.is_dir():
        return False
    return _is_zarr(place) or _finest(place) is not None or dlr.holds_metadata(place)


def _is_zarr(place: Path) -> bool:
    """Tell whether a path is a Zarr store: a folder, or a zip of one."""
    if os.path.isfile(place):
        return archives.is_zarr_archive(place)
    return any(os.path.exists(place / name) for name in archives.ZARR_MARKS)


def _folder(place: Path, orthorectify: bool) -> Raster:
    if _is_zarr(place):
        from hsisr_geo.raster.products import cf

        return cf.describe_zarr(place, orthorectify=orthorectify)
    found = dlr.find_metadata(place)
    if found is not None:
        return dlr.describe(found)
    if (finest := _finest(place)) is not None:
        return _folder(finest, orthorectify).noted("of its levels the finest is read")
    if dimap := snap.dimap_of(place):
        return snap.describe(dimap)
    if told := arrays.advice_on_folder(place):
        raise RasterError(told)
    try:
        return gdal.describe(os.fspath(place))
    except RasterError as error:
        raise RasterError(
            f"{place} is not a raster, but a folder without a product: {_what_is_in(place)}"
        ) from error


def _finest(place: Path) -> Path | None:
    """Return the base of a pyramid of Zarr stores, as xcube writes it; None of other folders."""
    base = place / "0.zarr"
    pyramid = place.suffix == ".levels" or os.path.exists(place / ".zlevels")
    return base if pyramid and _is_zarr(base) else None


def _what_is_in(place: Path) -> str:
    if below := dlr.products_below(place):
        return f"in {below[0]} is one: name that"
    images = envi.images_below(place)
    return f"name a file in it, e.g. {images[0]}" if images else "name a file in it"


def _file(place: Path, orthorectify: bool) -> Raster:
    beginning = _beginning(place)
    if is_header(beginning):
        return _file(Path(envi.data_file(place)), orthorectify)
    if beginning.startswith(_HDF5):
        from hsisr_geo.raster.products import hdf5_products

        return hdf5_products.describe(place, orthorectify=orthorectify)
    if beginning.startswith(_CLASSIC):
        from hsisr_geo.raster.products import cf

        found = cf.describe_classic(place, orthorectify=orthorectify)
        return found or gdal.describe(os.fspath(place))
    if told := arrays.advice(place, beginning):
        raise RasterError(told)
    if beginning.startswith(b"PK") and _is_zarr(place):
        return _folder(place, orthorectify)
    if snap.is_dimap(beginning):
        return snap.describe(place)
    metadata = dlr.metadata_of(place, beginning)
    if metadata is not None:
        return dlr.describe(metadata, place)
    found = makers.as_its_maker_means(_raster(place, beginning), place)
    found = with_item_beside(snap.as_snap_means(found, place), place)
    found = with_table_beside(found, place)
    return aviris.on_its_map(found, place, orthorectify=orthorectify)


def _raster(place: Path, beginning: bytes) -> Raster:
    """Describe what GDAL reads, or would if it understood the header."""
    try:
        return gdal.describe(os.fspath(place))
    except RasterError as error:
        header = envi.header_that_gdal_misreads(place)
        told = archives.advice(place, beginning) or arrays.advice_on_unread(place, beginning)
        if header is None and told:
            raise RasterError(told) from error
        if header is None:
            raise
    return envi.describe(place, header)


def _cube_of_a_product(name: str, orthorectify: bool) -> Raster | None:
    """Describe the product whose cube a subdataset of GDAL's is, None where it is none.

    QGIS opens EMIT, PRISMA and NEON by such names only, and GDAL takes their first axis for bands,
    or turns a swath upside down. What Zarr 3 says of holes and place it does not see.
    """
    found = _SUBDATASET.fullmatch(name)
    if found is None:
        return None
    place = Path(archives.plain_name(found["file"]))
    if _is_zarr(place):
        from hsisr_geo.raster.products import cf

        return cf.describe_array(place, found["cube"], orthorectify=orthorectify)
    beginning = _beginning(place) if os.path.isfile(place) else b""
    if beginning.startswith(_CLASSIC):
        from hsisr_geo.raster.products import cf

        return cf.describe_classic(place, found["cube"], orthorectify=orthorectify)
    if not beginning.startswith(_HDF5):
        return None
    from hsisr_geo.raster.products import hdf5_products

    return hdf5_products.describe_cube(place, found["cube"], orthorectify=orthorectify)


def _beginning(place: Path) -> bytes:
    try:
        with place.open("rb") as file:
            return file.read(512)
    except OSError as error:
        raise RasterError(f"{place}: {error.strerror}") from error


def _no_lookup_table(raster: Raster) -> str:
    told = (
        f"{raster.path}: --orthorectify needs a product with a geolocation lookup table (EMIT, "
        "AVIRIS with its GLT beside) or the place of every pixel, in degrees"
    )
    if raster.gcps:
        return f"{told}; the ground control points of this one serve `gdalwarp -tps` on the output"
    if raster.rpcs:
        return f"{told}; the polynomials of this one serve `gdalwarp -rpc` on the output"
    return f"{told}; this one is {'on a map grid already' if raster.has_transform else 'without'}"
