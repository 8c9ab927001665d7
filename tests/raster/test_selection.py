"""What --bands and --exclude mean, and that the order of bands in a file changes nothing."""

import contextlib

import numpy as np
import pytest
import rasterio
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st

from hsisr_geo.api import super_resolve
from hsisr_geo.bands.bands import Band, Bands
from hsisr_geo.errors import OptionError
from hsisr_geo.raster.open import open_raster
from hsisr_geo.raster.read import read_window
from hsisr_geo.raster.selection import WATER_VAPOUR_NM, find_bands
from hsisr_geo.resolver.interpolation import BicubicResolver
from hsisr_geo.resolver.load import load_resolver

CENTRES = (450.0, 550.5, 1341.0, 1400.0, 1800.0, 2200.0)


def made(centres=CENTRES):
    return Bands(tuple(Band(wavelength_nm=nm) for nm in centres))


def found(spec, bands=None, option="--bands"):
    return find_bands(spec, bands or made(), option=option)


def write_raster(path, pixels, centres, *, bad=(), **profile):
    count, height, width = pixels.shape
    with rasterio.open(
        path, "w", driver="GTiff", count=count, height=height, width=width,
        dtype=pixels.dtype.name, crs="EPSG:32633", transform=Affine(30, 0, 0, 0, -30, 0), **profile,
    ) as dataset:  # fmt: skip
        dataset.write(pixels)
        for i, nm in enumerate(centres, start=1):
            flags = {"bbl": int(i - 1 not in bad)}
            dataset.update_tags(i, wavelength=nm, wavelength_units="Nanometers", **flags)
            dataset.set_band_description(i, f"at {nm:g}")
    return path


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("1", [0]),
        ("2-4", [1, 2, 3]),
        ("6,1-2,2", [5, 0, 1]),
        ("500-600nm", [1]),
        (" 1.3-1.5 um , 1", [2, 3, 0]),
        ("0.45µm", [0]),
        ("560nm", [1]),
        ("water-vapour", [2, 3, 4]),
        ("450-450nm", [0]),
        ("400nm", [0]),
        ("2400nm", [5]),
        ("2 - 4", [1, 2, 3]),
        ("500 - 600 nm", [1]),
    ],
)
def test_what_a_spec_names(spec, expected):
    assert list(found(spec)) == expected


@given(st.lists(st.tuples(st.integers(1, 300), st.integers(0, 40)), min_size=1))
def test_numbers_are_those_that_a_person_counts(pairs):
    bands = Bands((Band(),) * 340)
    spec = ",".join(str(a) if not n else f"{a}-{a + n}" for a, n in pairs)
    expected = [i for a, n in pairs for i in range(a - 1, a + n)]
    indices = found(spec, bands)
    assert set(indices) == set(expected)
    assert len(set(indices)) == len(indices)
    assert list(indices) == sorted(set(expected), key=expected.index)


@given(
    st.lists(st.floats(300, 2600).map(lambda v: round(v, 2)), min_size=1, max_size=40),
    st.integers(300, 2600),
    st.integers(0, 900),
    st.sampled_from(["nm", "um"]),
)
def test_a_range_of_wavelengths_names_the_bands_inside(centres, low, width, unit):
    high = low + width
    spec = f"{low}-{high}nm" if unit == "nm" else f"{low / 1000:.3f}-{high / 1000:.3f}um"
    inside = [i for i, nm in enumerate(centres) if low <= nm <= high]
    assert list(found(spec, made(centres), "--exclude")) == inside


@given(st.text(alphabet="0123456789-,.nmu water", max_size=12))
def test_any_text_is_understood_or_refused_in_a_line(text):
    with contextlib.suppress(OptionError):
        indices = found(text)
        assert indices
        assert set(indices) <= set(range(len(CENTRES)))


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("", "'' is not understood"),
        ("red", "'red' is not understood: give e.g."),
        ("0", "no band 0: the raster has 1 to 6"),
        ("5-7", "no band 5-7"),
        ("4-2", "ends before it begins"),
        ("600-500nm", "ends before it begins"),
        ("600-700nm", "no band lies in 600-700nm: they do in 450-2200nm"),
        ("1340-1450", "no band 1340-1450: .* has its unit behind it, 1340-1450nm"),
        ("340nm", "no band lies at 340nm: they do in 450-2200nm"),
        ("2.61um", "no band lies at 2.61um: they do in 450-2200nm"),
        ([1, 2], r"bands=\[1, 2\] is no text: give e.g. 1-50,60"),
    ],
)
def test_what_cannot_be_found_is_said(spec, words):
    with pytest.raises(OptionError, match=words):
        found(spec)


