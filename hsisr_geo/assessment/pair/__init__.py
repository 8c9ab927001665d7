"""Two sensors' rasters of the same ground, and what super-resolving the coarse one gains."""

from hsisr_geo.assessment.pair.pair import PairFit, PairGain, SensorPair

__all__ = ["PairFit", "PairGain", "SensorPair"]
