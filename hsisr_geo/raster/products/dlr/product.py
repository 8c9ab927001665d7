"""A product of DLR as a raster: a METADATA file beside a SPECTRAL_IMAGE, on its map or its sensor.

EnMAP: "HSI Product Specification Level 1/2", EN-PCV-ICD-2009-2. DESIS: "DESIS Product
Specification", PAV-DLR-ICD-003. The metadata have what the image lacks: centre wavelengths,
widths, gains and offsets (value = DN * gain + offset) of every band.
"""

import os
import re
import xml.etree.ElementTree as ElementTree  # nosec B405 # for its types only
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from affine import Affine

from hsisr_geo.bands.bands import Band, Bands
from hsisr_geo.bands.envi_header import read_header
from hsisr_geo.bands.lists import to_number
from hsisr_geo.bands.radiometry import usable_nodata
from hsisr_geo.errors import RasterError
from hsisr_geo.raster import gdal
from hsisr_geo.raster.datasets import anywhere
from hsisr_geo.raster.products.dlr import enmap_l1b
from hsisr_geo.raster.products.dlr.metadata import (
    NAME,
    SENSOR_LEVEL,
    BandFacts,
    band_facts,
    mission_and_level,
    parse,
)
from hsisr_geo.raster.raster import Clouds, Missing, Raster, Source, Stored
from hsisr_geo.raster.selection import DETECTOR

_IMAGE = re.compile(r"(.*)-SPECTRAL_IMAGE(_VNIR|_SWIR)?(_COG)?\.\w+", re.IGNORECASE)
_METADATA = re.compile(r"(.*)-METADATA\.xml", re.IGNORECASE)
_IMAGE_SUFFIXES = (".tif", ".tiff", ".geotiff", ".bsq", ".bil", ".bip", ".img", ".jp2")
_DEPTHS = "*", "*/*"
_CLOUDS = {"EnMAP": ("QL_QUALITY_CLOUD", (0,)), "DESIS": ("QL_QUALITY-2", (5, 6))}
# ^ layer, and which of its bands are flags of clouds, 0-based. DESIS has them over land and over
# water, after shadow, land, snow and haze over both, by hyperproc 0.1.2's reader and
# SatelliteAnalysis' (Julia), which mask by them; L2A alone has such a layer
_BACKGROUND = 3  # in EnMAP's QL_QUALITY_CLASSES: 1 land, 2 water, 3 background
_RADIANCE = {"EnMAP": "W m-2 sr-1 nm-1", "DESIS": "mW cm-2 sr-1 um-1"}


@dataclass(frozen=True)
class ClassedSource:
    """An image whose pixels of one class, told by a raster beside it, are no part of the scene."""

    image: Source
    classes: Source
    background: int = _BACKGROUND
    band: int = 0

    def read(self, bands: Sequence[int], rows: slice, cols: slice) -> tuple[Stored, Missing | None]:
        """Read a window as `Source.read` says."""
        stored, missing = self.image.read(bands, rows, cols)
        classes, _ = self.classes.read([self.band], rows, cols)
        outside = np.asarray(classes == self.background)
        return stored, outside if missing is None else missing | outside


@dataclass(frozen=True)
class AnyFlag:
    """One band of 1 where any of several bands of flags is 1, else of 0."""

    flags: Source
    places: tuple[int, ...]

    def read(self, bands: Sequence[int], rows: slice, cols: slice) -> tuple[Stored, Missing | None]:
        """Read a window as `Source.read` says; `bands` is [0]."""
        stored, _ = self.flags.read(self.places, rows, cols)
        return np.any(stored == 1, axis=0, keepdims=True).astype(np.uint8), None


def products_below(folder: Path) -> list[Path]:
    """Return the folders of products within a folder, as archives of deliveries have them."""
    inside = (path for depth in _DEPTHS for path in folder.glob(depth) if path.is_dir())
    return sorted(p for p in inside if os.access(p, os.R_OK) and holds_metadata(p))


def holds_metadata(folder: Path) -> bool:
    """Tell whether there is a metadata file in a folder, of one product or of several."""
    return any(_METADATA.fullmatch(path.name) for path in folder.iterdir())


