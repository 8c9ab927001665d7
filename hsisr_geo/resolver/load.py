"""A name or a model file -> `Resolver`; `Recipe`, the options it is loaded with."""

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib import import_module
from threading import Lock
from typing import Any

from hsisr_geo.blur.find import AUTO, of_scene
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
    find_same,
)
from hsisr_geo.resolver.config import ModelConfig
from hsisr_geo.resolver.header import read_config
from hsisr_geo.resolver.interpolation import BackProjectionResolver, BicubicResolver
from hsisr_geo.resolver.protocol import Resolver
from hsisr_geo.resolver.system_config import SystemConfig

DEFAULT_UPSCALE = 2
_LOADING = Lock()


@dataclass(frozen=True)
class Recipe:
    """What makes a resolver: the one spelling of a model's options.

    Attributes
    ----------
    model : as for `load_resolver`, as are the options after it
    psf : a D that was made already means the same everywhere; a name or a kernel file has to be
        read
    sha256 : of the weights that are meant; "" for a baseline, which has none, and for whatever file
        is found
    backend : `ncnn` or `torch`, for numbers of the same rounding; `auto` leaves it to each process
    """

    model: str
    upscale: int
    detail: float = 0.0
    seed: int = 0
    device: str = "auto"
    precision: str = "float32"
    psf: str | Degradation | None = None
    consistency: bool = True
    sha256: str = ""
    backend: str = "auto"

    def load(self) -> Resolver:
        """Return the resolver, the same one whenever this process asks.

        Where other weights are meant than this machine has by that name, or it has none, those are
        taken that are, by whatever name a model is known here.

        Raises
        ------
        ModelError, OptionError : as `load_resolver`; or no model here has the weights meant
        """
        with _LOADING:  # not twice, when several threads ask at once
            try:
                return _load(self, _stamp(self.model))
            except ModelError as e:
                if not self.sha256:
                    raise
                same = find_same(self.sha256)
                if same is None:
                    told = f"{e}, nor has any model here the weights that are meant"
                    raise ModelError(f"{told} ({self.sha256[:8]})") from e
                here = replace(self, model=os.fspath(same))
                return _load(here, _stamp(here.model))

    def pinned(self) -> "Recipe":
        """Return the recipe that means the same in a process elsewhere, or later."""
        sha256 = self.load().provenance().get("model_sha256", "")
        model, psf = self.model, self.psf
        if model not in BASELINES and model != DEFAULT and os.path.isfile(model):
            model = os.path.abspath(find_model(model))
        if isinstance(psf, str) and os.path.isfile(psf):
            psf = os.path.abspath(psf)
        return replace(self, model=model, psf=psf, sha256=sha256)

    @property
    def scene_psf(self) -> str:
        """The PSF, where it is words that only a scene gives a meaning to; else ""."""
        return str(self.psf) if of_scene(self.psf) else ""

    def assumed(self, config: ModelConfig | SystemConfig) -> Degradation:
        """Return the D that is assumed to have made the input: that of `psf`, or the model's own.

        The model's own, too, where a scene has to be looked at first (`scene_psf`).

        Raises
        ------
        ModelError : the model does not say for which it was trained
        OptionError : a psf that is unknown or no PSF
        """
        if isinstance(self.psf, Degradation):
            return self.psf
        if self.psf is not None and not self.scene_psf:
            return parse_psf(self.psf, self.upscale)
        try:
            return config.declared(self.upscale)
        except ModelError as e:
            told = f"{find_model(self.model)}: {e}, or say with --psf (psf=) what to assume"
            raise ModelError(told) from e


def sent(
    name: str, recipe: Recipe | None, **now: Any
) -> tuple[Callable[[Recipe], Resolver], tuple[Recipe]]:
    """Return what is pickled of a loaded resolver: its recipe, as it is `now`, and no weights.

    Raises
    ------
    ModelError : it was not loaded from a file
    """
    if recipe is None:
        raise ModelError(f"model {name} is in memory only: no other process can load it")
    model = recipe.model
    if os.path.isfile(model):
        model = os.path.abspath(model)
    return Recipe.load, (replace(recipe, model=model, **now),)


