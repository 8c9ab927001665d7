"""How good a result is, with a truth and without."""

from hsisr_geo.assessment.assess import assess

__all__ = ["assess"]
