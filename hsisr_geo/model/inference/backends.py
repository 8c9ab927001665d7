"""The choice of a backend: NumPy and ncnn on a CPU, else torch.

Both make the same numbers but for rounding. A run keeps to one, and its output says which.
"""

import ctypes
import os
import sys
from contextlib import suppress
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from hsisr_geo.errors import ModelError
from hsisr_geo.model.inference.devices import CPU, check_device_name
from hsisr_geo.model.inference.kernels import Backend
from hsisr_geo.model.plain.kernels import PlainBackend
from hsisr_geo.model.plain.network import PlainNetwork, load_network
from hsisr_geo.resolver.header import ModelHeader
from hsisr_geo.resolver.load import Recipe

BACKENDS = ("auto", "ncnn", "torch")
VARIABLE = "HSISR_GEO_BACKEND"

_DRIVERS = {"linux": "libcuda.so.1", "win32": "nvcuda.dll"}


def load_network_on(backend: str, recipe: Recipe, path: Path) -> tuple[Any, ModelHeader, Any]:
    """Return the network of a model file for a backend, its header, and its device.

    Raises
    ------
    ModelError
        Corrupt or foreign file; a device that is not there.
    """
    if backend == "ncnn":
        return *load_network(path), CPU
    loaded: tuple[Any, ModelHeader, Any] = _on_torch().load(recipe, path)
    return loaded


def backend_of(network: Any) -> Backend:
    """Return the backend that a network was loaded for."""
    if isinstance(network, PlainNetwork):
        return PlainBackend()
    backend: Backend = _on_torch().TorchBackend()
    return backend


def choose_backend(recipe: Recipe) -> str:
    """Return "ncnn" or "torch": what a recipe or a variable names, or what suits the device.

    Raises
    ------
    ModelError
        No such backend; one that is not installed, or not for this device or precision.
    """
    check_device_name(recipe.device)
    asked = recipe.backend if recipe.backend != "auto" else os.environ.get(VARIABLE, "auto")
    if asked not in BACKENDS:
        raise ModelError(f"unknown backend {asked!r}: use {', '.join(BACKENDS)} ({VARIABLE})")
    if asked == "torch":
        return asked
    fits = recipe.precision == "float32" and not recipe.device.startswith("cuda")
    installed = find_spec("ncnn") is not None
    if asked == "ncnn" and not (fits and installed):
        why = "computes float32 on a CPU only" if installed else "is not installed"
        raise ModelError(f"the backend ncnn {why}: leave out {VARIABLE}, or set it to torch")
    if asked == "auto" and recipe.device == "auto" and _may_have_cuda():
        fits = str(_on_torch().choose_device("auto")) == "cpu"
    return "ncnn" if fits and installed else "torch"


def _may_have_cuda() -> bool:
    """Look for a driver, without torch, whose import takes seconds."""
    with suppress(KeyError, OSError):
        ctypes.CDLL(_DRIVERS[sys.platform])
        return True
    return False


def _on_torch() -> Any:
    return import_module("hsisr_geo.model.inference.on_torch")
