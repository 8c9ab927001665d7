"""What a model file says about itself: configuration and card, read from its header without torch.

A model is one safetensors file: eight bytes with the length of a JSON header, the header, then
the weights. The header's `__metadata__` carries the configuration and the model card as JSON, so
that `hsisr-geo models` and the pipeline know a model before the 2-5 s that importing torch takes.
"""

import hashlib
import json
import math
import struct
from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, fields, replace
from pathlib import Path
from types import UnionType
from typing import (
    TYPE_CHECKING,
    Any,
    NamedTuple,
    TypeAlias,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from hsisr_geo.errors import ModelError
from hsisr_geo.system_config import ARCHITECTURE_KEY, SystemConfig

if TYPE_CHECKING:
    from hsisr_geo.cube.degradation import Degradation

CONFIG_KEY = "hsisr_config"
CARD_KEY = "hsisr_card"
MAX_HEADER_BYTES = 100_000_000  # safetensors' own limit; a length beyond it is not a header

# Overlap, stages and repetitions that a network can do without.
_MAY_BE_ZERO = frozenset({
    "group_overlap", "autoencoder_depth", "global_width", "denoiser_blocks", "back_projections",
    "subspace_rank",
})  # fmt: skip

# Nothing sensible comes near; beyond it a foreign file would ask for hours or for all memory.
_MOST = {"denoiser_blocks": 100, "autoencoder_depth": 100, "back_projections": 100}
_MOST_OTHERS = 100_000
_LONGEST = 100  # characters of a text, entries of a list

_PER_UPSCALE = ("sigma_y", "shrinkage", "shading", "colour", "spread")

ModelCard: TypeAlias = dict[str, Any]
"""Free JSON for people: `data`, `licences`, `scores`, `limits`, `degradation` …"""


@dataclass(frozen=True)
class ModelConfig:
    """All that is needed to build the network and run it; widths in channels.

    `sigma_y` has one value per upscale in `upscales`: the standard deviation of the residual that
    the denoiser predicts, in units of a whitened component. Empty before the second training stage.
    `shrinkage` draws the best estimate towards bicubic, as scenes differ in how soft they are and a
    coarse pixel does not tell; chosen on held-out sites for the worst of them, not for the mean.
    `shading` and `colour` are the gains of a sample's texture (`model/texture.py`).
    `spread` calibrates the uncertainty: the standard deviation over samples is multiplied by it, so
    that on held-out sites it is as large as the error of the best estimate.
    """

    name: str
    version: str
    upscales: tuple[int, ...]
    degradation: str = "bicubic"  # the D that the model was trained on; `degradation.named`
    # group autoencoder
    group_size: int = 16  # bands
    group_overlap: int = 4  # bands
    latent_channels: int = 5  # per group
    autoencoder_width: int = 32
    autoencoder_depth: int = 2  # residual blocks in the encoder, and in the decoder
    global_width: int = 4  # of the band-agnostic stage over the whole spectrum; 0: none
    # diffusion
    components: int = 12  # leading components of all groups' latents that are super-resolved
    denoiser_width: int = 96  # at input resolution
    denoiser_blocks: int = 6
    denoiser_fine_width: int = 16  # at output resolution
    sigma_y: tuple[float, ...] = ()
    shrinkage: tuple[float, ...] = ()  # factor of the best estimate per upscale; (): 1 for all
    shading: tuple[float, ...] = ()  # gain of a sample's texture in brightness, per upscale; (): 1
    colour: tuple[float, ...] = ()  # the same for the rest of it
    spread: tuple[float, ...] = ()  # factor of the samples' deviation per upscale; (): 1 for all
    diffusion_steps: int = 6  # of a sample with texture
    # after decoding
    back_projections: int = 2
    subspace_rank: int = 16  # components of the scene that detail may lie in; 0: all

    def __post_init__(self) -> None:
        """Refuse what no network can be built from."""
        for field in fields(self):
            _check_size(self.name, field.name, getattr(self, field.name))
        if not self.upscales or any(upscale < 2 for upscale in self.upscales):
            raise ModelError(f"model {self.name}: upscales {self.upscales} are not factors >= 2")
        if not 0 <= self.group_overlap < self.group_size:
            raise ModelError(
                f"model {self.name}: group_overlap {self.group_overlap} must be below "
                f"group_size {self.group_size}"
            )
        for key in _PER_UPSCALE:
            if (count := len(getattr(self, key))) not in (0, len(self.upscales)):
                raise ModelError(
                    f"model {self.name}: {key} has {count} values for {len(self.upscales)} upscales"
                )
            if not all(map(math.isfinite, getattr(self, key))):
                raise ModelError(f"model {self.name}: {key} has values that are not finite")
        if any(factor <= 0 for factor in self.spread):
            raise ModelError(f"model {self.name}: spread {self.spread} is not positive")

    def declared(self, upscale: int) -> "Degradation":
        """Return the degradation that the model was trained on, at one upscale.

        Raises
        ------
        ModelError
            The model names one that this version does not know.
        """
        from hsisr_geo.cube.degradation import declared  # numpy, which a header is read without

        return declared(self.name, self.degradation, upscale)

    def to_json(self) -> str:
        """Write the configuration as it stands in a model file's header."""
        return json.dumps(asdict(self))

    def factor(self, name: str, upscale: int) -> float:
        """Return what `name`, a field with one value per upscale, says; 1 where it says nothing."""
        values: tuple[float, ...] = getattr(self, name)
        return values[self.upscales.index(upscale)] if values else 1.0

    def only(self, upscale: int) -> "ModelConfig":
        """Leave the other upscales out."""
        index = self.upscales.index(upscale)
        factors = {name: getattr(self, name)[index : index + 1] for name in _PER_UPSCALE}
        return replace(self, upscales=(upscale,), **factors)

    @classmethod
    def from_json(cls, text: str) -> "ModelConfig":
        """Read what `to_json` wrote.

        Raises
        ------
        ModelError
            Not JSON, an unknown or missing key, or a value of the wrong type. An unknown key is
            refused because it changes what the network computes in a newer version.
        """
        return cls._of(_parse_config(text))

    @classmethod
    def _of(cls, values: dict[str, Any]) -> "ModelConfig":
        _check_keys(values)
        hints = get_type_hints(cls)
        return cls(**{key: _typed(value, hints[key], key) for key, value in values.items()})


def _check_size(model: str, name: str, value: Any) -> None:
    """Refuse numbers out of their range, and texts and lists that no message could show."""
    if isinstance(value, int):
        least, most = 0 if name in _MAY_BE_ZERO else 1, _MOST.get(name, _MOST_OTHERS)
        if value < least:
            raise ModelError(f"model {model[:_LONGEST]}: {name} {value} is below {least}")
        if value > most:
            raise ModelError(f"model {model[:_LONGEST]}: {name} {value} is above {most}")
    elif len(value) > _LONGEST:
        raise ModelError(f"model {model[:_LONGEST]}: {name} is longer than {_LONGEST}")


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
        newer version; the message names the file.
    """
    try:
        metadata = _read_metadata(path)
        values = _parse_config(_text(metadata, CONFIG_KEY))
        card = _read_card(metadata)
        if ARCHITECTURE_KEY in values:
            return SystemHeader(SystemConfig.from_values(values), card, sha256_of(path))
        return ModelHeader(ModelConfig._of(values), card, sha256_of(path))
    except OSError as e:
        raise ModelError(f"cannot read model file {path}: {e.strerror or e}") from e
    except ModelError as e:
        raise ModelError(f"{path}: {e}") from e


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


def _read_metadata(path: Path) -> Mapping[str, Any]:
    """Return the free metadata of a safetensors file, once the file is known to be whole."""
    size = path.stat().st_size
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
            f"model file is corrupt: {size} bytes where its header says {expected}; get it again"
        )
    metadata = header.get("__metadata__", {})
    if not isinstance(metadata, dict) or CONFIG_KEY not in metadata:
        raise ModelError(
            "a safetensors file, but not a hsisr-geo model: its header has no configuration"
        )
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


def _parse_config(text: str) -> dict[str, Any]:
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as e:
        raise ModelError(f"model configuration is not JSON: {e}") from e
    if not isinstance(values, dict):
        raise ModelError("model configuration is not a JSON object")
    return values


def _text(metadata: Mapping[str, Any], key: str) -> str:
    value = metadata[key]
    if not isinstance(value, str):
        raise ModelError(f"model file is corrupt: {key} is not text")
    return value


def _check_keys(values: Mapping[str, Any]) -> None:
    known = {field.name for field in fields(ModelConfig)}
    required = {field.name for field in fields(ModelConfig) if field.default is MISSING}
    if unknown := sorted(values.keys() - known):
        raise ModelError(
            f"model configuration has unknown keys {', '.join(unknown)[:200]}: it was written for "
            "another version of hsisr-geo; update hsisr-geo"
        )
    if missing := sorted(required - values.keys()):
        raise ModelError(f"model configuration lacks {', '.join(missing)}")


def _typed(value: Any, hint: Any, key: str) -> Any:
    """Return a JSON value as the annotated type: lists become tuples, whole numbers floats."""
    origin = get_origin(hint)
    if origin in (Union, UnionType):
        options = [option for option in get_args(hint) if option is not type(None)]
        return None if value is None else _typed(value, options[0], key)
    if origin is tuple and isinstance(value, list):
        return tuple(_typed(item, get_args(hint)[0], key) for item in value)
    if hint is float and isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    if hint in (int, str, bool) and type(value) is hint:
        return value
    raise ModelError(f"model configuration: {key} = {repr(value)[:60]} has the wrong type")