def find_metadata(folder: Path) -> Path | None:
    """Return the metadata file of the product in a folder, None if there is none.

    Raises
    ------
    RasterError : several products, or an image of one without its metadata
    """
    files = sorted(path for path in folder.iterdir() if path.is_file())
    found = [path for path in files if _METADATA.fullmatch(path.name)]
    if len(found) > 1:
        names = ", ".join(path.name for path in found[:3])
        raise RasterError(f"{folder} holds several products: name one of {names}")
    if not found:
        for path in files:
            metadata_of(path, b"")
    return found[0] if found else None


def metadata_of(path: Path, beginning: bytes) -> Path | None:
    """Return the metadata file that belongs to an image, or that `path` itself is; else None.

    Raises
    ------
    RasterError : `path` has the name of such an image, but its metadata are not there
    """
    if _METADATA.fullmatch(path.name) and beginning.lstrip(b"\xef\xbb\xbf \r\n").startswith(b"<"):
        return path
    image = _IMAGE.fullmatch(path.name)
    if image is None or not NAME.match(image[1]) or path.suffix.lower() not in _IMAGE_SUFFIXES:
        return None
    metadata = _in_any_case(path.with_name(f"{image[1]}-METADATA.XML"))
    if metadata is not None:
        return metadata
    raise RasterError(
        f"{path}: {image[1]}-METADATA.XML is missing beside it, which has the wavelengths and "
        "gains of this product; to use the image without them, give it another name"
    )


def describe(metadata: Path, chosen: Path | None = None) -> Raster:
    """Describe the product that a metadata file belongs to.

    Parameters
    ----------
    chosen : the image, where it was named: of EnMAP L1B it tells the detector

    Raises
    ------
    RasterError : no EnMAP or DESIS metadata, another level than these, no image, an image with
        another number of bands than the metadata tell of
    """
    root = parse(metadata)
    told = _told(root, metadata, chosen)
    image = _find_image(metadata, told)
    raster = gdal.describe(str(image))
    if told.detector:
        raster = _on_its_sensor(raster, root, told.places)
    if len(raster.bands) != len(told.facts):
        raise RasterError(
            f"{metadata} tells of {len(told.facts)} bands, but {image.name} has "
            f"{len(raster.bands)}: the product is incomplete or mixed up with another"
        )
    nodata = raster.bands.nodata
    if nodata is None:
        nodata = usable_nodata(_nodata(root, image), raster.dtype)
    raster = replace(
        raster,
        clouds=None if told.detector else _clouds(metadata, raster, told.mission),
        bands=_bands(raster, told, nodata),
        product=f"{told.product} {told.detector}".rstrip(),
        files=(anywhere(str(metadata)), *raster.files),
        tags={**raster.tags, "": {**raster.tags.get("", {}), **_times(root)}},
    )
    if told.mission == "EnMAP" and not told.detector:  # else the classes lie in VNIR's geometry
        return _within_the_scene(raster, metadata)
    return raster


@dataclass(frozen=True)
class _Told:
    """What the metadata tell of the image that is described.

    Attributes
    ----------
    detector : whose image it is, of EnMAP L1B, which has two; else ""
    places : of its bands among all that the metadata tell of, from 0
    facts, detectors : of each of its bands
    """

    mission: str
    level: str
    detector: str
    places: range
    facts: Sequence[BandFacts]
    detectors: Sequence[str | None]

    @property
    def product(self) -> str:
        """Mission and level."""
        return f"{self.mission} {self.level}"


def _told(root: ElementTree.Element, metadata: Path, chosen: Path | None) -> _Told:
    mission, level = mission_and_level(root, metadata)
    facts = band_facts(root)
    if not facts:
        raise RasterError(
            f"{metadata}: the {mission} {level} metadata have no bandCharacterisation"
        )
    every = range(len(facts))
    split = enmap_l1b.vnir_bands(root) if mission == "EnMAP" else None
    if level != SENSOR_LEVEL:
        detectors = [None if split is None else ("VNIR", "SWIR")[i >= split] for i in every]
        return _Told(mission, level, "", every, facts, detectors)
    detector, cut = enmap_l1b.detector_of(chosen, metadata), split or 0
    places = every[:cut] if detector == "VNIR" else every[cut:]
    own = facts[places.start : places.stop]
    return _Told(mission, level, detector, places, own, [detector] * len(own))


