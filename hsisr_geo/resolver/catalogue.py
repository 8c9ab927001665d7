"""Models by name: those shipped with the package, those of the user's folder, and two baselines.

A model's name is the stem of its file. The user's folder is `HSISR_GEO_MODELS`, if set; a shipped
model hides one of the same name there. Listing reads file headers only; `hsisr_geo.model`, and
with it torch, is imported when a network is loaded.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import resources
from numbers import Integral
from pathlib import Path
from typing import Any

from hsisr_geo.errors import ModelError, OutputError
from hsisr_geo.paths import (
    check_length,
    check_new,
    check_on_disk,
    draft_of,
    oddity,
    refusal,
    unwritable,
)
from hsisr_geo.resolver.config import ModelCard, ModelConfig
from hsisr_geo.resolver.header import read_header, read_network_header, sha256_of
from hsisr_geo.resolver.system_config import OWN, Setting, SystemConfig

DEFAULT = "default"
"""Alias of `DEFAULT_MODEL`, so that a better default does not break anyone's scripts."""
DEFAULT_MODEL = "hsisr-base"
BICUBIC = "bicubic"
BACK_PROJECTION = "back-projection"
BASELINES = {
    BACK_PROJECTION: "Bicubic made consistent with the input: what a network has to add to.",
    BICUBIC: "Interpolation: adds no detail. The baseline that models are compared with.",
}
BASELINE_UPSCALES = (2, 3, 4)
MODELS_VARIABLE = "HSISR_GEO_MODELS"
SUFFIX = ".safetensors"


@dataclass(frozen=True)
class ModelInfo:
    """What is known of a model without loading its weights; a baseline has no file.

    Attributes
    ----------
    size : bytes of the file
    sha256 : of the file
    default : this is what `--model default` means
    card : data, licences, scores, limits; free JSON
    architecture : "hsisr", or that of a published system; "" for a baseline
    bands : that it takes, no more and no fewer; None for any number
    settings : of a published system
    complete : it can super-resolve; an autoencoder alone cannot
    """

    name: str
    version: str
    upscales: tuple[int, ...]
    degradation: str
    path: Path | None
    size: int
    sha256: str
    default: bool
    card: ModelCard = field(repr=False)
    architecture: str = ""
    bands: int | None = None
    settings: Mapping[str, Setting] = field(default_factory=dict)
    complete: bool = True


def models(told: Callable[[str], None] | None = None) -> list[ModelInfo]:
    """List every model that `--model` takes by name, the baselines last.

    Parameters
    ----------
    told
        Called with what is left out: a file that is no model, a folder that is none.

    Raises
    ------
    ModelError
        Without `told`, a model file is corrupt; the message names it.
    """
    if told and (without := _without_own()):
        told(without)
    found = [info for name, path in _files().items() if (info := _known(name, path, told))]
    return found + [_baseline_info(name) for name in BASELINES]


def _known(name: str, path: Path, told: Callable[[str], None] | None) -> ModelInfo | None:
    try:
        return _info(name, path)
    except ModelError as e:
        if told is None:
            raise
        told(f"left out: {e}")
        return None


def model_info(name_or_path: str) -> ModelInfo:
    """Describe one model; errors as `load_resolver`."""
    if name_or_path in BASELINES:
        return _baseline_info(name_or_path)
    path = find_model(name_or_path)
    return _info(path.stem, path)


def find_model(name_or_path: str) -> Path:
    """Return the file of a model given by name or path.

    Raises
    ------
    ModelError
        No such name, listing the known ones; or no such file.
    """
    files = _files()
    name = DEFAULT_MODEL if name_or_path == DEFAULT else name_or_path
    if name in files:
        return files[name]
    path = Path(name_or_path)
    if os.path.isfile(path):
        return path
    if path.suffix == SUFFIX or len(path.parts) > 1:
        what = oddity(path) or ("a folder" if os.path.isdir(path) else "")
        told = f"is {what}, no model file" if what else "does not exist"
        raise ModelError(f"model file {name_or_path} {told}")
    known = ", ".join([*([DEFAULT] if DEFAULT_MODEL in files else []), *files, *BASELINES])
    if name_or_path == DEFAULT:
        raise ModelError(
            f"this installation ships no default model ({DEFAULT_MODEL}); known models: {known}"
        )
    own = f" ({without})" if (without := _without_own()) else ""
    raise ModelError(f"unknown model {name_or_path!r}; known models: {known}{own}")


