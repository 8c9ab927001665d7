"""What of a scene is taken, as the fields of a dialog say it: bands, holes, geometry."""

from __future__ import annotations

from qgis.core import QgsProcessingException

from ..engine.command import Selection, in_range, with_water_vapour
from ..i18n import tr
from .parameters import OVERLAPS


def selection_of(algorithm, parameters, context) -> Selection:
    """Return which bands count, and how they lie; a field that a dialog has not is empty."""
    exclude = algorithm.parameterAsString(parameters, "EXCLUDE", context).strip()
    if algorithm.parameterAsBoolean(parameters, "WATER_VAPOUR", context):
        exclude = with_water_vapour(exclude)
    overlap = algorithm.parameterAsEnumString(parameters, "OVERLAP", context)
    return Selection(
        _bands(algorithm, parameters, context),
        exclude,
        algorithm.parameterAsBoolean(parameters, "ORTHORECTIFY", context),
        algorithm.decimal(parameters, "NODATA", context),
        algorithm.parameterAsBoolean(parameters, "MASK_CLOUDS", context),
        algorithm.parameterAsBoolean(parameters, "DROP_BAD", context),
        "" if overlap == OVERLAPS[0] else overlap,
    )


def _bands(algorithm, parameters, context) -> str:
    """Return the bands that were chosen, by number or by a range of wavelengths."""
    bands = algorithm.parameterAsString(parameters, "BANDS", context).strip()
    limits = [algorithm.decimal(parameters, name, context) for name in ("FROM_NM", "TO_NM")]
    if limits == [None, None]:
        return bands
    if bands:
        raise QgsProcessingException(tr("Give BANDS or a range of wavelengths, not both."))
    if None not in limits and limits[0] > limits[1]:
        raise QgsProcessingException(tr("FROM_NM is larger than TO_NM: exchange them."))
    return in_range(*limits)
