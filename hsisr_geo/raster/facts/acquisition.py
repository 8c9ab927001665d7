"""The time when a scene was taken, as far as the tags of its file tell."""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta, timezone
from typing import NamedTuple

from hsisr_geo.bands.metadata import Tags

# ISO 8601 as products write it, and TIFF's own spelling with colons in the date.
_MOMENT = re.compile(
    r"\s*(\d{4})[-:](\d\d)[-:](\d\d)"
    r"(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d+))?)?\s*(Z|UTC|[+-]\d\d:?\d\d)?)?\s*"
)
# Pairs of names, of the first moment and the last, in the order in which they are believed.
_SPANS = (
    ("time_coverage_start", "time_coverage_end"), ("acquisitiondatetime", ""),
    ("product_starttime", "product_stoptime"), ("acquisition_time", ""), ("acquired", ""),
    ("acquisition_date", ""), ("acquisition_datetime", ""), ("acquisitiontime", ""),
    ("acquisitiondate", ""), ("sensing_time", ""), ("datetime", ""), ("date_acquired", ""),
    ("timestamp_acquired", ""), ("isodate", ""),  # HYPSO, ACOLITE
    ("dimension_time", ""), ("dimension_t", ""), ("dimension_date", ""),  # of CF cubes, named by us
)  # fmt: skip


class Acquisition(NamedTuple):
    """The first and the last moment, in UTC; the same where only one is told.

    Attributes
    ----------
    told_by : the tag that says so
    """

    start: datetime
    end: datetime
    told_by: str

    def __str__(self) -> str:
        """Return the moment, or both with a slash between, as ISO 8601 does."""
        ends = dict.fromkeys(iso(moment) for moment in (self.start, self.end))
        return "/".join(ends)


def iso(moment: datetime) -> str:
    """Return a moment in UTC to the second: 2022-07-24T10:24:02Z."""
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


def acquired(tags: Tags) -> Acquisition | None:
    """Return when a scene was taken, None where no tag tells, or none that can be understood.

    A date alone stands for that whole day. What names no time zone is taken as UTC. The date of
    a TIFF is believed last: many a program writes there when it made the file.
    """
    for name, start, end in _candidates(tags):
        if "/" in start:  # ISO 8601 writes both ends so
            start, end = start.split("/", 1)
        first, last = _interval(start), _interval(end)
        if first and last:
            return Acquisition(first[0], last[1], name)
    return None


def _candidates(tags: Tags) -> Iterator[tuple[str, str, str]]:
    """Yield (tag, first moment, last moment) in the order in which they are believed."""
    plain, imagery = tags.get("", {}), tags.get("IMAGERY", {})
    yield _alone(imagery, "ACQUISITIONDATETIME")
    yield _alone(tags.get("ENVI", {}), "acquisition_time")
    items = plain_names(plain)
    for start, end in _SPANS:
        if start in items:
            name, text = items[start]
            yield name, text, items.get(end, ("", text))[1]
    yield _alone(plain, "TIFFTAG_DATETIME")


def _alone(items: Mapping[str, str], name: str) -> tuple[str, str, str]:
    return name, items.get(name, ""), items.get(name, "")


def plain_names(items: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Return (name, text) by a name in lower case, without a prefix such as NC_GLOBAL#.

    >>> plain_names({"NC_GLOBAL#Acquisition Date": "2020-01-01"})
    {'acquisition_date': ('Acquisition Date', '2020-01-01')}
    """
    bare = ((re.split(r"[#:]", name)[-1], text) for name, text in items.items())
    return {re.sub(r"[^a-z0-9]+", "_", name.lower()): (name, text) for name, text in bare}


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
        moment -= _offset(zone)
    except (ValueError, OverflowError):
        return None
    return moment, moment if hour else moment + timedelta(days=1, seconds=-1)


def _offset(zone: str | None) -> timedelta:
    if zone in (None, "Z", "UTC"):
        return timedelta()
    sign = -1 if zone[0] == "-" else 1
    return sign * timedelta(hours=int(zone[1:3]), minutes=int(zone[-2:]))
