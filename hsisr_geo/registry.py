"""Models by name: those shipped with the package, those of the user's folder, and two baselines.

A model's name is the stem of its file. The user's folder is `HSISR_GEO_MODELS`, if set; a shipped
model hides one of the same name there. Listing reads file headers only; `hsisr_geo.model`, and
with it torch, is imported when a network is loaded.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module, resources
from pathlib import Path
from typing import Any

from hsisr_geo.config import (
    ModelCard,
    ModelConfig,
    read_header,
    read_network_header,
)
from hsisr_geo.cube.degradation import Degradation
from hsisr_geo.cube.psf import parse_psf
from hsisr_geo.errors import ModelError, OptionError, OutputError
from hsisr_geo.resolver import BackProjectionResolver, BicubicResolver, Resolver
from hsisr_geo.system_config import Setting, SystemConfig
from hsisr_geo.training_run import OWN

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
    """

    name: str
    version: str
    upscales: tuple[int, ...]
    degradation: str
    path: Path | None
    size: int
    sha256: str
    default: bool
    card: ModelCard
    architecture: str = ""
    bands: int | None = None
    settings: Mapping[str, Setting] = field(default_factory=dict)


def models() -> list[ModelInfo]:
    """List every model that `--model` takes by name, the baselines last.

    Raises
    ------
    ModelError
        A model file is corrupt; the message names it.
    """
    shipped = [_info(name, path) for name, path in _files().items()]
    return shipped + [_baseline_info(name) for name in BASELINES]


def model_info(name_or_path: str) -> ModelInfo:
    """Describe one model; errors as `load_resolver`."""
    if name_or_path in BASELINES:
        return _baseline_info(name_or_path)
    path = find_model(name_or_path)
    return _info(path.stem, path)


def load_resolver(
    name_or_path: str = DEFAULT,
    *,
    upscale: int,
    detail: float = 0.0,
    seed: int = 0,
    device: str = "auto",
    precision: str = "float32",
    psf: str | None = None,
    consistency: bool = True,
) -> Resolver:
    """Return the resolver that a name or a model file stands for.

    Parameters
    ----------
    name_or_path : `default`, a name that `models` lists, or the path of a model file
    upscale : spatial factor
    detail : 0 for the best estimate, 1 for a sample with texture, a blend in between; without
        effect on the baselines, as are seed and device, and on published systems
    seed : picks the sample; without effect at detail 0, and on published systems without noise
    device : `auto`, `cpu`, `cuda` for all GPUs that are visible, or `cuda:N` for one
    precision : of the network's convolutions: `float32`, or `bfloat16`, near and perhaps faster
    psf : the degradation D that is assumed to have made the input: `bicubic`, `gaussian:MTF` or a
        kernel file (`psf.parse_psf`); None for the model's own. Bicubic is only measured against it
    consistency : False leaves the output as the network made it, and only measures it against D;
        that of a published system always is left so

    Raises
    ------
    ModelError
        Unknown name, missing or corrupt file, or a model that was not made for this upscale.
    OptionError
        A psf that is unknown or no PSF, or one that back-projection cannot be made consistent with.
    """
    if name_or_path in BASELINES:
        _check_upscale(name_or_path, BASELINE_UPSCALES, upscale)
        return _baseline(name_or_path, upscale, psf, consistency)
    path = find_model(name_or_path)
    config = read_header(path).config
    if isinstance(config, SystemConfig):
        config.check_runs()
    _check_upscale(name_or_path, config.upscales, upscale)
    degradation = _declared(path, config, upscale) if psf is None else parse_psf(psf, upscale)
    if isinstance(config, SystemConfig):
        _check_precision(config, precision)
        load_system = _import_loader("hsisr_geo.model.baselines.resolver")
        return load_system(path, upscale=upscale, seed=seed, device=device, psf=degradation)
    if consistency:
        _check_convergence(degradation)
    # ^ before torch is imported: a wrong factor should not take seconds to be told
    load = _import_loader("hsisr_geo.model.resolver")
    return load(
        path,
        upscale=upscale,
        detail=detail,
        seed=seed,
        device=device,
        precision=precision,
        psf=degradation,
        consistency=consistency,
    )


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
    if path.is_file():
        return path
    if path.suffix == SUFFIX or len(path.parts) > 1:
        raise ModelError(f"model file {name_or_path} does not exist")
    known = ", ".join([*([DEFAULT] if DEFAULT_MODEL in files else []), *files, *BASELINES])
    if name_or_path == DEFAULT:
        raise ModelError(
            f"this installation ships no default model ({DEFAULT_MODEL}); known models: {known}"
        )
    raise ModelError(f"unknown model {name_or_path!r}; known models: {known}")


