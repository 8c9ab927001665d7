"""The bands of a raster: name, wavelength, width, radiometry and whether a band is usable.

Wavelengths and widths are in nanometres everywhere in this package; other units exist
only in files and are converted here. `scale` and `offset` are GDAL's radiometric pair:
physical value = DN * scale + offset.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Any

# How files spell a unit of wavelength, and what one of it is in nanometres.
_NM_PER_UNIT = {
    "nanometers": 1.0, "nanometer": 1.0, "nanometres": 1.0, "nanometre": 1.0, "nm": 1.0,
    "micrometers": 1e3, "micrometer": 1e3, "micrometres": 1e3, "micrometre": 1e3,
    "microns": 1e3, "micron": 1e3, "um": 1e3, "µm": 1e3, "μm": 1e3,
    "millimeters": 1e6, "millimetres": 1e6, "mm": 1e6,
    "centimeters": 1e7, "centimetres": 1e7, "cm": 1e7,
    "meters": 1e9, "metres": 1e9, "m": 1e9,
    "angstroms": 0.1, "angstrom": 0.1,
}  # fmt: skip

# Above this a list of wavelengths without a unit is taken as nanometres, else micrometres:
# optical sensors lie in 200..15000 nm, which is 0.2..15 um, so the two never meet.
_LARGEST_MICROMETRES = 100.0


@dataclass(frozen=True)
class Band:
    """One band of a raster.

    Parameters
    ----------
    name : as the source gives it, "" when it gives none
    wavelength_nm, fwhm_nm : centre and full width at half maximum
    good : False for a band that its header marks as bad (ENVI `bbl` = 0), and for an alpha band
    unit : of the physical values
    scale, offset : physical value = DN * scale + offset
    nodata : DN that stands for "no value"
    color : GDAL's colour interpretation, e.g. "red"
    tags : other items of the band, carried to the output
    """

    name: str = ""
    wavelength_nm: float | None = None
    fwhm_nm: float | None = None
    good: bool = True
    unit: str | None = None
    scale: float = 1.0
    offset: float = 0.0
    nodata: float | None = None
    color: str | None = None
    tags: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        """Use one NaN object, so that two bands with nodata = NaN are equal."""
        if self.nodata is not None and math.isnan(self.nodata):
            object.__setattr__(self, "nodata", math.nan)

    def __eq__(self, other: object) -> bool:
        """Compare as tuples do, where NaN equals itself: since Python 3.13 dataclasses do not."""
        if not isinstance(other, Band):
            return NotImplemented
        return tuple(vars(self).values()) == tuple(vars(other).values())

    def __reduce__(self) -> tuple[Any, ...]:
        return Band, tuple(vars(self).values())  # pickle through __post_init__

    @property
    def label(self) -> str:
        """The name, else the wavelength ("550.25 nm"), else ""."""
        if self.name or self.wavelength_nm is None:
            return self.name
        return f"{self.wavelength_nm:g} nm"


@dataclass(frozen=True)
class Bands:
    """The bands of a raster in file order."""

    items: tuple[Band, ...]

    @classmethod
    def numbered(
        cls,
        centres_nm: Sequence[float | None],
        widths_nm: Sequence[float | None],
        *,
        good: Sequence[bool] | None = None,
        like: Band = Band(),
        called: str = "band",
    ) -> "Bands":
        """Return bands called by their numbers, "band 1" and so on; all else of them is `like`.

        Raises
        ------
        ValueError : the lists have different lengths
        """
        flags = [like.good] * len(centres_nm) if good is None else good
        return cls(
            tuple(
                replace(
                    like,
                    name=f"{called} {number}",
                    wavelength_nm=centre,
                    fwhm_nm=width,
                    good=flag,
                )
                for number, (centre, width, flag) in enumerate(
                    zip(centres_nm, widths_nm, flags, strict=True), start=1
                )
            )
        )

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[Band]:
        return iter(self.items)

    def __getitem__(self, index: int) -> Band:
        return self.items[index]

    def select(self, indices: Sequence[int]) -> "Bands":
        """Return the bands at 0-based `indices`, in that order."""
        return Bands(tuple(self.items[i] for i in indices))

    @property
    def good_indices(self) -> tuple[int, ...]:
        """0-based indices of the bands that are not marked as bad."""
        return tuple(i for i, band in enumerate(self.items) if band.good)

    @property
    def good_by_wavelength(self) -> tuple[int, ...]:
        """0-based indices of the good bands as the network sees them: by ascending wavelength.

        In file order where a wavelength is missing.
        """
        known = {i: self.items[i].wavelength_nm for i in self.good_indices}
        if any(nm is None for nm in known.values()):
            return self.good_indices
        return tuple(sorted(known, key=lambda i: known[i] or 0.0))

    @property
    def wavelengths_nm(self) -> tuple[float, ...] | None:
        """Centre wavelengths, or None unless every band has one."""
        found = tuple(b.wavelength_nm for b in self.items if b.wavelength_nm is not None)
        return found if len(found) == len(self.items) else None

    @property
    def fwhm_nm(self) -> tuple[float, ...] | None:
        """Widths, or None unless every band has one."""
        found = tuple(b.fwhm_nm for b in self.items if b.fwhm_nm is not None)
        return found if len(found) == len(self.items) else None

    @property
    def nodata(self) -> float | None:
        """The one nodata value that a GeoTIFF of these bands can hold: the first that is set."""
        return next((b.nodata for b in self.items if b.nodata is not None), None)


def to_nanometers(value: float, unit: str) -> float | None:
    """Convert a wavelength from a unit as files spell it; None for a unit that is no length.

    >>> to_nanometers(0.55025, "Micrometers")
    550.25
    """
    factor = _NM_PER_UNIT.get(unit.strip().lower())
    if factor is None or factor == 1.0:
        return None if factor is None else value
    # 0.41746 um * 1000 is 417.46000000000004: keep a femtometre, drop the float noise.
    return round(value * factor, 6)


def guess_unit(wavelengths: Sequence[float]) -> str:
    """Guess the unit of wavelengths that came without one: "Nanometers" or "Micrometers"."""
    return "Nanometers" if median(wavelengths) > _LARGEST_MICROMETRES else "Micrometers"
