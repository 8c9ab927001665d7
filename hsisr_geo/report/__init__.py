"""An assessment as a folder for people and machines: `index.html` and `report.json`."""

from hsisr_geo.report.folder import check_report_folder, write_report

__all__ = ["check_report_folder", "write_report"]
