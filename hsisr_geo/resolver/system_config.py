"""`SystemConfig`: what a published system's model file says of itself, known without torch.

Such a file differs from one of ours by the key `architecture` in its configuration. What settings
an architecture has is known where it is built (`benchmark/systems/build.py`); here they are plain
numbers, words and lists of a reasonable size.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Any, TypeAlias

from hsisr_geo.errors import ModelError

if TYPE_CHECKING:
    from hsisr_geo.cube.degradation import Degradation

Setting: TypeAlias = bool | int | float | str | tuple[bool | int | float | str, ...]
ARCHITECTURE_KEY = "architecture"
"""Of a configuration: there in those of published systems only."""
OWN = "hsisr"
"""The architecture that means ours: group autoencoder and latent diffusion."""
AUTOENCODER = "gae"
"""The architecture that is a part of another, dmgasr: there to be started from."""
# Nothing sensible comes near; beyond it a foreign file would ask for hours or for all memory.
_MOST_BANDS = 10_000
_MOST_UPSCALE = 16
_LARGEST = 4096  # of a whole number among the settings
_LONGEST = 100  # characters of a text, entries of a list, settings


@dataclass(frozen=True)
class SystemConfig:
    """All that is needed to build a published system at one upscale.

    Attributes
    ----------
    upscales
        The one factor that it was made for, as a tuple like that of `ModelConfig`.
    architecture
        As `benchmark/systems/build.py` knows it: `edsr`, `gdrrn` …
    bands
        That it takes, no more and no fewer; 0: any number.
    settings
        What differs from the published settings of the architecture, or all of them.
    degradation
        The D that it was trained on; `degradation.named`.
    """

    name: str
    version: str
    upscales: tuple[int, ...]
    architecture: str
    bands: int
    settings: Mapping[str, Setting] = field(default_factory=dict)
    degradation: str = "bicubic"

    def __post_init__(self) -> None:
        """Refuse what no system can be built from."""
        for key in ("name", "version", "architecture", "degradation"):
            _check_text(key, getattr(self, key))
        factors = self.upscales
        if not isinstance(factors, tuple) or len(factors) != 1:
            raise ModelError(f"model {self.name}: a system is made for one upscale, not {factors}")
        _check_whole(self.name, "upscale", factors[0], 2, _MOST_UPSCALE)
        _check_whole(self.name, "bands", self.bands, 0, _MOST_BANDS)
        if not isinstance(self.settings, Mapping) or len(self.settings) > _LONGEST:
            raise ModelError(f"model {self.name}: settings are not up to {_LONGEST} named values")
        for key, value in self.settings.items():
            _check_setting(self.name, key, value)

    @property
    def upscale(self) -> int:
        """The factor that it was made for."""
        return self.upscales[0]

    def declared(self, upscale: int) -> "Degradation":
        """Return the degradation that the system was trained on; errors as `ModelConfig`'s."""
        from hsisr_geo.cube.degradation import declared  # numpy, which a header is read without

        return declared(self.name, self.degradation, upscale)

    def check_runs(self) -> None:
        """Refuse what makes nothing finer by itself.

        Raises
        ------
        ModelError
            It is an autoencoder alone.
        """
        if self.architecture == AUTOENCODER:
            raise ModelError(
                f"model {self.name} holds an autoencoder only, which makes nothing finer; train a "
                "model of architecture dmgasr that starts from it, or choose another --model"
            )

    def check_bands(self, bands: int) -> None:
        """Refuse a scene with another number of good bands.

        Raises
        ------
        ModelError
            Saying how many the system takes.
        """
        if self.bands and bands != self.bands:
            raise ModelError(
                f"model {self.name} takes {self.bands} bands, the scene has {bands} good ones: "
                f"choose {self.bands} of them with --bands (bands=), by the rule that it was "
                "trained by (bands_from in `hsisr-geo models show`; docs/benchmark.md has an "
                f"example), or train the system for {bands} bands"
                if bands > self.bands
                else f"model {self.name} takes {self.bands} bands, the scene has only {bands} good "
                "ones: train the system for these, or choose another --model"
            )

    def to_json(self) -> str:
        """Write the configuration as it stands in a model file's header."""
        return json.dumps(asdict(self))

    @classmethod
    def from_values(cls, values: Mapping[str, Any]) -> "SystemConfig":
        """Read what `to_json` wrote, once it is a JSON object.

        Raises
        ------
        ModelError
            An unknown or missing key, or a value of the wrong type or size.
        """
        known = {field.name: field.default for field in fields(cls)}
        if unknown := sorted(values.keys() - known):
            raise ModelError(
                f"configuration of a system has unknown keys {', '.join(unknown)[:200]}: it was "
                "written for another version of hsisr-geo; update hsisr-geo"
            )
        required = {name for name, default in known.items() if default is MISSING} - {"settings"}
        if missing := sorted(required - values.keys()):
            raise ModelError(f"configuration of a system lacks {', '.join(missing)}")
        settings = values.get("settings", {})
        if isinstance(settings, dict):
            settings = {key: _tupled(value) for key, value in settings.items()}
        return cls(**{**values, "upscales": _tupled(values["upscales"]), "settings": settings})


def _tupled(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _check_text(key: str, value: Any) -> None:
    if not isinstance(value, str) or not value or len(value) > _LONGEST:
        raise ModelError(
            f"configuration of a system: {key} = {repr(value)[:60]} is no text of up to "
            f"{_LONGEST} characters"
        )


def _check_whole(model: str, key: str, value: Any, least: int, most: int) -> None:
    if type(value) is not int or not least <= value <= most:
        raise ModelError(
            f"model {model}: {key} {repr(value)[:60]} is no whole number from {least} to {most}"
        )


def _check_setting(model: str, key: Any, value: Any) -> None:
    """Refuse what is no plain value, and numbers that no network could be built with."""
    if not isinstance(key, str) or not key.isidentifier() or len(key) > _LONGEST:
        raise ModelError(f"model {model}: {repr(key)[:60]} is no name of a setting")
    items = value if isinstance(value, tuple) else (value,)
    if len(items) > _LONGEST:
        raise ModelError(f"model {model}: {key} is longer than {_LONGEST}")
    for item in items:
        if isinstance(item, str):
            _check_text(key, item)
        elif type(item) is int:
            _check_whole(model, key, item, 0, _LARGEST)
        elif not isinstance(item, bool) and not (isinstance(item, float) and math.isfinite(item)):
            raise ModelError(
                f"model {model}: {key} = {repr(value)[:60]} is no finite number, word or list"
            )