def find_same(sha256: str) -> Path | None:
    """Return a model file that is known by name and has this hash; None if none has."""
    return next((path for path in _files().values() if sha256_of(path) == sha256), None)


def find_weights(name_or_path: str, *, upscale: int) -> Path:
    """Return the file of a model that has weights for an upscale; errors as `load_resolver`."""
    if name_or_path in BASELINES:
        raise ModelError(f"{name_or_path} has no weights; choose another --model")
    path = find_model(name_or_path)
    check_offered(name_or_path, read_network_header(path).config.upscales, upscale)
    return path


def check_model_target(path: Path, *, overwrite: bool, model: Path) -> None:
    """Refuse a path that no model file can be written to, before any work is done.

    Parameters
    ----------
    model : the file that the new model starts from

    Raises
    ------
    OutputError : exists without `overwrite`, is the model it starts from, wrong ending, folder
        missing, read-only or without room for such a file
    """
    check_model_place(path)
    if path.exists() and path.samefile(model):
        raise OutputError(f"{path} is the model to start from: choose another name")
    check_new(path, overwrite=overwrite)
    if told := refusal(path.parent, model.stat().st_size):
        raise OutputError(f"{path}: cannot be written: {told}")


def check_model_place(path: Path) -> None:
    """Refuse a place where no model file can be: another ending would replace other files.

    Raises
    ------
    OutputError : wrong ending, a name too long, folder missing or read-only
    """
    check_on_disk(path)
    check_length(path, [draft_of(path)])
    if path.is_dir():
        raise OutputError(f"{path} is a folder: name a file in it")
    if path.suffix != SUFFIX:
        raise OutputError(f"{path}: a model file has the ending {SUFFIX}")
    if not path.parent.is_dir():
        raise OutputError(f"{path}: there is no folder {path.parent}: create it first")
    if told := unwritable(path.parent):
        raise OutputError(f"{path}: {told}")


def _without_own() -> str:
    """Say that the user's folder of models is none; "" where it is one, or not asked for."""
    own = os.environ.get(MODELS_VARIABLE)
    if not own or (Path(own).is_dir() and os.access(own, os.R_OK | os.X_OK)):
        return ""
    return f"{MODELS_VARIABLE} names {own}, which is no folder that can be looked into"


def _files() -> dict[str, Path]:
    """Map names to files, shipped ones first."""
    folders = [shipped_folder()]
    if own := os.environ.get(MODELS_VARIABLE):
        folders.append(Path(own))
    files: dict[str, Path] = {}
    for folder in folders:
        for path in sorted(folder.glob(f"*{SUFFIX}")):
            files.setdefault(path.stem, path)
    return files


def shipped_folder() -> Path:
    """Return the folder of the models that come with the package."""
    return Path(str(resources.files("hsisr_geo"))) / "weights"


def _info(name: str, path: Path) -> ModelInfo:
    config, card, sha256 = read_header(path)
    return ModelInfo(
        name=name,
        version=config.version,
        upscales=config.upscales,
        degradation=config.degradation,
        path=path,
        size=path.stat().st_size,
        sha256=sha256,
        default=name == DEFAULT_MODEL,
        card=card,
        **_system_fields(config),
    )


def _system_fields(config: ModelConfig | SystemConfig) -> dict[str, Any]:
    if isinstance(config, ModelConfig):
        return {"architecture": OWN, "complete": bool(config.sigma_y)}
    told = {"architecture": config.architecture, "settings": config.settings}
    return {**told, "bands": config.bands or None}


def _baseline_info(name: str) -> ModelInfo:
    return ModelInfo(
        name=name,
        version="",
        upscales=BASELINE_UPSCALES,
        degradation="" if name == BICUBIC else BICUBIC,
        path=None,
        size=0,
        sha256="",
        default=False,
        card={"limits": BASELINES[name]},
    )


def check_offered(name: str, upscales: tuple[int, ...], upscale: int) -> None:
    """Refuse an upscale that a model was not made for, and what is no whole number."""
    if not isinstance(upscale, Integral):
        raise ModelError(f"upscale={upscale!r} is no whole number: give one of {upscales}")
    if upscale not in upscales:
        factors = ", ".join(str(factor) for factor in upscales)
        raise ModelError(
            f"model {name} was made for upscale {factors}, not {upscale}; "
            "choose another --upscale or --model"
        )
