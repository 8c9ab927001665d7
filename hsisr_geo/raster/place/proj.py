"""PROJ's database of coordinate systems: whether it can be read, and which variable hides it.

QGIS, conda, OSGeo4W and the system each have a PROJ. A variable that leads one to the database of
another does not stop GDAL from reading rasters: a CRS then loses its code, or is gone, without a
word. So nothing is read until a code has been looked up.
"""

import os

import rasterio
from rasterio.crs import CRS
from rasterio.errors import CRSError

from hsisr_geo.errors import RasterError

VARIABLES = ("PROJ_LIB", "PROJ_DATA")
_readable = False  # it stays so: PROJ opens its database once in a process


def problem() -> str | None:
    """Look a coordinate system up; say in plain words why where that fails."""
    try:
        with rasterio.Env():  # it takes what GDAL would print
            CRS.from_epsg(32633).to_wkt()
    except CRSError as error:
        return _plain(str(error))
    return None


def advice() -> str:
    """Say what to do about a database that cannot be read."""
    given = {name: os.environ[name] for name in VARIABLES if os.environ.get(name)}
    if not given:
        return "pip install --force-reinstall rasterio, in an environment of its own"
    told = " and ".join(f"{name} (now {value})" for name, value in given.items())
    return f"unset {told}: it belongs to another PROJ, as those of QGIS, conda or the system are"


def check_database() -> None:
    """Refuse to go on where coordinate systems cannot be looked up.

    Raises
    ------
    RasterError : naming the variable that leads PROJ elsewhere
    """
    global _readable
    if not _readable:
        if told := problem():
            raise RasterError(f"coordinate systems cannot be read: {told}; {advice()}")
        _readable = True


def _plain(message: str) -> str:
    """Say in plain words what PROJ says of its database."""
    if "DATABASE.LAYOUT" in message or "another PROJ installation" in message:
        return f"PROJ was led to the database of another PROJ ({message})"
    return f"PROJ cannot read its database ({message})"
