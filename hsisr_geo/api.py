"""The package's front door: `super_resolve()` from a file to a finer one, with a model by name."""

import os
from collections.abc import Sequence
from typing import Any

from hsisr_geo.blur.find import AUTO
from hsisr_geo.engine.pipeline import RunReport
from hsisr_geo.engine.pipeline import super_resolve as run
from hsisr_geo.engine.request import Log
from hsisr_geo.engine.share import Within
from hsisr_geo.engine.tasks import Progress
from hsisr_geo.engine.uncertainty import Uncertainty
from hsisr_geo.errors import OptionError
from hsisr_geo.output.formats.choice import AS_NAMED, WriteOptions
from hsisr_geo.raster.place.gcp import Bounds
from hsisr_geo.raster.raster import Raster
from hsisr_geo.resolver.catalogue import DEFAULT
from hsisr_geo.resolver.load import DEFAULT_UPSCALE, check_upscale, load_resolver
from hsisr_geo.resolver.protocol import Resolver


def super_resolve(
    src: str | os.PathLike[str] | Raster,
    dst: str | os.PathLike[str],
    *,
    upscale: int | None = None,
    model: str | os.PathLike[str] = DEFAULT,
    detail: float = 0.0,
    seed: int = 0,
    device: str = "auto",
    precision: str = "float32",
    psf: str | None = AUTO,
    consistency: bool = True,
    resolver: Resolver | None = None,
    tile: int | None = None,
    memory: int | None = None,
    threads: int = 1,
    workers: int = 1,
    scheduler: str | None = None,
    bounds: Bounds | None = None,
    uncertainty: Uncertainty | str | os.PathLike[str] | None = None,
    overwrite: bool = False,
    write: WriteOptions = AS_NAMED,
    resume: bool = False,
    strict: bool = False,
    valid_range: Sequence[float] | None = None,
    again: bool = False,
    progress: Progress | None = None,
    within: Within | None = None,
    log: Log | None = None,
) -> RunReport:
    """Super-resolve a raster file into another, `upscale` times finer, as `hsisr-geo run` does.

    >>> import hsisr_geo
    >>> report = hsisr_geo.super_resolve("scene.tif", "fine.tif", upscale=4)

    Parameters
    ----------
    src, dst
        Paths; `src` may be any name that GDAL opens, such as `/vsizip/...` or a subdataset, the
        folder of a product, or what `open_raster` made of one, with a choice of bands.
    upscale, model, detail, seed, device, precision, psf, consistency
        As for `load_resolver`; upscale 2 and psf `auto` by default.
    resolver
        Instead of these: one that is loaded already, or your own.
    tile, memory, threads, workers, scheduler, bounds, overwrite, write, resume, strict,
    valid_range, again, progress, within, log
        As for `pipeline.super_resolve`, which does the work.
    uncertainty
        Where to write the standard deviation, as it is predicted; or an `Uncertainty`, which may
        ask for that over a number of samples.

    Raises
    ------
    HsisrError : what was asked for cannot be done; `dst` then does not exist.
    """
    if resolver is None:
        resolver = load_resolver(
            os.fspath(model),
            upscale=DEFAULT_UPSCALE if upscale is None else upscale,
            detail=detail,
            seed=seed,
            device=device,
            precision=precision,
            psf=psf,
            consistency=consistency,
        )
    check_upscale(resolver, upscale)
    if isinstance(uncertainty, (str, os.PathLike)):
        uncertainty = Uncertainty(uncertainty)
    _check_kind("uncertainty", uncertainty, Uncertainty | None, "a path or an Uncertainty")
    _check_kind("write", write, WriteOptions, "a WriteOptions, e.g. WriteOptions('cog')")
    return run(
        src,
        dst,
        resolver=resolver,
        tile=tile,
        memory=memory,
        threads=threads,
        workers=workers,
        scheduler=scheduler,
        bounds=bounds,
        uncertainty=uncertainty,
        overwrite=overwrite,
        write=write,
        resume=resume,
        strict=strict,
        valid_range=valid_range,
        again=again,
        progress=progress,
        within=within,
        log=log,
    )


def _check_kind(name: str, value: object, kind: Any, said: str) -> None:
    if not isinstance(value, kind):
        raise OptionError(f"{name}={value!r} is none: give {said}")
