"""`hsisr-geo adapt`: a model fine-tuned on the user's own scene."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from ..options import options
from ..options.run_options import logging_to
from ..options.scene_options import SceneOptions, scene_options
from ..terminal.progress import report
from ..terminal.signals import Cancellation

_TICKS = 1000  # of the progress: learning is a share of a time, not a number of things


@click.command()
@click.argument("src", type=click.Path())  # a `Path` would make one slash of two, in GDAL's names
@options.upscale
@click.option(
    "--out", required=True, type=click.Path(path_type=Path), metavar="MODEL",
    help="Model file to write, NAME.safetensors.",
)  # fmt: skip
@click.option(
    "--model", default="default", show_default=True, metavar="NAME|PATH", help="Where to start.",
    shell_complete=options.known_models,
)  # fmt: skip
@click.option(
    "--minutes", type=click.FloatRange(0, min_open=True), default=5.0, show_default=True,
    help="Wall time to learn in; it ends sooner when nothing gets better.",
)  # fmt: skip
@click.option(
    "--steps", type=click.IntRange(min=1),
    help="Steps at most, instead of --minutes: repeats a run whose card tells them.",
)  # fmt: skip
@click.option(
    "--seed", type=click.IntRange(0, 2**63 - 1), default=0, show_default=True,
    help="Of all that is drawn.",
)  # fmt: skip
@scene_options
@options.training_device
@options.again
@click.option("--overwrite", is_flag=True, help="Replace MODEL if it exists.")
@options.progress
@click.pass_obj
def adapt(
    cancellation: Cancellation,
    /,
    src: str,
    upscale: int,
    out: Path,
    model: str,
    overwrite: bool,
    progress: str,
    take: SceneOptions,
    **options: Any,
) -> None:
    """Fine-tune a model on the raster SRC, for that scene and its neighbours.

    SRC is degraded by the factor, and the model learns to undo that. A block is held out: where the
    result does not beat the model it started from there, the command says why, writes nothing and
    ends with exit code 1. Use the result with `run --model MODEL`, at this factor only.
    """
    from hsisr_geo.raster.suitability import check_suitable
    from hsisr_geo.resolver.catalogue import check_model_target, find_weights

    speak = report(progress)
    with logging_to(speak.log):
        scene = take.open(src)
    check_suitable(scene, again=options["again"])
    start = find_weights(model, upscale=upscale)
    check_model_target(out, overwrite=overwrite, model=start)
    # ^ before torch is imported, which takes seconds: what is wrong with a path is told at once
    learn, options_type = _stage()
    card = learn(
        options_type(source=scene, model=start, upscale=upscale, **options),
        out,
        progress=_canceling(speak.progress, cancellation),
        log=speak.log,
    )
    speak.result({"path": str(out), "card": card}, _summary(card, out))


def _stage() -> tuple[Any, Any]:
    """Import adaptation and its options, and with them torch."""
    from hsisr_geo.errors import ModelError

    try:
        from hsisr_geo.model.adaptation.adapt import adapt
        from hsisr_geo.model.adaptation.steps import AdaptationOptions
    except ModuleNotFoundError as e:
        if e.name != "torch":
            raise
        raise ModelError("adapting needs torch, which is not installed: install torch") from e
    return adapt, AdaptationOptions


def _canceling(
    progress: Callable[[int, int], None], cancellation: Cancellation
) -> Callable[[float], None]:
    """Report progress unless a signal came."""

    def step(share: float) -> None:
        cancellation.check()
        progress(round(_TICKS * share), _TICKS)

    return step


def _summary(card: dict[str, Any], out: Path) -> str:
    scores = card["scores"]
    return (
        f"wrote {out}: {scores['gain_db']:+.3f} ± {scores['standard_error_db']:.3f} dB on the "
        f"held-out block in {card['minutes']:g} minutes; use it with run --model {out} "
        f"--upscale {card['upscale']}"
    )
