"""A QGIS without a desktop, a fresh profile with the built plugin in it, and a scene.

Set before anything of QGIS is imported: the profile and the platform are read once.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HOME = Path(tempfile.mkdtemp(prefix="hsisr-qgis-"))
PLUGINS = HOME / "profiles" / "default" / "python" / "plugins"

os.environ["QT_QPA_PLATFORM"] = "offscreen"
os.environ["QGIS_CUSTOM_CONFIG_PATH"] = str(HOME)
os.environ["XDG_RUNTIME_DIR"] = str(HOME / "runtime")
(HOME / "runtime").mkdir(mode=0o700)
PLUGINS.mkdir(parents=True)
ENGINE = os.environ.get("HSISR_GEO_EXECUTABLE") or str(ROOT / ".venv" / "bin" / "hsisr-geo")

pytest.importorskip("qgis.core")

from osgeo import gdal  # noqa: E402
from qgis.core import QgsApplication, QgsSettings  # noqa: E402

gdal.UseExceptions()


def pytest_sessionfinish():
    shutil.rmtree(HOME, ignore_errors=True)


@pytest.fixture(scope="session")
def plugin_folder():
    """The plugin as a user installs it."""
    command = [sys.executable, str(ROOT / "tools" / "build_plugin.py"), "--install", str(PLUGINS)]
    subprocess.run(command, check=True, capture_output=True)
    return PLUGINS / "hsisr_geo_qgis"


@pytest.fixture(scope="session")
def qgis():
    """The one QgsApplication of the process, with Processing's native and GDAL algorithms."""
    application = QgsApplication([], True)
    application.initQgis()
    sys.path.append(os.path.join(QgsApplication.pkgDataPath(), "python", "plugins"))
    from processing.core.Processing import Processing

    Processing.initialize()
    return application  # exitQgis() is not called: it is known to crash at the interpreter's end


@pytest.fixture(scope="session")
def plugin(qgis, plugin_folder):
    """The plugin, loaded as the desktop loads it."""
    sys.path.insert(0, str(plugin_folder.parent))
    import hsisr_geo_qgis

    loaded = hsisr_geo_qgis.classFactory(None)
    loaded.initGui()
    return loaded


@pytest.fixture(autouse=True)
def engine(monkeypatch):
    """The real engine, found by the environment variable unless a test says otherwise."""
    monkeypatch.setenv("HSISR_GEO_EXECUTABLE", ENGINE)
    QgsSettings().remove("hsisr/executable")
    return ENGINE


@pytest.fixture(scope="session")
def wheels():
    """A folder with the real wheels: ours out of this checkout, the others as pip finds them.

    It is kept between runs, in build/wheels.
    """
    folder = ROOT / "build" / "wheels"
    for stale in (ROOT / "build" / "lib", *folder.glob("hsisr_geo-*")):
        shutil.rmtree(stale) if stale.is_dir() else stale.unlink(missing_ok=True)
    # For QGIS's Python, but by the engine's pip: its own is old, and slow to choose versions.
    pip = [str(ROOT / ".venv/bin/python"), "-m", "pip", "--python", sys.executable, "wheel"]
    pip += ["--quiet", "--wheel-dir", str(folder)]
    subprocess.run([*pip, "--no-deps", str(ROOT)], check=True)
    (ours,) = folder.glob("hsisr_geo-*.whl")
    what = f"{ours}[zarr]"  # as Set up asks for it
    wanted = what + "".join((ROOT / n).read_text() for n in ("constraints.txt", "pyproject.toml"))
    stamp = folder / "made-for"
    if not stamp.exists() or stamp.read_text() != wanted:
        constraints = ["--constraint", str(ROOT / "constraints.txt"), "--find-links", str(folder)]
        subprocess.run([*pip, *constraints, what], check=True)
        stamp.write_text(wanted)
    return folder


