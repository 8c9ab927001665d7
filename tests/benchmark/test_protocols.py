"""What each protocol takes for training and testing, and how it scales; bicubic rows as checksums.

Known sets are told by their shape. These tests shrink the known shapes (bands, or all of it), so
that files of the same layout are small.
"""

from dataclasses import replace

import h5py
import numpy as np
import pytest
import scipy.io
from click.testing import CliRunner
from hsisr_geo.cli.main import cli

from hsisr_geo.benchmark.data import known_sets, protocols
from hsisr_geo.benchmark.data.crops import pick_evenly
from hsisr_geo.benchmark.data.known_sets import CAVE, CHIKUSEI, HARVARD, KNOWN_SETS, PAVIA, windows
from hsisr_geo.benchmark.data.protocols import (
    DMGASR,
    PRODUCT,
    PROTOCOLS,
    SSPSR,
    check_apart,
    find_protocol,
    scenes_to_test,
    training_cubes,
)
from hsisr_geo.benchmark.scores import checksum
from hsisr_geo.benchmark.scores.checksum import PUBLISHED, Checked, find_published, judge, verify
from hsisr_geo.benchmark.scores.score import score
from hsisr_geo.errors import OptionError, RasterError
from hsisr_geo.raster.open import open_raster
from hsisr_geo.raster.statistics import scan_scene, scene_scale


@pytest.fixture
def few_bands(monkeypatch):
    """Let known sets have two bands, and their full size otherwise."""
    small = {name: replace(k, shape=(2, *k.shape[1:])) for name, k in KNOWN_SETS.items()}
    monkeypatch.setattr(known_sets, "KNOWN_SETS", small)
    return small


def places(rows, cols):
    """Two bands whose values tell row and column."""
    return np.stack(np.indices((rows, cols))).astype(np.uint16)


def write_7_3(path, cube, name="ref"):
    with h5py.File(path, "w") as file:
        file[name] = cube.transpose(0, 2, 1)


def corner(cube):
    """First row and column, and shape, of a cube of `places`."""
    return *(int(v) for v in cube[:, 0, 0]), *cube.shape[1:]


@pytest.mark.parametrize("known", KNOWN_SETS.values(), ids=lambda k: k.name)
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_train_and_test_share_no_pixel_and_lie_inside(known, protocol):
    split, (_, rows, cols) = known.splits[protocol], known.shape
    seen = np.zeros((rows, cols), int)
    for part in (split.train, split.test):
        here = np.zeros((rows, cols), bool)
        for (top, bottom, left, right), window in zip(part, windows(part), strict=True):
            assert 0 <= top < bottom <= rows
            assert 0 <= left < right <= cols
            here[window] = True
        seen += here
    if known.files == 1:
        assert seen.max() == 1
    else:
        assert split.held
        assert max(split.held) < known.files


def test_the_parts_are_those_of_the_papers():
    """Reference-systems, 3.1 and 3.2; rows 107:2410 and columns 144:2191 count from 1."""
    sspsr, dmgasr = CHIKUSEI.splits["sspsr"], CHIKUSEI.splits["dmgasr"]
    assert sspsr.test == tuple((106, 618, c, c + 512) for c in (143, 655, 1167, 1679))
    assert sspsr.train == ((618, 2410, 143, 2191),)
    assert (len(dmgasr.train), len(dmgasr.test)) == (12, 4)
    assert (len(PAVIA.splits["dmgasr"].train), len(PAVIA.splits["dmgasr"].test)) == (10, 5)
    assert [b[0] for b in PAVIA.splits["sspsr"].test] == [0, 224, 448, 672]
    assert len(HARVARD.splits["dmgasr"].held) == 10
    assert len(CAVE.splits["dmgasr"].held) == 12
    assert (CHIKUSEI.maximum, PAVIA.maximum, HARVARD.maximum) == (15133, 8000, None)


def test_pavia_is_told_by_its_shape_and_cut(few_bands, tmp_path):
    path = tmp_path / "Pavia.mat"
    scipy.io.savemat(path, {"pavia": places(1096, 715).transpose(1, 2, 0)})
    tests = scenes_to_test(SSPSR, path)
    assert [t.raster.shape for t in tests] == [(224, 224)] * 4
    assert [t.name for t in tests] == [f"Pavia, crop {i}" for i in (1, 2, 3, 4)]
    np.testing.assert_array_equal(tests[1].cube[:, 0, 0], np.float32([224 / 8000, 0]))
    (train,) = training_cubes(SSPSR, path, None)
    assert train.cube.shape == (2, 1096, 491)
    np.testing.assert_array_equal(train.cube[:, 5, 0], np.float32([5, 224]) / np.float32(8000))
    crops = scenes_to_test(DMGASR, path)
    assert [corner(c.cube) for c in crops] == [(219 * i, 0, 128, 128) for i in range(5)]
    assert len(training_cubes(DMGASR, path, None)) == 10
    # the product's own protocol divides it as SSPSR's, in physical units
    assert corner(scenes_to_test(PRODUCT, path)[3].cube) == (672, 0, 224, 224)


