"""Adaptation: the denoiser fine-tuned on a user's own scene at the next coarser scale.

The scene degraded by D is an input whose truth is the scene (the idea of Shocher et al. 2018,
"zero-shot" super-resolution; here from trained weights instead of none). Only the layers behind the
denoiser's body learn. The averaged weights that score best on a held-out block are kept, and there
is a result only if they beat the starting weights by what `BlockCheck.fault` asks for.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from hsisr_geo.cube.degradation import BICUBIC
from hsisr_geo.errors import AdaptationRefused, ModelError
from hsisr_geo.model.adaptation.check import BlockCheck
from hsisr_geo.model.adaptation.coarser_scene import CoarserScene, times
from hsisr_geo.model.adaptation.data import SceneLesson
from hsisr_geo.model.adaptation.steps import DECAY, AdaptationOptions, checked_steps
from hsisr_geo.model.checkpoint import load_network, save_network
from hsisr_geo.model.inference.devices import choose_device
from hsisr_geo.model.network import Network
from hsisr_geo.model.training.optimise import Log
from hsisr_geo.model.training.progress_file import Averages
from hsisr_geo.raster.open import as_raster
from hsisr_geo.raster.sources import check_still
from hsisr_geo.raster.suitability import check_suitable
from hsisr_geo.resolver.config import ModelCard, ModelConfig
from hsisr_geo.resolver.header import ModelHeader

_PATIENCE = 10  # checks without a better one


@dataclass(frozen=True, eq=False)
class Adaptation:
    """The best weights found, whether they are good enough or not.

    `network` and `config` know the adapted upscale only; `checks` is how many were made; `refusal`
    tells why the weights are not good enough, "" where they are.
    """

    network: Network
    config: ModelConfig
    card: ModelCard
    best: BlockCheck
    checks: int
    refusal: str


def adapt(
    options: AdaptationOptions,
    out: Path,
    *,
    progress: Callable[[float], None] = lambda _: None,
    log: Log = print,
) -> ModelCard:
    """Adapt a model to a scene and write it, for that upscale only.

    Parameters
    ----------
    out
        Model file to write; an existing one is replaced.
    progress
        Called with the share that is done, 0 to 1, after each step; it may raise to cancel.

    Returns
    -------
    The card that the model file carries.

    Raises
    ------
    AdaptationRefused : the starting weights are not beaten; nothing is written
    ModelError, RasterError : the model has no such upscale; the scene is too small
    """
    found = learn(options, progress=progress, log=log)
    if found.refusal:
        raise AdaptationRefused(
            f"{options.name}: not adapted, nothing written: of {found.checks} checks "
            f"the best was after {found.best.step} steps; {found.refusal}; use the model as it is"
        )
    save_network(out, found.network, found.config, found.card)
    return found.card


def learn(
    options: AdaptationOptions,
    *,
    progress: Callable[[float], None] = lambda _: None,
    log: Log = print,
) -> Adaptation:
    """Adapt a model to a scene without writing it; parameters and errors as `adapt`, no refusal."""
    network, header = load_network(options.model)
    network, config = _for_one_upscale(network, header, options)
    network.to(choose_device(options.device)).eval().requires_grad_(False)
    raster = as_raster(options.source)
    check_suitable(raster, again=options.again)
    source = CoarserScene.of(raster, options.upscale)
    lesson = SceneLesson.of(source, network, config)
    check_still(raster)  # all of it is read
    log(lesson.description())
    started = time.monotonic()
    averages = Averages(network.denoiser, DECAY)
    steps = checked_steps(options, network, config, lesson, averages, progress)
    best, made = _keep_best(steps, averages, _PATIENCE * options.check_every, log)
    averages.restore_best(network.denoiser)
    progress(1.0)
    minutes = round((time.monotonic() - started) / 60, 2)
    card = _card(options, header, lesson, best) | {"minutes": minutes, "steps": made[-1]}
    return Adaptation(network, config, card, best, len(made), best.refusal())


def _keep_best(
    checks: Iterator[BlockCheck], averages: Averages, patience: int, log: Log
) -> tuple[BlockCheck, list[int]]:
    """Follow the checks until none has been better for long; keep the weights of the best.

    Returns
    -------
    The best check, and the steps at which checks were made.
    """
    best, made = None, []
    for check in checks:
        log(check.line())
        made.append(check.step)
        if best is None or check.rank > best.rank:
            best = check
            averages.best = {name: value.clone() for name, value in averages.mean.items()}
        elif check.step - best.step >= patience:
            log(f"nothing better for {patience} steps: stopped")
            break
    if best is None:
        raise ModelError("adaptation made no step: give it more time")
    return best, made


def _for_one_upscale(
    network: Network, header: ModelHeader, options: AdaptationOptions
) -> tuple[Network, ModelConfig]:
    """Leave the strides of the other upscales out: layers they share are about to change."""
    config, upscale = header.config, options.upscale
    if upscale not in config.upscales:
        known = ", ".join(map(str, config.upscales))
        raise ModelError(f"model {config.name} ({options.model}) knows upscale {known}")
    if config.degradation != BICUBIC:
        raise ModelError(
            f"{options.model} was trained for the degradation {config.degradation}; to adapt to a "
            f"scene it can only be degraded by {BICUBIC}"
        )
    if not config.sigma_y:
        raise ModelError(f"{options.model} holds an autoencoder only: it has nothing to adapt")
    name = f"{config.name}-adapted-{Path(options.name).stem}"
    config = replace(config.only(upscale), name=name)
    single = Network(config)
    state = network.state_dict()
    single.load_state_dict({name: state[name] for name in single.state_dict()})
    return single, config


def _card(
    options: AdaptationOptions, header: ModelHeader, lesson: SceneLesson, best: BlockCheck
) -> ModelCard:
    rows, cols = times(lesson.placement.block, lesson.upscale)
    kept = ("licence", "scenes", "held_out", "photographs", "photograph_sources", "degradation")
    return {key: header.card[key] for key in kept if key in header.card} | {
        "limits": [
            "Adapted to one scene: use it for this scene and its neighbours only.",
            *header.card.get("limits", []),
        ],
        "stage": "adaptation",
        "adapted_from": {
            "name": header.config.name,
            "version": header.config.version,
            "sha256": header.sha256,
        },
        "scene": Path(options.name).name,
        "upscale": options.upscale,
        "seed": options.seed,
        "best_step": best.step,
        "block": {
            "rows": [rows.start, rows.stop],
            "cols": [cols.start, cols.stop],
            "gap": lesson.placement.gap * lesson.upscale,
        },
        "scores": best.scores(),
    }
