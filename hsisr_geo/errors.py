"""The errors a caller can act on; each message names the file or band and says what to do."""

from collections.abc import Sequence


class HsisrError(Exception):
    """Base of every error that this package raises on purpose."""


class RasterError(HsisrError):
    """An input raster is missing, unreadable or of a kind that cannot be processed."""


class ModelError(HsisrError):
    """A model is unknown, corrupt or does not fit the raster."""


class OutputError(HsisrError):
    """The output cannot be written where or as it was asked for."""


class OptionError(HsisrError):
    """An option has a value outside its range."""


class WorkerError(HsisrError):
    """Worker processes cannot be reached, die, or do not see what they need."""


class Canceled(HsisrError):
    """The run was stopped on request; nothing was left behind."""


class AdaptationRefused(HsisrError):
    """Adapting to a scene did not make the model better there; the model is used as it is."""


class BatchFailed(HsisrError):
    """Some scenes of a batch failed; those that are done stay."""


class BenchmarkFailed(HsisrError):
    """Some jobs of a comparison failed; those that are done stay."""


class InstallationBroken(HsisrError):
    """Something that runs need does not work in this installation."""


_LONGEST = 300  # characters of a library's own words


def one_line(error: object) -> str:
    """Return what a library said as one line: a file's own text may stand in it, at any length."""
    text = " ".join(str(error).split())
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} …"


def some_of(names: Sequence[str], most: int) -> str:
    """Return names for a sentence, the first of many.

    >>> some_of(["a", "b", "c"], 2)
    'a, b and 1 more'
    """
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
