"""`Origin`: sensor, time and level of a scene, by tags, product and file name."""

import os
import re
from collections.abc import Mapping
from typing import NamedTuple

from hsisr_geo.bands.metadata import PROVENANCE_PREFIX
from hsisr_geo.raster.facts.acquisition import Acquisition, acquired, plain_names
from hsisr_geo.raster.raster import Raster

_SENSOR = ("sensor", "sensor_name", "sensor_type", "instrument", "instrument_name", "instruments")
_PLATFORM = ("platform", "satelliteid", "satellite", "spacecraft_name", "spacecraft_id", "mission")
_LEVEL = ("processing_level", "processinglevel", "product_level")
_UNTOLD = frozenset(("", "unknown", "none", "n/a", "null"))
# How the recognised products begin, and the sensors that they are of.
_PRODUCTS = {
    "EnMAP": "EnMAP HSI", "DESIS": "DESIS", "PRISMA": "PRISMA", "EMIT": "EMIT",
    "NEON": "NEON imaging spectrometer", "Tanager": "Tanager", "PACE OCI": "PACE OCI",
    "HYPSO": "HYPSO", "HICO": "HICO", "AVIRIS-3": "AVIRIS-3", "Wyvern": "Wyvern Dragonette",
    "Pixxel": "Pixxel Firefly", "Kuva": "Hyperfield",
}  # fmt: skip
# How the makers' file names begin.
_NAMES = (
    (r"ENMAP\d\d", "EnMAP HSI"), (r"DESIS-HSI", "DESIS"), (r"PRS_", "PRISMA"), (r"EMIT_", "EMIT"),
    (r"NEON_D\d\d", "NEON imaging spectrometer"), (r"AV3\d{8}", "AVIRIS-3"),
    (r"AV5\d{8}", "AVIRIS-5"), (r"f\d{6}t\d\dp\d\dr\d\d", "AVIRIS"),
    (r"ang\d{8}", "AVIRIS-NG"), (r"wyvern_dragonette", "Wyvern Dragonette"),
    (r"FF\d\d_", "Pixxel Firefly"), (r"PACE_OCI", "PACE OCI"), (r"hypso\d", "HYPSO"),
)  # fmt: skip
_STAMP = re.compile(
    r"(?:(?<!\d)|(?<=AV[35]))((?:19|20)\d\d)(\d\d)(\d\d)(?:[tT_]?(\d\d)(\d\d)(\d\d))?(?![\d])"
)
_SHORT = re.compile(r"\d[A-Za-z]?\d?")  # "1B", "2D"
_LONGEST = 60  # characters of a name; what is longer is a description


class Origin(NamedTuple):
    """Where a scene comes from; "" and None where nothing tells.

    Attributes
    ----------
    sensor : e.g. "EnMAP HSI"
    acquired : first and last moment
    level : of processing, as its maker calls it: "L2A"
    """

    sensor: str
    acquired: Acquisition | None
    level: str

    def items(self) -> dict[str, str]:
        """Return what is known, as an output's tags say it."""
        when = "" if self.acquired is None else str(self.acquired)
        told = {"sensor": self.sensor, "acquired": when, "source_level": self.level}
        return {name: text for name, text in told.items() if text}


def origin_of(raster: Raster) -> Origin:
    """Return what a raster, or the result that was made of it, tells of its origin."""
    ours = {name.removeprefix(PROVENANCE_PREFIX).lower(): text
            for name, text in raster.provenance.items()}  # fmt: skip
    told = {key: text for domain in ("", "ENVI", "IMAGERY")
            for key, (_, text) in plain_names(raster.tags.get(domain, {})).items()}  # fmt: skip
    name = os.path.basename(raster.path.rstrip("/")) or raster.path
    known = _of_product(raster.product) or _of_name(name)
    sensor = ours.get("sensor") or _sensor(told, known)
    level = ours.get("source_level") or _level(told, raster.product, name if known else "")
    when = acquired({"": {"acquired": ours.get("acquired", "")}})
    when = when._replace(told_by="HSISR_ACQUIRED") if when else acquired(raster.tags)
    if known and (when is None or when.told_by == "TIFFTAG_DATETIME"):
        when = _when_by_name(name) or when
    return Origin(sensor, when, level)


def _first(told: Mapping[str, str], names: tuple[str, ...]) -> str:
    texts = (told.get(name, "").strip("{}[]() '\"") for name in names)
    return next((t for t in texts if t.lower() not in _UNTOLD and len(t) <= _LONGEST), "")


def _sensor(told: Mapping[str, str], known: str) -> str:
    """Join the names of platform and instrument; what is known anyway goes before a vague one."""
    platform, sensor = _first(told, _PLATFORM), _first(told, _SENSOR)
    if known and known.lower() not in f"{platform} {sensor}".lower():
        return known
    if sensor.lower() in platform.lower():
        return platform
    return sensor if platform.lower() in sensor.lower() else f"{platform} {sensor}"


def _of_product(product: str) -> str:
    return next((s for begin, s in _PRODUCTS.items() if product.startswith(begin)), "")


def _of_name(name: str) -> str:
    return next((s for begin, s in _NAMES if re.match(begin, name, re.IGNORECASE)), "")


def _level(told: Mapping[str, str], product: str, name: str) -> str:
    text = _first(told, _LEVEL)
    if not text and re.fullmatch(r"L\d\w?", told.get("level", "")):
        text = told["level"]
    if not text:
        found = re.search(r"\bL\d\w?\b", product) or re.search(
            r"(?<![A-Za-z0-9])L\d[A-D]?(?![A-Za-z0-9])", name
        )
        text = found[0] if found else ""
    return f"L{text.upper()}" if _SHORT.fullmatch(text) else text


def _when_by_name(name: str) -> Acquisition | None:
    found = _STAMP.search(name)
    if found is None:
        return None
    year, month, day, *clock = found.groups()
    text = f"{year}-{month}-{day}" + (f" {':'.join(clock)}" if clock[0] else "")
    when = acquired({"": {"acquired": text}})
    return when and when._replace(told_by="its name")
