"""Rules of how often, and what counts by them: in memory beside us, or in `sanderling.redis`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class WhenAway(StrEnum):
    """What a rule does while the place where all processes count together is away.

    `SHARE_THEN_OPEN`: each process counts for itself and admits its share, the limit by the number
    of live processes; a request is admitted uncounted once a process can hold no more keys.
    `STRICT`: the same, but never uncounted; and what was admitted before counts in the share.
    """

    SHARE_THEN_OPEN = "share_then_open"
    STRICT = "strict"


class Scope(StrEnum):
    """Who counted a request together.

    `PROCESS`: this process alone, which is all there is; `INSTANCE`: every process of the
    instance; `SHARE`: this process alone with its share, because the others cannot be reached;
    `OPEN`: nobody.
    """

    PROCESS = "process"
    INSTANCE = "instance"
    SHARE = "share"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rate limit: at most `burst` at once, refilled over `period_us` microseconds.

    `name` is what people see, for example `function-executions`; `key` tells apart who is counted.
    Rules that are asked together share their `tag`, so that one place can count them all.
    `ahead_us` is how far ahead it may be booked by whoever is willing to wait.
    """

    name: str
    key: str
    burst: int
    period_us: int
    tag: str = ""
    ahead_us: int = 0
    when_away: WhenAway = WhenAway.SHARE_THEN_OPEN


@dataclass(frozen=True, slots=True)
class RuleState:
    """How a rule stands after a decision: what is left, and when it is whole again."""

    rule: Rule
    remaining: int
    resets_in_s: float


@dataclass(frozen=True, slots=True)
class Admission:
    """All rules admitted, or nothing was counted.

    `refused_by` is the rule that makes the caller wait longest and `retry_after_s` that wait.
    Who is admitted begins after `wait_s` seconds: 0 unless it was booked ahead.
    """

    is_admitted: bool
    states: tuple[RuleState, ...]
    refused_by: Rule | None = None
    retry_after_s: float = 0.0
    wait_s: float = 0.0
    scope: Scope = Scope.PROCESS


@dataclass(frozen=True, slots=True)
class LimiterStatistics:
    """How many decisions were made in which scope, and whether the shared place is away."""

    decisions: Mapping[Scope, int]
    is_away: bool = False


class Limiter(Protocol):
    """Count against several rules at once, all or nothing.

    The in-process limiter cannot be away. One behind a network answers within a stated time
    whatever happens there, and then does what each rule's `when_away` says.
    """

    async def acquire(
        self, rules: Sequence[Rule], *, cost: int = 1, patience_us: int = 0
    ) -> Admission:
        """Take `cost` from every rule, or from none; the keys of the rules differ.

        A cost above a rule's burst is never admitted. With `patience_us`, and as far as every
        rule's `ahead_us` allows, a caller who came too early is booked ahead, and told how
        long to wait; bookings are in the order in which they were asked for. What was booked is
        used up, also if nobody comes.
        """
        ...

    def statistics(self) -> LimiterStatistics:
        """Return what was decided since the start."""
        ...
