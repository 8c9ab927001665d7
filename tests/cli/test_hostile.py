"""Files that are damaged, foreign or made to harm: a result or one plain error, nothing else."""

import json
import random
import resource
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from benchmarks.fuzz import TARGETS, fuzz
from hsisr_geo.errors import HsisrError, ModelError, RasterError
from hsisr_geo.model.checkpoint import load_network, save_tensors
from hsisr_geo.raster.open import open_raster
from hsisr_geo.raster.read import read_window
from hsisr_geo.resolver.catalogue import DEFAULT_MODEL, find_model
from hsisr_geo.resolver.config import ModelConfig
from hsisr_geo.resolver.header import read_header

HEADER = """ENVI
samples = 4
lines = 3
bands = 2
header offset = 0
file type = ENVI Standard
data type = 1
interleave = bsq
byte order = 0
"""


def _envi(folder, more: bytes = b""):
    path = folder / "scene.img"
    path.write_bytes(bytes(range(24)))
    path.with_suffix(".hdr").write_bytes(HEADER.encode() + more)
    return path


@pytest.mark.parametrize("target", ["envi", "geotiff", "safetensors"])
def test_mutated_files_end_in_results_or_plain_errors(target):
    """A short run; `python benchmarks/fuzz.py --cases 100000` is the long one."""
    found = fuzz(target, seed=1, first=0, cases=150)
    assert found.findings == []
    assert found.ends.total() == 150
    assert found.ends["result"] > 0
    assert found.ends["error"] > 0


@pytest.mark.parametrize("target", ["envi-lists", "hdf5"])
def test_lists_and_attributes_of_all_kinds_end_in_results_or_plain_errors(target, tmp_path):
    """A handful in this process; the children of a run take seconds to begin."""
    case, ends = TARGETS[target](tmp_path), []
    for number in range(8):
        try:
            case(random.Random(f"{target}/2/{number}"))
            ends.append("result")
        except HsisrError as error:
            ends.append("lines" if "\n" in str(error) else "error")
    assert "result" in ends
    assert "lines" not in ends


def test_the_fuzzer_reports_a_crash_and_goes_on(monkeypatch):
    """A child that ends before it should costs one case, and is told."""
    monkeypatch.setattr("benchmarks.fuzz.BATCH", 3)
    found = fuzz("no such target", seed=0, first=0, cases=4)
    assert found.ends["crash"] == 4
    assert len(found.findings) == 4


def test_names_in_latin_1_are_read(tmp_path):
    path = _envi(tmp_path, "band names = {Höhe, 0.55 µm}\n".encode("latin-1"))
    assert [band.name for band in open_raster(path).bands] == ["Höhe", "0.55 µm"]


def test_a_crs_in_latin_1_is_named(tmp_path):
    wkt = (
        'GEOGCS["Gauß",DATUM["D_WGS_1984",SPHEROID["WGS_1984",6378137,298.257223563]],'
        'PRIMEM["Greenwich",0],UNIT["Degree",0.0174532925199433]]'
    )
    place = "map info = {Geographic Lat/Lon, 1, 1, 12, 50, 0.1, 0.1, WGS-84}\n"
    text = f"{place}coordinate system string = {{{wkt}}}\n"
    path = _envi(tmp_path, text.encode("latin-1"))
    with pytest.raises(RasterError, match=r"scene\.img: .*not UTF-8.*Gau"):
        open_raster(path)


def test_a_header_offset_that_is_no_number_is_named(tmp_path):
    path = _envi(tmp_path, b"header offset = many\n")
    with pytest.raises(RasterError, match=r"scene\.hdr: header offset = many is no number"):
        open_raster(path)


def test_a_header_that_changes_between_two_reads_is_read_anew(tmp_path):
    path = _envi(tmp_path)
    before = read_window(open_raster(path), slice(0, 3), slice(0, 4))
    _envi(tmp_path, b"interleave = bip\n")
    after = read_window(open_raster(path), slice(0, 3), slice(0, 4))
    np.testing.assert_array_equal(before.ravel(), after.transpose(1, 2, 0).ravel())


def test_a_scale_from_which_no_value_follows_is_refused(tmp_path):
    path = _envi(tmp_path, b"data gain values = {1e300, 1}\n")
    with pytest.raises(RasterError, match=r"band 1 has scale 1e\+300 and offset 0"):
        open_raster(path)


def _model(folder, dtype=torch.float32, **changes):
    source = find_model(DEFAULT_MODEL)
    config = json.loads(read_header(source).config.to_json()) | changes
    weights = {name: tensor.to(dtype) for name, tensor in load_file(source).items()}
    path = folder / "foreign.safetensors"
    save_tensors(path, weights, {"hsisr_config": json.dumps(config)})
    return path


def test_a_configuration_that_asks_for_terabytes_costs_nothing(tmp_path):
    path = _model(tmp_path, denoiser_width=100_000)  # 360 GB for one of its convolutions
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(ModelError, match=r"foreign\.safetensors: the weights do not fit"):
        load_network(path)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # kB


def test_weights_of_another_type_are_refused(tmp_path):
    with pytest.raises(ModelError, match="the weights do not fit"):
        load_network(_model(tmp_path, torch.float64))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("denoiser_blocks", 10**9),
        ("back_projections", 101),
        ("components", 100_001),
        ("name", "x" * 101),
        ("sigma_y", (float("nan"), 1.0, 1.0)),
        ("upscales", tuple(range(2, 103))),
    ],
)
def test_a_configuration_beyond_all_sense_is_refused_in_few_words(key, value):
    config = ModelConfig(name="m", version="1", upscales=(2, 3, 4))
    with pytest.raises(ModelError, match=key) as refused:
        replace(config, **{key: value})
    assert len(str(refused.value)) < 300


def _sparse(folder, cols, rows, bands):
    """An ENVI file as large as its header says, without a block on the disk."""
    path = folder / "sparse.img"
    with path.open("wb") as file:
        file.truncate(cols * rows * bands)
    header = HEADER.replace("samples = 4", f"samples = {cols}").replace(
        "lines = 3", f"lines = {rows}"
    )
    path.with_suffix(".hdr").write_text(header.replace("bands = 2", f"bands = {bands}"))
    return path


@pytest.mark.parametrize(
    ("size", "said"),
    [
        ((1, 1, 10_001), "has 10001 bands: at most 10000"),
        ((600_000_000, 1, 1), "600000000 pixels wide: one row"),
        ((2_000_000, 3, 400), "2000000 pixels wide: one row of its 400 bands takes 3.2 GB"),
    ],
)
def test_rasters_beyond_the_limits_are_refused_before_any_work(tmp_path, size, said):
    with pytest.raises(RasterError, match=said):
        open_raster(_sparse(tmp_path, *size))


def test_an_output_longer_than_gdal_allows_is_refused(tmp_path):
    raster = open_raster(_sparse(tmp_path, 1, 600_000_000, 1))
    assert raster.upscaled(3).rows == 1_800_000_000
    with pytest.raises(RasterError, match=r"2400000000 pixels .* choose a part with bounds"):
        raster.upscaled(4)
