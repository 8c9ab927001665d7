"""Readers by others on the products that our tests make, held against ours.

    pip install --no-deps --target FOLDER hypercoast==0.27.0 tanagerspec==1.0.0
    pip install --no-deps --target FOLDER hypso==26.5.1 netCDF4 cftime tqdm
    python benchmarks/second_readers.py FOLDER

The packages themselves bring a map in a browser, satpy, xgboost and clients of clouds, which
reading does not need: only their reading modules are imported, with empty ones in place of what
these name at the top. Printed is, for each product, the largest difference of values that both
have, as a share of the largest value; whether wavelengths are the same; and how many values only
one of them has.
"""

import argparse
import importlib
import sys
import tempfile
import types
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
import made_products as made

from hsisr_geo.raster.open import open_raster
from hsisr_geo.raster.read import read_cube, whole

PACKAGES = ("hypercoast", "tanagerspec", "hypso", "hypso.load")
UNUSED = {"leafmap": ("array_to_image",), "geopandas": ("GeoDataFrame",),
          "progressbar": ("ProgressBar",)}  # fmt: skip
FILL = -9999.0
Read = tuple[Any, Any]  # cube (band, row, col) and wavelengths, None where it tells none


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    _prepare(parser.parse_args().folder)
    warnings.simplefilter("ignore")
    print("| product | read by | differ by | wavelengths | only ours | only theirs |")
    print("|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for number, (name, reader, make, read) in enumerate(_cases()):
            path = make(Path(folder, str(number)))
            print(f"| {name} | {reader} | {_compared(path, read(path))} |")


def _prepare(folder: Path) -> None:
    """Make the reading modules importable without what stands at the top of their packages."""
    sys.path.append(str(folder))
    for name in PACKAGES:
        module = types.ModuleType(name)
        module.__path__ = [str(folder.joinpath(*name.split(".")))]
        sys.modules[name] = module
    for name, attributes in UNUSED.items():
        module = types.ModuleType(name)
        for attribute in attributes:
            setattr(module, attribute, object)
        sys.modules.setdefault(name, module)


def _compared(path: Path, theirs: Read) -> str:
    raster = open_raster(path)
    cube, (other, wavelengths) = read_cube(raster, whole(raster), range(len(raster.bands))), theirs
    ours = np.array([band.wavelength_nm for band in raster.bands], float)
    if wavelengths is not None:  # by ascending wavelength, as some put the bands
        order, theirs_order = np.argsort(ours), np.argsort(wavelengths)
        same = np.allclose(ours[order], np.asarray(wavelengths, float)[theirs_order], atol=0.01)
        cube, other, told = cube[order], other[theirs_order], "same" if same else "differ"
    else:
        told = "not told"
    here, there = np.isfinite(cube), np.isfinite(other)
    both = here & there
    apart = np.abs(cube - other)[both].max() / np.abs(cube[both]).max()
    return f"{apart:.1g} | {told} | {(here & ~there).sum()} | {(there & ~here).sum()}"


def _cases() -> list[tuple[str, str, Callable[[Path], Path], Callable[[Path], Read]]]:
    hyper = "hypercoast"
    return [
        ("EMIT L2A", hyper, _file("e.nc", made.make_emit), _hypercoast("emit", ortho=False)),
        ("PACE OCI L2", hyper, _file("PACE_OCI.L2.nc", made.make_pace_l2), _hypercoast("pace")),
        ("PRISMA L2D", hyper, _file("PRS_L2D_STD.he5", made.make_prisma), _hypercoast("prisma")),
        ("NEON", hyper, _file("neon.h5", made.make_neon), _hypercoast("neon")),
        ("Wyvern", hyper, _wyvern, _hypercoast("wyvern", told=False)),
        ("Tanager", hyper, _file("t.h5", made.make_tanager), _hypercoast("tanager")),
        ("Tanager ortho", hyper, _file("t.h5", _tanager_grid), _hypercoast("tanager")),
        ("Tanager", "tanagerspec", _file("t.h5", made.make_tanager), _tanagerspec),
        ("HYPSO", "hypso", _file("hypso.nc", made.make_hypso), _hypso),
        ("HYPSO, a dataset a band", "hypso", _file("h.nc", made.make_hypso, single=True), _hypso),
    ]  # fmt: skip


def _file(name: str, make: Callable[..., Any], **options: Any) -> Callable[[Path], Path]:
    def made_in(folder: Path) -> Path:
        folder.mkdir()
        make(folder / name, **options)
        return folder / name

    return made_in


def _tanager_grid(path: Path) -> None:
    made.make_tanager(path, grid=True)


def _wyvern(folder: Path) -> Path:
    folder.mkdir()
    path: Path = made.make_wyvern(folder)[0]
    return path


def _hypercoast(sensor: str, *, told: bool = True, **options: Any) -> Callable[[Path], Read]:
    def read(path: Path) -> Read:
        module = importlib.import_module(f"hypercoast.{sensor}")
        data = getattr(module, f"read_{sensor}")(str(path), **options)
        name = next(name for name, array in data.data_vars.items() if array.ndim == 3)
        cube = data[name].transpose("wavelength", ...).values.astype(float)
        return np.where(cube == FILL, np.nan, cube), data.wavelength.values if told else None

    return read


def _tanagerspec(path: Path) -> Read:
    module = importlib.import_module("tanagerspec.io.tanager_loader")
    cube = module.TanagerLoader().load(path).cube
    values = np.asarray(cube.data, float)
    return np.where(values == FILL, np.nan, values), cube.metadata.wavelengths


def _hypso(path: Path) -> Read:
    module = importlib.import_module("hypso.load.l1b_nc_loader")
    return np.moveaxis(np.asarray(module.load_l1b_nc_cube(path), float), -1, 0), None


if __name__ == "__main__":
    main()
