"""A name or a model file -> `Resolver`; `Recipe`, the options it is loaded with."""

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from threading import Lock

from hsisr_geo.cube.degradation import Degradation
from hsisr_geo.cube.psf import parse_psf
from hsisr_geo.errors import ModelError, OptionError
from hsisr_geo.resolver.catalogue import (
    BASELINE_UPSCALES,
    BASELINES,
    BICUBIC,
    DEFAULT,
    check_offered,
    find_model,
)
from hsisr_geo.resolver.config import ModelConfig
from hsisr_geo.resolver.header import read_header
from hsisr_geo.resolver.interpolation import BackProjectionResolver, BicubicResolver
from hsisr_geo.resolver.protocol import Resolver
from hsisr_geo.resolver.system_config import SystemConfig

DEFAULT_UPSCALE = 2
_LOADING = Lock()


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
        check_offered(name_or_path, BASELINE_UPSCALES, upscale)
        return _baseline(name_or_path, upscale, psf, consistency)
    path = find_model(name_or_path)
    config = read_header(path).config
    if isinstance(config, SystemConfig):
        config.check_runs()
    check_offered(name_or_path, config.upscales, upscale)
    degradation = _declared(path, config, upscale) if psf is None else parse_psf(psf, upscale)
    if isinstance(config, SystemConfig):
        _check_precision(config, precision)
        load_system = _import_loader("hsisr_geo.benchmark.systems.resolver.resolver")
        return load_system(path, upscale=upscale, seed=seed, device=device, psf=degradation)
    if consistency:
        _check_convergence(degradation)
    # ^ before torch is imported: a wrong factor should not take seconds to be told
    load = _import_loader("hsisr_geo.model.inference.resolver")
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


@dataclass(frozen=True)
class Recipe:
    """The options of `registry.load_resolver`, and the hash of the weights that are meant.

    sha256 is "" for a baseline, which has no weights, and for whatever file is found.
    """

    model: str
    upscale: int
    detail: float = 0.0
    seed: int = 0
    device: str = "auto"
    precision: str = "float32"
    psf: str | None = None
    consistency: bool = True
    sha256: str = ""

    def load(self) -> Resolver:
        """Return the resolver, the same one whenever this process asks.

        Raises
        ------
        ModelError, OptionError : as `load_resolver`; or this machine has other weights of that name
        """
        with _LOADING:  # not twice, when several threads ask at once
            return _load(self)

    def pinned(self) -> "Recipe":
        """Return the recipe that means the same in a process elsewhere, or later."""
        sha256 = self.load().provenance().get("model_sha256", "")
        model = self.model
        if model not in BASELINES and model != DEFAULT and os.path.isfile(model):
            model = os.path.abspath(find_model(model))
        psf = os.path.abspath(self.psf) if self.psf and os.path.isfile(self.psf) else self.psf
        return replace(self, model=model, psf=psf, sha256=sha256)


def check_upscale(resolver: Resolver, upscale: int | None) -> None:
    """Refuse a resolver for another factor than the one that was asked for, if one was."""
    if upscale not in (None, resolver.upscale):
        raise OptionError(
            f"{resolver.name} was loaded for upscale {resolver.upscale}, not {upscale}: "
            "load it for that, or leave upscale out"
        )


@lru_cache(maxsize=4)
def _load(recipe: Recipe) -> Resolver:
    resolver = load_resolver(
        recipe.model,
        upscale=recipe.upscale,
        detail=recipe.detail,
        seed=recipe.seed,
        device=recipe.device,
        precision=recipe.precision,
        psf=recipe.psf,
        consistency=recipe.consistency,
    )
    found = resolver.provenance().get("model_sha256", "")
    if recipe.sha256 and found != recipe.sha256:
        raise ModelError(
            f"model {recipe.model} has other weights here ({found[:8]}) than where the work was "
            f"laid out ({recipe.sha256[:8]}): install the same version of hsisr-geo everywhere"
        )
    return resolver
