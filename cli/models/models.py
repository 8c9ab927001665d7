"""`hsisr-geo models`: which models there are, and what their cards say."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..options import options
from ..options.options import known_models
from ..terminal.text import shown

if TYPE_CHECKING:
    from hsisr_geo.resolver.catalogue import ModelInfo


@click.group(invoke_without_command=True)
@options.as_json
@click.pass_context
def models(ctx: click.Context, as_json: bool) -> None:
    """List the models, or show one with its card."""
    if ctx.invoked_subcommand is None:
        _print_list(as_json)


@models.command("list")
@options.as_json
def list_models(as_json: bool) -> None:
    """List the models that --model takes by name."""
    _print_list(as_json)


@models.command()
@click.argument("name", shell_complete=known_models)
@options.as_json
def show(name: str, as_json: bool) -> None:
    """Show the model NAME (or the model file NAME) with its card."""
    from hsisr_geo.resolver.catalogue import model_info

    from ..terminal.progress import to_json

    record = _record(model_info(name))
    if as_json:
        click.echo(to_json(record))
        return
    card = record.pop("card")
    if not record["complete"]:
        click.echo("an autoencoder alone: it super-resolves nothing before `train diffusion`")
        record = {k: v for k, v in record.items() if k not in ("upscales", "degradation")}
    _print_fields(record)
    _print_fields(card)


@models.command("import")
@click.argument("file", type=click.Path(path_type=Path), metavar="FILE.pth")
@click.option(
    "--out", type=click.Path(path_type=Path), metavar="MODEL",
    help="Model file to write, NAME.safetensors; by default beside FILE, with its name.",
)  # fmt: skip
@click.option("--overwrite", is_flag=True, help="Replace MODEL if it exists.")
@options.as_json
def import_model(file: Path, out: Path | None, overwrite: bool, as_json: bool) -> None:
    """Import DMGASR's autoencoder as its authors released it.

    FILE is a pickle, a program of its own. It is read without running any of it: what is not
    a tensor or part of a network is refused. The result is an autoencoder only, which `run` does
    not take; a model of architecture dmgasr can start from it.
    """
    from hsisr_geo.errors import ModelError
    from hsisr_geo.resolver.catalogue import SUFFIX, check_model_target

    from ..terminal.progress import to_json

    if not file.is_file():
        raise ModelError(f"{file} {'is not a file' if file.exists() else 'does not exist'}")
    if file.suffix == SUFFIX:
        raise ModelError(
            f"{file} ends as a model file does: what is imported is a checkpoint as torch saves "
            f"it, such as GAE.pth. What a model file holds, `hsisr-geo models show {file}` tells"
        )
    target = out or file.with_suffix(".safetensors")
    check_model_target(target, overwrite=overwrite, model=file)
    card = _importer()(file, target)
    if as_json:
        click.echo(to_json({"path": str(target), "card": card}))
        return
    click.echo(shown(f"{target}: {card['bands']} bands, {card['parameters']} parameters"))
    _print_fields(card)


def _importer() -> Any:
    """Import the reader of published checkpoints, and with it torch."""
    from hsisr_geo.errors import ModelError

    try:
        from hsisr_geo.benchmark.systems.foreign.dmgasr_weights import import_autoencoder
    except ModuleNotFoundError as e:
        if e.name != "torch":
            raise
        raise ModelError("importing needs torch, which is not installed: install torch") from e
    return import_autoencoder


def _print_list(as_json: bool) -> None:
    from hsisr_geo.resolver.catalogue import models as known_models

    from ..terminal.progress import to_json

    known = known_models(_warn)
    if as_json:
        click.echo(to_json([_record(info) for info in known]))
        return
    width = max(len(info.name) for info in known)
    for info in known:
        upscales = " ".join(f"x{upscale}" for upscale in info.upscales)
        size = f"{info.size / 1e6:.1f} MB" if info.path else "no file"
        note = "  (default)" if info.default else "" if info.complete else "  (autoencoder alone)"
        click.echo(shown(f"{info.name:<{width}}  {upscales:<9}  {size:>8}{note}"))


def _warn(text: str) -> None:
    click.echo(shown(f"warning: {text}"), err=True)


def _record(info: "ModelInfo") -> dict[str, Any]:
    """Return the fields of a model for a machine; the path as text."""
    from dataclasses import asdict

    return {**asdict(info), "path": str(info.path) if info.path else None}


def _print_fields(fields: dict[str, Any], indent: str = "") -> None:
    """Print a JSON object as an indented outline."""
    for key, value in fields.items():
        if isinstance(value, dict) and value:
            click.echo(shown(f"{indent}{key}:"))
            _print_fields(value, indent + "  ")
        elif isinstance(value, list) and any(isinstance(item, dict | list) for item in value):
            click.echo(shown(f"{indent}{key}:"))
            _print_fields({str(i): item for i, item in enumerate(value, 1)}, indent + "  ")
        elif value not in (None, "", [], (), {}):
            text = ", ".join(map(str, value)) if isinstance(value, list | tuple) else value
            click.echo(shown(f"{indent}{key}: {text}"))
