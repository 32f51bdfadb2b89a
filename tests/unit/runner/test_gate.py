"""The gate: authenticate, permit, limit, in that order."""

import pytest

from runner.errors import RateLimited
from runner.function import RateLimit
from runner.limit_policy import LimitPolicy
from sanderling.access.errors import Forbidden, Unauthenticated
from sanderling.access.permission import Permission
from sanderling.access.principal import Operator, Role
from sanderling.metering.ports import Rule
from support.river import GENEROUS, River


async def test_who_may_comes_in_and_is_counted() -> None:
    """One request takes one from each API rule and from what else is asked for."""
    river = River()
    caller = await river.caller()
    extra = Rule("extra", "extra", burst=3, period_us=1000)

    admitted = await river.gate.admit(
        caller.credential, Permission.FUNCTIONS_READ, extra_rules=[extra]
    )

    assert admitted.principal == caller.principal
    assert [(state.rule.name, state.remaining) for state in admitted.admission.states] == [
        ("api-requests-short", 999_999),
        ("api-requests-long", 999_999),
        ("extra", 2),
    ]


async def test_who_is_turned_away_is_not_counted() -> None:
    """Neither a missing key nor a missing permission uses up anybody's limit."""
    river = River()
    member = await river.caller(Role.MEMBER)

    with pytest.raises(Unauthenticated):
        await river.gate.admit(None, Permission.FUNCTIONS_READ)
    with pytest.raises(Forbidden):
        await river.gate.admit(member.credential, Permission.FUNCTIONS_WRITE)

    assert len(river.limiter) == 0


async def test_who_waits_as_told_is_let_in() -> None:
    """The seconds in a refusal are rounded up, so that coming back then is never too early."""
    river = River(policy=LimitPolicy(RateLimit(7, 1000), GENEROUS, GENEROUS))
    operator = Operator(river.here)
    for _ in range(7):
        await river.gate.admit(operator, Permission.CALLS_READ)

    with pytest.raises(RateLimited) as caught:
        await river.gate.admit(operator, Permission.CALLS_READ)
    river.clock.advance(caught.value.resets_in_s)

    assert caught.value.resets_in_s == 0.143
    assert caught.value.detail == ("Too many requests: api-requests-short allows 7 in 1 seconds.")
    await river.gate.admit(operator, Permission.CALLS_READ)
