"""When a scene was taken, as far as the tags of its file tell."""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta, timezone
from typing import NamedTuple

from hsisr_geo.bands.metadata import Tags

# ISO 8601 as products write it, and TIFF's own spelling with colons in the date.
_MOMENT = re.compile(
    r"\s*(\d{4})[-:](\d\d)[-:](\d\d)"
    r"(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d+))?)?\s*(Z|[+-]\d\d:?\d\d)?)?\s*"
)


class Acquisition(NamedTuple):
    """The first and the last moment, in UTC; the same where only one is told.

    Attributes
    ----------
    told_by : the tag that says so
    """

    start: datetime
    end: datetime
    told_by: str


def acquired(tags: Tags) -> Acquisition | None:
    """Return when a scene was taken, None where no tag tells, or none that can be understood.

    A date alone stands for that whole day. What names no time zone is taken as UTC. The date of
    a TIFF is believed last: many a program writes there when it made the file.
    """
    for name, start, end in _candidates(tags):
        first, last = _interval(start), _interval(end)
        if first and last:
            return Acquisition(first[0], last[1], name)
    return None


def _candidates(tags: Tags) -> Iterator[tuple[str, str, str]]:
    """Yield (tag, first moment, last moment) in the order in which they are believed."""
    plain, imagery = tags.get("", {}), tags.get("IMAGERY", {})
    yield _alone(imagery, "ACQUISITIONDATETIME")
    yield _alone(tags.get("ENVI", {}), "acquisition_time")
    begin, end = _ending(plain, "time_coverage_start"), _ending(plain, "time_coverage_end")
    yield "time_coverage_start", begin, end or begin
    moment = _ending(plain, "ACQUISITIONDATETIME")
    yield "ACQUISITIONDATETIME", moment, moment
    yield _alone(plain, "TIFFTAG_DATETIME")


def _alone(items: Mapping[str, str], name: str) -> tuple[str, str, str]:
    return name, items.get(name, ""), items.get(name, "")


def _ending(items: Mapping[str, str], name: str) -> str:
    """Return the item of that name, with a prefix such as NC_GLOBAL# or IMAGERY: or without."""
    return next((text for key, text in items.items() if key.endswith(name)), "")


def _interval(text: str) -> tuple[datetime, datetime] | None:
    """Return the first and the last moment that a text can mean."""
    found = _MOMENT.fullmatch(text.strip("{} "))
    if found is None:
        return None
    year, month, day, hour, minute, second, fraction, zone = found.groups()
    try:
        moment = datetime(
            int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0),
            int((fraction or "0")[:6].ljust(6, "0")), tzinfo=timezone.utc,
        )  # fmt: skip
    except ValueError:
        return None
    moment -= _offset(zone)
    return moment, moment if hour else moment + timedelta(days=1, seconds=-1)


def _offset(zone: str | None) -> timedelta:
    if zone in (None, "Z"):
        return timedelta()
    sign = -1 if zone[0] == "-" else 1
    return sign * timedelta(hours=int(zone[1:3]), minutes=int(zone[-2:]))
