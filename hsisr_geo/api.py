"""The package's front door: `super_resolve()` from a file to a finer one, with a model by name."""

import os
from collections.abc import Sequence
from numbers import Integral
from typing import Any

from hsisr_geo.blur.find import AUTO
from hsisr_geo.engine.listener import Listener, Log, Progress, Within, ignore
from hsisr_geo.engine.pipeline import RunReport, fulfil
from hsisr_geo.engine.request import Request
from hsisr_geo.engine.uncertainty import Uncertainty
from hsisr_geo.engine.workers import Workers
from hsisr_geo.errors import OptionError
from hsisr_geo.output.formats.choice import AS_NAMED, WriteOptions
from hsisr_geo.raster.place.gcp import Bounds
from hsisr_geo.raster.raster import Raster
from hsisr_geo.resolver.catalogue import DEFAULT
from hsisr_geo.resolver.load import DEFAULT_UPSCALE, check_upscale, load_resolver
from hsisr_geo.resolver.protocol import Resolver

_SOURCE = (
    "the name of a file, or what open_raster makes of one. A dataset of rasterio has it as .name; "
    "arrays of xarray have .hsisr.super_resolve, by import hsisr_geo.xarray"
)
_LONG = 60  # characters


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
    tile
        Largest side of a tile's core, in input pixels: a matter of memory, not of the result. None
        for the largest that there is memory for (`estimate.choose_tile`).
    memory
        Bytes that the run may take. None for a quarter of the machine's.
    threads
        Tiles in flight in each process.
    workers
        Processes on this machine that compute tiles; 1 is this one. A script that asks for more
        must keep its work under `if __name__ == "__main__":`, as it is imported by each of them.
    scheduler
        Address of a dask scheduler, whose workers compute the tiles instead. They have to see
        `src` and the folder of `dst` under the same names.
    bounds
        (xmin, ymin, xmax, ymax) in CRS units: process only the pixels that they cover. The result
        is the same window of the full run, as statistics always come from the whole scene.
    uncertainty
        Also write the standard deviation of the output as a raster on its grid: where to, as it is
        predicted; or an `Uncertainty`, which may ask for that over a number of samples. Both
        rasters appear when both are complete, or neither.
    overwrite, resume
        As for `pipeline.fulfil`.
    write
        Format and creation options of the output, and what is written beside it. The uncertainty
        has the same format, unless its ending names another.
    strict
        Tell the input by all of its content, however large, when the run begins and again before
        the output appears. Without it that is done for inputs of up to 256 MiB; of larger ones the
        ends of each file are read, and the system is asked whether they were touched.
    valid_range
        (least, largest) value in physical units. Default: where the 3 x 3 input pixels around have
        no negative value, neither has the output.
    again
        Take a result of ours as a scene all the same.
    progress
        Called with (tiles done, tiles in all) from this thread; it may raise to cancel.
    within
        Called meanwhile with the same, parts of the tiles under way counted, from another thread.
    log
        Called with one line at a time.

    Raises
    ------
    HsisrError : the input cannot be read, the output not written, an option is out of range, an
        uncertainty is asked of a resolver that cannot tell it, workers fail; or what `progress`
        raised. `dst` then does not exist.
    """
    for name, value, kind, said in (
        ("src", src, str | os.PathLike | Raster, _SOURCE),
        ("dst", dst, str | os.PathLike, "the name of a file"),
        ("device", device, str, "'auto', 'cpu', 'cuda' or 'cuda:0'"),
        ("tile", tile, Integral | None, "pixels, or None for what there is memory for"),
        ("memory", memory, Integral | None, "bytes, or None for a share of the machine's"),
        ("write", write, WriteOptions, "a WriteOptions, e.g. WriteOptions('cog')"),
    ):
        _check_kind(name, value, kind, said)
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
    request = Request.of(
        src,
        dst,
        resolver=resolver,
        bounds=bounds,
        uncertainty=uncertainty,
        write=write,
        tile=tile,
        memory=memory,
        where=Workers(workers, threads, scheduler),
        strict=strict,
        valid_range=valid_range,
        again=again,
    )
    listener = Listener(progress or ignore, log or ignore, within)
    return fulfil(request, overwrite=overwrite, resume=resume, listener=listener)


def _check_kind(name: str, value: object, kind: Any, said: str) -> None:
    if not isinstance(value, kind):
        told = repr(value)
        told = told if len(told) < _LONG else type(value).__name__
        raise OptionError(f"{name}={told} is none: give {said}")
