"""What `run` and `batch` share: the options of a run as one value, and the run that they ask for.

A new option of both is a decorator in `_OPTIONS`, a field of `RunOptions`, and the place in one of
its methods where the field is used.
"""

import logging
import math
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

from ..terminal.signals import Cancellation
from . import options
from .scene_options import SCENE, SceneOptions

if TYPE_CHECKING:
    from hsisr_geo.engine.listener import Listener
    from hsisr_geo.engine.pipeline import RunReport
    from hsisr_geo.engine.request import Request
    from hsisr_geo.engine.uncertainty import Uncertainty
    from hsisr_geo.output.formats.choice import WriteOptions
    from hsisr_geo.raster.raster import Raster
    from hsisr_geo.resolver.protocol import Resolver


_OPTIONS = (  # in the order of --help
    options.upscale,
    options.model,
    options.detail,
    options.seed,
    options.psf,
    options.no_consistency,
    options.tile,
    options.memory,
    options.threads,
    options.workers,
    options.scheduler,
    options.device,
    options.precision,
    options.bounds,
    *SCENE,
    options.overwrite,
    options.format,
    options.creation,
    options.style,
    options.stac,
    options.header,
    options.resume,
    options.strict,
    options.valid_range,
    options.again,
)


@dataclass(frozen=True)
class RunOptions:
    """How a scene is super-resolved; each field is the value of the option of that name.

    Attributes
    ----------
    take : what of the scene, and how it is read: the options of whatever reads one
    """

    upscale: int
    model: str
    detail: float
    seed: int
    psf: str | None
    no_consistency: bool
    tile: int | None
    memory: int | None
    threads: int
    workers: int
    scheduler: str | None
    device: str
    precision: str
    bounds: tuple[float, float, float, float] | None
    overwrite: bool
    format: str | None
    creation: tuple[str, ...]
    style: bool
    stac: bool
    header: bool
    resume: bool
    strict: bool
    valid_range: tuple[float, float] | None
    again: bool
    take: SceneOptions

    def by_name(self) -> dict[str, Any]:
        """Return the value of every option by its name."""
        values = asdict(self)
        taken = values.pop("take")
        return {**values, **taken}

    def write_options(self) -> "WriteOptions":
        """Say how outputs are stored; errors as `parse_options`."""
        from hsisr_geo.output.formats.choice import WriteOptions
        from hsisr_geo.output.formats.creation import parse_options

        creation = parse_options(self.creation)
        return WriteOptions(
            self.format, creation, style=self.style, stac=self.stac, header=self.header
        )

    def open(self, src: str) -> "Raster":
        """Open a scene with the bands that are asked for; errors as `open_raster`."""
        from hsisr_geo.engine.workers import Workers
        from hsisr_geo.raster.suitability import check_suitable

        raster = self.take.open(Workers(scheduler=self.scheduler).name_of(src))
        check_suitable(raster, again=self.again)
        return raster

    def load_resolver(self) -> "Resolver":
        """Load the model, which takes seconds; errors as `load.load_resolver`."""
        from hsisr_geo.resolver.load import load_resolver

        return load_resolver(
            self.model,
            upscale=self.upscale,
            detail=self.detail,
            seed=self.seed,
            device=self.device,
            precision=self.precision,
            psf=self.psf,
            consistency=not self.no_consistency,
        )

    def request(
        self,
        raster: "Raster",
        dst: str | os.PathLike[str],
        *,
        resolver: "Resolver",
        uncertainty: "Uncertainty | None",
        write: "WriteOptions | None" = None,
    ) -> "Request":
        """Say what is to be made of a scene; errors as `Request.of`."""
        from hsisr_geo.engine.request import Request
        from hsisr_geo.engine.workers import Workers

        return Request.of(
            raster,
            dst,
            resolver=resolver,
            bounds=self.bounds,
            uncertainty=uncertainty,
            write=write or self.write_options(),
            tile=self.tile,
            memory=self.memory,
            where=Workers(self.workers, self.threads, self.scheduler),
            strict=self.strict,
            valid_range=self.valid_range,
            again=self.again,
        )

    def fulfil(self, request: "Request", listener: "Listener") -> "RunReport":
        """Make what is requested; errors as `pipeline.fulfil`."""
        from hsisr_geo.engine.pipeline import fulfil

        return fulfil(request, overwrite=self.overwrite, resume=self.resume, listener=listener)


def run_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the shared options to a command, which takes them as one argument, `how`.

    Raises
    ------
    click.BadParameter : the bounds enclose nothing
    """

    @wraps(command)
    def collected(*args: Any, **values: Any) -> None:
        values["take"] = SceneOptions.of(values)
        how = RunOptions(**{field.name: values.pop(field.name) for field in fields(RunOptions)})
        check_bounds(how.bounds)
        command(*args, how=how, **values)

    for option in reversed(_OPTIONS):
        collected = option(collected)
    return collected


def check_bounds(bounds: tuple[float, float, float, float] | None) -> None:
    """Refuse bounds that enclose nothing, as wrong usage."""
    if bounds is None:
        return
    xmin, ymin, xmax, ymax = bounds
    if not (all(map(math.isfinite, bounds)) and xmin < xmax and ymin < ymax):
        raise click.BadParameter("give XMIN YMIN XMAX YMAX", param_hint="'--bounds'")


def check_samples(option: str, given: str | None, samples: int | None, bands: str | None) -> None:
    """Refuse options that say what an uncertainty is of, where none is asked for by `option`."""
    for name, value in {"--samples": samples, "--uncertainty-bands": bands}.items():
        if given is None and value is not None:
            raise click.UsageError(f"{name} needs {option}")


def wished(path: str | os.PathLike[str], samples: int | None, bands: str | None) -> "Uncertainty":
    """Return the uncertainty that the options ask for."""
    from hsisr_geo.engine.uncertainty import PREDICTED, Uncertainty

    return Uncertainty(path, samples or PREDICTED, bands or "all")


def canceling(
    progress: Callable[[int, int], None], cancellation: Cancellation
) -> Callable[[int, int], None]:
    """Report progress unless a signal came."""

    def step(done: int, total: int) -> None:
        cancellation.check()
        progress(done, total)

    return step


@contextmanager
def logging_to(log: Callable[[str], None]) -> Iterator[None]:
    """Pass on what the package logs, each message once."""
    logger, handler = logging.getLogger("hsisr_geo"), _Forward(log)
    level, propagate = logger.level, logger.propagate
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False  # `rio` would print each message a second time
    try:
        yield
    finally:
        logger.setLevel(level)
        logger.propagate = propagate
        logger.removeHandler(handler)


class _Forward(logging.Handler):
    def __init__(self, log: Callable[[str], None]) -> None:
        super().__init__()
        self._log = log
        self._said: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        if message not in self._said:
            self._said.add(message)
            self._log(message)
