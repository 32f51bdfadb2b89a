"""The query parameters that say which calls are meant."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import Query
from pydantic import AfterValidator, AwareDatetime, BeforeValidator

from drivers.port import OutcomeKind
from runner.call import Selector, Trigger
from runner.call_filter import FAILED, FAILURES, MAX_SEARCH, CallFilter
from sanderling.api.function_models import NAME_PATTERN
from sanderling.api.page_bounds import MAX_DURATION_MS, MAX_NUMBER

_ID = "[0-9A-HJKMNP-TV-Z]{26}"


def moment_of(text: str) -> datetime:
    """Return the moment that `text` names, in UTC.

    Raises:
        ValueError: it names none, or has no time zone.

    """
    try:
        moment = datetime.fromisoformat(text)
        if moment.utcoffset() is not None:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise ValueError("it is not a moment such as 2026-01-31T12:00:00Z")


def outcomes_of(words: str) -> frozenset[str]:
    """Return the outcomes that `words` name: with commas between them, `failed` for all but ok.

    Raises:
        ValueError: one of them is no outcome.

    """
    found: set[str] = set()
    for word in words.split(","):
        if word == FAILED:
            found |= FAILURES
        elif word in set(OutcomeKind):
            found.add(word)
        else:
            raise ValueError("it is not an outcome, or several with commas between them")
    return frozenset(found)


def version_of(word: str) -> int | Selector:
    """Return the version that `word` names.

    Raises:
        ValueError: it is neither a number nor draft.

    """
    if word == Selector.DRAFT:
        return Selector.DRAFT
    if word.isascii() and word.isdigit() and len(word) <= len(str(MAX_NUMBER)):
        number = int(word)
        if 0 < number <= MAX_NUMBER:
            return number
    raise ValueError("it is a version's number or draft")


def _checked_outcomes(words: str) -> str:
    outcomes_of(words)
    return words


def _checked_version(word: str) -> str:
    version_of(word)
    return word


Moment = Annotated[AwareDatetime, BeforeValidator(moment_of)]
_Outcomes = Annotated[str, AfterValidator(_checked_outcomes)]
_Version = Annotated[str, AfterValidator(_checked_version)]
_Duration = Annotated[float, Query(ge=0, le=MAX_DURATION_MS, allow_inf_nan=False)]


def asked_filter(  # noqa: PLR0913, PLR0917 - each is a query parameter of its own.
    function: Annotated[str | None, Query(pattern=NAME_PATTERN)] = None,
    outcome: Annotated[
        _Outcomes | None,
        Query(description="Outcomes with commas between them; `failed` is all but `ok`."),
    ] = None,
    since: Annotated[Moment | None, Query(description="Started at or after.")] = None,
    until: Annotated[Moment | None, Query(description="Started before.")] = None,
    version: Annotated[_Version | None, Query(description="A number, or `draft`.")] = None,
    trigger: Annotated[Trigger | None, Query(description="What made the call happen.")] = None,
    caller: Annotated[
        str | None,
        Query(
            pattern=f"^(operator|key_{_ID})$",
            description="The id of the key that was shown, or `operator`.",
        ),
    ] = None,
    execution_id: Annotated[
        str | None,
        Query(pattern=f"^exec_{_ID}$", description="The execution whose attempts are meant."),
    ] = None,
    replay_of: Annotated[
        str | None,
        Query(pattern=f"^call_{_ID}$", description="The call of which these are replays."),
    ] = None,
    min_duration_ms: Annotated[_Duration | None, Query(description="Took at least.")] = None,
    max_duration_ms: Annotated[_Duration | None, Query(description="Took at most.")] = None,
    error: Annotated[
        str | None,
        Query(
            min_length=1,
            max_length=MAX_SEARCH,
            description=(
                "Words to find among the types of the error and of its causes, whatever the case. "
                "`Key*` starts a type, `*Error` ends one, `*key*` is anywhere in one."
            ),
        ),
    ] = None,
) -> CallFilter:
    """Return which calls the query means."""
    return CallFilter(
        function=function,
        outcomes=None if outcome is None else outcomes_of(outcome),
        since=since,
        until=until,
        version=None if version is None else version_of(version),
        trigger=trigger,
        caller=caller,
        execution_id=execution_id,
        replay_of=replay_of,
        min_duration_s=None if min_duration_ms is None else min_duration_ms / 1000,
        max_duration_s=None if max_duration_ms is None else max_duration_ms / 1000,
        error=error,
    )


def filter_query(matching: CallFilter) -> dict[str, str]:
    """Return the query that `asked_filter` reads as `matching`."""
    words: dict[str, str | None] = {
        name: getattr(matching, name)
        for name in ("function", "trigger", "caller", "execution_id", "replay_of", "error")
    }
    words["outcome"] = None if matching.outcomes is None else ",".join(sorted(matching.outcomes))
    for name, moment in (("since", matching.since), ("until", matching.until)):
        words[name] = None if moment is None else moment.isoformat()
    words["version"] = None if matching.version is None else str(matching.version)
    for name, duration_s in (
        ("min_duration_ms", matching.min_duration_s),
        ("max_duration_ms", matching.max_duration_s),
    ):
        words[name] = None if duration_s is None else repr(duration_s * 1000)
    return {name: word for name, word in words.items() if word is not None}
