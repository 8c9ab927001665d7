"""A system's seconds for an image, at several output sizes, as in the paper's table 5.

Through the tile function that the pipeline calls, on one window of a made scene: reading and
writing of rasters is not in it, nor is loading of weights.
"""

import os
import platform
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np

from hsisr_geo.bands.radiometry import Cube
from hsisr_geo.errors import OptionError
from hsisr_geo.raster.survey import statistics_of
from hsisr_geo.resolver.load import load_resolver
from hsisr_geo.resolver.protocol import Resolver

SIZES = (64, 128, 256)
"""Sides of the images of the paper's table 5, in output pixels."""

REPEATS = 5
SECONDS = 20.0
"""No further repeat of a size is started once so long was spent on it."""

Clock = Callable[[], float]


@dataclass(frozen=True)
class Timing:
    """Time of one size.

    Attributes
    ----------
    size
        Side that was asked for, in output pixels.
    side
        Side that was made: the largest multiple of the upscale in it.
    seconds
        Median over the repeats.
    processor_seconds
        Of all threads of the process, likewise; on a CPU, less than `seconds` times the threads
        where other processes had a share of it.
    repeats
        How many calls were timed.
    warm
        Whether a call of this size went before them; False where that one was too long to be
        made again, and is the one that was timed.
    """

    size: int
    side: int
    seconds: float
    processor_seconds: float
    repeats: int
    warm: bool


@dataclass(frozen=True)
class Machine:
    """Where times were measured: device ("cpu", or the GPU's name), threads, CPU."""

    device: str
    threads: int
    cpu: str


@dataclass(frozen=True)
class Times:
    """Times of a system, and where they were measured."""

    model: str
    upscale: int
    bands: int
    timings: tuple[Timing, ...]
    machine: Machine

    def record(self) -> dict[str, object]:
        """Return all of it as JSON has it."""
        return asdict(self)


def measure(
    model: str | Path | Resolver,
    *,
    upscale: int,
    bands: int,
    sizes: Sequence[int] = SIZES,
    device: str = "auto",
    repeats: int = REPEATS,
    seconds: float = SECONDS,
    clock: Clock = time.perf_counter,
) -> Times:
    """Time a system at several sizes.

    Parameters
    ----------
    model
        A name or file that `load.load_resolver` takes, or a resolver that is loaded already.
    upscale
        Spatial factor; sizes that it does not divide are rounded down to a multiple.
    bands
        Of the made scene.
    sizes
        Sides of square images, in output pixels.
    device
        For a model that is loaded here.
    repeats
        At most, of each size, after a first call that does not count.
    seconds
        No further repeat of a size is started after so long. If the first call took longer, it is
        the one that counts: a sampler of minutes is run once.

    Raises
    ------
    ModelError
        As `load_resolver`.
    OptionError
        A size below the upscale.
    """
    if isinstance(model, (str, Path)):
        resolver = load_resolver(str(model), upscale=upscale, device=device)
    else:
        resolver = model
    limits = Limits(repeats, seconds, clock)
    timings = tuple(_time(resolver, bands, size, limits) for size in sizes)
    return Times(resolver.name, upscale, bands, timings, machine(device))


@dataclass(frozen=True)
class Limits:
    """How often a call is timed, for how long, and by which clock."""

    repeats: int
    seconds: float
    clock: Clock


def _time(resolver: Resolver, bands: int, size: int, limits: Limits) -> Timing:
    """Time one size."""
    if size < resolver.upscale:
        raise OptionError(
            f"an image of {size} pixels is too small to be timed at upscale {resolver.upscale}"
        )
    cube = _made(bands, size // resolver.upscale)
    resolve = resolver.fit(statistics_of(cube) if resolver.uses_statistics else None)
    first, *others = _clocked(partial(resolve, cube, (0, 0)), limits)
    counted = others or [first]
    seconds, processor = (median(values) for values in zip(*counted, strict=True))
    side = cube.shape[1] * resolver.upscale
    return Timing(size, side, seconds, processor, len(counted), warm=bool(others))


def _clocked(call: Callable[[], object], limits: Limits) -> list[tuple[float, float]]:
    """Return seconds, and seconds of the processor, of a first call and of its repeats.

    There are as many repeats as there is time for.
    """
    spent: list[tuple[float, float]] = []
    while len(spent) <= limits.repeats and sum(s for s, _ in spent) <= limits.seconds:
        started, used = limits.clock(), time.process_time()
        call()
        spent.append((limits.clock() - started, time.process_time() - used))
    return spent


def _made(bands: int, side: int) -> Cube:
    """Make a scene (band, side, side): spectra of a few materials, mixed, with noise."""
    rng = np.random.default_rng(0)
    spectra = rng.random((bands, 4), np.float32)
    shares = rng.dirichlet(np.ones(4), side * side).astype(np.float32)
    noise = rng.normal(0, 0.01, (bands, side * side)).astype(np.float32)
    return (spectra @ shares.T + noise).reshape(bands, side, side)


def machine(device: str = "auto") -> Machine:
    """Describe what computes: the GPU where that is what the device means, else the CPU."""
    from hsisr_geo.model.inference.devices import described

    return Machine(*described(device), cpu_name())


def cpu_name() -> str:
    """Return the name of the processor; its architecture where the system does not tell."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        text = ""
    found = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    name = found[1].strip() if found else platform.processor() or platform.machine()
    return f"{name}, {os.cpu_count()} cores"
