"""`PartCost`: multiply-adds and bytes of a part of a tile; and the speed of this machine."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np

from hsisr_geo.cube.degradation import Degradation
from hsisr_geo.cube.inversion import DEGREE
from hsisr_geo.cube.resampling import BLOCK_ROWS
from hsisr_geo.cube.windows import Window, area
from hsisr_geo.model.axes.normalise import AXES
from hsisr_geo.model.extents import Extents
from hsisr_geo.model.groups import GLOBAL_TAPS, group_starts
from hsisr_geo.model.inference.kernels import Amounts
from hsisr_geo.model.reach import UP_REACH, layers_of
from hsisr_geo.raster.survey import statistics_of
from hsisr_geo.resolver.config import ModelConfig
from hsisr_geo.resolver.protocol import Cost, PartResolver

_PER_PIXEL_WEIGHT = 3.0
# ^ time of a multiply-add of the autoencoder and of back-projection, which move much memory for
#   little arithmetic, in those of the denoiser; chosen so that the runs of docs/performance.md fit

_SECONDS = 1.0


@dataclass(frozen=True)
class PartCost:
    """Costs of the answers over a part; `samples` 0 for one answer, else of its spread as well."""

    config: ModelConfig
    upscale: int
    bands: int
    degradation: Degradation
    extents: Extents
    execution: Amounts
    samples: int = 0

    @property
    def total(self) -> Cost:
        """Multiply-adds; the same weighted by time; bytes on the device at the peak."""
        answers = max(1, self.samples + 1 if self.samples else 1)
        first = self._evaluation(self.extents.evaluations)
        others = sum(self._evaluation(left) for left in range(1, self.extents.evaluations))
        decodings = 1 + (self.samples or int(self.extents.evaluations > 1))
        network = first + others * (self.samples or 1)
        rest = self._components() + decodings * self._decoding() + answers * self._consistency()
        rest += self._normalising()
        return Cost(network + rest, network + _PER_PIXEL_WEIGHT * rest, self._bytes())

    @property
    def _images(self) -> int:
        """Components that there are: no more than bands."""
        return min(self.config.components, self.bands)

    @cached_property
    def _groups(self) -> int:
        size, overlap = self.config.group_size, self.config.group_overlap
        return len(group_starts(max(self.bands, size), size, overlap))

    @property
    def _latents(self) -> int:
        """Of a spectrum."""
        return self._groups * self.config.latent_channels

    def _fine(self, window: Window) -> int:
        return area(window) * self.upscale**2

    def _evaluation(self, left: int) -> float:
        """Multiply-adds of the denoiser, for all components, when so many evaluations are left."""
        c, fine = self.config, self.config.denoiser_fine_width
        layers = layers_of(self.extents.seen(left), self.extents.seen(left - 1), c.denoiser_blocks)
        body = sum(2 * 9 * c.denoiser_width**2 * area(window) for window in layers.blocks[:-1])
        seen = self._fine(self.extents.seen(left)) * fine * (9 * 2 + c.denoiser_width)
        up = 9 * c.denoiser_width * fine * self._fine(layers.up)
        last = self._fine(layers.fine) * 9 * fine * (fine + 1)
        return float(self._images * (body + seen + up + last))

    def _coding(self) -> int:
        """Multiply-adds of encoder or decoder for one spectrum."""
        c = self.config
        group = (
            c.group_size * c.latent_channels
            + c.autoencoder_width * (c.group_size + c.latent_channels)
            + 2 * c.autoencoder_depth * c.autoencoder_width**2
        )
        return self._groups * group

    def _components(self) -> float:
        seen = self.extents.seen(self.extents.evaluations)
        analysis = self._images * self._groups * self.config.latent_channels
        each = self._coding() + analysis
        return float(each * self._fine(seen)) + self._interpolation(seen)

    def _decoding(self) -> float:
        piece = self.extents.piece
        c = self.config
        codings = 2 if self.execution.keeps_latents else 3
        each = codings * self._coding() + self._images * self._groups * c.latent_channels
        each += (
            2 * 2 * GLOBAL_TAPS * c.global_width * self.bands
            + 2 * self.config.subspace_rank * self.bands
        )
        return float(each * self._fine(piece)) + self._interpolation(piece)

    def _consistency(self) -> float:
        """D and up of every band, and of coarse images for every iteration after the first."""
        piece = self.extents.piece
        each = self.config.back_projections * self._down_and_up(piece, self.degradation)
        return self.bands * (each + 2 * self.bands * area(piece))

    def _normalising(self) -> float:
        if not self.extents.normalising_reach:
            return 0.0
        read, axes = self.extents.read, min(AXES, self.bands)
        trained = self.config.declared(self.upscale)
        each = DEGREE * self._down_and_up(read, self.degradation) + self._down_and_up(read, trained)
        return axes * (each + 2 * self.bands * area(read))

    def _down_and_up(self, window: Window, degradation: Degradation) -> float:
        """Multiply-adds of a degradation of one band and of the interpolation back."""
        down = len(degradation.terms) * self._product(window, degradation.reach)
        return down + self._product(window, UP_REACH)

    def _interpolation(self, window: Window) -> float:
        return self.bands * self._product(window, UP_REACH)

    def _product(self, window: Window, reach: int) -> float:
        """Multiply-adds of a banded product along rows, and of one along columns, of one band."""
        used = BLOCK_ROWS / self.upscale + 2 * reach
        return self._fine(window) * used * (1 + 1 / self.upscale)

    def _bytes(self) -> int:
        """Peak of what the stages hold, none of which is freed before the last."""
        e, c = self.extents, self.config
        seen, after = self._fine(e.seen(e.evaluations)), self._fine(e.seen(e.evaluations - 1))
        piece, part = self._fine(e.piece), self._fine(e.part)
        held = 2 * self.bands * area(e.read) + self._images * (seen + after)
        if e.normalising_reach:  # another copy of the input, and the axes at both resolutions
            held += (self.bands + 4 * AXES) * area(e.read)
        images = min(self.execution.images, self._images)
        network = images * (
            seen * (4 + 3 * c.denoiser_fine_width)
            + 4 * c.denoiser_width * area(e.seen(e.evaluations))
        )
        network += self._latents * piece if self.execution.keeps_latents else 0
        chains = 4 * self._images * after if e.evaluations > 1 else 0
        decoded = self.bands * (piece if piece == part else piece + part)  # made in place
        if e.evaluations > 1:
            kept = self._latents + c.subspace_rank
            decoded += self.bands * (piece + part + area(e.piece)) + kept * piece
        if self.samples:
            decoded += 4 * self.bands * part
        strips = self.execution.strip_bytes + 3 * self.execution.layer_bytes
        return 4 * (held + int(max(network + chains, decoded))) + strips


def measured_speed(
    resolver: PartResolver, bands: int, side: int, *, most: int | None = None
) -> float:
    """Return the work (`Cost.work`) that one device does in a second.

    Parameters
    ----------
    resolver
        On a single device, with no more to do for a tile than is to be measured.
    side
        Input pixels of the tile, enough to keep the device busy.
    most
        The tile is made larger, up to that, while it takes no more than a second: what small
        networks do with few pixels is waiting, and tells little of what they do with many.
    """
    run, seconds = _tried(resolver, bands, side)
    while most and side < most and seconds * _growth(resolver, bands, side) < _SECONDS:
        side *= 2
        run, seconds = _tried(resolver, bands, side)
    if seconds < 2 * _SECONDS:  # else the first call is as good as any
        seconds = _seconds(run)
    return _work(resolver, bands, side) / seconds


def _tried(resolver: PartResolver, bands: int, side: int) -> tuple[Callable[[], object], float]:
    """Return what makes a tile, and the seconds of its first call, when kernels are chosen."""
    cube = np.random.default_rng(0).random((bands, side, side), np.float32)
    resolve = resolver.fit(statistics_of(cube))
    started = time.perf_counter()
    resolve(cube, (0, 0))
    return partial(resolve, cube, (0, 0)), time.perf_counter() - started


def _growth(resolver: PartResolver, bands: int, side: int) -> float:
    """Return how much more work a tile of twice the side is."""
    return _work(resolver, bands, 2 * side) / _work(resolver, bands, side)


def _work(resolver: PartResolver, bands: int, side: int) -> float:
    return resolver.cost(bands, (side, side), (slice(0, side), slice(0, side))).work


def _seconds(work: Callable[[], object]) -> float:
    """Return how long some work takes, on average over a second or two runs."""
    started, runs = time.perf_counter(), 0
    while runs < 2 or time.perf_counter() - started < _SECONDS:
        work()
        runs += 1
    return (time.perf_counter() - started) / runs
