"""`Recipe`: a resolver as the options that it is loaded with, for processes that have to load it.

A resolver holds weights, perhaps on a GPU; a recipe is a few words that can be sent anywhere. Each
process loads a recipe once.
"""

import os
from dataclasses import dataclass, replace
from functools import lru_cache
from threading import Lock

from hsisr_geo.errors import ModelError, OptionError
from hsisr_geo.registry import BASELINES, DEFAULT, find_model, load_resolver
from hsisr_geo.resolver import Resolver

DEFAULT_UPSCALE = 2

_LOADING = Lock()


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
