"""The number that stands for no value in each band: exact, possible for a pixel, and heeded."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from rasterio.enums import MaskFlags

from hsisr_geo.bands.bands import Bands
from hsisr_geo.bands.declared_range import Limits, free_number, read_limits
from hsisr_geo.bands.radiometry import exact_nodata, usable_nodata
from hsisr_geo.raster.facts.vrt_copy import vrt_of

_LONG = ("int64", "uint64")


def settled_nodata(bands: Bands, dataset: Any) -> tuple[Bands, tuple[str, ...]]:
    """Return bands with the nodata values that count, and notes on those that do not."""
    bands = _exact(bands, dataset)
    pairs = zip(bands, dataset.dtypes, strict=True)
    bands = Bands(tuple(replace(b, nodata=usable_nodata(b.nodata, t)) for b, t in pairs))
    bands, ignored = _heeded(bands, dataset)
    return bands, tuple(filter(None, (ignored, _held(bands, dataset.dtypes))))


def within_limits(bands: Bands, dataset: Any) -> tuple[Bands, Limits | None]:
    """Return the numbers that netCDF declares as valid, and bands with a value for others.

    GDAL, asked to heed them (which `open_quietly` forbids), makes 0 of what is beyond.
    """
    if dataset.driver != "netCDF":
        return bands, None
    found = {
        read_limits(dataset.tags(i), t, b.scale, b.offset)
        for i, (b, t) in enumerate(zip(bands, dataset.dtypes, strict=True), start=1)
    }
    limits = found.pop() if len(found) == 1 else None
    if limits is None:
        return bands, None
    kept = (
        replace(b, nodata=free_number(t, limits)) if b.nodata is None else b
        for b, t in zip(bands, dataset.dtypes, strict=True)
    )
    return Bands(tuple(kept)), limits


def is_masked(flags: Sequence[MaskFlags]) -> bool:
    """Whether a mask tells, beyond nodata values, which pixels are valid.

    Nodata alone is handled per band by `decode`; with `per_dataset` it is a rule over all bands
    (NODATA_VALUES), which GDAL's mask band knows.
    """
    return list(flags) not in ([MaskFlags.all_valid], [MaskFlags.nodata])


def _exact(bands: Bands, dataset: Any) -> Bands:
    """Return nodata values of 64-bit integers as they are told; rasterio hands out doubles."""
    if not set(dataset.dtypes) & set(_LONG):
        return bands
    if not any(MaskFlags.nodata in flags for flags in dataset.mask_flag_enums):
        return bands
    tree = vrt_of(dataset)
    told = (
        []
        if tree is None
        else [(band.findtext("NoDataValue") or "").strip() for band in tree.iter("VRTRasterBand")]
    )
    if len(told) != len(bands):
        return bands
    return Bands(
        tuple(
            replace(band, nodata=int(text)) if _is_whole(text) and dtype in _LONG else band
            for band, text, dtype in zip(bands, told, dataset.dtypes, strict=True)
        )
    )


def _is_whole(text: str) -> bool:
    return text.removeprefix("-").isdecimal()


def _held(bands: Bands, dtypes: Sequence[str]) -> str:
    """Say so where an output will have another nodata value than the input."""
    pairs = zip(bands, dtypes, strict=True)
    moved = {band.nodata: held for band, dtype in pairs
             if (held := exact_nodata(band.nodata, dtype)) is not band.nodata}  # fmt: skip
    if not moved:
        return ""
    old, new = next(iter(moved.items()))
    return f"its nodata value {old} has more digits than a double holds: outputs have {new}"


def _heeded(bands: Bands, dataset: Any) -> tuple[Bands, str]:
    """Leave out the nodata value of bands that have a mask, as GDAL does; say so."""
    heeded = [_heeds_nodata(flags) for flags in dataset.mask_flag_enums]
    kept = (b if h else replace(b, nodata=None) for b, h in zip(bands, heeded, strict=True))
    values = {f"{b.nodata:g}" for b, h in zip(bands, heeded, strict=True)
              if b.nodata is not None and not h}  # fmt: skip
    if not values:
        return bands, ""
    told = f"a mask tells which pixels are valid: its nodata value {', '.join(sorted(values))}"
    return Bands(tuple(kept)), f"{told} is not heeded, as GDAL does not either"


def _heeds_nodata(flags: Sequence[MaskFlags]) -> bool:
    """Tell whether GDAL heeds a nodata value beside what these flags say of a mask."""
    own_mask = not flags or (MaskFlags.per_dataset in flags and MaskFlags.nodata not in flags)
    return not own_mask or MaskFlags.alpha in flags
