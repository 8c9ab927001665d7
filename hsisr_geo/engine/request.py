"""`Request`: what a run is asked to make, and what follows: rasters, tiles, memory, a plan."""

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from hsisr_geo.cube.tiling import TileGrid
from hsisr_geo.cube.valid_range import Range, check_range
from hsisr_geo.cube.windows import Window
from hsisr_geo.engine.assembly import LateTags
from hsisr_geo.engine.grid import cut
from hsisr_geo.engine.identity import Snapshot, seen
from hsisr_geo.engine.outlook.estimate import choose_tile
from hsisr_geo.engine.outlook.footprint import Footprint, Writing, footprint
from hsisr_geo.engine.outlook.plan import RunPlan, lay_out
from hsisr_geo.engine.uncertainty import Uncertainty
from hsisr_geo.engine.workers import THIS_PROCESS, Workers
from hsisr_geo.errors import OptionError
from hsisr_geo.journal.layout import Output
from hsisr_geo.output.drafts import as_output
from hsisr_geo.output.formats.choice import AS_NAMED, WriteOptions
from hsisr_geo.output.targets import Target
from hsisr_geo.raster.datasets import hold_cache
from hsisr_geo.raster.open import open_raster
from hsisr_geo.raster.place.gcp import Bounds
from hsisr_geo.raster.raster import Raster
from hsisr_geo.raster.statistics import bands_with_data
from hsisr_geo.raster.suitability import check_suitable
from hsisr_geo.resolver.load import method_files
from hsisr_geo.resolver.protocol import (
    BandsResolver,
    PartResolver,
    Resolver,
    Spread,
    pinned,
    settled,
    with_deviation,
)
from hsisr_geo.threads import products_in_one_thread


