"""Many scenes, one after another or several at a time; one that fails need not stop the rest."""

from hsisr_geo.batch.difference import difference
from hsisr_geo.batch.jobs import Job, plan_jobs
from hsisr_geo.batch.run import Outcome, Skipped, run_batch
from hsisr_geo.batch.total import Total

__all__ = ["Job", "Outcome", "Skipped", "Total", "difference", "plan_jobs", "run_batch"]
