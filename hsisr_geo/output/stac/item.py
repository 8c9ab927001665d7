"""A STAC item that says of an output where it lies, what its bands are, and how it was made.

STAC 1.1 with the extensions projection 2.0, eo 2.0, raster 2.0 and processing 1.2. Plain JSON: no
library is needed to write it, and pystac reads it.
"""

import json
import os
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from urllib.parse import quote, unquote

import rasterio

from hsisr_geo.bands.metadata import PROVENANCE_PREFIX
from hsisr_geo.output.stac.asset import Json, Made, describe_asset
from hsisr_geo.output.stac.outline import bounding_box, outline
from hsisr_geo.raster.facts.acquisition import iso
from hsisr_geo.raster.facts.origin import origin_of
from hsisr_geo.raster.raster import Raster

ENDING = ".stac.json"
_EXTENSIONS = ("projection/v2.0.0", "raster/v2.0.0", "processing/v1.2.0")
_SPECTRAL = "eo/v2.0.0"
# Imaging spectrometers: none has flown before the AIS of 1982.
_EARLIEST = datetime(1982, 1, 1, tzinfo=timezone.utc)
# What CEOS calls the results of models and analyses of lower levels.
_LEVEL = "L4"
_NUMBERS = frozenset({
    "upscale", "detail", "seed", "samples", "back_projections", "consistency_rms",
    "consistency_max", "consistency_relative", "values_cut", "spread",
})  # fmt: skip


def describe(folder: Path, made: Sequence[Made], now: datetime) -> Json:
    """Return the item of a raster and, if there is a second, of its uncertainty.

    Parameters
    ----------
    folder : where the item will lie; links are relative to it
    now : when the run ended, in UTC
    """
    main = made[0]
    geometry = outline(main.raster)
    box = {} if geometry is None else {"bbox": bounding_box(geometry)}
    assets = {"image": describe_asset(main, ["data"], "Super-resolved raster")}
    for other in made[1:]:
        title = "Standard deviation"
        assets["uncertainty"] = describe_asset(other, ["data", "uncertainty"], title)
    return {
        "type": "Feature",
        "stac_version": "1.1.0",
        "stac_extensions": _extensions(assets),
        "id": Path(main.file).stem,
        "geometry": geometry,
        **box,
        "properties": {
            **_times(main.raster, now),
            **_instruments(main.raster),
            **_projection(main.raster),
            **_processing(main, now),
            **_provenance(main.tags),
        },
        "links": [_source_link(folder, main.raster.path), *_model_link(main.tags)],
        "assets": assets,
    }


def raster_of_item(text: str) -> str | None:
    """Return the name of the raster that an item was made for here; None for any other item."""
    try:
        item = json.loads(text)
        mine = "hsisr-geo" in item["properties"]["processing:software"]
        return unquote(item["assets"]["image"]["href"]).removeprefix("./") if mine else None
    except (ValueError, KeyError, TypeError):
        return None


def _extensions(assets: Mapping[str, Json]) -> list[str]:
    """Return the addresses of the schemas; eo's wants a field of its own somewhere."""
    bands = [band for asset in assets.values() for band in asset["bands"]]
    spectral = any(name.startswith("eo:") for band in bands for name in band)
    names = [*_EXTENSIONS, *([_SPECTRAL] if spectral else [])]
    return [f"https://stac-extensions.github.io/{name}/schema.json" for name in names]


def _times(raster: Raster, now: datetime) -> Json:
    """Say when the scene was taken; STAC wants an interval where no moment is known."""
    found = origin_of(raster).acquired
    if found is None:
        return {
            "datetime": None,
            "start_datetime": iso(_EARLIEST),
            "end_datetime": iso(now),
            "hsisr:datetime_note": "the input does not tell when it was taken",
        }
    told = {"hsisr:datetime_note": f"from {found.told_by} of the input"}
    if found.start == found.end:
        return {"datetime": iso(found.start), **told}
    ends = {"start_datetime": iso(found.start), "end_datetime": iso(found.end)}
    return {"datetime": None, **ends, **told}


def _instruments(raster: Raster) -> Json:
    sensor = origin_of(raster).sensor
    return {"instruments": [sensor.lower()]} if sensor else {}


def _projection(raster: Raster) -> Json:
    fields: Json = {"proj:shape": list(raster.shape)}
    crs = rasterio.CRS.from_wkt(raster.crs) if raster.crs else None
    authority = crs.to_authority() if crs else None
    fields["proj:code"] = ":".join(authority) if authority else None
    if raster.crs and not authority:
        fields["proj:wkt2"] = raster.crs
    if raster.has_transform:
        fields["proj:transform"] = list(raster.transform)[:6]
        fields["proj:bbox"] = list(raster.bounds)
    return fields


def _processing(main: Made, now: datetime) -> Json:
    said = _said(main.tags)
    lineage = f"Super-resolved by a factor of {said.get('upscale', '?')} with "
    lineage += f"the model {said.get('model', '?')}"
    if "consistency_relative" in said:
        lineage += (
            f"; degraded again ({said.get('degradation', '?')}) it differs from the input by "
            f"{said['consistency_relative']} standard deviations of a band"
        )
    return {
        "processing:lineage": lineage,
        "processing:level": _LEVEL,
        "processing:datetime": iso(now),
        "processing:software": {
            "hsisr-geo": said.get("version", "?"),
            "GDAL": str(rasterio.__gdal_version__),
        },
    }


def _said(tags: Mapping[str, str]) -> dict[str, str]:
    start = len(PROVENANCE_PREFIX)
    return {k[start:].lower(): v for k, v in tags.items() if k.startswith(PROVENANCE_PREFIX)}


def _provenance(tags: Mapping[str, str]) -> Json:
    items = _said(tags).items()
    return {f"hsisr:{k}": _number(text) if k in _NUMBERS else text for k, text in items}


def _number(text: str) -> float:
    return int(text) if text.lstrip("-").isdigit() else float(text)


def _source_link(folder: Path, source: str) -> Json:
    """Point to the item of the input where it has one, else to the input itself."""
    item = Path(source).with_suffix(ENDING)
    if item.is_file():
        href, kind = _relative(folder, item), {"type": "application/geo+json"}
    elif os.path.exists(source):
        href, kind = _relative(folder, Path(source)), {}
    else:
        href, kind = _without_secrets(source), {}
    return {"rel": "derived_from", "href": href, **kind, "title": "input"}


def _relative(folder: Path, path: Path) -> str:
    try:
        return quote(Path(os.path.relpath(path.resolve(), folder)).as_posix())
    except ValueError:  # another drive of Windows
        return quote(path.name)


def _without_secrets(source: str) -> str:
    """Return an address without what may be a password or a signed query."""
    return re.sub(r"(?<=//)[^/@]*@", "", re.sub(r"\?.*", "", source))


def _model_link(tags: Mapping[str, str]) -> list[Json]:
    """Point to the model as the MLM extension asks of what a model made; weights have a hash."""
    said = _said(tags)
    if "model_sha256" not in said:
        return []
    return [
        {
            "rel": "derived_from",
            "href": f"urn:sha256:{said['model_sha256']}",
            "title": f"model {said.get('model')}; its card: hsisr-geo models show",
            "mlm:name": said.get("model", ""),
        }
    ]
