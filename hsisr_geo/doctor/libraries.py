"""Look at GDAL and PROJ: which ones are used, what they can open, and what gets in their way.

Several of both are often installed: the wheel of rasterio brings its own, the system and QGIS have
others. A variable that leads one to the data of another is the usual reason why coordinate systems
cannot be read.
"""

import os
import shutil
import subprocess  # nosec B404 # asks other programs for their version
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import rasterio
from rasterio.env import GDALDataFinder, PROJDataFinder

from hsisr_geo.doctor.finding import Finding
from hsisr_geo.raster.place import proj

NEEDED = {"GTiff": "GeoTIFF", "COG": "cloud-optimised GeoTIFF", "ENVI": "ENVI", "VRT": "VRT"}
USEFUL = {"HDF5": "PRISMA and NEON", "netCDF": "EMIT", "Zarr": "Zarr", "JP2OpenJPEG": "JPEG 2000"}
_DATA_VARIABLES = (*proj.VARIABLES, "GDAL_DATA", "GDAL_DRIVER_PATH")
_PROCESS_VARIABLES = ("PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH", "LD_PRELOAD")
_OTHERS = {
    "GDAL's Python bindings": ("osgeo", "from osgeo import gdal; print(gdal.__version__)"),
    "pyproj": (
        "pyproj",
        "import pyproj as p; print(p.proj_version_str, 'with data in', p.datadir.get_data_dir())",
    ),
}
_ASK_S = 20


def libraries() -> Iterator[Finding]:
    """Say which GDAL and PROJ are used here, from where, and which others there are."""
    bundled = _bundled()
    origin = f"of rasterio's wheel ({bundled})" if bundled else "of the system or of conda"
    data = {"gdal": _gdal_data(), "proj": _proj_data()}
    yield Finding(
        "GDAL and PROJ",
        "ok",
        f"GDAL {rasterio.__gdal_version__}, PROJ {rasterio.__proj_version__} {origin}; "
        f"data in {data['gdal']} and {data['proj']}",
        details={"gdal": rasterio.__gdal_version__, "proj": rasterio.__proj_version__, **data},
    )
    mapped = mapped_libraries("libgdal")
    if len(mapped) > 1:
        yield Finding(
            "GDAL and PROJ",
            "note",
            f"{len(mapped)} GDALs are loaded at once: {', '.join(mapped)}",
            "one may answer in place of the other: run hsisr-geo in an environment of its own",
        )
    others = dict(_others())
    if others:
        told = "; ".join(f"{name} {answer}" for name, answer in others.items())
        yield Finding("other GDALs, PROJs", "ok", f"{told}: not used here", details=others)


def drivers() -> Iterator[Finding]:
    """Say which formats this GDAL can open."""
    with rasterio.Env() as env:
        known = set(env.drivers())
    absent = [name for name in NEEDED if name not in known]
    if absent:
        advice = "install rasterio's wheel (pip install rasterio), or a GDAL with these drivers"
        yield Finding("formats", "broken", f"no {', '.join(absent)}", advice)
    else:
        found = [name for name in {**NEEDED, **USEFUL} if name in known]
        yield Finding("formats", "ok", ", ".join(found), details={"drivers": sorted(known)})
    lacking = [f"{name} ({use})" for name, use in USEFUL.items() if name not in known]
    if lacking:
        advice = "convert such files with another GDAL first, or install rasterio's wheel"
        yield Finding("formats", "missing", f"this GDAL has no {', '.join(lacking)}", advice)


def coordinate_systems() -> Iterator[Finding]:
    """Look a coordinate system up, which needs PROJ's database, and say why where it fails."""
    given = {name: os.environ[name] for name in _DATA_VARIABLES if os.environ.get(name)}
    if told := proj.problem():
        yield Finding("coordinate systems", "broken", told, proj.advice(), given)
        return
    yield Finding("coordinate systems", "ok", "EPSG codes are known")
    lost = [f"{name}={value}" for name, value in given.items() if not os.path.exists(value)]
    if lost:
        told = f"{', '.join(lost)}: there is no such folder"
        yield Finding("environment", "note", told, "unset it, unless another program needs it")


def environment() -> Iterator[Finding]:
    """Name variables that lead Python or its libraries elsewhere, as QGIS and OTB set them."""
    names = (*_PROCESS_VARIABLES, *_DATA_VARIABLES)
    given = {name: os.environ[name] for name in names if os.environ.get(name)}
    if not given:
        yield Finding("environment", "ok", "no variable leads Python, GDAL or PROJ elsewhere")
        return
    told = ", ".join(f"{name}={value}" for name, value in given.items())
    yield Finding(
        "environment",
        "note",
        told,
        "they can mix this installation with another: unset them where something is broken",
        given,
    )


def mapped_libraries(name: str) -> list[str]:
    """Return the files of a shared library that this process has loaded; [] where not told."""
    try:
        lines = Path("/proc/self/maps").read_text().splitlines()
    except OSError:
        return []
    paths = {line.split()[-1] for line in lines if "/" in line}
    return sorted(p for p in paths if os.path.basename(p).startswith((f"{name}.", f"{name}-")))


def _bundled() -> Path | None:
    """Return the folder of the libraries that came in rasterio's wheel."""
    package = Path(rasterio.__file__).parent
    places = (package.parent / "rasterio.libs", package / ".dylibs")
    return next((place for place in places if place.is_dir()), None)


def _gdal_data() -> str:
    return os.environ.get("GDAL_DATA") or GDALDataFinder().search() or "the built-in place"


def _proj_data() -> str:
    given = os.environ.get("PROJ_DATA") or os.environ.get("PROJ_LIB")
    return given or PROJDataFinder().search() or "the built-in place"


def _others() -> Iterator[tuple[str, str]]:
    """Ask other users of GDAL and PROJ, each in a process of its own: two do not mix in one."""
    for name, (module, code) in _OTHERS.items():
        if find_spec(module) is not None:
            yield name, _ask([sys.executable, "-c", code])
    if program := shutil.which("gdalinfo"):
        yield program, _ask([program, "--version"])


def _ask(command: list[str]) -> str:
    try:
        done = subprocess.run(  # nosec B603 # an interpreter or gdalinfo, with fixed arguments
            command, capture_output=True, text=True, timeout=_ASK_S
        )
    except (OSError, subprocess.TimeoutExpired) as e:
        return f"does not answer ({e})"
    lines = (done.stdout if done.returncode == 0 else done.stderr).strip().splitlines()
    return lines[-1] if lines else f"ended with code {done.returncode}"
