"""The scenes that tests run on: the real ones where they are, else twins of the same layout.

A twin has the size, data type, georeference, nodata and places of metadata of the real file
that it stands for; its pixels are smooth mixtures of smooth spectra with some edges.
"""

import os
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import rasterio
from affine import Affine
from rasterio.errors import NotGeoreferencedWarning

PRODUCTS = {
    "mosaic": "products/enmap_potsdam_mosaic.tif",
    "tile": "products/enmap_l2a_tiles/enmap_potsdam_tile_128_32.tif",
    "hyspex": "products/hyspex_envi/Bavaria_farmland_LMU_Hyspex_subset.bsq",
    "emit": "products/emit_envi_bil/emit20250324t221005_jpl_unmix_ex",
    "aviris": "products/aviris_envi_rotated/AV_mastercal_testdata.bsq",
    "san_diego": "val/san_diego.tif",
}


@dataclass(frozen=True)
class Scenes:
    """Paths of the scenes, and whether they are the real ones."""

    root: Path
    real: bool

    mosaic = property(lambda self: self.root / PRODUCTS["mosaic"])  # int16, 42 % nodata, 224 bands
    tile = property(lambda self: self.root / PRODUCTS["tile"])  # float32, scale 1e-4, 32 x 32
    hyspex = property(lambda self: self.root / PRODUCTS["hyspex"])  # ENVI BSQ, 325 bands
    emit = property(lambda self: self.root / PRODUCTS["emit"])  # ENVI BIL, no place, bad bands
    aviris = property(lambda self: self.root / PRODUCTS["aviris"])  # ENVI BSQ, rotated, no units
    san_diego = property(lambda self: self.root / PRODUCTS["san_diego"])  # no place, bad bands

    @property
    def products(self) -> dict[str, Path]:
        """Every scene by its short name."""
        return {name: self.root / path for name, path in PRODUCTS.items()}

    @property
    def val(self) -> list[Path]:
        """The scenes that models are scored on."""
        return sorted((self.root / "val").glob("*.tif"))


def real_data() -> Path | None:
    """Return the folder of the real scenes, None where there is none."""
    named = os.environ.get("HSISR_GEO_TEST_DATA")
    root = Path(named) if named else Path(__file__).resolve().parents[2] / "shared" / "data"
    return root if all((root / path).is_file() for path in PRODUCTS.values()) else None


