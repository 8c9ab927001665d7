"""What `run --dry-run` says: output, tiles, memory and time of a run that is not made."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hsisr_geo.engine.request import RunPlan


def plan_text(plan: "RunPlan") -> str:
    """Return a plan for a person."""
    beside = (
        f"and the standard deviation of {plan.samples} samples to {plan.uncertainty}, "
        f"{_bytes_text(plan.uncertainty_size)}\n"
        if plan.uncertainty
        else ""
    )
    on_device = f", {_bytes_text(plan.device_memory)} of the GPU's" if plan.device_memory else ""
    return (
        f"would write {plan.path}: {plan.cols} x {plan.rows} pixels, {plan.bands} bands, "
        f"{plan.dtype}, {_bytes_text(plan.size)} before compression\n{beside}"
        f"and meanwhile {_bytes_text(plan.scratch)} beside it on the disk\n"
        f"with {plan.model} in tiles of up to {plan.tile} pixels, {plan.tiles} in all, about "
        f"{_time_text(plan.seconds)} and {_bytes_text(plan.memory)} of memory{on_device}"
    )


def _time_text(seconds: float) -> str:
    if seconds < 100:
        return f"{max(1, round(seconds))} s"
    if seconds < 100 * 60:
        return f"{round(seconds / 60)} min"
    return f"{seconds / 3600:.1f} h"


def _bytes_text(size: int) -> str:
    value, units = float(size), iter(("B", "kB", "MB", "GB", "TB"))
    unit = next(units)
    while value >= 1000 and unit != "TB":
        value, unit = value / 1000, next(units)
    return f"{value:.3g} {unit}"
