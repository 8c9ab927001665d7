"""A model file's header: configuration, card, hash and checksum, read without torch."""

import hashlib
import json
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from hsisr_geo.errors import ModelError
from hsisr_geo.paths import oddity
from hsisr_geo.resolver.config import ModelCard, ModelConfig, parse_config
from hsisr_geo.resolver.system_config import ARCHITECTURE_KEY, SystemConfig

CONFIG_KEY = "hsisr_config"
CARD_KEY = "hsisr_card"
CHECKSUM_KEY = "hsisr_checksum"
MAX_HEADER_BYTES = 100_000_000  # safetensors' own limit; a length beyond it is not a header


class ModelHeader(NamedTuple):
    """A model file without its weights; `sha256` is that of the whole file."""

    config: ModelConfig
    card: ModelCard
    sha256: str


class SystemHeader(NamedTuple):
    """The same of a published system."""

    config: SystemConfig
    card: ModelCard
    sha256: str


def read_header(path: Path) -> ModelHeader | SystemHeader:
    """Read configuration, card and hash of a model file, without torch.

    Raises
    ------
    ModelError
        Missing, truncated or corrupt file, not a safetensors file, not one of ours, or one of a
        newer version; the message names the file. Other weights or settings than were written are
        told where the file has a checksum, which those of before version 0.2 have not.
    """
    with _told_of(path):
        metadata = _read_metadata(path, check=True)
        config, card = _config_in(metadata), _read_card(metadata)
        if isinstance(config, SystemConfig):
            return SystemHeader(config, card, sha256_of(path))
        return ModelHeader(config, card, sha256_of(path))


def read_config(path: Path) -> ModelConfig | SystemConfig:
    """Read the configuration alone, without a look at the weights; else errors as `read_header`.

    Who loads the weights afterwards reads the whole header then, and is told of damage.
    """
    with _told_of(path):
        return _config_in(_read_metadata(path, check=False))


@contextmanager
def _told_of(path: Path) -> Iterator[None]:
    """Let errors name the file."""
    try:
        yield
    except OSError as e:
        raise ModelError(f"cannot read model file {path}: {e.strerror or e}") from e
    except ModelError as e:
        raise ModelError(f"{path}: {e}") from e


def _config_in(metadata: Mapping[str, Any]) -> ModelConfig | SystemConfig:
    values = parse_config(_text(metadata, CONFIG_KEY))
    if ARCHITECTURE_KEY in values:
        return SystemConfig.from_values(values)
    return ModelConfig._of(values)


def read_system_header(path: Path) -> SystemHeader:
    """Read the header of a published system; errors as `read_header`.

    Raises
    ------
    ModelError
        The file holds a network of ours.
    """
    header = read_header(path)
    if not isinstance(header, SystemHeader):
        raise ModelError(f"{path} is a network of hsisr-geo's own, not a published system")
    return header


def read_network_header(path: Path) -> ModelHeader:
    """Read the header of a model of ours; errors as `read_header`.

    Raises
    ------
    ModelError
        The file holds a published system, which can be run and nothing else.
    """
    header = read_header(path)
    if isinstance(header, SystemHeader):
        raise ModelError(
            f"{path} holds a published system ({header.config.architecture}), which can be run and "
            "assessed; adapting, and training on from a file, need a model of hsisr-geo's own"
        )
    return header


def sha256_of(path: Path) -> str:
    """Hash a file, a MiB at a time."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def with_checksum(file: bytes) -> bytes:
    """Return a model file with a checksum in its header; the same content gives the same bytes.

    The checksum is SHA-256 over what decides about results: configuration, table of tensors and
    their numbers; not the card. safetensors has none of its own.
    """
    (length,) = struct.unpack("<Q", file[:8])
    header, weights = _parse_header(file[8 : 8 + length]), file[8 + length :]
    digest = _checksum_begun(header)
    digest.update(weights)
    metadata = {**header.pop("__metadata__"), CHECKSUM_KEY: digest.hexdigest()}
    told = {"__metadata__": dict(sorted(metadata.items())), **header}
    raw = json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()
    raw += b" " * (-len(raw) % 8)  # tensors begin at a multiple of eight
    return struct.pack("<Q", len(raw)) + raw + weights


def _checksum_begun(header: Mapping[str, Any]) -> Any:
    """Begin a checksum; the weights are still to come."""
    table = {name: told for name, told in header.items() if name != "__metadata__"}
    config = header["__metadata__"].get(CONFIG_KEY)
    return hashlib.sha256(json.dumps([config, table], sort_keys=True).encode())


def _check_sum(header: Mapping[str, Any], told: object, weights: BinaryIO) -> None:
    digest = _checksum_begun(header)
    while block := weights.read(1 << 20):
        digest.update(block)
    if digest.hexdigest() != told:
        raise ModelError(
            "the model file is damaged: its weights or settings are not those that were written "
            "(their checksum is another); get it again, or train it again"
        )


def _read_metadata(path: Path, *, check: bool) -> Mapping[str, Any]:
    """Return the free metadata of a safetensors file that is whole; `check` its checksum, too."""
    size = path.stat().st_size
    if what := oddity(path):
        raise ModelError(f"not a model file, but {what}")
    with open(path, "rb") as file:
        start = file.read(8)
        if len(start) < 8:
            raise ModelError("not a model file: too short for a safetensors header")
        (length,) = struct.unpack("<Q", start)
        if length > MAX_HEADER_BYTES:
            raise ModelError("not a model file: no safetensors header")
        if length > size - 8:
            raise ModelError("model file is truncated within its header; get it again")
        header = _parse_header(file.read(length))
        expected = 8 + length + _weights_bytes(header)
        if size != expected:
            raise ModelError(
                f"model file is corrupt: {size} bytes where its header says {expected}; "
                "get it again"
            )
        metadata = header.get("__metadata__", {})
        if not isinstance(metadata, dict) or CONFIG_KEY not in metadata:
            raise ModelError(
                "a safetensors file, but not a hsisr-geo model: its header has no configuration"
            )
        if check and CHECKSUM_KEY in metadata:
            _check_sum(header, metadata[CHECKSUM_KEY], file)
    return metadata


def _parse_header(raw: bytes) -> dict[str, Any]:
    try:
        header = json.loads(raw.decode("utf-8"))
    except (ValueError, RecursionError) as e:
        raise ModelError("not a model file: its header is not JSON") from e
    if not isinstance(header, dict):
        raise ModelError("not a model file: its header is not a JSON object")
    return header


def _weights_bytes(header: Mapping[str, Any]) -> int:
    """Return the bytes of weights that the header promises."""
    try:
        ends = [
            int(tensor["data_offsets"][1])
            for name, tensor in header.items()
            if name != "__metadata__"
        ]
    except (KeyError, TypeError, ValueError, IndexError) as e:
        raise ModelError("model file is corrupt: its header has no valid tensor table") from e
    return max(ends, default=0)


def _read_card(metadata: Mapping[str, Any]) -> ModelCard:
    try:
        card = json.loads(_text(metadata, CARD_KEY)) if CARD_KEY in metadata else {}
    except (ValueError, RecursionError) as e:
        raise ModelError(f"model card is not JSON: {e}") from e
    if not isinstance(card, dict):
        raise ModelError("model card is not a JSON object")
    return card


def _text(metadata: Mapping[str, Any], key: str) -> str:
    value = metadata[key]
    if not isinstance(value, str):
        raise ModelError(f"model file is corrupt: {key} is not text")
    return value
