"""A training that starts from the weights of another model, or of a part of it."""

from pathlib import Path

from hsisr_geo.errors import ModelError
from hsisr_geo.model.baselines.checkpoint import load_system
from hsisr_geo.model.baselines.system import System

__all__ = ["start_from"]


def start_from(system: System, path: Path) -> None:
    """Give a system the weights of a model file, as far as they have the same names.

    E.g. to `dmgasr` those of an imported autoencoder (architecture `gae`): with its setting
    `autoencoder_share = 0` only the diffusion is trained then.

    Raises
    ------
    ModelError
        No weight has the same name, or one that has is of another shape; nothing is changed then.
    """
    other, _ = load_system(path)
    own, weights = system.state_dict(), other.state_dict()
    shared = {name: weight for name, weight in weights.items() if name in own}
    if not shared:
        raise ModelError(f"{path}: no weight in it is one of the system that is to start from it")
    for name, weight in shared.items():
        if weight.shape != own[name].shape:
            raise ModelError(
                f"{path}: {name} is of shape {tuple(weight.shape)} there, {tuple(own[name].shape)} "
                "here: train with the settings and the number of bands of that model"
            )
    system.load_state_dict(shared, strict=False)
