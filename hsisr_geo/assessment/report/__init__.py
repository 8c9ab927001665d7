"""An assessment as a folder for people and machines: `index.html` and `report.json`."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hsisr_geo.assessment.report.folder import check_report_folder, write_report

__all__ = ["check_report_folder", "write_report"]


def __getattr__(name: str) -> Any:
    """Import what draws when it is asked for: words and verdicts need no matplotlib."""
    if name in __all__:
        from hsisr_geo.assessment.report import folder

        return getattr(folder, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
