"""What every limiter promises; each implementation runs the whole suite."""

from collections.abc import Callable
from typing import TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.gcra import MemoryLimiter
from runner.ports import Limiter, Rule
from sanderling.kernel.clock import VirtualClock

MakeLimiter: TypeAlias = Callable[[VirtualClock], Limiter]

# A limiter whose time cannot be moved by a test has no place here: it gets a clock to stand on.
LIMITERS: dict[str, MakeLimiter] = {"memory": MemoryLimiter}


def a_rule(
    burst: int = 3, period_us: int = 1_000_000, *, name: str = "rule", key: str = ""
) -> Rule:
    """Return a rule that counts under its own name."""
    return Rule(name=name, key=key or name, burst=burst, period_us=period_us)


rules = st.builds(
    a_rule, burst=st.integers(1, 50), period_us=st.integers(1, 10_000_000), name=st.just("any")
)
steps = st.lists(st.tuples(st.integers(0, 2_000_000), st.integers(1, 60)), max_size=60)


each_limiter = pytest.mark.parametrize("make_limiter", LIMITERS.values(), ids=tuple(LIMITERS))


@pytest.fixture
def clock() -> VirtualClock:
    """Stand still until moved."""
    return VirtualClock()


@pytest.fixture(params=LIMITERS.values(), ids=tuple(LIMITERS))
def limiter(request: pytest.FixtureRequest, clock: VirtualClock) -> Limiter:
    """Return each limiter in turn, with nothing counted."""
    make_limiter: MakeLimiter = request.param
    return make_limiter(clock)


async def test_a_burst_is_admitted_and_one_more_is_not(limiter: Limiter) -> None:
    """As many requests as the burst pass at once, the next one does not."""
    rule = a_rule(burst=3)

    admitted = [(await limiter.acquire([rule])).is_admitted for _ in range(4)]

    assert admitted == [True, True, True, False]


async def test_a_period_of_rest_makes_the_bucket_whole_to_the_request(
    limiter: Limiter, clock: VirtualClock
) -> None:
    """A rate that does not divide its period loses nothing: 3 in 1 s is 3 in every second."""
    rule = a_rule(burst=3, period_us=1_000_000)

    for _ in range(100):
        admitted = [(await limiter.acquire([rule])).is_admitted for _ in range(4)]
        clock.advance(1)

        assert admitted == [True, True, True, False]


async def test_a_refusal_says_when_to_come_back(limiter: Limiter, clock: VirtualClock) -> None:
    """After the named wait one request passes, a microsecond before it does not."""
    rule = a_rule(burst=2, period_us=1_000_001)
    await limiter.acquire([rule], cost=2)

    refused = await limiter.acquire([rule])
    clock.advance(refused.retry_after_s - 1e-6)
    early = await limiter.acquire([rule])
    clock.advance(1e-6)
    in_time = await limiter.acquire([rule])

    assert (refused.is_admitted, early.is_admitted, in_time.is_admitted) == (False, False, True)
    assert rule == refused.refused_by


async def test_one_refusing_rule_leaves_the_others_uncounted(limiter: Limiter) -> None:
    """A request that one rule refuses takes nothing from any other."""
    tight, wide = a_rule(burst=1, name="tight"), a_rule(burst=5, name="wide")
    await limiter.acquire([tight, wide])

    refused = await limiter.acquire([tight, wide])
    alone = await limiter.acquire([wide])

    assert tight == refused.refused_by
    assert [state.remaining for state in refused.states] == [0, 4]
    assert alone.states[0].remaining == 3


async def test_the_rule_with_the_longest_wait_is_named(limiter: Limiter) -> None:
    """With several rules used up the caller is told the longest wait and whose it is."""
    short = a_rule(burst=1, period_us=1_000_000, name="short")
    long = a_rule(burst=1, period_us=60_000_000, name="long")
    await limiter.acquire([short, long])

    refused = await limiter.acquire([short, long])

    assert long == refused.refused_by
    assert pytest.approx(60) == refused.retry_after_s


async def test_keys_are_counted_apart(limiter: Limiter) -> None:
    """What one key uses up, another still has."""
    mine, yours = a_rule(burst=1, key="mine"), a_rule(burst=1, key="yours")
    await limiter.acquire([mine])

    assert not (await limiter.acquire([mine])).is_admitted
    assert (await limiter.acquire([yours])).is_admitted


