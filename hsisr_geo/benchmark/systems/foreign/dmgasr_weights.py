"""The weights of DMGASR's autoencoder as its authors released them -> a model file of ours.

What the published classes call their parts was read in their program (`AE.py`): `Encoder`,
`Decoder`, and `trunk` and `final` for the global decoder. All sizes follow from the shapes.
"""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor

from hsisr_geo.benchmark.systems.checkpoint import save_system
from hsisr_geo.benchmark.systems.foreign.checkpoint import ForeignNetwork, read_checkpoint
from hsisr_geo.benchmark.systems.gae import Autoencoder, Settings
from hsisr_geo.benchmark.systems.layers.groups import group_bands
from hsisr_geo.errors import ModelError
from hsisr_geo.resolver.config import ModelCard
from hsisr_geo.resolver.system_config import SystemConfig

_ANY_UPSCALE = 2
"""Written in the file, which has to name one; an autoencoder has none."""

_WITHOUT_GLOBAL = "AE_duichen"
"""The published class of the ablation without global decoder, which keeps an unused one."""

_PARTS = (
    (r"^Encoder\.branch\.", "encoder."),
    (r"^Encoder\.final\.", "encoder.3."),
    (r"^Decoder\.branch\.", "decoder."),
    (r"^Decoder\.final\.", "decoder.3."),
    (r"^trunk\.", "global_decoder."),
    (r"^final\.", "global_decoder.3."),
)
_BLOCKS = (
    (r"\.head\.", ".0."),
    (r"\.body\.net\.(\d+)\.spa\.body\.", r".1.blocks.\1.spatial.body."),
    (r"\.body\.net\.(\d+)\.spc\.body\.3\.conv_du\.", r".1.blocks.\1.spectral.3.weigh."),
    (r"\.body\.net\.(\d+)\.spc\.body\.", r".1.blocks.\1.spectral."),
)


@dataclass(frozen=True)
class ImportedAutoencoder:
    """What came out of a file: the system, its bands, and what was left out as unused."""

    system: Autoencoder
    bands: int
    settings: Settings
    unused: tuple[str, ...]


def import_autoencoder(path: Path, out: Path) -> ModelCard:
    """Write the autoencoder of a published checkpoint as a model file, and return its card.

    Raises
    ------
    ModelError
        What is no such checkpoint, or holds more than a network; nothing is written then.
    """
    network = read_checkpoint(path)
    try:
        imported = translate(network)
    except ModelError as e:
        raise ModelError(f"{path}: {e}") from e
    card: ModelCard = {
        "data": f"imported from {path.name}: see whoever trained it",
        "limits": "An autoencoder only: it makes nothing finer. dmgasr can start from it.",
        "parameters": sum(p.numel() for p in imported.system.parameters()),
        "bands": imported.bands,
        "group_starts": list(imported.system.autoencoder.groups(imported.bands).starts),
    }
    if imported.unused:
        card["unused"] = f"{len(imported.unused)} tensors, e.g. {imported.unused[0][:80]}"
    config = SystemConfig(
        name=out.stem,
        version="1",
        upscales=(_ANY_UPSCALE,),
        architecture="gae",
        bands=imported.system.bands,
        settings=asdict(imported.settings),
    )
    save_system(out, imported.system, config, card)
    return card


def translate(network: ForeignNetwork) -> ImportedAutoencoder:
    """Build the autoencoder that the tensors of a published checkpoint belong to.

    Raises
    ------
    ModelError
        Tensors are missing, or of other shapes than the published classes have.
    """
    tensors, unused = _translated(network)
    settings, bands = _sizes(network, tensors)
    with torch.device("meta"):
        system = Autoencoder(bands, _ANY_UPSCALE, settings)
    try:
        system.autoencoder.load_state_dict(tensors, assign=True)
    except RuntimeError as e:
        detail = " ".join(str(e).split())[:200]
        raise ModelError(f"not the published autoencoder: {detail}") from e
    for name, tensor in tensors.items():
        if not torch.isfinite(tensor).all():
            raise ModelError(f"{name} has values that are not finite")
    return ImportedAutoencoder(system.eval(), bands, settings, unused)


