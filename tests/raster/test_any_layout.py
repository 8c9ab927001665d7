"""Any layout that a raster may have: place, radiometry, holes and pixels come out as they went in.

Layouts are drawn by hypothesis and written with rasterio; what is expected is asked of GDAL, not of
our reader.
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.control import GroundControlPoint
from rasterio.enums import Resampling
from rasterio.rpc import RPC
from rasterio.transform import RPCTransformer

from hsisr_geo.api import super_resolve
from hsisr_geo.resolver.interpolation import BicubicResolver

DTYPES = ("uint8", "int16", "uint16", "int32", "uint32", "float32", "float64")
PLACES = ("north up", "rotated", "gcps", "rpcs", "nowhere")
SCALES = ((1.0, 0.0), (1e-4, 0.0), (1e-4, -0.1), (0.25, -1000.0), (0.01, 273.15), (3.0, 0.5))
NODATA = {"uint8": 255, "int16": -9999, "uint16": 65535, "int32": -1, "uint32": 0}


@dataclass(frozen=True)
class Layout:
    """A raster that a user may have."""

    driver: str
    dtype: str
    shape: tuple[int, int, int]
    interleave: str
    block: int  # 0: strips
    compress: str
    place: str
    holes: str  # "none", "nodata", "mask", "nan"
    scale: float
    offset: float
    seed: int


@st.composite
def layouts(draw: st.DrawFn, place: str) -> Layout:
    # ENVI has the affine places only, and GDAL writes no gains into its headers.
    drivers = ("GTiff",) if place in ("gcps", "rpcs") else ("GTiff", "ENVI")
    driver = draw(st.sampled_from(drivers))
    scale, offset = draw(st.sampled_from(SCALES if driver == "GTiff" else SCALES[:1]))
    dtype = draw(st.sampled_from(DTYPES))
    holes = ["none", "nodata"] + (["mask"] if driver == "GTiff" else [])
    holes += ["nan"] if dtype.startswith("float") else []
    interleaves = ("band", "pixel") if driver == "GTiff" else ("bsq", "bil", "bip")
    return Layout(
        driver=driver,
        dtype=dtype,
        shape=(draw(st.integers(1, 40)), draw(st.integers(1, 70)), draw(st.integers(1, 70))),
        interleave=draw(st.sampled_from(interleaves)),
        block=draw(st.sampled_from((0, 16, 48))),
        compress=draw(st.sampled_from(("none", "zstd", "lzw"))),
        place=place,
        holes=draw(st.sampled_from(holes)),
        scale=scale,
        offset=offset,
        seed=draw(st.integers(0, 99)),
    )


def _pixels(layout: Layout) -> tuple[np.ndarray, np.ndarray]:
    """Return stored numbers, and which of them are values; smooth in both directions."""
    rng = np.random.default_rng(layout.seed)
    bands, rows, cols = layout.shape
    waves = rng.normal(size=(3, bands, 2))
    row, col = np.arange(rows)[:, None] / 9, np.arange(cols) / 7
    cube = sum(np.sin(w[:, :1, None] * row + w[:, 1:, None] * col) for w in waves)
    dn = np.rint(120 + 30 * cube).clip(1, 250).astype(layout.dtype)
    holes = np.zeros(layout.shape, bool)
    if layout.holes != "none":
        top, left = rng.integers(rows), rng.integers(cols)
        holes[:, top : top + 5, left : left + 9] = True
        if layout.holes in ("nodata", "nan") and bands > 1:
            holes[rng.integers(bands), : rows // 3] = True  # each band has holes of its own
    if layout.holes == "nan":
        dn[holes] = np.nan
    elif layout.holes == "nodata":
        dn[holes] = NODATA.get(layout.dtype, -1e30)
    return dn, ~holes


def _write(folder: Path, layout: Layout) -> tuple[Path, np.ndarray]:
    dn, valid = _pixels(layout)
    bands, rows, cols = layout.shape
    profile: dict[str, Any] = {"count": bands, "height": rows, "width": cols}
    profile |= {"dtype": layout.dtype, "driver": layout.driver, "interleave": layout.interleave}
    if layout.holes == "nodata":
        profile["nodata"] = NODATA.get(layout.dtype, -1e30)
    if layout.driver == "GTiff":
        profile |= {"compress": layout.compress, "photometric": "minisblack"}
        if layout.block:
            profile |= {"tiled": True, "blockxsize": layout.block, "blockysize": layout.block}
    path = folder / ("grüße aus.tif" if layout.driver == "GTiff" else "grüße aus.img")
    with (
        rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True),
        rasterio.open(path, "w", **profile, **_place(layout)) as dataset,
    ):
        if layout.place == "rpcs":
            dataset.rpcs = _rpcs(rows, cols)
        if (layout.scale, layout.offset) != (1.0, 0.0):
            dataset.scales, dataset.offsets = [layout.scale] * bands, [layout.offset] * bands
        dataset.write(dn)
        if layout.holes == "mask":
            dataset.write_mask(valid[0])
    return path, valid


def _place(layout: Layout) -> dict[str, Any]:
    _, rows, cols = layout.shape
    if layout.place == "north up":
        return {"crs": "EPSG:32633", "transform": Affine(30, 0, 364095, 0, -30, 5809965)}
    if layout.place == "rotated":
        turned = Affine.translation(364095, 5809965) @ Affine.rotation(17) @ Affine.scale(5, -5)
        return {"crs": "EPSG:32633", "transform": turned}
    if layout.place == "gcps":
        corners = [(r, c) for r in (0, rows) for c in (0, cols)]
        points = [GroundControlPoint(r, c, 12 + c / 1e3, 50 - r / 1e3) for r, c in corners]
        return {"gcps": points, "crs": "EPSG:4326"}
    return {}


def _rpcs(rows: int, cols: int) -> RPC:
    """A plain camera: lines go south, samples east."""
    one, south, east = ([0.0] * 20 for _ in range(3))
    one[0], south[2], east[1] = 1.0, -1.0, 1.0
    return RPC(
        height_off=0.0, height_scale=1.0,
        lat_off=50.0, lat_scale=0.1, line_num_coeff=south, line_den_coeff=one,
        line_off=(rows - 1) / 2, line_scale=max(rows, 2) / 2,
        long_off=12.0, long_scale=0.1, samp_num_coeff=east, samp_den_coeff=one,
        samp_off=(cols - 1) / 2, samp_scale=max(cols, 2) / 2,
    )  # fmt: skip


def _on_the_ground(path: Path, upscale: int) -> np.ndarray:
    """Ask GDAL where the corners of the input's raster lie, in the input's pixels."""
    with rasterio.open(path) as dataset:
        rows, cols = dataset.height / upscale, dataset.width / upscale
        corners = np.array([(r, c) for r in (0, rows) for c in (0, cols)]) * upscale
        if dataset.rpcs:
            with RPCTransformer(dataset.rpcs) as camera:
                return np.array(camera.xy(*corners.T, offset="ul"))
        points, _ = dataset.gcps
        if points:
            return np.array([(p.row / upscale, p.col / upscale, p.x, p.y) for p in points])
        if dataset.transform == Affine.identity():
            return np.empty(0)  # nowhere, and stays there
        return np.array([dataset.transform @ (c, r) for r, c in corners])


def _values(path: Path, shape: tuple[int, ...] | None = None) -> np.ma.MaskedArray:
    """Ask GDAL for physical values; with a shape, for its cubic interpolation."""
    with rasterio.open(path) as dataset:
        options = {"out_shape": shape, "resampling": Resampling.cubic} if shape else {}
        cube = dataset.read(masked=True, **options).astype(np.float64)
        cube = np.ma.masked_invalid(cube)
        for band, (scale, offset) in enumerate(zip(dataset.scales, dataset.offsets, strict=True)):
            cube[band] = cube[band] * scale + offset
        return cube


def _check(layout: Layout, upscale: int, folder: Path) -> None:
    path, valid = _write(folder, layout)
    fine, tiled = folder / "fine.tif", folder / "tiled.tif"
    super_resolve(path, fine, resolver=BicubicResolver(upscale), tile=128)
    super_resolve(path, tiled, resolver=BicubicResolver(upscale), tile=16, threads=2)
    with rasterio.open(path) as before, rasterio.open(fine) as after:
        assert after.dtypes == before.dtypes
        assert after.shape == (before.height * upscale, before.width * upscale)
        assert after.crs == before.crs
        for told in ("scales", "offsets", "units"):
            assert getattr(after, told) == getattr(before, told)
    place = _on_the_ground(path, 1)
    assert np.isfinite(place).all()
    np.testing.assert_allclose(_on_the_ground(fine, upscale), place, rtol=0, atol=1e-7)
    found, again = _values(fine), _values(tiled)
    wanted = valid.repeat(upscale, axis=1).repeat(upscale, axis=2)
    np.testing.assert_array_equal(~np.ma.getmaskarray(found), wanted)
    one = abs(layout.scale) if layout.dtype[0] != "f" else 1e-3  # a DN, or rounding of float32
    np.testing.assert_allclose(again.filled(0), found.filled(0), rtol=0, atol=1.001 * one)
    if layout.holes == "none":
        expected = _values(path, found.shape)
        np.testing.assert_allclose(found, expected, rtol=0, atol=1.001 * one)


@pytest.mark.parametrize("place", PLACES)
@settings(max_examples=12)
@given(st.data(), st.sampled_from((2, 3, 4)))
def test_every_layout_keeps_its_place_radiometry_and_holes(place, data, upscale) -> None:
    with tempfile.TemporaryDirectory() as folder:
        _check(data.draw(layouts(place)), upscale, Path(folder))


@pytest.mark.slow
@pytest.mark.parametrize("place", PLACES)
@settings(max_examples=400)
@given(st.data(), st.sampled_from((2, 3, 4)))
def test_two_thousand_layouts(place, data, upscale) -> None:
    with tempfile.TemporaryDirectory() as folder:
        _check(data.draw(layouts(place)), upscale, Path(folder))
