"""Tries what settings lead to: does the mail server take us, does Redis answer.

The rooms that use a service bring its trial; wiring names those that there are.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from config.errors import TrialUnavailable, TrialUnknown
from config.variables import Settings
from sanderling.kernel.clock import Clock
from sanderling.kernel.errors import Failure


class TrialName(StrEnum):
    """What can be tried, once the part that uses it is there."""

    SMTP = "smtp"
    S3 = "s3"
    REDIS = "redis"
    LAMBDA = "lambda"
    GOOGLE_DISCOVERY = "google-discovery"
    MICROSOFT_DISCOVERY = "microsoft-discovery"


TRIAL_MEANINGS: Mapping[TrialName, str] = {
    TrialName.SMTP: "Sign in to the mail server.",
    TrialName.S3: "Write, read and delete an object in the bucket.",
    TrialName.REDIS: "Ask Redis for a sign of life.",
    TrialName.LAMBDA: "Ask AWS who we are and whether we may run functions.",
    TrialName.GOOGLE_DISCOVERY: "Read how Google wants people to sign in.",
    TrialName.MICROSOFT_DISCOVERY: "Read how Microsoft wants people to sign in.",
}

Trial = Callable[[Settings], Awaitable[str]]
"""Tries something and returns what was found in one sentence, or raises a `Failure`."""


@dataclass(frozen=True, slots=True)
class TrialResult:
    """How a trial went; `detail` is one sentence, free of secrets."""

    name: TrialName
    is_ok: bool
    detail: str
    duration_s: float


class Trials:
    """The trials that this release can run."""

    def __init__(self, runs: Mapping[TrialName, Trial], clock: Clock) -> None:
        """Know these; the others are told as not available."""
        self._runs = dict(runs)
        self._clock = clock

    def is_available(self, name: TrialName) -> bool:
        """Claim that this one can be run."""
        return name in self._runs

    async def run(self, name: str, settings: Settings) -> TrialResult:
        """Return how the trial went; what is tried and fails is a result, no refusal.

        Raises:
            TrialUnknown: there is no such trial.
            TrialUnavailable: the part that it would try is not in this release.

        """
        if name not in set(TrialName):
            raise TrialUnknown(name=name)
        known = TrialName(name)
        if known not in self._runs:
            raise TrialUnavailable(name=known)
        began_ns = self._clock.monotonic_ns()
        try:
            is_ok, detail = True, await self._runs[known](settings)
        except Failure as failure:
            is_ok, detail = False, failure.detail
        duration_s = (self._clock.monotonic_ns() - began_ns) / 1e9
        return TrialResult(known, is_ok, detail, duration_s)
