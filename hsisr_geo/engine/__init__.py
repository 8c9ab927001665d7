"""One run: request -> assignment -> tasks, here or on a cluster -> outputs."""

from hsisr_geo.engine.assignment import Assignment
from hsisr_geo.engine.pipeline import RunReport
from hsisr_geo.engine.request import Request
from hsisr_geo.engine.tasks import Work

__all__ = ["Assignment", "Request", "RunReport", "Work"]
