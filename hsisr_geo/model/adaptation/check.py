"""The worth of adapted weights after some steps, and whether that is enough."""

from dataclasses import dataclass

from hsisr_geo.model.adaptation.data import SceneLesson
from hsisr_geo.model.adaptation.trial import HeldOutGain
from hsisr_geo.model.network import Network
from hsisr_geo.resolver.config import ModelConfig

MARGIN_DB = 0.05
"""Least gain on the block: less is not worth a model of its own."""
STANDARD_ERRORS = 2.0


@dataclass(frozen=True)
class BlockCheck:
    """Averaged weights after some steps.

    over_bicubic, over_start: on the held-out block; coarser: over the starting weights, on the
    degraded scene degraded once more, None where that is too small.
    """

    step: int
    over_bicubic: HeldOutGain
    over_start: HeldOutGain
    coarser: HeldOutGain | None

    @property
    def needed_db(self) -> float:
        """Gain on the block that is worth a model of its own, and more than chance."""
        return max(MARGIN_DB, STANDARD_ERRORS * self.over_start.error_db)

    @property
    def fault(self) -> str:
        """What the weights are refused for: "chance", "angle" or "scale"; "" for nothing.

        On the held-out block they have to gain 0.05 dB and two standard errors over the starting
        weights, without a larger spectral angle. And as they are learned at one scale to be used at
        a finer one, they must not lose at yet another, a coarser one: on scenes with a known truth,
        gains on the block alone often were losses at the finer scale (docs/adapt.md).
        """
        if self.over_start.psnr_db < self.needed_db:
            return "chance"
        if self.over_start.sam_ratio > 1:
            return "angle"
        if self.coarser is not None and self.coarser.psnr_db < 0:
            return "scale"
        return ""

    @property
    def rank(self) -> tuple[bool, float]:
        """Order of preference: acceptable ones first, then by the criterion of training."""
        return self.fault == "", self.over_bicubic.criterion

    def refusal(self) -> str:
        """Tell the fault in words, "" where there is none."""
        gains = f"on the held-out block it gains {self.over_start.psnr_db:+.3f} dB"
        coarser = 0.0 if self.coarser is None else self.coarser.psnr_db
        reasons = {
            "chance": f"{gains}, where {self.needed_db:.3f} dB would be more than chance",
            "angle": f"{gains}, but its spectral angle grows {self.over_start.sam_ratio:.3f}-fold",
            "scale": (
                f"{gains}, but one scale coarser it loses {-coarser:.3f} dB: what it learned does "
                "not hold at other scales"
            ),
        }
        return reasons.get(self.fault, "")

    def line(self) -> str:
        """Return the check for a log."""
        over, gain = self.over_bicubic, self.over_start
        coarser = "" if self.coarser is None else f"; one scale coarser {self.coarser.psnr_db:+.3f}"
        return (
            f"step {self.step}  held-out block: PSNR {over.psnr_db:+.3f} dB over bicubic, SAM x "
            f"{over.sam_ratio:.3f}; over the start {gain.psnr_db:+.3f} ± {gain.error_db:.3f} dB, x "
            f"{gain.sam_ratio:.3f}{coarser}"
        )

    def scores(self) -> dict[str, object]:
        """Return the scores on the block before and after, against bicubic, for a card."""
        after, gain = self.over_bicubic, self.over_start
        return {
            "before": {
                "psnr_over_bicubic_db": round(after.psnr_db - gain.psnr_db, 3),
                "sam_ratio": round(after.sam_ratio / gain.sam_ratio, 4),
            },
            "after": {
                "psnr_over_bicubic_db": round(after.psnr_db, 3),
                "sam_ratio": round(after.sam_ratio, 4),
            },
            "gain_db": round(gain.psnr_db, 3),
            "standard_error_db": round(gain.error_db, 3),
            "coarser_gain_db": None if self.coarser is None else round(self.coarser.psnr_db, 3),
        }


class Judge:
    """Scores a network's weights of the moment against those it had when the judge was made."""

    def __init__(self, network: Network, config: ModelConfig, lesson: SceneLesson) -> None:
        self._network, self._config = network, config
        self._block, self._coarser = lesson.block, lesson.coarser
        self._bicubic = lesson.block.bicubic()
        self._start = lesson.block.errors(network, config)
        self._coarser_start = lesson.coarser.errors(network, config) if lesson.coarser else None

    def check(self, step: int) -> BlockCheck:
        """Score the weights that the network has now."""
        block = self._block.errors(self._network, self._config)
        coarser = None
        if self._coarser and self._coarser_start:
            errors = self._coarser.errors(self._network, self._config)
            coarser = errors.gain_over(self._coarser_start)
        return BlockCheck(
            step, block.gain_over(self._bicubic), block.gain_over(self._start), coarser
        )