def test_a_wavelength_beyond_the_spectrum_excludes_nothing():
    """The nearest band may be a good one, hundreds of nanometres away."""
    assert found("3000nm,2", option="--exclude") == (1,)
    assert found("3000nm", made((560.0,))) == (0,)  # one band alone tells no spacing


def test_wavelengths_need_wavelengths():
    for spec in ("500-600nm", "water-vapour"):
        with pytest.raises(OptionError, match="no wavelengths to find"):
            found(spec, Bands((Band(), Band())))


def test_bands_select_and_exclude_marks_and_drop_bad_drops(tmp_path):
    pixels = np.arange(6 * 4 * 5, dtype="int16").reshape(6, 4, 5)
    path = write_raster(tmp_path / "a.tif", pixels, CENTRES, bad=[1])
    everything = slice(0, 4), slice(0, 5)

    chosen = open_raster(path, bands="6,1-3", exclude="1,1340-1450nm")
    assert [b.name for b in chosen.bands] == ["at 2200", "at 450", "at 550.5", "at 1341"]
    assert [b.good for b in chosen.bands] == [True, False, False, False]
    assert np.array_equal(read_window(chosen, *everything), pixels[[5, 0, 1, 2]])
    assert np.array_equal(read_window(chosen, *everything, [3, 0]), pixels[[2, 5]])

    dropped = open_raster(path, exclude="water-vapour", drop_bad=True)
    assert [b.name for b in dropped.bands] == ["at 450", "at 2200"]
    assert np.array_equal(read_window(dropped, *everything), pixels[[0, 5]])
    again = dropped.select([1])
    assert np.array_equal(read_window(again, *everything), pixels[[5]])
    with pytest.raises(OptionError, match="--drop-bad leaves no band"):
        open_raster(path, bands="2", drop_bad=True)


def test_an_output_has_the_bands_that_were_chosen(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 9000, (6, 12, 12)).astype("int16")
    path = write_raster(tmp_path / "a.tif", pixels, CENTRES)
    raster = open_raster(path, bands="5,2,3", exclude="3")
    super_resolve(raster, tmp_path / "b.tif", resolver=BicubicResolver(2))
    result = open_raster(tmp_path / "b.tif")
    assert [b.name for b in result.bands] == ["at 1800", "at 550.5", "at 1341"]
    assert [b.good for b in result.bands] == [True, True, False]
    whole, _ = read(path, tmp_path, "whole")
    window = slice(0, 24), slice(0, 24)
    assert np.array_equal(read_window(result, *window), whole[[4, 1, 2]])


def read(path, folder, name, **options):
    """Super-resolve by bicubic; the cube, and the report."""
    target = folder / f"{name}.tif"
    report = super_resolve(open_raster(path, **options), target, resolver=BicubicResolver(2))
    result = open_raster(target)
    return read_window(result, slice(0, result.rows), slice(0, result.cols)), report


def test_bands_in_another_order_come_out_in_that_order_and_else_alike(scenes, tmp_path):
    """With the network: what it sees is the spectrum, not the file."""
    source = open_raster(scenes.tile, bands="1-40,90-120", exclude="5,100")
    shuffled = np.random.default_rng(3).permutation(len(source.bands))
    outcome = {}
    for name, raster in (("plain", source), ("shuffled", source.select(shuffled.tolist()))):
        resolver = load_resolver("default", upscale=2, detail=0.0, seed=0, device="cpu")
        report = super_resolve(raster, tmp_path / f"{name}.tif", resolver=resolver)
        result = open_raster(tmp_path / f"{name}.tif")
        cube = read_window(result, slice(0, result.rows), slice(0, result.cols))
        outcome[name] = cube, result, report
    plain, result, report = outcome["plain"]
    other, other_result, other_report = outcome["shuffled"]
    assert np.array_equal(other, plain[shuffled], equal_nan=True)
    assert list(other_result.bands) == [result.bands[i] for i in shuffled]
    assert other_report.consistency_rms == pytest.approx(report.consistency_rms, rel=1e-6)


def test_water_vapour_lies_where_neon_says():
    """`Band_Window_1_Nanometers`, `Band_Window_2_Nanometers` of DP1.30006 and DP3.30006."""
    assert WATER_VAPOUR_NM == ((1340, 1445), (1790, 1955))
