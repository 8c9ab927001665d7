"""`known_sensor`: what the table of sensors says of a product's blur, and where that is from."""

from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path

from hsisr_geo.raster.raster import Raster
from hsisr_geo.toml_file import read_toml

MEASURED = "measured"


@dataclass(frozen=True)
class Sensor:
    """A row of the table.

    Attributes
    ----------
    product : how the names of its products begin, e.g. "EnMAP"
    mtf_rows, mtf_cols : modulation at Nyquist from row to row, and from column to column
    kind : "measured", "requirement" or "convention"
    source, date : where the number is from, and of when
    """

    product: str
    mtf_rows: float
    mtf_cols: float
    kind: str
    source: str
    date: str


def known_sensor(raster: Raster) -> Sensor | None:
    """Return the sensor of a product that was recognised; None for what is not in the table."""
    return next((s for s in sensors() if raster.product.startswith(s.product)), None)


@lru_cache(maxsize=1)
def sensors() -> tuple[Sensor, ...]:
    """Return the whole table."""
    with resources.as_file(resources.files("hsisr_geo.blur") / "sensors.toml") as path:
        rows = read_toml(Path(path))["sensor"]
    return tuple(Sensor(**row) for row in rows)