def _on_its_sensor(raster: Raster, root: ElementTree.Element, places: range) -> Raster:
    """Place an image of one detector by the rational polynomials of its bands."""
    rpcs = enmap_l1b.polynomials(root, places) or raster.rpcs
    if not rpcs:
        return raster
    # its geotransform is only laid through the corners of the whole scene
    return replace(raster, rpcs=rpcs, crs=None, transform=Affine.identity())


def _within_the_scene(raster: Raster, metadata: Path) -> Raster:
    """Leave out what the classes beside the image call background; all stays where none are."""
    classes = _beside(metadata, "QL_QUALITY_CLASSES")
    if classes is None or raster.source is None:
        return raster
    return replace(
        raster,
        files=(raster.files[0], anywhere(str(classes)), *raster.files[1:]),
        source=ClassedSource(raster.source, _classes(classes, raster)),
    )


def _times(root: ElementTree.Element) -> dict[str, str]:
    """Return when the scene was taken, as the metadata tell it."""
    where = {"startTime": "start", "stopTime": "end", "endTime": "end"}
    found = {f"time_coverage_{end}": text for name, end in where.items()
             if (text := root.findtext(f"base/temporalCoverage/{name}"))}  # fmt: skip
    return {name: text.strip() for name, text in found.items()}


def _bands(raster: Raster, told: _Told, nodata: float | None) -> Bands:
    unit = _RADIANCE[told.mission] if told.level.startswith("L1") else None
    each = zip(raster.bands, told.facts, told.detectors, strict=True)
    return Bands(
        tuple(
            replace(
                band,
                name=band.name or f"band {number}",
                wavelength_nm=fact.wavelength_nm,
                fwhm_nm=fact.fwhm_nm,
                good=band.good and fact.good,
                unit=unit or band.unit,
                scale=fact.gain,
                offset=fact.offset,
                nodata=nodata,
                tags=_band_tags(band, detector),
            )
            for number, (band, fact, detector) in enumerate(each, start=1)
        )
    )


def _band_tags(band: Band, detector: str | None) -> tuple[tuple[str, str], ...]:
    return tuple(sorted({**dict(band.tags), **({DETECTOR: detector} if detector else {})}.items()))


def _find_image(metadata: Path, told: _Told) -> Path:
    part = f"SPECTRAL_IMAGE_{told.detector}" if told.detector else "SPECTRAL_IMAGE"
    found = _beside(metadata, part) or _beside(metadata, f"{part}_COG")
    if found is None:
        raise RasterError(
            f"{metadata}: the {part} of this {told.product} product is missing beside it"
        )
    return found


def _beside(metadata: Path, part: str) -> Path | None:
    stem = metadata.name[: -len("METADATA.XML")]
    every = (metadata.with_name(f"{stem}{part}{suffix}") for suffix in _IMAGE_SUFFIXES)
    return next(filter(None, map(_in_any_case, every)), None)


def _in_any_case(path: Path) -> Path | None:
    """Return the file of that name; it may have come by a way that changed its capitals."""
    if path.is_file():
        return path
    alike = (p for p in path.parent.iterdir() if p.name.lower() == path.name.lower())
    return next((p for p in sorted(alike) if p.is_file()), None)


def _classes(path: Path, raster: Raster) -> Source:
    classes = gdal.describe(str(path))
    if classes.shape != raster.shape or classes.source is None:
        raise RasterError(
            f"{path} is {classes.rows} x {classes.cols} pixels, not {raster.rows} x {raster.cols} "
            "as the image: the product is mixed up with another"
        )
    return classes.source


def _clouds(metadata: Path, raster: Raster, mission: str) -> Clouds | None:
    """Return the layer of clouds (1: cloud); None where there is none that fits the image."""
    name, flags = _CLOUDS[mission]
    path = _beside(metadata, name)
    with suppress(RasterError):
        if path is not None:
            source = AnyFlag(_classes(path, raster), flags)
            return Clouds(name, source, files=(anywhere(str(path)),))
    return None


def _nodata(root: ElementTree.Element, image: Path) -> float | None:
    """Return the value of pixels outside the scene, where the image itself does not tell it."""
    told = to_number(root.findtext("specific/backgroundValue"))
    header = image.with_suffix(".hdr")
    if told is None and header.is_file():
        told = to_number(read_header(header).get("data_ignore_value"))
    return told
