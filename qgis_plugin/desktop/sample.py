"""A scene to try the plugin with, made on the spot: fields, a road, water and a village.

It is made and says so: no sensor took it. GDAL and NumPy come with QGIS.
"""

from __future__ import annotations

import os

import numpy as np
from osgeo import gdal, osr

NAME = "made-up scene (30 m)"
SIZE = 96  # pixels of 30 m
FINER = 3  # the fields have borders at a third of a pixel
WAVELENGTHS_NM = tuple(range(430, 920, 12)) + tuple(range(940, 2450, 42))
EPSG, WEST, NORTH, PIXEL_M = 32633, 360000.0, 5810000.0, 30.0


def make_sample(folder: str) -> str:
    """Write the scene into a folder, unless it is there; return its path.

    Raises
    ------
    OSError
        The folder cannot be written.
    """
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, "made-up-scene.tif")
    if not os.path.exists(path):
        unfinished = path + ".part"
        _write(unfinished, _cube())
        os.replace(unfinished, path)
    return path


def spectra() -> np.ndarray:
    """Return reflectance by (material, band): crop, meadow, soil, road, water, roof."""
    nm = np.array(WAVELENGTHS_NM, dtype=float)

    def step(at, width):
        return 1 / (1 + np.exp(-(nm - at) / width))

    def dip(at, width, depth):
        return 1 - depth * np.exp(-(((nm - at) / width) ** 2))

    leaf = (0.04 + 0.05 * np.exp(-(((nm - 552) / 35) ** 2))) + 0.42 * step(715, 12)
    leaf *= (1 - 0.55 * step(1330, 25)) * dip(975, 40, 0.12) * dip(1200, 45, 0.15)
    leaf *= dip(1450, 70, 0.6) * dip(1940, 80, 0.75)
    soil = (0.07 + 0.3 * step(850, 330)) * dip(1410, 45, 0.15) * dip(1920, 60, 0.2)
    soil = soil * dip(2205, 30, 0.12)
    road = 0.1 + 0.05 * step(1000, 500)
    water = 0.06 * np.exp(-(((nm - 560) / 110) ** 2)) + 0.004
    roof = (0.08 + 0.26 * step(600, 25)) * dip(880, 60, 0.12) * dip(2200, 40, 0.05)
    return np.stack([leaf, 0.6 * leaf + 0.3 * soil, soil, road, water, roof])


def _cube() -> np.ndarray:
    draw = np.random.default_rng(17)
    side = SIZE * FINER
    row, col = np.mgrid[:side, :side]
    ground = np.zeros((6, side, side), dtype=np.float32)
    ground[1] = 1
    for _ in range(90):  # fields
        top, left = draw.integers(-20, side, 2)
        height, width = draw.integers(14, 60, 2)
        cut = np.s_[max(top, 0) : top + height, max(left, 0) : left + width]
        ground[(slice(None), *cut)] = 0
        ground[(draw.choice([0, 0, 1, 2]), *cut)] = 1
    _paint(ground, 4, np.abs(col - 70 - 26 * np.sin(row / 45)) < 6)  # a river
    _paint(ground, 3, np.abs(row - 0.55 * col - 60) < 2)  # a road, narrower than a pixel
    for _ in range(70):  # a village
        top, left = draw.integers((190, 150), (270, 275))
        _paint(ground, 5, ((row - top) // 3 == 0) & ((col - left) // 3 == 0))
    bright = 1 + 0.06 * draw.standard_normal((1, side, side)).astype(np.float32)
    fine = np.tensordot(spectra().T.astype(np.float32), ground * bright, axes=1)
    seen = fine.reshape(-1, SIZE, FINER, SIZE, FINER).mean(axis=(2, 4))
    noise = 0.0015 * draw.standard_normal(seen.shape)
    return np.clip(np.round(10000 * (seen + noise)), 1, 10000).astype(np.int16)


def _paint(ground: np.ndarray, material: int, where: np.ndarray) -> None:
    ground[:, where] = 0
    ground[material, where] = 1


def _write(path: str, cube: np.ndarray) -> None:
    driver = gdal.GetDriverByName("GTiff")
    shape = (SIZE, SIZE, len(WAVELENGTHS_NM))
    dataset = driver.Create(path, *shape, gdal.GDT_Int16, ["COMPRESS=DEFLATE", "PREDICTOR=2"])
    if dataset is None:
        raise OSError(f"{path} cannot be written")
    place = osr.SpatialReference()
    place.ImportFromEPSG(EPSG)
    dataset.SetProjection(place.ExportToWkt())
    dataset.SetGeoTransform((WEST, PIXEL_M, 0.0, NORTH, 0.0, -PIXEL_M))
    dataset.SetMetadataItem("DESCRIPTION", "made by the plugin; no sensor took it")
    for index, nm in enumerate(WAVELENGTHS_NM):
        band = dataset.GetRasterBand(index + 1)
        band.SetDescription(f"{nm} nm")
        band.SetScale(0.0001)
        band.SetMetadata({"wavelength": str(nm), "wavelength_units": "Nanometers", "fwhm": "12"})
        band.WriteArray(cube[index])
    dataset.FlushCache()