def test_chikusei_of_version_7_3_is_cut(few_bands, tmp_path):
    path = tmp_path / "chikusei.mat"
    write_7_3(path, places(2517, 2335), "chikusei")
    tests = scenes_to_test(SSPSR, path)
    assert [corner(np.rint(t.cube * 15133)) for t in tests] == [
        (106, 143 + 512 * i, 512, 512) for i in range(4)
    ]
    crops = scenes_to_test(DMGASR, path)
    assert len(crops) == 64
    assert corner(crops[16].cube) == (106, 655, 128, 128)
    check_apart(SSPSR, path, path)


def test_a_whole_set_of_images_is_divided_and_part_of_one_is_not(monkeypatch, tmp_path):
    small = replace(CAVE, shape=(2, 70, 70), files=4, splits=dict.fromkeys(
        PROTOCOLS, replace(CAVE.splits["sspsr"], held=(2, 3))))  # fmt: skip
    monkeypatch.setattr(known_sets, "KNOWN_SETS", {"cave": small})
    for name in "dabc":
        write_7_3(tmp_path / f"{name}.mat", places(70, 70))
    assert [s.name for s in scenes_to_test(SSPSR, tmp_path)] == ["c", "d"]
    assert [c.name for c in training_cubes(SSPSR, tmp_path, None)] == ["a", "b"]
    assert max(c.cube.max() for c in training_cubes(SSPSR, tmp_path, None)) == 1  # file's maximum
    check_apart(SSPSR, tmp_path, tmp_path)
    (tmp_path / "d.mat").unlink()
    assert [s.name for s in scenes_to_test(SSPSR, tmp_path)] == ["a", "b", "c"]
    with pytest.raises(OptionError, match="same scenes"):
        check_apart(SSPSR, tmp_path, tmp_path)
    with pytest.raises(OptionError, match="same scenes"):
        check_apart(SSPSR, tmp_path, tmp_path / "a.mat")


def test_an_unknown_scene_is_cut_as_it_allows(tmp_path):
    write_7_3(tmp_path / "scene.mat", places(300, 140))
    crops = scenes_to_test(DMGASR, tmp_path / "scene.mat")
    assert [corner(c.cube) for c in crops] == [(0, 0, 128, 128), (128, 0, 128, 128)]
    (whole,) = scenes_to_test(SSPSR, tmp_path / "scene.mat")
    assert (whole.name, whole.raster.shape, whole.cube.max()) == ("scene", (300, 140), 1)
    write_7_3(tmp_path / "large.mat", places(1100, 1600))
    assert len(scenes_to_test(SSPSR, tmp_path / "large.mat")) == 4


def test_training_cubes_are_scaled_by_block_file_or_scene(scenes):
    path = scenes.san_diego
    raster = open_raster(path)
    good = raster.bands.good_by_wavelength
    statistics = scan_scene(raster, [good[i] for i in pick_evenly(range(len(good)), 60)])
    cubes = {p.name: training_cubes(p, path, 60)[0].cube for p in PROTOCOLS.values()}
    assert all(c.shape[0] == 60 and c.dtype == np.float32 for c in cubes.values())
    assert (cubes["dmgasr"].min(), cubes["dmgasr"].max()) == (0, 1)
    physical = scenes_to_test(PRODUCT, path)[0].select(pick_evenly(range(len(good)), 60)).cube
    np.testing.assert_allclose(cubes["product"] * scene_scale(statistics), physical, rtol=1e-6)
    assert np.mean(cubes["product"] <= 1) >= 0.998
    largest = scenes_to_test(PRODUCT, path)[0].cube.max()
    np.testing.assert_allclose(cubes["sspsr"] * largest, physical, rtol=1e-6)


def test_bands_are_picked_evenly_with_both_ends():
    assert pick_evenly(range(5), 3) == (0, 2, 4)
    assert pick_evenly([3, 5, 8, 9], 4) == (3, 5, 8, 9)
    assert pick_evenly(range(10, 20), 1) == (10,)
    assert pick_evenly(range(11), 4) == (0, 3, 7, 10)  # the nearest to 3 1/3 and 6 2/3
    for good in range(60, 260, 7):
        picked = pick_evenly(range(good), 60)
        steps = np.diff(picked)
        assert (picked[0], picked[-1], len(picked)) == (0, good - 1, 60)
        assert steps.min() >= 1
        assert steps.max() - steps.min() <= 1
    with pytest.raises(RasterError, match="61 bands cannot be picked of 60"):
        pick_evenly(range(60), 61)


def test_a_scene_with_too_few_bands_is_named(scenes):
    with pytest.raises(RasterError, match=r"san_diego\.tif: \d+ usable bands, where 300"):
        training_cubes(PRODUCT, scenes.san_diego, 300)


