"""A training's progress between steps: averaged weights, the best of them, and its file.

Progress is a safetensors file like everything else: weights, their averages, the best averages
and Adam's two moments. Random draws are keyed by the step, so there is no generator to store.
A checksum over all of it tells a bit that flipped: a training would go on with it for hours.
"""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from hsisr_geo.errors import ModelError, one_line
from hsisr_geo.model.checkpoint import save_tensors

_CHECKSUM = "checksum"


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
    """Write everything that `SavedTraining` needs to go on, and `notes` besides."""
    tensors = {f"weights.{k}": v for k, v in _copy(module).items()}
    tensors |= {f"mean.{k}": v for k, v in averages.mean.items()}
    tensors |= {f"best.{k}": v for k, v in averages.best.items()}
    for index, moments in optimiser.state_dict()["state"].items():
        tensors |= {f"adam.{index}.{k}": v for k, v in moments.items()}
    facts = {"step": step, "updates": averages.updates, "best_score": averages.best_score}
    told = {k: repr(v) for k, v in facts.items()} | dict(notes)
    save_tensors(path, tensors, {**told, _CHECKSUM: _checksum(tensors, told)})


@dataclass(frozen=True, eq=False)
class SavedTraining:
    """A progress file, read and checked once.

    Attributes
    ----------
    notes : what was saved with it
    """

    path: Path
    notes: Mapping[str, str]
    _tensors: Mapping[str, Tensor]

    @classmethod
    def read(cls, path: Path) -> "SavedTraining | None":
        """Read what `save_progress` wrote; None where nothing was saved.

        Raises
        ------
        ModelError : it is no progress file, or damaged
        """
        return cls(path, *_read(path)) if path.exists() else None

    def restore(
        self, module: nn.Module, optimiser: torch.optim.Optimizer, averages: Averages
    ) -> int:
        """Put a run back to where it was; return the step to go on with.

        Raises
        ------
        ModelError : it does not fit the module
        """
        try:
            module.load_state_dict(self._part("weights."))
            averages.mean, averages.best = self._part("mean."), self._part("best.")
            averages.updates = int(self.notes["updates"])
            averages.best_score = float(self.notes["best_score"])
            _load_moments(optimiser, self._part("adam."))
            return int(self.notes["step"])
        except (RuntimeError, KeyError, ValueError) as e:
            raise _useless(self.path, one_line(e)) from e

    def _part(self, prefix: str) -> dict[str, Tensor]:
        named = self._tensors.items()
        return {k.removeprefix(prefix): v for k, v in named if k.startswith(prefix)}


def _read(path: Path) -> tuple[dict[str, str], dict[str, Tensor]]:
    """Read notes and tensors; errors as `SavedTraining.read`. Older files tell no checksum."""
    try:
        with safe_open(path, framework="pt") as file:
            notes = dict(file.metadata() or {})
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, ValueError) as e:
        raise _useless(path, one_line(e)) from e
    told = notes.pop(_CHECKSUM, None)
    if told is not None and told != _checksum(tensors, notes):
        raise _useless(path, "it is damaged: its checksum is another")
    return notes, tensors


def _checksum(tensors: Mapping[str, Tensor], notes: Mapping[str, str]) -> str:
    told = hashlib.sha256(repr(sorted(notes.items())).encode())
    for name, value in sorted(tensors.items()):
        told.update(f"{name} {value.dtype} {tuple(value.shape)}".encode())
        told.update(value.detach().cpu().contiguous().numpy().data)
    return told.hexdigest()


def _useless(path: Path, why: str) -> ModelError:
    return ModelError(f"cannot resume from {path}: {why}; delete it to start again")


def _load_moments(optimiser: torch.optim.Optimizer, moments: dict[str, Tensor]) -> None:
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in moments.items():
        index, name = key.split(".", 1)
        state.setdefault(int(index), {})[name] = value
    optimiser.load_state_dict(optimiser.state_dict() | {"state": state})


def _copy(module: nn.Module) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in module.state_dict().items()}
