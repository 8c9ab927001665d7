"""A model file that was damaged is told by its checksum, whatever the damage looks like."""

import json
import shutil
import struct

import pytest
from commands import call, one_line_error
from resolver.test_config import CONFIG, safetensors, valid_bytes

from hsisr_geo.errors import ModelError
from hsisr_geo.model.checkpoint import load_network, save_network
from hsisr_geo.model.plain import network as plain
from hsisr_geo.resolver.catalogue import find_model, shipped_folder
from hsisr_geo.resolver.header import CARD_KEY, CHECKSUM_KEY, CONFIG_KEY, read_header, with_checksum


@pytest.fixture
def copied(tmp_path):
    return shutil.copy(find_model("default"), tmp_path / "copied.safetensors")


def parts(content):
    (length,) = struct.unpack("<Q", content[:8])
    return json.loads(content[8 : 8 + length]), content[8 + length :]


def joined(header, weights):
    raw = json.dumps(header).encode()
    return struct.pack("<Q", len(raw)) + raw + weights


def flip(path, place):
    """Flip the lowest bit of a byte: of a float32's first byte, a change by 1e-7 of it."""
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("share", [0.01, 0.3, 0.7, 0.9999])
def test_one_bit_of_the_weights(copied, share):
    flip(copied, int(copied.stat().st_size * share) // 4 * 4)
    for load in (load_network, plain.load_network):
        with pytest.raises(ModelError, match=r"copied\.safetensors: .* is damaged: .*get it again"):
            load(copied)
    told = one_line_error(call("models", "show", copied, code=1))
    assert "damaged" in told


def test_a_setting_that_reads_as_another(tmp_path):
    header, weights = parts(with_checksum(valid_bytes()))
    config = json.loads(header["__metadata__"][CONFIG_KEY])
    config["sigma_y"][0] = 0.25
    header["__metadata__"][CONFIG_KEY] = json.dumps(config)
    path = tmp_path / "a.safetensors"
    path.write_bytes(joined(header, weights))
    with pytest.raises(ModelError, match=r"a\.safetensors: the model file is damaged"):
        read_header(path)


def test_tensors_that_change_places(tmp_path):
    header, weights = parts(with_checksum(valid_bytes()))
    header["v"] = header.pop("w")
    path = tmp_path / "a.safetensors"
    path.write_bytes(joined(header, weights))
    with pytest.raises(ModelError, match="damaged"):
        read_header(path)


def test_a_card_may_be_written_anew(tmp_path):
    header, weights = parts(with_checksum(valid_bytes()))
    header["__metadata__"][CARD_KEY] = json.dumps({"scores": 1})
    path = tmp_path / "a.safetensors"
    path.write_bytes(joined(header, weights))
    assert read_header(path).card == {"scores": 1}


def test_the_same_content_gives_the_same_bytes():
    first = safetensors({CONFIG_KEY: CONFIG.to_json(), CARD_KEY: "{}"})
    other = safetensors({CARD_KEY: "{}", CONFIG_KEY: CONFIG.to_json()})
    assert first != other
    assert with_checksum(first) == with_checksum(other) == with_checksum(with_checksum(first))


@pytest.mark.parametrize("told", ["", "0" * 64, 7, None])
def test_a_checksum_that_is_none(tmp_path, told):
    path = tmp_path / "a.safetensors"
    path.write_bytes(safetensors({CONFIG_KEY: CONFIG.to_json(), CHECKSUM_KEY: told}))
    with pytest.raises(ModelError, match="damaged"):
        read_header(path)


def test_what_is_written_has_one_and_what_is_shipped(copied):
    network, header = load_network(copied)
    save_network(copied, network, header.config, header.card)
    for path in (copied, *shipped_folder().glob("*.safetensors")):
        assert len(parts(path.read_bytes())[0]["__metadata__"][CHECKSUM_KEY]) == 64
    assert copied.read_bytes() == find_model("default").read_bytes()