@pytest.fixture
def fake_engine(tmp_path, monkeypatch):
    """A function that puts a few lines of shell in the engine's place; the handshake works."""
    handshake = """[ "$1" = handshake ] && echo '{"version": "0", "protocol": 1}' && exit"""

    def install(script):
        program = tmp_path / "fake-engine"
        program.write_text(f"#!/bin/sh\n{handshake}\n{script}\n")
        program.chmod(0o755)
        monkeypatch.setenv("HSISR_GEO_EXECUTABLE", str(program))

    return install


def product(name, folder):
    """Copy of a real product in `folder`, None where the test data are not.

    A copy, because QGIS leaves statistics in an .aux.xml beside what it shows.
    """
    data = Path(os.environ.get("HSISR_GEO_TEST_DATA") or ROOT.parent / "shared" / "data")
    path = data / "products" / name
    return Path(shutil.copy(path, folder)) if path.exists() else None


@pytest.fixture(scope="session")
def tile(tmp_path_factory):
    """An EnMAP L2A tile, or a generated twin of its layout."""
    folder = tmp_path_factory.mktemp("scene")
    return product("enmap_l2a_tiles/enmap_potsdam_tile_64_0.tif", folder) or enmap_twin(
        folder / "tile.tif", size=32, data_type=gdal.GDT_Float32
    )


@pytest.fixture(scope="session")
def mosaic(tmp_path_factory):
    """The EnMAP mosaic with its holes, or a generated twin."""
    folder = tmp_path_factory.mktemp("scene")
    return product("enmap_potsdam_mosaic.tif", folder) or enmap_twin(
        folder / "mosaic.tif", size=96, data_type=gdal.GDT_Int16
    )


@pytest.fixture(scope="session")
def fields(tmp_path_factory):
    """48 x 48 pixels of four bands: fields with borders finer than a pixel."""
    import numpy as np

    path, size = tmp_path_factory.mktemp("scene") / "fields.tif", 48
    random, ground = np.random.default_rng(0), np.zeros((3, 2 * size, 2 * size))
    for _ in range(size * size // 16):
        row, col, height, width = *random.integers(-8, 2 * size, 2), *random.integers(8, 33, 2)
        cover = 0.2 + random.random((3, 1, 1))
        ground[:, max(row, 0) : row + height, max(col, 0) : col + width] = cover
    seen = ground.reshape(3, size, 2, size, 2).mean(axis=(2, 4))
    spectra = np.array([[1, 4, 1], [1.67, 2.78, 1], [2.33, 1.78, 1], [3, 1, 1]])
    dataset = gdal.GetDriverByName("GTiff").Create(str(path), size, size, 4, gdal.GDT_UInt16)
    dataset.SetProjection("EPSG:32633")
    dataset.SetGeoTransform((359745.0, 30.0, 0.0, 5810085.0, 0.0, -30.0))
    dataset.WriteArray(np.round(1000 * np.tensordot(spectra, seen, axes=1)))
    del dataset
    return path


def enmap_twin(path, *, size, data_type, bands=60):
    """Write a raster with EnMAP's grid, tags and a hole; every band is a smooth surface."""
    import numpy as np

    row, col = np.mgrid[:size, :size].astype("float32")
    dataset = gdal.GetDriverByName("GTiff").Create(str(path), size, size, bands, data_type)
    dataset.SetProjection("EPSG:32633")
    dataset.SetGeoTransform((359745.0, 30.0, 0.0, 5810085.0, 0.0, -30.0))
    for index in range(1, bands + 1):
        band = dataset.GetRasterBand(index)
        values = np.round(1500 + 20 * index + 400 * np.sin(row / 5) * np.cos(col / 7 + index / 20))
        values[size // 2 : size // 2 + 7, 3:11] = -32768
        band.WriteArray(values)
        band.SetNoDataValue(-32768)
        band.SetDescription(f"band {index:03d} ({418.24 + 6.5 * (index - 1):.2f} Nanometers)")
        band.SetMetadata(
            {
                "wavelength": f"{418.24 + 6.5 * (index - 1):.2f}",
                "wavelength_units": "Nanometers",
                "fwhm": "6.99",
                "bbl": "0" if index == bands else "1",
            }
        )
    del dataset
    return path
