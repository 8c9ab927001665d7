"""`Finding`: what a look at the installation found, in plain words, with what to do about it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Status = Literal["ok", "note", "missing", "broken"]


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes
    ----------
    topic : a few words
    status : "note" is worth knowing, "missing" is something that can be done without, "broken"
        keeps some or all runs from working
    text, advice : what was found; what to do where it is not ok
    details : for a machine
    """

    topic: str
    status: Status
    text: str
    advice: str = ""
    details: Mapping[str, Any] = field(default_factory=dict, hash=False)