def make_twins(root: Path) -> Scenes:
    """Write twins of the real scenes below `root`."""
    for path in PRODUCTS.values():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
    scenes = Scenes(root, real=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        _mosaic(scenes.mosaic)
        _tile(scenes.tile)
        _san_diego(scenes.san_diego)
    _hyspex(scenes.hyspex)
    _emit(scenes.emit)
    _aviris(scenes.aviris)
    return scenes


def reflectance(rows: int, cols: int, wavelengths: Sequence[float], seed: int) -> np.ndarray:
    """Make a cube (band, row, col) of plausible reflectance, 0 to about 0.6."""
    rng = np.random.default_rng(seed)
    low = rng.normal(size=(5, rows // 5 + 2, cols // 5 + 2))
    fields = low.repeat(5, axis=1).repeat(5, axis=2)[:, :rows, :cols]
    for axis in (1, 2):  # soften the steps, but leave edges
        fields = (fields + np.roll(fields, 1, axis) + np.roll(fields, -1, axis)) / 3
    weights = np.exp(1.5 * fields)
    weights /= weights.sum(axis=0)
    x = (np.asarray(wavelengths) - 400) / 2100
    knots = np.linspace(0, 1, 9)
    spectra = [np.interp(x, knots, rng.uniform(0.03, 0.6, 9)) for _ in range(len(weights))]
    cube = np.tensordot(np.transpose(spectra), weights, axes=1)
    return (cube + rng.normal(scale=0.003, size=cube.shape)).clip(0).astype(np.float32)


def _mosaic(path: Path) -> None:
    centres = np.linspace(418.24, 2445.53, 224).round(4)
    cube = np.rint(reflectance(192, 160, centres, seed=1) * 1e4).astype(np.int16)
    holes = np.zeros((192, 160), bool)
    holes[:64, 96:] = holes[96:160, :64] = holes[160:, 64:] = holes[32:64, :32] = True
    holes[64:96, 128:] = holes[128:160, 64:96] = True
    cube[:, holes] = -32768
    profile = {"dtype": "int16", "nodata": -32768, "compress": "deflate", "predictor": 2}
    _write_geotiff(
        path, cube, centres, np.linspace(7, 9, 224).round(4),
        **profile, crs="EPSG:32633", transform=Affine(30, 0, 364095, 0, -30, 5809965),
        interleave="pixel",
    )  # fmt: skip


def _tile(path: Path) -> None:
    centres = np.linspace(418.24, 2445.53, 224).round(3)
    dn = np.rint(reflectance(32, 32, centres, seed=2) * 1e4)
    _write_geotiff(
        path, dn, centres, np.linspace(7, 9, 224).round(5), scale=1e-4,
        dtype="float32", nodata=-32768, interleave="band",
        crs="EPSG:32633", transform=Affine(30, 0, 366975, 0, -30, 5809965),
    )  # fmt: skip


def _san_diego(path: Path) -> None:
    centres = np.linspace(369.85, 2506.81, 224).round(2)
    cube = np.rint(reflectance(100, 100, centres, seed=3) * 1e4).astype(np.int16)
    _write_geotiff(path, cube, centres, None, dtype="int16", interleave="pixel")


def _write_geotiff(path, cube, centres, widths, *, scale=1.0, **profile) -> None:
    count, height, width = cube.shape
    bad = {*range(130, 133), *range(160, 163)}
    with rasterio.open(
        path, "w", driver="GTiff", count=count, height=height, width=width, **profile
    ) as dataset:
        if scale != 1.0:
            dataset.scales = [scale] * count
        for i, centre in enumerate(centres):
            tags = {"wavelength": f"{centre}", "wavelength_units": "Nanometers"}
            if widths is not None:
                tags["fwhm"] = f"{widths[i]}"
            dataset.update_tags(i + 1, bbl=int(i not in bad), **tags)
            dataset.set_band_description(i + 1, f"band {i + 1} ({centre:.2f} Nanometers)")
        dataset.write(cube)


def _utm(zone: int, meridian: float) -> str:
    return (
        f'{{PROJCS["UTM_Zone_{zone}N",GEOGCS["GCS_WGS_1984",DATUM["D_WGS_1984",'
        'SPHEROID["WGS_1984",6378137.0,298.257223563]],PRIMEM["Greenwich",0.0],'
        'UNIT["Degree",0.0174532925199433]],PROJECTION["Transverse_Mercator"],'
        'PARAMETER["False_Easting",500000.0],PARAMETER["False_Northing",0.0],'
        f'PARAMETER["Central_Meridian",{meridian}],PARAMETER["Scale_Factor",0.9996],'
        'PARAMETER["Latitude_Of_Origin",0.0],UNIT["Meter",1.0]]}'
    )


def _hyspex(path: Path) -> None:
    # As in the real file the list of band names is one line of over 10 000 characters, at
    # which GDAL stops reading: it finds neither names nor wavelengths.
    centres = np.linspace(417.46, 2496.0, 325).round(6)
    names = [f"Resize (band {i}:LMU_Hyspex_2)" for i in range(1, 326)]
    _write_envi(
        path, reflectance(50, 50, centres, seed=4) * 1e4, "bsq",
        {
            "map info": "{ UTM , 1.000 , 1.000 , 340998.025 , 5396656.747 , 4.0 , 4.0 , 33 ,"
            " North , WGS-84 , units=Meters }",
            "coordinate system string": _utm(33, 15.0),
            "wavelength units": "Nanometers",
            "band names": "{ " + " , ".join(names) + " }",
            "wavelength": "{ " + " , ".join(map(str, centres)) + " }",
        },
    )  # fmt: skip


def _emit(path: Path) -> None:
    centres = np.linspace(381.0055927, 2492.9238809, 285)
    bad = {*range(128, 142), *range(187, 214)}
    _write_envi(
        path, reflectance(10, 10, centres, seed=5), "bil",
        {
            "wavelength": "{ " + " , ".join(map(repr, centres.tolist())) + " }",
            "fwhm": "{ " + " , ".join(["8.415000000000001"] * 285) + " }",
            "band names": "{ " + " , ".join(f"channel_{i}" for i in range(285)) + " }",
            "data ignore value": "-9999",
            "bbl": "{ " + " , ".join(str(int(i not in bad)) for i in range(285)) + " }",
        },
    )  # fmt: skip


def _aviris(path: Path) -> None:
    centres = np.linspace(394.935486, 2496.236084, 194).round(6)
    _write_envi(
        path, np.rint(reflectance(50, 50, centres, seed=6) * 1e4).astype(np.int16), "bsq",
        {
            "map info": "{UTM, 1, 1, 716737.401375353, 4322229.096619, 14.9, 14.9, 10, North,"
            "WGS-84, rotation=71}",
            "coordinate system string": _utm(10, -123.0),
            "band names": "{\n" + ",\n".join(f"B{i}" for i in range(4, 198)) + "}",
            "fwhm": "{ " + ",\n".join(["9.5"] * 194) + " }",
            "wavelength": "{ " + ",\n".join(map(str, centres)) + " }",
            "wavelength units": "Unknown",
        },
    )  # fmt: skip


def _write_envi(path: Path, cube: np.ndarray, interleave: str, fields: dict[str, str]) -> None:
    bands, rows, cols = cube.shape
    layout = {
        "description": "{\ntwin of a real scene}", "samples": cols, "lines": rows,
        "bands": bands, "header offset": 0, "file type": "ENVI Standard",
        "data type": {"int16": 2, "float32": 4}[cube.dtype.name], "interleave": interleave,
        "byte order": 0,
    }  # fmt: skip
    text = "".join(f"{key} = {value}\n" for key, value in (layout | fields).items())
    path.with_suffix(".hdr").write_text("ENVI\n" + text)
    order = {"bsq": (0, 1, 2), "bil": (1, 0, 2)}[interleave]
    path.write_bytes(np.ascontiguousarray(cube.transpose(order)).tobytes())


def read_pixels(path: Path) -> np.ndarray:
    """Read the stored numbers of a raster with rasterio alone."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.open(path) as dataset:
            return dataset.read()
