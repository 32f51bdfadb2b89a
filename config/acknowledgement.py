"""What each process says about the newest revision that it has seen."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class AcknowledgementState(StrEnum):
    """What a process did with a revision."""

    APPLIED = "applied"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class ProcessLabel:
    """Tells processes apart: `id` is unique for each start, `kind` is for example `serve`."""

    id: str
    kind: str
    host: str


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """A process has judged `revision`; what it runs by is `in_force`.

    The two differ when the revision was refused: then the last good one stays in force. `why`
    says in sentences, free of secrets, why it was refused, or what waits for a restart.
    """

    process: ProcessLabel
    revision: int
    state: AcknowledgementState
    in_force: int
    why: str = ""


@dataclass(frozen=True, slots=True)
class SeenAcknowledgement:
    """An acknowledgement as it is kept: when it was last written, and how long ago that is."""

    acknowledgement: Acknowledgement
    seen_at: datetime
    age_s: float
