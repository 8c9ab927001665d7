"""What `run --dry-run` says: output, tiles, memory and time of a run that is not made."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hsisr_geo.engine.outlook.plan import RunPlan


def plan_text(plan: "RunPlan") -> str:
    """Return a plan for a person."""
    from hsisr_geo.engine.outlook.forecast import bytes_text, time_text

    made = (
        f"standard deviation of {plan.samples} samples" if plan.samples else "predicted deviation"
    )
    beside = (
        f"and the {made} to {plan.uncertainty}, {bytes_text(plan.uncertainty_size)}\n"
        if plan.uncertainty
        else ""
    )
    on_device = f", {bytes_text(plan.device_memory)} of the GPU's" if plan.device_memory else ""
    return (
        f"would write {plan.path}: {plan.cols} x {plan.rows} pixels, {plan.bands} bands, "
        f"{plan.dtype}, {bytes_text(plan.size)} before compression\n{beside}"
        f"and meanwhile {bytes_text(plan.scratch)} beside it on the disk\n"
        f"with {plan.model} in tiles of up to {plan.tile} pixels, {plan.tiles} in all, about "
        f"{time_text(plan.seconds)} and {bytes_text(plan.memory)} of memory{on_device}"
    )
