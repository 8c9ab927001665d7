"""What `fuzz.py` does to lists of ENVI headers, and to attributes of netCDF and HDF5 products."""

import random
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

Use = Callable[[Path], None]
Case = Callable[[random.Random], None]

_BANDS = 5
_KEYS = (
    "wavelength", "wavelengths", "fwhm", "bbl", "good_wavelengths", "data gain values",
    "data offset values", "band names", "default bands", "data ignore value", "no data value",
    "wavelength units", "reflectance scale factor", "map info", "coordinate system string",
    "pixel size", "z plot range", "rpc info", "geo points", "sensor type", "acquisition time",
)  # fmt: skip
_ITEMS = (
    "0", "1", "-1", "1e308", "-1e-308", "nan", "inf", "True", "False", "yes", "402,1", "402.1 nm",
    "0.4021", "402100", "99999999999999999999", "", " ", "ü", "B1 (402 nm)", "NULL", "--", "1/2",
    "-3.40282347e+38", "-9999", "{1}", "2020-01-01T00:00:00Z", "UTM", "North", "WGS-84", "33",
)  # fmt: skip
_BRACKETS = ("{}", "[]", "()", "{]", "  ", "{", "}")
_SEPARATORS = (", ", ",", " ", ";", "  ", ",\n ", "\t", ", , ")


def envi_lists(folder: Path, use: Use) -> Case:
    """Headers of ENVI whose lists are of any length, in any brackets, of any items."""
    import numpy as np

    data = folder / "scene.img"
    data.write_bytes(np.arange(_BANDS * 9 * 8, dtype="<i2").tobytes())
    plain = (
        f"ENVI\nsamples = 8\nlines = 9\nbands = {_BANDS}\nheader offset = 0\n"
        "file type = ENVI Standard\ndata type = 2\ninterleave = bil\nbyte order = 0\n"
    )

    def case(rng: random.Random) -> None:
        lines = (f"{rng.choice(_KEYS)} = {_some_list(rng)}" for _ in range(rng.randint(1, 5)))
        (folder / "scene.hdr").write_text(plain + "\n".join(lines) + "\n", encoding="utf-8")
        (folder / "scene.img.aux.xml").unlink(missing_ok=True)
        use(data)

    return case


def _some_list(rng: random.Random) -> str:
    count = rng.choice((0, 1, 2, _BANDS - 1, _BANDS, _BANDS, _BANDS, _BANDS + 1, 2 * _BANDS))
    rising = [f"{rng.choice((0.4, 400.0)) * (i + 1):g}" for i in range(count)]
    items = [rng.choice(_ITEMS) if rng.random() < 0.5 else text for text in rising]
    opening, closing = (rng.choice(_BRACKETS) + "  ")[:2]
    return f"{opening}{rng.choice(_SEPARATORS).join(items)}{closing}"


def hdf5_attributes(folder: Path, use: Use) -> Case:
    """Products in HDF5 and netCDF-4, whose attributes and small datasets are others."""
    seeds = _products(folder)

    def case(rng: random.Random) -> None:
        import h5py

        seed = rng.choice(seeds)
        # a name of its own: HDF5 keeps files open that threads still have
        victim = folder / f"victim-{rng.getrandbits(48):x}{seed.suffix}"
        shutil.copyfile(seed, victim)
        with h5py.File(victim, "r+") as file:
            nodes = [file]
            file.visititems(lambda _, node: nodes.append(node))
            for _ in range(rng.randint(1, 3)):
                _change(rng.choice(nodes), file, rng)
        try:
            use(victim)
        finally:
            victim.unlink()

    return case


def _products(folder: Path) -> Sequence[Path]:
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
    import made_products as made
    import numpy as np
    import xarray as xr

    made.make_prisma(folder / "l1.he5", level="L1")
    made.make_prisma(folder / "l2d.he5")
    made.make_emit(folder / "emit.nc")
    made.make_neon(folder / "neon.h5")
    made.make_tanager(folder / "tanager.h5")
    made.make_tanager(folder / "grid.h5", grid=True)
    made.make_hypso(folder / "hypso.nc")
    made.make_pace_l1b(folder / "pace.nc")
    made.make_pace_l2(folder / "l2.nc")
    places = {"y": 5e6 - 30.0 * np.arange(9), "x": 4e5 + 30.0 * np.arange(8)}
    waves = ("wavelength", 400 + 50.0 * np.arange(5), {"units": "nm"})
    cube = np.arange(5 * 9 * 8, dtype="i2").reshape(5, 9, 8)
    scaling = {"scale_factor": 0.01, "add_offset": 1.0, "valid_range": np.array([0, 300], "i2")}
    scene = xr.DataArray(
        cube, dims=("wavelength", "y", "x"), coords={**places, "wavelength": waves}, name="r",
        attrs={**scaling, "grid_mapping": "crs"},
    ).to_dataset()  # fmt: skip
    scene["crs"] = ((), 0, {"grid_mapping_name": "transverse_mercator", "semi_major_axis": 6378137})
    scene.r.encoding["_FillValue"] = None
    scene.to_netcdf(folder / "cf.nc", engine="h5netcdf")
    return [path for path in folder.iterdir() if path.suffix in (".h5", ".he5", ".nc")]


def _change(node: Any, file: Any, rng: random.Random) -> None:
    """Give a node another attribute, or take one, or make a small dataset another."""
    import numpy as np

    names = [n for n in node.attrs if n not in _INTERNAL]
    name = rng.choice(names) if names and rng.random() < 0.8 else rng.choice(_ATTRIBUTES)
    small = hasattr(node, "shape") and node.name and 0 < node.size <= 4096 and not node.is_scale
    if small and rng.random() < 0.3:
        path, old = node.name, np.ravel(node[()])
        del file[path]
        kept = rng.choice((old[:-1], old[:1], np.zeros_like(old), np.repeat(old, 2), old * 0 - 1)
                          if old.dtype.kind in "iuf" else (old[:1],))  # fmt: skip
        file[path] = kept
        return
    node.attrs.pop(name, None) if name in node.attrs else None
    if rng.random() < 0.8:
        node.attrs[name] = rng.choice(_values())


_INTERNAL = ("REFERENCE_LIST", "DIMENSION_LIST", "CLASS", "NAME", "_Netcdf4Dimid",
             "_Netcdf4Coordinates", "_NCProperties", "_nc3_strict")  # fmt: skip
_ATTRIBUTES = (
    "_FillValue", "missing_value", "scale_factor", "add_offset", "units", "valid_range",
    "grid_mapping", "crs_wkt", "wavelengths", "wavelength", "fwhm", "good_wavelengths",
    "epsg_code", "geotransform", "coordinates", "_Unsigned", "standard_name", "axis",
)  # fmt: skip


def _values() -> Sequence[Any]:
    import numpy as np

    return (
        0, -1, 1, 2**31 - 1, -(2**63), 2**64 - 1, 0.0, 1e308, -1e-320, float("nan"), float("inf"),
        np.float32(3.4e38), np.array([], "f8"), np.array([1.0]), np.array([1, 2], "i2"),
        np.arange(5.0), np.full(4, np.nan), np.arange(6.0), np.zeros((2, 2)), "", "nm", "um",
        "EPSG:99999", "ü" * 40, "x" * 5000, np.bytes_(b"\xff\xfe"), "{1, 2, 3}", "true",
        "GEOGCS[", 'PROJCS["a"]', np.array([b"a", b"b"]), np.bool_(True), np.int8(-1),
        "degrees_east", "2020-01-01", np.array(["a", "b"], dtype=object),
    )  # fmt: skip
