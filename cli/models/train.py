"""`hsisr-geo train`: the two training stages, over a folder of scenes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from ..options import options
from ..terminal.progress import report

F = TypeVar("F", bound=Callable[..., Any])

LOG_MODES = ("auto", "json")


@click.group()
def train() -> None:
    """Train a model: first its autoencoder, then its diffusion stage.

    A run that was stopped goes on with --resume, to the same weights as one that was not.
    """


def _shared(command: F) -> F:
    """Add the arguments and options of both stages."""
    for option in reversed(
        (
            click.argument("scenes", type=click.Path(path_type=Path)),
            click.argument("out", type=click.Path(path_type=Path)),
            click.option(
                "--holdout",
                multiple=True,
                metavar="PREFIX",
                help="Scenes whose name begins so are validated on, never trained on; repeatable.  "
                "[default: one scene in five]",
            ),
            click.option(
                "--no-holdout", is_flag=True, help="Train on all scenes, and validate on none."
            ),
            click.option(
                "--steps", type=click.IntRange(min=1), default=1000, show_default=True,
                help="Optimiser steps.",
            ),
            click.option(
                "--check-every", type=click.IntRange(min=1), default=200, show_default=True,
                help="Validate and save the progress every so many steps.",
            ),
            click.option(
                "--learning-rate", type=click.FloatRange(0, min_open=True), default=1e-3,
                show_default=True, help="Of the optimiser, at its highest.",
            ),
            click.option(
                "--seed", type=click.IntRange(0), default=0, show_default=True,
                help="Of all that is drawn.",
            ),
            options.training_device,
            click.option("--resume", is_flag=True, help="Go on from the progress beside OUT."),
            click.option("--overwrite", is_flag=True, help="Replace OUT if it exists."),
            click.option(
                "--progress", type=click.Choice(LOG_MODES), default="auto", show_default=True,
                help="auto: lines on stderr. json: one JSON object per line on stdout.",
            ),
        )
    ):  # fmt: skip
        command = option(command)
    return command


@train.command(short_help="Train an autoencoder, the first stage.")
@_shared
@click.option(
    "--upscale", "upscales", type=click.IntRange(2, 4), multiple=True, default=(2, 3, 4),
    show_default=True, help="Factors that the model is for; repeatable.",
)  # fmt: skip
@click.option("--name", help="Name of the model.  [default: the stem of OUT]")
@click.option("--model-version", default="1", show_default=True, help="Version of the model.")
def autoencoder(
    out: Path,
    upscales: tuple[int, ...],
    name: str | None,
    model_version: str,
    progress: str,
    **options: Any,
) -> None:
    """Train an autoencoder on the folder SCENES and write it to the model file OUT."""
    from hsisr_geo.resolver.config import ModelConfig

    _choose_holdout(options)
    _check_new(out, options)
    options_type, train_autoencoder, _ = _stages()
    speak = report(progress)
    config = ModelConfig(name=name or out.stem, version=model_version, upscales=upscales)
    card = train_autoencoder(options_type(out=out, **options), config, log=speak.log)
    _draw(out, card, speak.log)
    speak.result({"path": str(out), "card": card}, f"wrote {out}")


@train.command(short_help="Train the diffusion stage; its model file is whole.")
@_shared
@click.option(
    "--autoencoder", "first_stage", type=click.Path(path_type=Path), required=True,
    help="Model file that `train autoencoder` wrote, or a whole model to train further.",
)  # fmt: skip
@click.option(
    "--photographs", type=click.Path(path_type=Path),
    help="Folder of images to learn the spatial prior from.",
)  # fmt: skip
@click.option(
    "--photograph-share", type=click.FloatRange(0, 1), default=0.7, show_default=True,
    help="Their share of each batch.",
)  # fmt: skip
@click.option(
    "--other-sensors", type=click.FloatRange(0, 1), default=0.0, show_default=True,
    help="Share of images whose input another sensor's blur and noise made, normalised as `run "
    "--psf` does it.",
)  # fmt: skip
@click.option(
    "--blocks", type=click.IntRange(1),
    help="Residual blocks of the denoiser.  [default: as in the model file]",
)  # fmt: skip
@click.option(
    "--components", type=click.IntRange(1),
    help="Scene components that it is run on.  [default: as in the model file]",
)  # fmt: skip
def diffusion(
    out: Path,
    first_stage: Path,
    progress: str,
    blocks: int | None,
    components: int | None,
    **options: Any,
) -> None:
    """Train the diffusion stage on the folder SCENES and write the whole model to OUT."""
    _choose_holdout(options)
    _check_new(out, options)
    options_type, _, train_diffusion = _stages()
    speak = report(progress)
    card = train_diffusion(
        options_type(out=out, **options),
        first_stage,
        blocks=blocks,
        components=components,
        log=speak.log,
    )
    _draw(out, card, speak.log)
    speak.result({"path": str(out), "card": card}, f"wrote {out}")


def _choose_holdout(options: dict[str, Any]) -> None:
    """Put into the options of a stage which scenes are held out: None for its own choice."""
    if options.pop("no_holdout"):
        if options["holdout"]:
            raise click.UsageError(
                "--no-holdout and --holdout contradict each other: leave out one"
            )
        options["holdout"] = ()
    else:
        options["holdout"] = options["holdout"] or None


def _check_new(out: Path, options: dict[str, Any]) -> None:
    """Refuse to train over a model that exists, unless that is wanted or was begun so.

    Before torch is imported, which takes seconds.
    """
    from hsisr_geo.paths import check_new
    from hsisr_geo.resolver.catalogue import check_model_place

    check_model_place(out)
    check_new(out, overwrite=options.pop("overwrite") or options["resume"])


def _draw(out: Path, card: dict[str, Any], log: Callable[[str], None]) -> None:
    """Draw the curve of a training beside its table."""
    from hsisr_geo.benchmark.figures.loss_curve import draw_training
    from hsisr_geo.errors import OutputError
    from hsisr_geo.model.training.curve import curve_path

    table = curve_path(out)
    try:
        picture = draw_training(table, card.get("validation", ""))
    except OutputError as error:  # the model is there: who trained it is not to hear of a failure
        log(f"wrote {table}: loss and validation at each check; warning: no picture of it: {error}")
    else:
        log(f"wrote {table} and {picture}: loss and validation at each check")


def _stages() -> tuple[Any, Any, Any]:
    """Import the options and the two stages of training, and with them torch."""
    from hsisr_geo.errors import ModelError

    try:
        from hsisr_geo.model.training.autoencoder_stage import train_autoencoder
        from hsisr_geo.model.training.denoiser_stage import train_diffusion
        from hsisr_geo.model.training.optimise import TrainingOptions
    except ModuleNotFoundError as e:
        if e.name != "torch":
            raise
        raise ModelError("training needs torch, which is not installed: install torch") from e
    return TrainingOptions, train_autoencoder, train_diffusion