@dataclass(frozen=True, eq=False)
class Request:
    """A scene, a method, and what is wanted of it.

    Attributes
    ----------
    region : pixels of the scene that are processed; None for all
    uncertainty : the second raster, if one is wanted
    tile : largest side of a tile's core in input pixels; None for what memory allows
    memory : bytes that the run may take; None for a share of the machine's
    where : which processes compute the tiles
    valid_range : least and largest value; None: not negative where the input is not
    strict : hash the whole input for the fingerprint, however large
    since : when it was made, by `time.perf_counter`: what a run took is counted from there
    """

    raster: Raster
    resolver: Resolver
    dst: str | os.PathLike[str]
    region: Window | None = None
    uncertainty: Uncertainty | None = None
    write: WriteOptions = AS_NAMED
    tile: int | None = None
    memory: int | None = None
    where: Workers = THIS_PROCESS
    valid_range: Range | None = None
    strict: bool = False
    since: float = field(default_factory=time.perf_counter)

    @classmethod
    @products_in_one_thread()  # as in the run: a blur that is estimated is the same in its plan
    def of(
        cls,
        src: str | os.PathLike[str] | Raster,
        dst: str | os.PathLike[str],
        *,
        resolver: Resolver,
        bounds: Bounds | None = None,
        uncertainty: Uncertainty | None = None,
        write: WriteOptions = AS_NAMED,
        tile: int | None = None,
        memory: int | None = None,
        where: Workers = THIS_PROCESS,
        strict: bool = False,
        valid_range: Sequence[float] | None = None,
        again: bool = False,
    ) -> "Request":
        """Open the scene, and refuse what cannot be before there is a folder.

        Raises
        ------
        RasterError : the scene cannot be read, holds classes, or is a result of ours (without
            `again`); the bounds do not touch it
        OptionError, ModelError : a tile below 1; a valid range that encloses nothing; an
            uncertainty of a resolver that cannot tell it
        """
        since = time.perf_counter()
        hold_cache(memory and memory // where.number)
        raster = src if isinstance(src, Raster) else open_raster(where.name_of(os.fspath(src)))
        check_suitable(raster, again=again)
        limits = check_range(valid_range)
        if tile is not None and tile < 1:
            raise OptionError(f"tile must be at least 1, not {tile}")
        region = None if bounds is None else raster.window_of(bounds)
        resolver = settled(resolver, raster)
        if uncertainty is not None:
            with_deviation(resolver, uncertainty.samples)
        return cls(
            raster,
            resolver,
            dst,
            region,
            uncertainty,
            write,
            tile,
            memory,
            where,
            limits,
            strict,
            since,
        )

    @property
    def samples(self) -> int | None:
        """Of the uncertainty, 0 where it is predicted; None without."""
        return None if self.uncertainty is None else self.uncertainty.samples

    @property
    def spread(self) -> Spread | None:
        """The resolver with the deviation of its answer, if one is wanted."""
        return None if self.samples is None else with_deviation(self.resolver, self.samples)

    def targets(self) -> list[Target]:
        """Return the rasters to be written; their tags are `LateTags`."""
        fine = self.raster.upscaled(self.resolver.upscale, *(self.region or ()))
        method = method_files(self.resolver)
        targets = [Target(self.dst, fine, LateTags(), self.write, method)]
        if self.uncertainty is not None:
            path, deviations = self.uncertainty.path, self.uncertainty.describe(fine)
            write = self.write.beside(self.dst, path)
            targets.append(Target(path, deviations, LateTags(), write, method))
        return targets

    def outputs(self) -> tuple[Output, ...]:
        """Return how each of them is stored, and how its bands follow from the scene's."""
        outputs = [as_output(target.raster, target.form) for target in self.targets()]
        if self.uncertainty is not None:
            outputs[1] = replace(outputs[1], bands_from=self.uncertainty.bands_from)
        return tuple(outputs)

    def pinned(self, number: int) -> "Request":
        """Return the same for one of several workers: on one GPU, where there are GPUs."""
        return replace(self, resolver=pinned(self.resolver, number))

    def side(self, kept: int | None = None) -> int:
        """Choose the side of tiles: as asked, that of a run that is kept, or what memory allows.

        Raises
        ------
        OptionError : the run would take more memory than it may
        """
        side = (
            self.tile
            or kept
            or choose_tile(
                self.raster,
                self.resolver,
                where=self.where,
                samples=self.samples,
                region=self.region,
                memory=self.memory,
                writing=self.writing,
                bound=self.memory is not None,
            )
        )
        self._check_memory(side)
        return side

    @property
    def memory_each(self) -> int | None:
        """Bytes that each process may take, if that was said."""
        return None if self.memory is None else self.memory // self.where.number

    @property
    def writing(self) -> tuple[Writing, ...]:
        """What the outputs take while they are written."""
        return tuple(Writing.of(t.form, t.form.stored(t.raster)) for t in self.targets())

    def grid(self, side: int) -> TileGrid:
        """Cut the scene into tiles of that side."""
        return cut(self.raster, self.resolver, samples=self.samples, tile=side, region=self.region)

    def need(self, grid: TileGrid) -> Footprint:
        """Estimate the memory of each process."""
        return self._need(grid, in_turns=self.in_turns(grid))

    def in_turns(self, grid: TileGrid) -> bool:
        """Whether tiles are read and computed in turns, as there is memory for one of both only."""
        if self.memory_each is None or self.where.threads > 1:
            return False
        return self._need(grid, in_turns=False).host > self.memory_each

    def _need(self, grid: TileGrid, *, in_turns: bool) -> Footprint:
        return footprint(
            self.raster,
            self.resolver,
            grid,
            threads=self.where.threads,
            samples=self.samples,
            memory=self.memory_each,
            in_turns=in_turns,
            writing=self.writing,
        )

    def _check_memory(self, side: int) -> None:
        if self.memory is None:
            return
        number = self.where.number
        need = self.need(self.grid(side))
        if (least := number * need.host) > self.memory:
            raise OptionError(
                f"{self.raster.path}: tiles of {side} pixels take {least / 1e6:.0f} MB of memory, "
                f"and {self.memory / 1e6:.0f} MB are allowed: allow more (--memory), or choose "
                f"{'--model bicubic' if isinstance(self.resolver, PartResolver) else 'fewer bands'}"
            )

    def snapshots(self) -> tuple[Snapshot, Snapshot]:
        """Look at the files of the scene, and at those of the method.

        Raises
        ------
        RasterError : the scene has changed since it was described, and its blur was estimated
        """
        return seen(self.raster), Snapshot.of(method_files(self.resolver))

    def plan(self) -> RunPlan:
        """Lay the run out without making it.

        Raises
        ------
        ModelError : the resolver does not take so many bands
        OptionError : the run would take more memory than it may
        """
        check_scene(self.raster, self.resolver)
        targets, outputs, side = self.targets(), self.outputs(), self.side()
        grid = self.grid(side)
        return lay_out(
            grid,
            self.need(grid),
            targets,
            outputs,
            raster=self.raster,
            resolver=self.resolver,
            where=self.where,
            samples=self.samples,
            tile=side,
        )


def check_scene(raster: Raster, resolver: Resolver) -> None:
    """Refuse a scene with a number of good bands that the resolver does not take.

    Reads some pixels, as empty bands do not count, and only if the number matters.

    Raises
    ------
    ModelError
        Saying how many it takes.
    """
    if isinstance(resolver, BandsResolver):
        bands = bands_with_data(raster, raster.bands.good_by_wavelength)
        if bands:  # else all are interpolated
            resolver.check_bands(len(bands))
