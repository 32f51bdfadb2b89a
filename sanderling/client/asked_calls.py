"""Which calls people ask the client for, checked before it goes anywhere."""

from collections.abc import Iterable
from datetime import datetime
from typing import TypedDict

from runner.call import Selector, Trigger
from runner.call_filter import MAX_SEARCH, OPERATOR, CallFilter
from runner.function import is_name
from sanderling.api.call_filter_words import outcomes_of, version_of
from sanderling.api.errors import Misfit, RequestInvalid
from sanderling.api.page_bounds import MAX_DURATION_MS
from sanderling.kernel.ids import is_id


class CallFilters(TypedDict, total=False):
    """Which calls are meant; what is left out, or None, means any.

    `outcome` is one word or several, and `failed` stands for all but ok. `version` is a number or
    draft. `caller` is the id of a key, or operator. `since` is inclusive and `until` exclusive,
    both with a time zone; both durations are inclusive. `error` are words to find among the types
    of the error and of its causes: `Key*` starts one, `*Error` ends one, `*key*` is anywhere in
    one, and the case does not matter.
    """

    function: str | None
    outcome: str | Iterable[str] | None
    since: datetime | None
    until: datetime | None
    version: int | str | None
    trigger: str | None
    caller: str | None
    execution_id: str | None
    replay_of: str | None
    min_duration_s: float | None
    max_duration_s: float | None
    error: str | None


def call_filter(asked: CallFilters) -> CallFilter:
    """Return which calls are meant.

    Raises:
        RequestInvalid: a word is none of those that there are, or a moment has no time zone.

    """
    found = CallFilter(
        function=asked.get("function"),
        outcomes=_outcomes(asked.get("outcome")),
        since=asked.get("since"),
        until=asked.get("until"),
        version=_version(asked.get("version")),
        trigger=asked.get("trigger"),
        caller=asked.get("caller"),
        execution_id=asked.get("execution_id"),
        replay_of=asked.get("replay_of"),
        min_duration_s=asked.get("min_duration_s"),
        max_duration_s=asked.get("max_duration_s"),
        error=asked.get("error"),
    )
    misfits = [Misfit("query", field, message) for field, message in _misfits(found)]
    if misfits:
        raise RequestInvalid(misfits)
    return found


def _outcomes(asked: str | Iterable[str] | None) -> frozenset[str] | None:
    if asked is None:
        return None
    words = asked if isinstance(asked, str) else ",".join(asked)
    try:
        return outcomes_of(words)
    except ValueError as error:
        raise RequestInvalid([Misfit("query", "outcome", str(error))]) from None


def _version(asked: int | str | None) -> int | Selector | None:
    if asked is None:
        return None
    try:
        return version_of(str(asked))
    except ValueError as error:
        raise RequestInvalid([Misfit("query", "version", str(error))]) from None


def _misfits(matching: CallFilter) -> Iterable[tuple[str, str]]:
    if matching.function is not None and not is_name(matching.function):
        yield "function", "it is not the name of a function"
    if matching.trigger is not None and matching.trigger not in set(Trigger):
        yield "trigger", "there is no such trigger"
    for field, kind in (("caller", "key"), ("execution_id", "exec"), ("replay_of", "call")):
        named: str | None = getattr(matching, field)
        is_operator = field == "caller" and named == OPERATOR
        if named is not None and not is_operator and not is_id(named, kind):
            yield field, f"it is not an id such as {kind}_…"
    if matching.error is not None and not 0 < len(matching.error) <= MAX_SEARCH:
        yield "error", f"it has 1 to {MAX_SEARCH} characters"
    for field in ("since", "until"):
        moment: datetime | None = getattr(matching, field)
        if moment is not None and moment.utcoffset() is None:
            yield field, "it has no time zone"
    for field in ("min_duration", "max_duration"):
        duration_s: float | None = getattr(matching, f"{field}_s")
        if duration_s is not None and not 0 <= duration_s <= MAX_DURATION_MS / 1000:
            yield f"{field}_ms", f"it is from 0 to {MAX_DURATION_MS:.0f}"
