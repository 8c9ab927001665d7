"""A training's progress between steps: averaged weights, the best of them, and its file.

Progress is a safetensors file like everything else: weights, their averages, the best averages
and Adam's two moments. Random draws are keyed by the step, so there is no generator to store.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from hsisr_geo.errors import ModelError, one_line
from hsisr_geo.model.checkpoint import save_tensors


def progress_path(out: Path) -> Path:
    """Return where the progress of a model file stands."""
    return out.with_suffix(".progress.safetensors")


def forget(out: Path) -> None:
    """Remove the progress, once the model file is there."""
    progress_path(out).unlink(missing_ok=True)


class Averages:
    """Exponential moving average of weights, and the average that validated best."""

    def __init__(self, module: nn.Module, decay: float = 0.995) -> None:
        self.decay = decay
        self.updates = 0
        self.mean = _copy(module)
        self.best = _copy(module)
        self.best_score = float("-inf")

    @torch.no_grad()
    def update(self, module: nn.Module) -> None:
        """Move the average towards the weights; faster in the first steps."""
        self.updates += 1
        decay = min(self.decay, self.updates / (self.updates + 10))
        for name, value in module.state_dict().items():
            if value.is_floating_point():
                self.mean[name].lerp_(value, 1 - decay)
            else:  # a count or a table
                self.mean[name].copy_(value)

    @contextmanager
    def applied_to(self, module: nn.Module) -> Iterator[None]:
        """Let the module hold the averaged weights for a while."""
        trained = _copy(module)
        module.load_state_dict(self.mean)
        try:
            yield
        finally:
            module.load_state_dict(trained)

    def keep_if_best(self, module: nn.Module, score: float) -> None:
        """Remember the module's weights when their score is the highest so far."""
        if score > self.best_score:
            self.best, self.best_score = _copy(module), score

    def restore_best(self, module: nn.Module) -> None:
        """Put the best weights into the module."""
        module.load_state_dict(self.best)


def save_progress(
    path: Path,
    step: int,
    module: nn.Module,
    optimiser: torch.optim.Optimizer,
    averages: Averages,
    notes: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Write everything that `load_progress` needs to go on; `notes` come back by `read_notes`."""
    tensors = {f"weights.{k}": v for k, v in _copy(module).items()}
    tensors |= {f"mean.{k}": v for k, v in averages.mean.items()}
    tensors |= {f"best.{k}": v for k, v in averages.best.items()}
    for index, moments in optimiser.state_dict()["state"].items():
        tensors |= {f"adam.{index}.{k}": v for k, v in moments.items()}
    facts = {"step": step, "updates": averages.updates, "best_score": averages.best_score}
    save_tensors(path, tensors, {k: repr(v) for k, v in facts.items()} | dict(notes))


def read_notes(path: Path) -> dict[str, str]:
    """Return the notes of a progress file; none when nothing was saved."""
    if not path.exists():
        return {}
    try:
        with safe_open(path, framework="pt") as file:
            return dict(file.metadata() or {})
    except (SafetensorError, OSError) as e:
        raise ModelError(
            f"cannot resume from {path}: {one_line(e)}; delete it to start again"
        ) from e


def _cannot_resume(path: Path, error: Exception) -> str:
    return f"cannot resume from {path}: {one_line(error)}; delete it to start again"


def load_progress(
    path: Path, module: nn.Module, optimiser: torch.optim.Optimizer, averages: Averages
) -> int:
    """Restore a run; returns the step to go on with, 0 when nothing was saved."""
    if not path.exists():
        return 0
    try:
        with safe_open(path, framework="pt") as file:
            facts = file.metadata()
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        module.load_state_dict(_part(tensors, "weights."))
        averages.mean, averages.best = _part(tensors, "mean."), _part(tensors, "best.")
        averages.updates = int(facts["updates"])
        averages.best_score = float(facts["best_score"])
        _load_moments(optimiser, _part(tensors, "adam."))
        return int(facts["step"])
    except (SafetensorError, RuntimeError, KeyError, ValueError, OSError) as e:
        raise ModelError(
            f"cannot resume from {path}: {one_line(e)}; delete it to start again"
        ) from e


def _load_moments(optimiser: torch.optim.Optimizer, moments: dict[str, Tensor]) -> None:
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in moments.items():
        index, name = key.split(".", 1)
        state.setdefault(int(index), {})[name] = value
    optimiser.load_state_dict(optimiser.state_dict() | {"state": state})


def _part(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}


def _copy(module: nn.Module) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in module.state_dict().items()}