def test_an_unknown_protocol_is_told():
    assert find_protocol("product") is PRODUCT
    with pytest.raises(OptionError, match="choose one of product, dmgasr, sspsr"):
        find_protocol("wald")


def test_every_published_row_is_of_a_known_set_and_its_ergas_fits_the_ratio():
    """At one set ERGAS over RMSE is nearly the same at all scales, if the ratio is (both 4)."""
    for row in PUBLISHED:
        assert row.known_set in KNOWN_SETS
        assert row.protocol in PROTOCOLS.values()
    rows = [find_published(DMGASR, "pavia", s).means for s in (2, 3, 4)]
    ratios = [m.ergas / m.rmse for m in rows]
    assert max(ratios) / min(ratios) < 1.05
    assert DMGASR.ergas_ratio == 4
    assert find_published(SSPSR, "chikusei", 2) is None


def test_without_files_a_checksum_says_that_it_is_not_verified():
    found = verify(SSPSR, None, 4, "chikusei")
    assert found.agrees is None
    assert "37.638 dB / 3.404° published; not verified: its files are not at hand" in str(found)
    assert verify(PRODUCT, None, 4, "chikusei") is None
    with pytest.raises(OptionError, match="name a data set"):
        verify(SSPSR, None, 4)


def test_with_files_a_checksum_is_measured_and_judged(few_bands, monkeypatch, tmp_path):
    """On a made file of Pavia's layout, whose bicubic row is not the published one."""
    rows, cols = np.indices((1096, 715))
    cube = (4000 + 3000 * np.sin(rows / 9) * np.cos(cols / 7)).astype(np.uint16)
    path = tmp_path / "pavia.mat"
    write_7_3(path, np.stack([cube, cube // 2]), "pavia")
    found = verify(SSPSR, path, 4)
    assert found.agrees is False
    assert found.measured.mpsnr > 30
    assert "which pixels the paper tested on is not known" in str(found)
    row = replace(find_published(SSPSR, "pavia", 4), means=found.measured, division_known=True)
    monkeypatch.setattr(checksum, "PUBLISHED", (row,))
    assert verify(SSPSR, path, 4).agrees
    assert str(verify(SSPSR, path, 4)).endswith("the same")
    other = Checked(row, replace(found.measured, sam=found.measured.sam + 0.03))
    assert str(other).endswith("NOT THE SAME: other data, or another protocol")
    rows = score("bicubic", upscale=4, protocol=SSPSR, test=path, bands=1)
    assert judge(SSPSR, path, rows).agrees  # of the rows on all bands
    assert judge(SSPSR, path, rows[:1]) is judge(PRODUCT, path, rows) is None


def test_the_protocols_say_what_the_papers_do():
    facts = {
        p.name: (p.scaling, p.crop, p.clip, p.ergas_ratio, p.resampling) for p in PROTOCOLS.values()
    }
    assert facts == {
        "dmgasr": ("min-max", 128, True, 4, "imresize"),
        "sspsr": ("maximum", 512, False, None, "imresize"),
        "product": ("scene", None, False, None, "files"),
    }
    assert protocols.PRODUCT.multiple == 4


CONFIG = """
title = "By a paper's protocol"
protocol = "sspsr"
upscales = [4]
[data]
train = "{data}"
test = "{data}"
[budget]
steps = 1
[systems.bicubic]
model = "bicubic"
"""
TRAINED = "[systems.edsr]\nwidth = 8\nblocks = 1\n"


def compare(folder, data, more=""):
    """Run the command on one file for training and testing."""
    config = folder / "config.toml"
    config.write_text(CONFIG.format(data=data) + more)
    return CliRunner().invoke(
        cli, ["benchmark", str(config), "--out", str(folder / "out"), "--no-figures"]
    )


def test_a_comparison_tells_how_its_bicubic_row_is(few_bands, tmp_path):
    rows, cols = np.indices((1096, 715))
    cube = (4000 + 3000 * np.sin(rows / 9) * np.cos(cols / 7)).astype(np.uint16)
    with h5py.File(tmp_path / "two.mat", "w") as file:
        for name in ("first", "second"):
            file[name] = np.stack([cube, cube // 2]).transpose(0, 2, 1)
    done = compare(tmp_path, "two.mat#second")
    assert done.exit_code == 0, done.output
    assert "Pavia Centre ×4, protocol sspsr: bicubic" in done.stderr
    assert "27.587 dB / 6.14° published; not the same" in done.stderr


def test_a_comparison_does_not_train_on_what_it_tests_on(tmp_path):
    write_7_3(tmp_path / "scene.mat", places(70, 80))
    done = compare(tmp_path, "scene.mat", TRAINED)
    assert done.exit_code == 1
    assert "config.toml: [data]: train and test are the same scenes" in done.stderr
