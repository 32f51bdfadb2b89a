"""The in-process limiter's own promises: exact arithmetic and bounded memory."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from config.variables.rate_bounds import MAX_LIMIT, MAX_WINDOW_MS
from runner.function import MAX_RATE_LIMIT, MAX_RATE_TTL_MS, RateLimit
from sanderling.kernel.clock import VirtualClock
from sanderling.metering.gcra import (
    MAX_BURST,
    MAX_PERIOD_US,
    MemoryLimiter,
    begin,
    charge,
    decide,
    state,
)
from sanderling.metering.ports import Rule

DOUBLE_EXACT = 2**53
LONG_AFTER_1970_US = 2**52


def a_rule(burst: int, period_us: int, *, key: str = "key") -> Rule:
    """Return a rule of this size."""
    return Rule(name="rule", key=key, burst=burst, period_us=period_us)


sizes = st.builds(a_rule, st.integers(1, MAX_BURST), st.integers(1, MAX_PERIOD_US))


@given(rule=sizes, data=st.data())
def test_charging_is_exact(rule: Rule, data: st.DataObject) -> None:
    """A mark moves on by exactly cost times period over burst."""
    cost = data.draw(st.integers(1, rule.burst))
    mark = (
        data.draw(st.integers(0, LONG_AFTER_1970_US)),
        data.draw(st.integers(0, rule.burst - 1)),
    )

    after = charge(rule, mark, cost)

    moved = Fraction(after[0] - mark[0]) + Fraction(after[1] - mark[1], rule.burst)
    assert Fraction(cost * rule.period_us, rule.burst) == moved
    assert 0 <= after[1] < rule.burst


@given(rule=sizes, data=st.data())
def test_every_number_on_the_way_fits_a_double(rule: Rule, data: st.DataObject) -> None:
    """No step of a decision passes 2**53, so a store that counts in doubles decides the same."""
    cost = data.draw(st.integers(1, rule.burst))
    whole, rest = divmod(rule.period_us, rule.burst)
    now_us = LONG_AFTER_1970_US
    latest = charge(rule, (now_us + rule.period_us, rule.burst - 1), cost)

    assert max(cost * whole, cost * rest + rule.burst, latest[0] + 1) < DOUBLE_EXACT


@given(rule=sizes, now_us=st.integers(0, LONG_AFTER_1970_US), data=st.data())
def test_a_mark_counts_from_now_to_a_period_ahead(
    rule: Rule, now_us: int, data: st.DataObject
) -> None:
    """Whatever mark an earlier rule left, it begins as one that this rule could have made."""
    us = data.draw(st.integers(0, 2 * LONG_AFTER_1970_US))

    begun = begin(rule, (us, data.draw(st.integers(0, MAX_BURST))), now_us)

    assert (now_us, 0) <= begun <= (now_us + rule.period_us, 0)
    assert begun[1] < rule.burst


@given(
    bursts=st.lists(st.integers(1, 20), min_size=1, max_size=4),
    cost=st.integers(1, 25),
    used=st.integers(0, 20),
)
def test_deciding_changes_all_marks_or_none(bursts: list[int], cost: int, used: int) -> None:
    """An admitted request moves every mark, a refused one moves none."""
    rules = [a_rule(burst, 999_983, key=str(burst)) for burst in bursts]
    marks = [charge(rule, (0, 0), min(used, rule.burst)) for rule in rules]

    decision = decide(rules, marks, 0, cost)

    moved = [before != after for before, after in zip(marks, decision.marks, strict=True)]
    assert ([True] if not decision.wait_us else [False]) * len(rules) == moved


@given(rule=sizes, cost=st.integers(0, MAX_BURST))
def test_the_state_agrees_with_the_mark(rule: Rule, cost: int) -> None:
    """What remains after taking some is the burst less what was taken."""
    taken = min(cost, rule.burst)

    seen = state(rule, charge(rule, (0, 0), taken), 0)

    assert rule.burst - taken == seen.remaining


def test_every_rate_limit_that_can_be_set_can_be_counted() -> None:
    """The bounds on settings lie within the bounds of the arithmetic."""
    largest = RateLimit(MAX_RATE_LIMIT, MAX_RATE_TTL_MS)

    assert largest.limit <= MAX_BURST
    assert largest.ttl_ms * 1000 <= MAX_PERIOD_US


def test_every_limit_in_the_settings_is_one_that_can_be_kept() -> None:
    """What the settings take is what a rate limit takes: none is refused when it is too late."""
    assert (MAX_LIMIT, MAX_WINDOW_MS) == (MAX_RATE_LIMIT, MAX_RATE_TTL_MS)


async def test_memory_follows_the_keys_in_use_not_those_ever_seen() -> None:
    """Keys whose period is over make room while new ones come in."""
    clock = VirtualClock()
    limiter = MemoryLimiter(clock)

    for index in range(5_000):
        await limiter.acquire([a_rule(1, 100_000, key=f"key-{index}")])
        clock.advance(0.001)

    live = 100
    assert len(limiter) <= 3 * live


async def test_a_key_in_use_survives_the_sweep() -> None:
    """Making room for new keys forgets no key that still counts."""
    limiter = MemoryLimiter(VirtualClock())
    mine = a_rule(1, 60_000_000, key="mine")
    await limiter.acquire([mine])

    for index in range(1_000):
        await limiter.acquire([a_rule(1, 60_000_000, key=f"key-{index}")])

    assert not (await limiter.acquire([mine])).is_admitted


async def test_a_key_in_steady_use_is_kept_between_its_requests() -> None:
    """That its bucket is whole again a moment later is no reason to forget it."""
    clock = VirtualClock()
    limiter = MemoryLimiter(clock)
    generous = a_rule(1_000_000, 1_000_000, key="mine")

    for index in range(100):
        await limiter.acquire([generous])
        clock.advance(0.01)
        await limiter.acquire([a_rule(1, 1_000, key=f"key-{index}")])
        assert "mine" in limiter

    assert len(limiter) < 50


async def test_a_refused_request_is_not_remembered() -> None:
    """A caller cannot fill memory with requests that are refused."""
    limiter = MemoryLimiter(VirtualClock())

    for index in range(100):
        await limiter.acquire([a_rule(1, 1_000, key=f"key-{index}")], cost=2)

    assert len(limiter) == 0
