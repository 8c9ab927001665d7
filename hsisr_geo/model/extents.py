"""`Extents`: which part of a window each stage has to make, so that none makes more.

A stage's context is what the stages after it read: the last one, back-projection, needs the most
around it before it, and the interpolation at the start covers the most. At a scene's edge nothing
lies beyond, so no extent does.
"""

from dataclasses import dataclass
from functools import cached_property

from hsisr_geo.cube.degradation import Degradation
from hsisr_geo.cube.windows import Window, inside, widened
from hsisr_geo.model.axes.normalise import normalising_reach
from hsisr_geo.model.reach import UP_REACH, network_reach, reach
from hsisr_geo.resolver.config import ModelConfig


@dataclass(frozen=True)
class Extents:
    """Windows in input pixels, counted from the first pixel of what is there.

    Attributes
    ----------
    shape
        (rows, cols) of what is there: a tile with its context, or a whole scene.
    part
        What is wanted.
    evaluations
        How often the network is run, one answer feeding the next.
    network_reach, back_projections_reach, normalising_reach
        Input pixels that one evaluation, all back-projections, and the normalising of the input
        read around what they make.
    """

    shape: tuple[int, int]
    part: Window
    evaluations: int
    network_reach: int
    back_projections_reach: int
    normalising_reach: int

    @classmethod
    def of(
        cls,
        shape: tuple[int, int],
        part: Window | None,
        config: ModelConfig,
        degradation: Degradation,
        *,
        evaluations: int = 1,
    ) -> "Extents":
        """Lay out the stages of a model; `part` None is all that is there."""
        return cls(
            shape,
            (slice(0, shape[0]), slice(0, shape[1])) if part is None else part,
            evaluations,
            network_reach(config.denoiser_blocks),
            config.back_projections * reach(degradation),
            normalising_reach(degradation, config),
        )

    @property
    def context(self) -> int:
        """Input pixels around a part on which it depends."""
        return (
            UP_REACH
            + self.evaluations * self.network_reach
            + self.back_projections_reach
            + self.normalising_reach
        )

    @cached_property
    def piece(self) -> Window:
        """What is decoded: the part, and what back-projection reads around it."""
        return self._around(self.part, self.back_projections_reach)

    def seen(self, evaluations: int) -> Window:
        """Return what the network reads when so many evaluations are still to come."""
        return self._around(self.piece, evaluations * self.network_reach)

    @cached_property
    def read(self) -> Window:
        """What is interpolated first, with what interpolation and normalising read around it."""
        return self._around(self.seen(self.evaluations), UP_REACH + self.normalising_reach)

    def of_what_is_read(self) -> "Extents":
        """Return the same extents, counted from the first pixel that is read."""
        rows, cols = self.read
        shape = rows.stop - rows.start, cols.stop - cols.start
        return Extents(
            shape,
            inside(self.part, self.read),
            self.evaluations,
            self.network_reach,
            self.back_projections_reach,
            self.normalising_reach,
        )

    def _around(self, window: Window, by: int) -> Window:
        rows, cols = self.shape
        return widened(window, by, (slice(0, rows), slice(0, cols)))
