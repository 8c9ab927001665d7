"""Which build of PyTorch suits the machine: what NVIDIA's own tool says of its GPUs."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from .ask import ask

# The oldest drivers for CUDA 12 and 13, from the table "CUDA Toolkit and Minimum Required Driver
# Version for CUDA Minor Version Compatibility" in NVIDIA's release notes.
DRIVER_CUDA_13 = 580
DRIVER_CUDA_12 = {"win32": 528, "linux": 525}
# Not tried on a GPU by us.
# CUDA 13 has no code for GPUs before Turing; PyTorch's builds for CUDA 12.6 none after Hopper. By
# github.com/pytorch/pytorch/issues/190385 they end with PyTorch 2.14; its index keeps what it has.
TURING = 7.5
AFTER_HOPPER = 10.0
OLDEST = {"win32": 6.1, "linux": 5.0}

_QUERY = ["--query-gpu=name,driver_version,compute_cap", "--format=csv,noheader,nounits"]


@dataclass(frozen=True)
class Gpu:
    """An NVIDIA GPU; `capability` is None where the driver is too old to say."""

    name: str
    driver: str
    capability: float | None = None


def find_gpus(
    *, platform: str = sys.platform, variables: Mapping[str, str] | None = None
) -> tuple[Gpu, ...]:
    """GPUs that `nvidia-smi` knows; none without it, for it comes with every driver."""
    variables = os.environ if variables is None else variables
    program = _nvidia_smi(platform, variables)
    if program is None:
        return ()
    for query in (_QUERY, [_QUERY[0].replace(",compute_cap", ""), _QUERY[1]]):
        answer = ask([program, *query], variables=variables)
        if answer.code == 0:
            return parsed(answer.out)
    return ()


def parsed(text: str) -> tuple[Gpu, ...]:
    """GPUs out of nvidia-smi's lines "name, driver[, capability]"."""
    rows = [[part.strip() for part in line.split(",")] for line in text.splitlines()]
    return tuple(Gpu(row[0], row[1], _number(row[2:])) for row in rows if len(row) > 1)


def proposed_build(gpus: tuple[Gpu, ...], platform: str = sys.platform) -> tuple[str, str]:
    """Name of the build of PyTorch to propose, and the reason in words."""
    if platform == "darwin":
        return "apple", "PyTorch has one build for macOS."
    if not gpus:
        return "cpu", "No NVIDIA GPU was found."
    for gpu in gpus:
        build = _build_for(gpu, platform)
        if build:
            return build, f"{gpu.name}, driver {gpu.driver}."
    gpu = gpus[0]
    return "cpu", (
        f"{gpu.name} with driver {gpu.driver} suits no CUDA build of PyTorch: "
        "the driver or the GPU is too old. A newer driver may help."
    )


def _build_for(gpu: Gpu, platform: str) -> str:
    driver = _number([gpu.driver.split(".")[0]]) or 0.0
    capability = TURING if gpu.capability is None else gpu.capability
    if driver >= DRIVER_CUDA_13 and capability >= TURING:
        return "cu130"
    oldest_driver = DRIVER_CUDA_12.get(platform, DRIVER_CUDA_12["linux"])
    oldest_gpu = OLDEST.get(platform, OLDEST["linux"])
    if driver >= oldest_driver and oldest_gpu <= capability < AFTER_HOPPER:
        return "cu126"
    return ""


def _number(texts: list[str]) -> float | None:
    try:
        return float(texts[0])
    except (IndexError, ValueError):
        return None


def _nvidia_smi(platform: str, variables: Mapping[str, str]) -> str | None:
    found = shutil.which("nvidia-smi", path=variables.get("PATH"))
    if found or platform != "win32":
        return found
    # Old drivers put it where no PATH leads.
    places = [
        os.path.join(variables.get("SystemRoot", r"C:\Windows"), "System32"),
        os.path.join(
            variables.get("ProgramFiles", r"C:\Program Files"), "NVIDIA Corporation", "NVSMI"
        ),
    ]
    return shutil.which("nvidia-smi", path=os.pathsep.join(places))
