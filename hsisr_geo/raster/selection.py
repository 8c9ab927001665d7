"""The SPEC of `--bands` and `--exclude`: which bands of a raster, and which count as bad.

A SPEC is a list separated by commas. Its items are band numbers from 1 (`7`, `1-50`), wavelengths
with a unit (`550nm`, the nearest band, where the spectrum reaches that far; `1340-1445nm`,
`0.45-0.9um`, all bands whose centre lies there), and `water-vapour`. Numbers are those of the file,
whatever else is chosen.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from hsisr_geo.bands.bands import Bands, to_nanometers
from hsisr_geo.errors import OptionError
from hsisr_geo.raster.raster import Choice, Raster

WATER_VAPOUR_NM = ((1340.0, 1445.0), (1790.0, 1955.0))
"""Where water vapour lets hardly any sunlight through to the ground, whatever the sensor.

The limits are those that NEON writes into its reflectance files (`Band_Window_1_Nanometers`,
`Band_Window_2_Nanometers`).
"""
WATER_VAPOUR = "water-vapour"

_NUMBERS = re.compile(r"(\d+)(?:\s*-\s*(\d+))?")
_FLOAT = r"(\d+(?:\.\d*)?|\.\d+)"
_WAVELENGTHS = re.compile(rf"{_FLOAT}(?:\s*-\s*{_FLOAT})?\s*(nm|um|µm|μm)", re.IGNORECASE)
_NEAR = 10.0  # nanometres, as an index takes of its bands
_EXAMPLES = "e.g. 1-50,60 or 450-900nm,1000nm or water-vapour"


def find_bands(spec: str, bands: Bands, *, option: str) -> tuple[int, ...]:
    """Return the 0-based indices that a SPEC names, in its order, each once.

    Parameters
    ----------
    option : what the SPEC was given as, for messages

    Raises
    ------
    OptionError : no text, not understood, beyond the last band or the ends of the spectrum,
        wavelengths of a raster that has none

    >>> find_bands("3,1-2", Bands((Band(),) * 4), option="--bands")  # doctest: +SKIP
    (2, 0, 1)
    """
    if not isinstance(spec, str):
        name = option.removeprefix("--")
        raise OptionError(f"{name}={spec!r} is no text: give {_EXAMPLES}, between quotes")
    items = [item.strip() for item in spec.split(",")]
    found = (index for item in items for index in _find(item, bands, option))
    return tuple(dict.fromkeys(found))


DETECTOR = "detector"
"""The item of a band that names which of several detectors measured it: VNIR or SWIR."""
OVERLAPS = ("keep", "vnir", "swir")


def select_bands(raster: Raster, choice: Choice) -> Raster:
    """Describe the raster with some of its bands, and some of these marked as bad.

    Raises
    ------
    OptionError : as `find_bands`; nothing is left; `overlap` of what has no two detectors
    """
    twice, bands, bad = _of_the_other(raster, choice.overlap), choice.bands, set[int]()
    if choice.exclude is not None:
        bad = set(find_bands(choice.exclude, raster.bands, option="--exclude"))
    marked = (replace(b, good=False) if i in bad else b for i, b in enumerate(raster.bands))
    whole = Bands(tuple(marked))
    chosen = range(len(whole)) if bands is None else find_bands(bands, whole, option="--bands")
    kept = [i for i in chosen if i not in twice and (whole[i].good or not choice.drop_bad)]
    if not kept:
        option = "--drop-bad" if chosen else f"--bands {bands}"
        raise OptionError(f"{raster.path}: {option} leaves no band")
    raster = replace(raster, bands=whole)
    return raster if kept == list(range(len(whole))) else raster.select(kept)


def _of_the_other(raster: Raster, overlap: str) -> frozenset[int]:
    """Return the bands of the other detector where two measure the same wavelengths."""
    if overlap not in OVERLAPS:
        raise OptionError(f"overlap {overlap!r} is none of {', '.join(OVERLAPS)}")
    if overlap == "keep":
        return frozenset()
    found: dict[str, dict[int, float]] = {"VNIR": {}, "SWIR": {}}
    for index, band in enumerate(raster.bands):
        detector = dict(band.tags).get(DETECTOR, "")
        if detector in found and band.wavelength_nm is not None:
            found[detector][index] = band.wavelength_nm
    vnir, swir = found["VNIR"], found["SWIR"]
    if not vnir or not swir:
        raise OptionError(
            f"{raster.path}: --overlap {overlap} is for EnMAP and PRISMA, whose bands are of two "
            "detectors: use --bands"
        )
    first, last = min(swir.values()), max(vnir.values())
    if overlap == "vnir":
        return frozenset(i for i, nm in swir.items() if nm <= last)
    return frozenset(i for i, nm in vnir.items() if nm >= first)


def in_water_vapour(wavelength_nm: float | None) -> bool:
    """Tell whether a wavelength lies where water vapour lets hardly any light through."""
    return wavelength_nm is not None and any(
        low <= wavelength_nm <= high for low, high in WATER_VAPOUR_NM
    )


def advice(raster: Raster) -> str:
    """Say so where bands in water vapour count as good, else "".

    They are not taken for bad unasked: radiance is small there but measured, and some products
    interpolate reflectance across.
    """
    count = sum(band.good and in_water_vapour(band.wavelength_nm) for band in raster.bands)
    if count == 0:
        return ""
    bands = "1 band lies in water vapour and is"
    if count > 1:
        bands = f"{count} bands lie in water vapour and are"
    return (
        f"{bands} not marked as bad: where that is noise, "
        f"--exclude {WATER_VAPOUR} keeps it from the network"
    )


def _find(item: str, bands: Bands, option: str) -> Iterator[int]:
    if item.lower() in (WATER_VAPOUR, "water-vapor"):
        _known_wavelengths(bands, option, item)
        yield from (i for i, band in enumerate(bands) if in_water_vapour(band.wavelength_nm))
    elif match := _NUMBERS.fullmatch(item):
        yield from _numbered(int(match[1]), int(match[2] or match[1]), bands, option, item)
    elif match := _WAVELENGTHS.fullmatch(item):
        yield from _between(match, bands, option, item)
    else:
        raise OptionError(f"{option}: {item!r} is not understood: give {_EXAMPLES}")


def _numbered(first: int, last: int, bands: Bands, option: str, item: str) -> range:
    if first > last:
        raise OptionError(f"{option}: {item!r} ends before it begins")
    if first < 1 or last > len(bands):
        meant = any(band.wavelength_nm is not None for band in bands)
        told = f"; a wavelength has its unit behind it, {item}nm" if meant else ""
        raise OptionError(
            f"{option}: there is no band {item}: the raster has 1 to {len(bands)}{told}"
        )
    return range(first - 1, last)


def _between(match: re.Match[str], bands: Bands, option: str, item: str) -> Iterator[int]:
    known = _known_wavelengths(bands, option, item)
    low, high = (to_nanometers(float(text), match[3]) for text in (match[1], match[2] or match[1]))
    assert low is not None  # the pattern takes no other unit
    assert high is not None
    if low > high:
        raise OptionError(f"{option}: {item!r} ends before it begins")
    inside = [i for i, nm in known.items() if low <= nm <= high]
    if match[2] is None and _reaches(sorted(known.values()), low):
        inside = [min(known, key=lambda i: abs(known[i] - low))]
    if not inside and option == "--bands":  # to exclude what is not there is no mistake
        least, most = min(known.values()), max(known.values())
        where = "at" if match[2] is None else "in"
        raise OptionError(f"{option}: no band lies {where} {item}: they do in {least:g}-{most:g}nm")
    yield from inside


def _reaches(spectrum: Sequence[float], nm: float) -> bool:
    """Tell whether a wavelength lies in an ascending spectrum, or where its next band would.

    2200 nm are not the last band of a camera that ends at 1000. One band alone tells no spacing.
    """
    if len(spectrum) == 1:
        return True
    below, above = (max(b - a, _NEAR) for a, b in (spectrum[:2], spectrum[-2:]))
    return spectrum[0] - below <= nm <= spectrum[-1] + above


def _known_wavelengths(bands: Bands, option: str, item: str) -> dict[int, float]:
    """Return the wavelengths in nanometres by index."""
    known = {i: b.wavelength_nm for i, b in enumerate(bands) if b.wavelength_nm is not None}
    if not known:
        raise OptionError(
            f"{option}: the raster has no wavelengths to find {item} by: give band numbers"
        )
    return known
