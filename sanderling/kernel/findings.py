"""What somebody who looked at something found, and what to do about it."""

from dataclasses import dataclass
from enum import StrEnum

from sanderling.kernel.jsontext import JSON


class Standing(StrEnum):
    """How one thing stands; `info` is told and neither good nor bad."""

    OK = "ok"
    INFO = "info"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    `detail` is for people and `value` for machines. `advice` says what to do, where something is
    to be done.
    """

    topic: str
    name: str
    standing: Standing
    detail: str
    advice: str = ""
    value: JSON = None