def method_files(resolver: Resolver) -> tuple[str, ...]:
    """Return the files that a resolver was made of: weights and kernel, where it has any."""
    recipe = getattr(resolver, "recipe", None)
    weights = [] if recipe is None else [os.path.abspath(find_model(recipe.model))]
    kernel = resolver.degradation.file
    return (*weights, *([kernel] if kernel else []))


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
    psf : the degradation D that is assumed to have made the input: `bicubic`, `gaussian:MTF`,
        `gaussian:ROWS,COLUMNS` or a kernel file (`psf.parse_psf`); `auto` or `fwhm:45m` for what
        each scene says (`blur.find_blur`), of models of ours; None for the one that the model was
        trained for. Bicubic is only measured against it
    consistency : False leaves the output as the network made it, and only measures it against D;
        that of a published system always is left so

    Raises
    ------
    ModelError
        Unknown name, missing or corrupt file, or a model that was not made for this upscale.
    OptionError
        A psf that is unknown or no PSF, or one that back-projection cannot be made consistent with.
    """
    recipe = Recipe(name_or_path, upscale, detail, seed, device, precision, psf, consistency)
    return _make(recipe)


def check_upscale(resolver: Resolver, upscale: int | None) -> None:
    """Refuse a resolver for another factor than the one that was asked for, if one was."""
    if upscale not in (None, resolver.upscale):
        raise OptionError(
            f"{resolver.name} was loaded for upscale {resolver.upscale}, not {upscale}: "
            "load it for that, or leave upscale out"
        )


def _make(recipe: Recipe) -> Resolver:
    if not (recipe.psf is None or isinstance(recipe.psf, str | Degradation)):
        raise OptionError(f"psf={recipe.psf!r} is no text: give e.g. 'gaussian:0.3' or 'auto'")
    if recipe.model in BASELINES:
        check_offered(recipe.model, BASELINE_UPSCALES, recipe.upscale)
        return _baseline(recipe)
    config = read_config(find_model(recipe.model))
    if isinstance(config, SystemConfig):
        config.check_runs()
        check_offered(recipe.model, config.upscales, recipe.upscale)
        _check_precision(config, recipe.precision)
        recipe.assumed(config)
        return _loaded("hsisr_geo.benchmark.systems.resolver.resolver", recipe)
    check_offered(recipe.model, config.upscales, recipe.upscale)
    degradation = recipe.assumed(config)
    if recipe.consistency:
        _check_convergence(degradation)
    # ^ before torch is imported: a wrong factor should not take seconds to be told
    return _loaded("hsisr_geo.model.inference.resolver", recipe)


def _baseline(recipe: Recipe) -> Resolver:
    asked, upscale = None if recipe.psf == AUTO else recipe.psf, recipe.upscale
    degradation = parse_psf(asked, upscale) if isinstance(asked, str) else asked
    if recipe.model == BICUBIC or not recipe.consistency:  # without it back-projection is bicubic
        return BicubicResolver(upscale, psf=degradation)
    resolver = BackProjectionResolver(upscale, psf=degradation)
    _check_convergence(resolver.degradation)
    return resolver


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


def _loaded(module: str, recipe: Recipe) -> Resolver:
    try:
        resolver: Resolver = import_module(module).load(recipe)
    except ModuleNotFoundError as e:
        if e.name != "torch":
            raise
        raise ModelError(
            "this model needs torch here, which is not installed; install torch, or use --model "
            "bicubic"
        ) from e
    return resolver


def _stamp(model: str) -> tuple[int, int]:
    """Return what changes when another file gets the name of a model."""
    if model in BASELINES:
        return 0, 0
    found = find_model(model).stat()
    return found.st_mtime_ns, found.st_size


@lru_cache(maxsize=4)
def _load(recipe: Recipe, stamp: tuple[int, int]) -> Resolver:
    resolver = _make(recipe)
    found = resolver.provenance().get("model_sha256", "")
    if recipe.sha256 and found != recipe.sha256:
        raise ModelError(
            f"model {recipe.model} has other weights here ({found[:8]}) than where the work was "
            f"laid out ({recipe.sha256[:8]}): install the same version of hsisr-geo everywhere"
        )
    return resolver
