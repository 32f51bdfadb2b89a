"""Rate limits as structured fields."""

import re

from hypothesis import given
from hypothesis import strategies as st

from sanderling.api.rate_limit_headers import rate_limit_headers
from sanderling.metering.ports import Rule, RuleState, Scope

STATES = st.builds(
    RuleState,
    rule=st.builds(
        Rule,
        name=st.sampled_from(["api-requests-short", "function-executions"]),
        key=st.text(),
        burst=st.integers(1, 10**7),
        period_us=st.integers(1, 10**13),
    ),
    remaining=st.integers(0, 10**7),
    resets_in_s=st.floats(0, 10**7),
)


def test_one_rule_looks_as_the_draft_says() -> None:
    """Names are strings, numbers are whole, and seconds are rounded up."""
    state = RuleState(Rule("api-requests-short", "k", 100, 1_500_000), 99, 0.01)

    assert rate_limit_headers([state], Scope.PROCESS) == (
        (b"ratelimit-policy", b'"api-requests-short";q=100;w=2'),
        (b"ratelimit", b'"api-requests-short";r=99;t=1'),
    )


def test_no_rule_is_no_header() -> None:
    """A request that nobody counted says nothing of limits."""
    assert rate_limit_headers([], Scope.PROCESS) == ()


def test_limits_that_are_not_shared_say_so() -> None:
    """A third header tells that processes cannot count together, and in which way they do not."""
    state = RuleState(Rule("api-requests-short", "k", 25, 1_000_000), 24, 0.01)

    assert rate_limit_headers([state], Scope.SHARE)[-1] == (b"ratelimit-scope", b"share")
    assert rate_limit_headers([], Scope.OPEN) == ((b"ratelimit-scope", b"open"),)
    for usual in (Scope.PROCESS, Scope.INSTANCE):
        assert len(rate_limit_headers([state], usual)) == 2


@given(st.lists(STATES, min_size=1, max_size=4))
def test_every_state_has_one_item_in_each_list(states: list[RuleState]) -> None:
    """Both headers are well-formed lists of the same length."""
    policy, standing = (value.decode() for _, value in rate_limit_headers(states, Scope.INSTANCE))

    assert len(re.findall(r'"[a-z-]+";q=\d+;w=[1-9]\d*(?:, |$)', policy)) == len(states)
    assert len(re.findall(r'"[a-z-]+";r=\d+;t=\d+(?:, |$)', standing)) == len(states)
