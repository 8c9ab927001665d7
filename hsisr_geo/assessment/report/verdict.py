"""The figures in plain words: which method wins, on which metric, in which bands, by how much."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hsisr_geo.assessment.assess import Assessment
from hsisr_geo.assessment.confidence import LEVEL, Confidence, bounds
from hsisr_geo.assessment.report.words import band_list, counted, joined
from hsisr_geo.assessment.trial import Trial
from hsisr_geo.metrics import Scores


@dataclass(frozen=True)
class Metric:
    """A metric that counts.

    Attributes
    ----------
    field
        In `Scores`.
    larger_is_better
    margin
        Differences below are a tie; `relative` ones are shares of the baseline's value.
    """

    name: str
    field: str
    larger_is_better: bool
    margin: float
    relative: bool = False

    def of(self, scores: Scores) -> float:
        """Return the value; NaN where it is not defined."""
        return float(getattr(scores, self.field))

    def gain(self, ours: Scores, theirs: Scores) -> float:
        """Return by how much ours is better, 0 for a tie, NaN where either is undefined."""
        a, b = self.of(ours), self.of(theirs)
        if a == b:
            return 0.0  # infinite ones too
        gain = a - b if self.larger_is_better else b - a
        margin = self.margin * (abs(b) if self.relative else 1.0)
        return 0.0 if abs(gain) <= margin else gain


METRICS = (
    Metric("PSNR", "mpsnr", True, 0.05),
    Metric("SSIM", "mssim", True, 0.001),
    Metric("spectral angle", "sam_deg", False, 0.01, relative=True),
    Metric("ERGAS", "ergas", False, 0.01, relative=True),
    Metric("correlation", "cc", True, 0.0005),
)
BAND_MARGIN_DB = 0.05


@dataclass(frozen=True)
class Duel:
    """The assessed method against one other.

    Attributes
    ----------
    better, worse, tied
        Names of the metrics.
    psnr_gain_db
        NaN where it is not defined.
    angle_ratio
        Spectral angle over the other's; None for a single band.
    bands_better, bands_worse
        Indices of the bands of the scene where the PSNR differs by more than 0.05 dB.
    largest_loss_db
        In the band where the other is most ahead; 0 where it never is.
    confidence
        Bounds of gain and ratio; None where the scene has too few blocks.
    """

    other: str
    better: tuple[str, ...]
    worse: tuple[str, ...]
    tied: tuple[str, ...]
    psnr_gain_db: float
    angle_ratio: float | None
    bands_better: tuple[int, ...]
    bands_worse: tuple[int, ...]
    largest_loss_db: float
    confidence: Confidence | None


@dataclass(frozen=True)
class Verdict:
    """What follows for the user.

    Attributes
    ----------
    kind
        "better": ahead of every baseline in some metric, behind in none. "worse": the reverse for
        some baseline. "mixed": neither. "tie": no difference worth the name.
    winner
        The method to use; None for "mixed".
    """

    kind: str
    winner: str | None
    headline: str
    statements: tuple[str, ...]
    duels: tuple[Duel, ...]


def judge(found: Assessment) -> Verdict:
    """Compare the assessed method, the last of the trials, with every other."""
    *others, ours = found.trials
    single = len(found.truth.bands) == 1
    metrics = [m for m in METRICS if not (single and m.field == "sam_deg")]
    duels = tuple(_duel(ours, other, metrics, found.truth.bands) for other in others)
    kind, winner = _outcome(ours.name, duels)
    return Verdict(
        kind=kind,
        winner=winner,
        headline=_headline(kind, winner, ours.name, duels),
        statements=tuple(_statements(found, duels)),
        duels=duels,
    )


def _duel(ours: Trial, other: Trial, metrics: Sequence[Metric], bands: Sequence[int]) -> Duel:
    gains = {m.name: m.gain(ours.scores, other.scores) for m in metrics}
    by_band = [
        0.0 if a == b else a - b for a, b in zip(ours.scores.psnr, other.scores.psnr, strict=True)
    ]
    a, b = ours.scores.sam_deg, other.scores.sam_deg
    return Duel(
        other=other.name,
        better=tuple(name for name, gain in gains.items() if gain > 0),
        worse=tuple(name for name, gain in gains.items() if gain < 0),
        tied=tuple(name for name, gain in gains.items() if gain == 0),
        psnr_gain_db=ours.scores.mpsnr - other.scores.mpsnr,
        angle_ratio=None if len(bands) == 1 or not b > 0 else a / b,
        bands_better=_bands(bands, [gain > BAND_MARGIN_DB for gain in by_band]),
        bands_worse=_bands(bands, [gain < -BAND_MARGIN_DB for gain in by_band]),
        largest_loss_db=max(0.0, -float(np.nanmin(by_band))),
        confidence=bounds(ours.blocks, other.blocks),
    )


def _bands(bands: Sequence[int], chosen: Sequence[bool]) -> tuple[int, ...]:
    return tuple(band for band, use in zip(bands, chosen, strict=True) if use)


def _outcome(name: str, duels: Sequence[Duel]) -> tuple[str, str | None]:
    """Return the kind of verdict, and the winner."""
    ahead = [d for d in duels if d.worse and not d.better]
    if ahead:
        return "worse", max(ahead, key=lambda d: (len(d.worse), -d.psnr_gain_db)).other
    if any(d.worse for d in duels):
        return "mixed", None
    if all(d.better for d in duels):
        return "better", name
    return "tie", next(d.other for d in duels if not d.better)


def _headline(kind: str, winner: str | None, name: str, duels: Sequence[Duel]) -> str:
    if kind == "better":
        return f"{name} wins: better than every other method here, and worse in no metric."
    if kind == "tie":
        return f"A tie: {winner}, which is simpler, does as well as {name} here."
    if kind == "worse":
        duel = next(d for d in duels if d.other == winner)
        return (
            f"{winner} wins: it is better than {name} in {joined(duel.worse)}, and worse in "
            f"nothing. Use {winner} for this scene."
        )
    lost = sorted({metric for d in duels for metric in d.worse})
    ahead = [d.other for d in duels if d.worse]
    return (
        f"Mixed: {name} is not the best in everything; {joined(ahead)} "
        f"{'is' if len(ahead) == 1 else 'are'} better in {joined(lost)}."
    )


def _statements(found: Assessment, duels: Sequence[Duel]) -> list[str]:
    name = found.trials[-1].name
    said = [
        _of_duel(name, duel, found)
        for duel in duels
        if duel.other in ("bicubic", "back-projection") or duel.worse
    ]
    return [*said, *_of_checks(found)]


def _of_duel(name: str, duel: Duel, found: Assessment) -> str:
    """Say how the method did against one other."""
    total = len(found.truth.bands)
    figures = _figures(duel)
    text = f"Against {duel.other}: {', '.join(figures) or 'no figure is defined'}. "
    if duel.worse:
        text += f"{duel.other} is better in {joined(duel.worse)}"
        text += f", {name} in {joined(duel.better)}. " if duel.better else ". "
    elif duel.better:
        text += f"{name} is better in {joined(duel.better)}"
        text += f", equal in {joined(duel.tied)}. " if duel.tied else ". "
    else:
        text += "No metric tells them apart. "
    if total == 1:
        return text.rstrip()
    if not duel.bands_worse:
        return text + f"In none of {total} bands does {duel.other} have the higher PSNR."
    places = band_list(found.source.bands, duel.bands_worse)
    return text + (
        f"{duel.other} has the higher PSNR in {len(duel.bands_worse)} of "
        f"{counted(total, 'band')} (by {duel.largest_loss_db:.2f} dB at most): {places}."
    )


def _figures(duel: Duel) -> list[str]:
    """Write gain and angle with their bounds, which are told where there are blocks enough."""
    level, sure = f"{100 * LEVEL:.0f} %", duel.confidence
    figures = []
    if np.isfinite(duel.psnr_gain_db):
        gain = f"{duel.psnr_gain_db:+.2f} dB PSNR"
        if sure and sure.psnr_gain_db:
            gain += f" ({level}: {sure.psnr_gain_db[0]:+.2f} to {sure.psnr_gain_db[1]:+.2f})"
        figures.append(gain)
    if duel.angle_ratio is not None:
        angle = f"spectral angle {_change(duel.angle_ratio)}"
        if sure and sure.angle_ratio:
            angle += f" ({_change(sure.angle_ratio[0])} to {_change(sure.angle_ratio[1])})"
        figures.append(angle)
    return figures


def _change(ratio: float) -> str:
    """Write a ratio as a change, e.g. 0.83 as −17 %."""
    return f"{100 * (ratio - 1):+.1f} %".replace("-", "−")


def _of_checks(found: Assessment) -> list[str]:
    """Say what the run at the scene's own resolution shows."""
    check = found.checks[-1]
    said = []
    if check.consistency_relative is not None:
        left = f"{100 * check.consistency_relative:.1f} %"
        said.append(
            f"At ×{found.resolver.upscale} of the scene itself, where there is no truth: degraded "
            f"again, {check.name} differs from the scene by {left} of a band's standard deviation."
        )
    plain = next(c for c in found.checks if c.name == "bicubic").seams
    if check.seams and plain and check.seams.visible_beside(plain):
        said.append(
            f"Seams: steps across the borders of tiles are {check.seams.index:.2f} × those beside "
            "them, more than the ground makes. Look for lines, and choose a larger --tile."
        )
    return said