def find_weights(name_or_path: str, *, upscale: int) -> Path:
    """Return the file of a model that has weights for an upscale; errors as `load_resolver`."""
    if name_or_path in BASELINES:
        raise ModelError(f"{name_or_path} has no weights; choose another --model")
    path = find_model(name_or_path)
    _check_upscale(name_or_path, read_network_header(path).config.upscales, upscale)
    return path


def check_model_target(path: Path, *, overwrite: bool, model: Path) -> None:
    """Refuse a path that no model file can be written to, before any work is done.

    Parameters
    ----------
    model : the file that the new model starts from

    Raises
    ------
    OutputError : exists without `overwrite`, is the model it starts from, wrong ending, folder
        missing or read-only
    """
    if path.suffix != SUFFIX:
        raise OutputError(f"{path}: a model file has the ending {SUFFIX}")
    if path.is_dir():
        raise OutputError(f"{path} is a folder: name a file in it")
    if not path.parent.is_dir():
        raise OutputError(f"{path}: there is no folder {path.parent}: create it first")
    if path.exists() and path.samefile(model):
        raise OutputError(f"{path} is the model to start from: choose another name")
    if path.exists() and not overwrite:
        raise OutputError(f"{path} exists: choose another name or give --overwrite")
    if not os.access(path.parent, os.W_OK):
        raise OutputError(f"{path}: no permission to write in {path.parent}")


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
        return {"architecture": OWN}
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


def _check_upscale(name: str, upscales: tuple[int, ...], upscale: int) -> None:
    if upscale not in upscales:
        factors = ", ".join(str(factor) for factor in upscales)
        raise ModelError(
            f"model {name} was made for upscale {factors}, not {upscale}; "
            "choose another --upscale or --model"
        )


def _baseline(name: str, upscale: int, psf: str | None, consistency: bool) -> Resolver:
    degradation = None if psf is None else parse_psf(psf, upscale)
    if name == BICUBIC or not consistency:  # back-projection without consistency is bicubic
        return BicubicResolver(upscale, psf=degradation)
    resolver = BackProjectionResolver(upscale, psf=degradation)
    _check_convergence(resolver.degradation)
    return resolver


def _declared(path: Path, config: ModelConfig | SystemConfig, upscale: int) -> Degradation:
    try:
        return config.declared(upscale)
    except ModelError as e:
        raise ModelError(f"{path}: {e}, or say with --psf (psf=) what to assume") from e


def _check_convergence(degradation: Degradation) -> None:
    """Refuse a D with which back-projection would make some residuals grow."""
    if (growth := degradation.growth) > 1.001:
        raise OptionError(
            f"{degradation.name}: back-projection does not converge with this kernel, each would "
            f"multiply some residuals by {growth:.3g}; give a kernel that is centred and passes "
            "every frequency of the input, or measure only: --no-consistency (consistency=False)"
        )


def _check_precision(config: SystemConfig, precision: str) -> None:
    if precision != "float32":
        raise ModelError(
            f"model {config.name} is a published system, which is run in float32 only: "
            "leave out --precision (precision=)"
        )


def _import_loader(module: str) -> Callable[..., Resolver]:
    try:
        load: Callable[..., Resolver] = import_module(module).load
    except ModuleNotFoundError as e:
        if e.name != "torch":
            raise
        raise ModelError(
            "this model needs torch, which is not installed; install torch, or use --model bicubic"
        ) from e
    return load
