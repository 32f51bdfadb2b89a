"""The query parameters that say which calls are meant."""

from typing import Annotated

from fastapi import Query
from pydantic import AfterValidator, AwareDatetime, BeforeValidator

from runner.call import Trigger
from runner.call_filter import MAX_SEARCH, CallFilter
from sanderling.api.call_filter_words import outcomes_of, version_of
from sanderling.api.function_models import NAME_PATTERN
from sanderling.api.moment import moment_of
from sanderling.api.page_bounds import MAX_DURATION_MS

_ID = "[0-9A-HJKMNP-TV-Z]{26}"


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