async def test_a_cost_is_taken_whole(limiter: Limiter) -> None:
    """A weighted request takes its weight, or nothing."""
    rule = a_rule(burst=5)

    first = await limiter.acquire([rule], cost=3)
    refused = await limiter.acquire([rule], cost=3)
    rest = await limiter.acquire([rule], cost=2)

    assert first.states[0].remaining == 2
    assert not refused.is_admitted
    assert rest.states[0].remaining == 0


async def test_a_cost_above_the_burst_is_never_admitted(
    limiter: Limiter, clock: VirtualClock
) -> None:
    """A request larger than the bucket is refused for good, and the wait says so."""
    rule = a_rule(burst=2)

    refused = await limiter.acquire([rule], cost=3)
    clock.advance(3600)
    later = await limiter.acquire([rule], cost=3)

    assert not refused.is_admitted
    assert not later.is_admitted
    assert float("inf") == refused.retry_after_s


async def test_the_state_tells_when_the_bucket_is_whole(
    limiter: Limiter, clock: VirtualClock
) -> None:
    """Reset counts down to the moment at which all of the burst is there again."""
    rule = a_rule(burst=4, period_us=1_000_000)

    taken = await limiter.acquire([rule], cost=3)
    clock.advance(0.5)
    half = await limiter.acquire([rule])

    assert (taken.states[0].remaining, taken.states[0].resets_in_s) == (1, 0.75)
    assert (half.states[0].remaining, half.states[0].resets_in_s) == (2, 0.5)


async def test_no_rules_admit_everyone(limiter: Limiter) -> None:
    """Without a rule there is nothing to refuse with."""
    assert (await limiter.acquire([])).is_admitted


async def test_a_tightened_rule_shuts_nobody_out_for_its_old_period(
    limiter: Limiter, clock: VirtualClock
) -> None:
    """When a period is shortened, what was used under the old one counts as one new period."""
    await limiter.acquire([a_rule(burst=1, period_us=3_600_000_000)])
    clock.advance(1)

    refused = await limiter.acquire([a_rule(burst=7, period_us=1_000_000)])
    clock.advance(1)
    admitted = await limiter.acquire([a_rule(burst=7, period_us=1_000_000)], cost=7)

    assert refused.retry_after_s <= 1
    assert admitted.is_admitted


@pytest.mark.slow
@each_limiter
@given(rule=rules, steps=steps)
async def test_never_more_than_burst_and_refill(
    make_limiter: MakeLimiter, rule: Rule, steps: list[tuple[int, int]]
) -> None:
    """In any stretch of time, what was admitted is at most the burst and what refilled in it."""
    clock = VirtualClock()
    limiter = make_limiter(clock)
    admitted: list[tuple[int, int]] = []

    for pause_us, cost in steps:
        clock.advance(pause_us / 1e6)
        if (await limiter.acquire([rule], cost=cost)).is_admitted:
            admitted.append((clock.monotonic_ns() // 1000, cost))

    for index, (start_us, _) in enumerate(admitted):
        total = 0
        for at_us, cost in admitted[index:]:
            total += cost
            assert (total - rule.burst) * rule.period_us <= (at_us - start_us) * rule.burst


@each_limiter
@given(rule=rules, steps=steps)
async def test_what_remains_is_what_would_be_admitted(
    make_limiter: MakeLimiter, rule: Rule, steps: list[tuple[int, int]]
) -> None:
    """`remaining` is exact: that much passes at once, and not one more."""
    clock = VirtualClock()
    limiter = make_limiter(clock)
    remaining = rule.burst

    for pause_us, cost in steps:
        clock.advance(pause_us / 1e6)
        seen = await limiter.acquire([rule], cost=cost)
        if not pause_us:
            assert (cost <= remaining) == seen.is_admitted
        remaining = seen.states[0].remaining

    over = await limiter.acquire([rule], cost=remaining + 1)
    exact = await limiter.acquire([rule], cost=remaining) if remaining else None

    assert not over.is_admitted
    assert exact is None or exact.is_admitted


@pytest.mark.slow
@each_limiter
@given(
    first=rules,
    second=rules,
    costs=st.lists(st.integers(1, 60), max_size=20),
)
async def test_all_or_nothing(
    make_limiter: MakeLimiter, first: Rule, second: Rule, costs: list[int]
) -> None:
    """Two rules together admit exactly what both admit, and a refusal changes neither."""
    pair = (a_rule(first.burst, first.period_us, name="a"), a_rule(second.burst, 7, name="b"))
    limiter = make_limiter(VirtualClock())
    left = [rule.burst for rule in pair]

    for cost in costs:
        seen = await limiter.acquire(pair, cost=cost)
        if cost <= min(left):
            left = [count - cost for count in left]

        assert left == [state.remaining for state in seen.states]