def _translated(network: ForeignNetwork) -> tuple[dict[str, Tensor], tuple[str, ...]]:
    """Name the tensors as ours, and list those that the published network never uses."""
    prefix = "module." if all(name.startswith("module.") for name in network.tensors) else ""
    names = {name: _ours(name.removeprefix(prefix)) for name in network.tensors}
    if network.kind == _WITHOUT_GLOBAL:
        names = {
            name: None if ours and ours.startswith("global_decoder.") else ours
            for name, ours in names.items()
        }
    used = {
        ours: network.tensors[name].to(torch.float32).contiguous()
        for name, ours in names.items()
        if ours
    }
    return used, tuple(name for name, ours in names.items() if not ours)


def _ours(published: str) -> str | None:
    """E.g. Encoder.branch.body.net.0.spa.body.2.bias -> encoder.1.blocks.0.spatial.body.2.bias."""
    for pattern, part in _PARTS:
        name, found = re.subn(pattern, part, published)
        if found:
            for inner, block in _BLOCKS:
                name = re.sub(inner, block, name)
            return name if re.match(r"\w+\.[013]\.", name) else None
    return None


def _sizes(network: ForeignNetwork, tensors: Mapping[str, Tensor]) -> tuple[Settings, int]:
    """Tell settings and bands from shapes; the overlap of groups from where they start."""
    width, size = _channels(tensors, "encoder.0.weight")
    latents, _ = _channels(tensors, "encoder.3.weight")
    has_global = any(name.startswith("global_decoder.") for name in tensors)
    starts = _starts(network)
    if has_global:
        global_width, bands = _channels(tensors, "global_decoder.0.weight")
    elif starts:
        global_width, bands = Settings.global_width, starts[-1] + size
    else:
        raise ModelError("not the published autoencoder: nothing in it tells its number of bands")
    settings = Settings(
        group_size=size,
        group_overlap=_overlap(starts, size),
        latents=latents,
        width=width,
        blocks=_blocks(tensors, "encoder"),
        global_width=global_width,
        global_blocks=_blocks(tensors, "global_decoder") or Settings.global_blocks,
        global_decoding=has_global,
        grouping=size < bands,
    )
    if starts and list(group_bands(bands, size, settings.group_overlap).starts) != starts:
        raise ModelError(f"its groups start at bands {starts[:20]}, which are not the published")
    return settings, bands


def _channels(tensors: Mapping[str, Tensor], name: str) -> tuple[int, int]:
    """Return the channels that a convolution makes, and of how many."""
    if name not in tensors or tensors[name].ndim != 4:
        raise ModelError(
            f"not the published autoencoder (Encoder, Decoder, trunk, final): it lacks {name}, as "
            "the convolution is called here"
        )
    made, taken = tensors[name].shape[:2]
    return made, taken


def _blocks(tensors: Mapping[str, Tensor], part: str) -> int:
    pattern = re.compile(rf"{part}\.1\.blocks\.(\d+)\.")
    numbers = {found.group(1) for name in tensors if (found := pattern.match(name))}
    return len(numbers)


def _starts(network: ForeignNetwork) -> list[int]:
    """Return the first bands of groups, which a network that was saved whole has on record."""
    starts = network.attributes.get("start_idx")
    known = isinstance(starts, list) and all(type(start) is int for start in starts)
    return starts if isinstance(starts, list) and known else []


def _overlap(starts: list[int], size: int) -> int:
    """Return the bands that groups share; a quarter, as published, where the file does not tell."""
    if len(starts) > 2:  # of two groups the second may be shifted back
        return min(max(0, size - starts[1] + starts[0]), size - 1)
    return size // 4
