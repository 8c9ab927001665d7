"""The scenes of a batch before the work: opened, checked, compared with what is there already."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from hsisr_geo.errors import HsisrError, OutputError

from ..options.run_options import RunOptions, wished

if TYPE_CHECKING:
    from hsisr_geo.batch import Job, Skipped
    from hsisr_geo.engine.request import Request
    from hsisr_geo.engine.uncertainty import Uncertainty
    from hsisr_geo.raster.raster import Raster
    from hsisr_geo.resolver.protocol import Resolver


@dataclass(frozen=True)
class Wish:
    """What is asked for of every scene, and how one goes after another.

    Attributes
    ----------
    jobs : scenes at a time
    keep_going : after a scene that failed
    """

    how: RunOptions
    samples: int | None
    uncertainty_bands: str | None
    skip_existing: bool
    jobs: int
    keep_going: bool

    def uncertainty(self, job: "Job") -> "Uncertainty | None":
        """Return the uncertainty that is wanted of a scene."""
        if job.uncertainty is None:
            return None
        return wished(job.uncertainty, self.samples, self.uncertainty_bands)

    def request(self, job: "Job", raster: "Raster", resolver: "Resolver") -> "Request":
        """Say what is to be made of a scene, in its share of the memory; errors as `Request.of`."""
        uncertainty = self.uncertainty(job)
        samples = uncertainty.samples if uncertainty else None
        how = sharing_memory(self.how, raster, resolver, samples, self.jobs)
        return how.request(raster, job.dst, resolver=resolver, uncertainty=uncertainty)


def sharing_memory(
    how: RunOptions, raster: "Raster", resolver: "Resolver", samples: int | None, jobs: int
) -> RunOptions:
    """Return the options with a tile chosen for one of several runs that share the memory."""
    from hsisr_geo.engine.outlook.estimate import SHARE, choose_tile, machine_memory
    from hsisr_geo.engine.workers import Workers

    if how.tile is not None or jobs == 1 or how.resume:  # what is resumed has its tile
        return how
    tile = choose_tile(
        raster,
        resolver,
        where=Workers(threads=how.threads),
        samples=samples,
        region=None if how.bounds is None else raster.window_of(how.bounds),
        memory=(how.memory or int(SHARE * machine_memory())) // jobs,
        bound=how.memory is not None,
    )
    memory = None if how.memory is None else how.memory // jobs
    return replace(how, tile=tile, memory=memory)


@dataclass(frozen=True)
class BatchScene:
    """A job as far as it is known before the work: opened, wrong, or done already."""

    job: "Job"
    raster: "Raster | None" = None
    error: "HsisrError | None" = None
    skipped: "Skipped | None" = None

    @property
    def weight(self) -> float:
        """Share of the work, in input pixels of all bands."""
        raster = None if self.error or self.skipped else self.raster
        return raster.rows * raster.cols * len(raster.bands) if raster else 0.0


def prepare(jobs: "Sequence[Job]", wish: Wish) -> "tuple[list[BatchScene], Resolver | None]":
    """Check all scenes, and load the model; None for it where nothing is to be begun."""
    scenes = [_check(job, wish) for job in jobs]
    if not wish.keep_going and any(scene.error for scene in scenes):
        return scenes, None
    resolver = _resolver(wish, jobs[0])
    scenes = [_compare(scene, wish, resolver) for scene in scenes]
    stopped = not wish.keep_going and any(scene.error for scene in scenes)
    return scenes, None if stopped else resolver


def _resolver(wish: Wish, job: "Job") -> "Resolver":
    """Load the model once for all scenes, and see that it can do what they ask of it."""
    from hsisr_geo.resolver.protocol import with_deviation

    resolver = wish.how.load_resolver()
    if uncertainty := wish.uncertainty(job):
        with_deviation(resolver, uncertainty.samples)
    return resolver


def _check(job: "Job", wish: Wish) -> BatchScene:
    """Open a scene and check its outputs, as a run would at its start."""
    from hsisr_geo.output.commit import settle
    from hsisr_geo.output.targets import Target, check_targets

    try:
        raster = wish.how.open(job.src)
        settle([path.resolve() for path in job.outputs], keep=wish.how.resume)
        done = wish.skip_existing and all(path.exists() for path in job.outputs)
        write = wish.how.write_options()
        targets = [Target(job.dst, raster, write=write)]
        if job.uncertainty is not None:
            beside = write.beside(job.dst, job.uncertainty)
            targets.append(Target(job.uncertainty, raster, write=beside))
        check_targets(targets, overwrite=wish.how.overwrite or done, resume=wish.how.resume)
    except HsisrError as e:
        return BatchScene(job, error=e)
    return BatchScene(job, raster)


def _compare(scene: BatchScene, wish: Wish, resolver: "Resolver") -> BatchScene:
    """With --skip-existing, tell outputs that this batch would make from others."""
    from hsisr_geo.batch import Skipped, difference

    job = scene.job
    if scene.raster is None or not wish.skip_existing or not job.dst.exists():
        return scene
    try:
        told = difference(wish.request(job, scene.raster, resolver))
    except HsisrError as e:
        told = f"cannot be compared: {e}"
    if not told and all(path.exists() for path in job.outputs):
        return replace(scene, skipped=Skipped(f"{job.dst} exists"))
    if told and not wish.how.overwrite:
        told = f"{job.dst} exists, but {told}: choose another folder, or give --overwrite"
        return replace(scene, error=OutputError(told))
    return scene
