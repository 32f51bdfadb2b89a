"""Exit codes: one for each outcome, and one each for refusals and faults."""

from collections.abc import Mapping
from enum import IntEnum

from drivers.port import OutcomeKind
from sanderling.kernel.errors import Failure, Fault


class Exit(IntEnum):
    """What the command ended with, where no guest was called."""

    OK = 0
    NOT_PROVEN = 1
    USAGE = 2
    REFUSED = 30
    RATE_LIMITED = 31
    FAULT = 40
    INTERRUPTED = 130
    UNREAD = 141


EXIT_MEANINGS: Mapping[Exit, str] = {
    Exit.OK: "Done; a called function returned its result.",
    Exit.NOT_PROVEN: "`doctor`, `health`, `demo`, `config check`, `executions wait`, `sandbox "
    "check` or `secrets rewrap` found something that is not as it must be.",
    Exit.USAGE: "The words of the command are wrong, or a file it names cannot be read.",
    Exit.REFUSED: "The request was understood and is not carried out; the message says why.",
    Exit.RATE_LIMITED: "Too many requests; the message says when to try again.",
    Exit.FAULT: "Something of ours, or behind it, broke: the database, the driver, the server.",
    Exit.INTERRUPTED: "Stopped from the keyboard.",
    Exit.UNREAD: "Whoever read the output went away.",
}

OUTCOME_EXITS: Mapping[OutcomeKind, int] = {
    OutcomeKind.OK: 0,
    OutcomeKind.USER_ERROR: 10,
    OutcomeKind.TIMEOUT: 11,
    OutcomeKind.OUT_OF_MEMORY: 12,
    OutcomeKind.CRASHED: 13,
    OutcomeKind.BAD_CODE: 14,
    OutcomeKind.BAD_RESULT: 15,
    OutcomeKind.RESULT_TOO_LARGE: 16,
    OutcomeKind.PAYLOAD_TOO_LARGE: 17,
    OutcomeKind.SATURATED: 20,
    OutcomeKind.THROTTLED: 21,
    OutcomeKind.NOT_DEPLOYED: 22,
    OutcomeKind.MISCONFIGURED: 23,
    OutcomeKind.PLATFORM_ERROR: 24,
    OutcomeKind.UNKNOWN_OUTCOME: 25,
    OutcomeKind.DISABLED: 26,
}


def exit_for(failure: Failure) -> Exit:
    """Return the exit code that tells a refusal, a rate limit and a fault apart."""
    if isinstance(failure, Fault):
        return Exit.FAULT
    # By its code, so that the same refusal counts alike in process and over HTTP.
    return Exit.RATE_LIMITED if failure.code == "rate_limited" else Exit.REFUSED
