"""`ModelConfig`: all that is needed to build our network and run it."""

import json
import math
from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, fields, replace
from types import UnionType
from typing import (
    TYPE_CHECKING,
    Any,
    TypeAlias,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from hsisr_geo.errors import ModelError

if TYPE_CHECKING:
    from hsisr_geo.cube.degradation import Degradation

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
    `shading` and `colour` are the gains of a sample's texture (`model/diffusion.py`).
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
        return cls._of(parse_config(text))

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


def parse_config(text: str) -> dict[str, Any]:
    """Return the keys and values of a configuration as JSON."""
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as e:
        raise ModelError(f"model configuration is not JSON: {e}") from e
    if not isinstance(values, dict):
        raise ModelError("model configuration is not a JSON object")
    return values


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
