"""A model file's header: what is written is read again, and anything else is refused by name."""

import hashlib
import json
import struct
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hsisr_geo.errors import ModelError
from hsisr_geo.resolver.config import ModelConfig
from hsisr_geo.resolver.header import CARD_KEY, CONFIG_KEY, read_header

CONFIG = ModelConfig(name="tiny", version="1", upscales=(2, 4), sigma_y=(0.5, 1.0), components=3)
CARD = {"data": ["a scene"], "scores": {"×2": 40.1}}


def safetensors(metadata, weights=b"\0" * 8):
    """Return the bytes of a model file with one tensor."""
    header = {"w": {"dtype": "F32", "shape": [len(weights) // 4], "data_offsets": [0, 8]}}
    if metadata is not None:
        header["__metadata__"] = metadata
    raw = json.dumps(header).encode()
    return struct.pack("<Q", len(raw)) + raw + weights


def valid_bytes():
    return safetensors({CONFIG_KEY: CONFIG.to_json(), CARD_KEY: json.dumps(CARD)})


def test_header_round_trip(tmp_path):
    path = tmp_path / "tiny.safetensors"
    path.write_bytes(valid_bytes())
    config, card, sha256 = read_header(path)
    assert config == CONFIG
    assert card == CARD
    assert sha256 == hashlib.sha256(valid_bytes()).hexdigest()


def test_safetensors_reads_the_same_file(tmp_path):
    numpy = pytest.importorskip("safetensors.numpy")
    np = pytest.importorskip("numpy")
    path = tmp_path / "tiny.safetensors"
    numpy.save_file(
        {"a": np.ones((2, 3), np.float32), "b": np.zeros(4, np.int8)},
        path,
        metadata={CONFIG_KEY: CONFIG.to_json()},
    )
    config, card, _ = read_header(path)
    assert (config, card) == (CONFIG, {})


@given(
    upscales=st.lists(st.integers(2, 8), min_size=1, max_size=3),
    degradation=st.just("bicubic") | st.floats(0.01, 0.99).map("gaussian:{}".format),
    steps=st.integers(1, 1000),
)
def test_configuration_round_trip(upscales, degradation, steps):
    config = ModelConfig(
        name="m",
        version="0",
        upscales=tuple(upscales),
        degradation=degradation,
        diffusion_steps=steps,
    )
    assert ModelConfig.from_json(config.to_json()) == config


def test_keys_left_out_take_their_defaults():
    config = ModelConfig.from_json('{"name": "m", "version": "1", "upscales": [2]}')
    assert config == ModelConfig(name="m", version="1", upscales=(2,))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "JSON"),
        ("[]", "object"),
        ('{"name": "m", "version": "1"}', "upscales"),
        ('{"name": "m", "version": "1", "upscales": [2], "warp": 1}', "warp"),
        ('{"name": "m", "version": "1", "upscales": "2"}', "upscales"),
        ('{"name": "m", "version": "1", "upscales": [2.5]}', "upscales"),
        ('{"name": "m", "version": "1", "upscales": []}', "upscales"),
        ('{"name": "m", "version": "1", "upscales": [1]}', "upscales"),
        ('{"name": "m", "version": 1, "upscales": [2]}', "version"),
        ('{"name": "m", "version": "1", "upscales": [2], "group_size": true}', "group_size"),
        ('{"name": "m", "version": "1", "upscales": [2], "group_overlap": 16}', "group_overlap"),
        ('{"name": "m", "version": "1", "upscales": [2, 3], "sigma_y": [1]}', "sigma_y"),
        ('{"name": "m", "version": "1", "upscales": [2, 3], "spread": [1]}', "spread has 1 values"),
        ('{"name": "m", "version": "1", "upscales": [2], "spread": [0]}', "not positive"),
        ('{"name": "m", "version": "1", "upscales": [2], "denoiser_width": -4}', "denoiser_width"),
        ('{"name": "m", "version": "1", "upscales": [2], "components": 0}', "components"),
        ('{"name": "m", "version": "1", "upscales": [2], "group_overlap": -1}', "group_overlap"),
    ],
)
def test_a_configuration_of_another_kind_is_refused(text, said):
    with pytest.raises(ModelError, match=said):
        ModelConfig.from_json(text)


def damaged_files():
    raw = valid_bytes()
    (length,) = struct.unpack("<Q", raw[:8])
    nonsense = json.dumps({"w": {"data_offsets": "x"}}).encode()
    return {
        "empty": b"",
        "seven bytes": raw[:7],
        "cut in the header": raw[: 8 + length // 2],
        "cut in the weights": raw[:-1],
        "longer than its header says": raw + b"\0",
        "zip as torch writes it": b"PK\x03\x04" + bytes(200),
        "header of 200 MB": struct.pack("<Q", 200_000_000) + raw[8:],
        "header is not JSON": struct.pack("<Q", 8) + b"not JSON" + bytes(8),
        "header is not UTF-8": struct.pack("<Q", 4) + b"\xff\xfe\xff\xfe",
        "header is a list": struct.pack("<Q", 2) + b"[]",
        "deeply nested header": struct.pack("<Q", 100_000) + b"[" * 100_000,
        "tensor table is nonsense": struct.pack("<Q", len(nonsense)) + nonsense,
        "foreign": safetensors(None),
        "foreign with metadata": safetensors({"format": "pt"}),
        "metadata is a list": safetensors([1]),
        "configuration is not text": safetensors({CONFIG_KEY: 3}),
        "configuration is not JSON": safetensors({CONFIG_KEY: "{"}),
        "unknown key": safetensors({CONFIG_KEY: '{"warp": 1}'}),
        "card is not JSON": safetensors({CONFIG_KEY: CONFIG.to_json(), CARD_KEY: "{"}),
        "card is a list": safetensors({CONFIG_KEY: CONFIG.to_json(), CARD_KEY: "[]"}),
    }


@pytest.mark.parametrize("damage", damaged_files())
def test_a_damaged_or_foreign_file_is_refused_by_name(tmp_path, damage):
    path = tmp_path / "model.safetensors"
    path.write_bytes(damaged_files()[damage])
    with pytest.raises(ModelError, match=r"model\.safetensors"):
        read_header(path)


@pytest.mark.parametrize("name", ["missing.safetensors", "."])
def test_a_file_that_cannot_be_read_is_refused_by_name(tmp_path, name):
    with pytest.raises(ModelError, match="cannot read model file"):
        read_header(tmp_path / name)


@given(st.binary(max_size=400))
def test_any_bytes_give_a_model_error(tmp_path_factory, raw):
    path = tmp_path_factory.mktemp("models") / "any.safetensors"
    path.write_bytes(raw)
    with pytest.raises(ModelError):
        read_header(path)


def test_reading_a_header_needs_no_torch(tmp_path):
    import subprocess

    path = tmp_path / "tiny.safetensors"
    path.write_bytes(valid_bytes())
    code = (
        "import sys; from pathlib import Path; from hsisr_geo.resolver.header import read_header;"
        "read_header(Path(sys.argv[1]));"
        "print([m for m in ('torch', 'safetensors', 'numpy') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
