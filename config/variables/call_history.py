"""What is kept of calls, and for how long."""

from collections.abc import Sequence
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field

from config.declaration import Declared, Group
from config.kinds import Items, Whole
from config.variables.group import VariableGroup
from sanderling.kernel.redaction import DEFAULT_RULES, Redactor, RedactRuleRefused
from sanderling.kernel.units import KIB, MIB


def _check_rules(rules: Sequence[str]) -> Sequence[str]:
    try:
        Redactor(rules)
    except RedactRuleRefused as refused:
        raise ValueError(str(refused)) from None
    return rules


class CallHistoryVariables(VariableGroup):
    """The record of every call."""

    group: ClassVar[Group] = Group.CALL_HISTORY

    history_max_age_days: Annotated[
        Whole,
        Field(ge=0, le=36_500),
        Declared(
            "CALL_HISTORY_MAX_AGE_DAYS",
            "Days after which a call is forgotten; 0 keeps it for ever.",
        ),
    ] = 30
    history_max_count: Annotated[
        Whole,
        Field(ge=0, le=1_000_000_000),
        Declared(
            "CALL_HISTORY_MAX_COUNT",
            "Newest calls of each workspace that are kept; 0 keeps all.",
        ),
    ] = 1_000_000
    history_max_body_bytes: Annotated[
        Whole,
        Field(ge=0, le=6 * MIB),
        Declared(
            "CALL_HISTORY_MAX_BODY_BYTES",
            "The largest event, and the largest result, that is kept with its call, in bytes.",
        ),
    ] = 256 * KIB
    history_redacted: Annotated[
        Annotated[Items, AfterValidator(_check_rules)],
        Declared(
            "CALL_HISTORY_REDACTED",
            "Names, or paths of names, in events and results whose values are not kept.",
        ),
    ] = DEFAULT_RULES
