"""What every limiter promises; each implementation runs the whole suite."""

import itertools
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import TypeAlias

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sanderling.kernel.clock import SystemClock, VirtualClock
from sanderling.metering.gcra import MemoryLimiter
from sanderling.metering.ports import Admission, Limiter, LimiterStatistics, Rule, Scope
from sanderling.redis import RedisLimiter

MakeLimiter: TypeAlias = Callable[[VirtualClock], Awaitable[Limiter]]

KINDS = ("memory", "redis", "redis_cluster")
_numbers = itertools.count()


async def _make_memory(clock: VirtualClock) -> Limiter:
    return MemoryLimiter(clock)


@pytest.fixture(params=KINDS)
async def make_limiter(request: pytest.FixtureRequest) -> AsyncGenerator[MakeLimiter]:
    """Yield what makes a limiter with nothing counted, that stands on the clock of a test.

    Redis would count by its own time; here it is told another.
    """
    if request.param == "memory":
        yield _make_memory
        return
    url: str = request.getfixturevalue(request.param).url
    async with AsyncExitStack() as stack:
        now = VirtualClock()
        shared = await stack.enter_async_context(
            RedisLimiter(
                url,
                clock=SystemClock(),
                jitter=lambda: 0.5,
                answer_s=5.0,
                time_us=lambda: now.monotonic_ns() // 1000,
            )
        )

        async def make_redis(clock: VirtualClock) -> Limiter:
            nonlocal now
            now = clock
            return _Apart(shared, next(_numbers))

        yield make_redis


# The fixture makes no limiter, it only knows how: each example begins with nothing counted.
each_example_anew = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


class _Apart:
    """Count under keys of one's own: one connection serves many examples."""

    def __init__(self, limiter: RedisLimiter, number: int) -> None:
        self._limiter = limiter
        self._tag = f"tag-{number}"

    async def acquire(
        self, rules: Sequence[Rule], *, cost: int = 1, patience_us: int = 0
    ) -> Admission:
        asked = [replace(rule, key=f"{self._tag}:{rule.key}", tag=self._tag) for rule in rules]
        seen = await self._limiter.acquire(asked, cost=cost, patience_us=patience_us)
        assert seen.scope is Scope.INSTANCE
        by_asked = dict(zip(asked, rules, strict=True))
        refused_by = None if seen.refused_by is None else by_asked[seen.refused_by]
        states = tuple(replace(state, rule=by_asked[state.rule]) for state in seen.states)
        return replace(seen, states=states, refused_by=refused_by)

    def statistics(self) -> LimiterStatistics:
        return self._limiter.statistics()


def a_rule(
    burst: int = 3,
    period_us: int = 1_000_000,
    *,
    name: str = "rule",
    key: str = "",
    ahead_us: int = 0,
) -> Rule:
    """Return a rule that counts under its own name."""
    return Rule(name, key or name, burst, period_us, ahead_us=ahead_us)


rules = st.builds(
    a_rule, burst=st.integers(1, 50), period_us=st.integers(1, 10_000_000), name=st.just("any")
)
steps = st.lists(st.tuples(st.integers(0, 2_000_000), st.integers(1, 60)), max_size=60)


@pytest.fixture
def clock() -> VirtualClock:
    """Stand still until moved."""
    return VirtualClock()


@pytest.fixture
async def limiter(make_limiter: MakeLimiter, clock: VirtualClock) -> Limiter:
    """Return each limiter in turn, with nothing counted."""
    return await make_limiter(clock)


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


async def test_whoever_is_patient_is_booked_ahead(limiter: Limiter, clock: VirtualClock) -> None:
    """Bookings follow one another, and those who come in time do not wait."""
    rule = a_rule(burst=2, period_us=1_000_000, ahead_us=10_000_000)

    waits = [(await limiter.acquire([rule], patience_us=1_000_000)).wait_s for _ in range(4)]
    clock.advance(0.25)
    later = await limiter.acquire([rule], patience_us=10_000_000)

    assert waits == [0, 0, 0.5, 1]
    assert (later.is_admitted, later.wait_s) == (True, 1.25)
    assert later.states[0].remaining == 0


async def test_what_is_too_far_ahead_is_not_booked(limiter: Limiter) -> None:
    """Beyond its patience, or as far as can be booked, a caller is refused and told the rest."""
    rule = a_rule(burst=1, period_us=1_000_000, ahead_us=2_000_000)
    await limiter.acquire([rule])
    booked = await limiter.acquire([rule], patience_us=1_500_000)

    hasty = await limiter.acquire([rule])
    hurried = await limiter.acquire([rule], patience_us=1_500_000)
    patient = await limiter.acquire([rule], patience_us=60_000_000)
    nobody = await limiter.acquire([rule], patience_us=60_000_000)

    assert booked.wait_s == 1
    assert (hasty.is_admitted, hasty.retry_after_s) == (False, 2)
    assert (hurried.is_admitted, hurried.retry_after_s) == (False, 0.5)
    assert (patient.is_admitted, patient.wait_s) == (True, 2)
    assert (nobody.is_admitted, nobody.retry_after_s) == (False, 1)


async def test_a_rule_that_cannot_be_booked_refuses_the_patient(limiter: Limiter) -> None:
    """Patience helps with rules that allow it, and with no other."""
    firm, soft = a_rule(burst=1, name="firm"), a_rule(burst=1, name="soft", ahead_us=5_000_000)
    await limiter.acquire([firm, soft])

    refused = await limiter.acquire([firm, soft], patience_us=5_000_000)
    alone = await limiter.acquire([soft], patience_us=5_000_000)

    assert firm == refused.refused_by
    assert alone.wait_s == 1


async def test_decisions_are_counted(limiter: Limiter) -> None:
    """Statistics tell in which scope requests were decided, whatever came of them."""
    before = sum(limiter.statistics().decisions.values())

    for _ in range(4):
        await limiter.acquire([a_rule(burst=3)])

    assert sum(limiter.statistics().decisions.values()) == before + 4
    assert not limiter.statistics().is_away


@pytest.mark.slow
@each_example_anew
@given(rule=rules, steps=steps)
async def test_never_more_than_burst_and_refill(
    make_limiter: MakeLimiter, rule: Rule, steps: list[tuple[int, int]]
) -> None:
    """In any stretch of time, what was admitted is at most the burst and what refilled in it."""
    clock = VirtualClock()
    limiter = await make_limiter(clock)
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


@each_example_anew
@given(rule=rules, steps=steps)
async def test_what_remains_is_what_would_be_admitted(
    make_limiter: MakeLimiter, rule: Rule, steps: list[tuple[int, int]]
) -> None:
    """`remaining` is exact: that much passes at once, and not one more."""
    clock = VirtualClock()
    limiter = await make_limiter(clock)
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
@each_example_anew
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
    limiter = await make_limiter(VirtualClock())
    left = [rule.burst for rule in pair]

    for cost in costs:
        seen = await limiter.acquire(pair, cost=cost)
        if cost <= min(left):
            left = [count - cost for count in left]

        assert left == [state.remaining for state in seen.states]
