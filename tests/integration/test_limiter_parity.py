"""The script in Redis and the limiter in memory decide alike, to the microsecond."""

import itertools
from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from sanderling.kernel.clock import SystemClock, VirtualClock
from sanderling.metering.gcra import MAX_BURST, MAX_PERIOD_US, MemoryLimiter
from sanderling.metering.ports import Rule, Scope
from sanderling.redis import RedisLimiter
from support.redis import RedisServer

pytestmark = pytest.mark.slow

LONG_AFTER_1970_S = 2**52 / 1e6

_numbers = itertools.count()


@dataclass(frozen=True)
class Step:
    """What happens next: time passes, and somebody asks, by rules as they are by then."""

    pause_us: int
    rules: tuple[Rule, ...]
    cost: int = 1
    patience_us: int = 0


@dataclass
class Pair:
    """Both limiters on one clock."""

    clock: VirtualClock
    redis: RedisLimiter

    async def play(self, steps: list[Step]) -> None:
        """Ask both at each step and compare everything that they say."""
        memory = MemoryLimiter(self.clock)
        tag = f"trace-{next(_numbers)}"
        for step in steps:
            self.clock.advance(step.pause_us / 1e6)
            rules = [
                replace(rule, key=f"{tag}:{rule.key}", tag=tag, name=f"{index}")
                for index, rule in enumerate(step.rules)
            ]

            said = await self.redis.acquire(rules, cost=step.cost, patience_us=step.patience_us)
            expected = await memory.acquire(rules, cost=step.cost, patience_us=step.patience_us)

            assert replace(expected, scope=Scope.INSTANCE) == said


@pytest.fixture
async def pair(redis: RedisServer) -> AsyncGenerator[Pair]:
    """Yield both limiters; Redis is told the time that memory reads."""
    clock = VirtualClock()
    clock.advance(LONG_AFTER_1970_S)
    async with RedisLimiter(
        redis.url,
        clock=SystemClock(),
        jitter=lambda: 0.5,
        answer_s=5.0,
        time_us=lambda: clock.monotonic_ns() // 1000,
    ) as limiter:
        yield Pair(clock, limiter)


def a_rule(key: str, burst: int, period_us: int, ahead_us: int = 0) -> Rule:
    """Return a rule on this key; the same key with other numbers is a changed rule."""
    return Rule(key, key, burst, period_us, ahead_us=ahead_us)


def steps_of(
    bursts: st.SearchStrategy[int], periods: st.SearchStrategy[int]
) -> st.SearchStrategy[list[Step]]:
    """Return traces in which rules of such sizes come, go and change."""
    aheads = st.sampled_from([0, 0, 1_000, 7_000_001])
    rules = st.lists(
        st.builds(a_rule, st.sampled_from("abc"), bursts, periods, aheads),
        min_size=1,
        max_size=3,
        unique_by=lambda rule: rule.key,
    ).map(tuple)
    step = st.builds(
        Step,
        st.one_of(st.just(0), st.integers(0, 3_000_000)),
        rules,
        st.one_of(st.just(1), st.integers(1, 60)),
        st.sampled_from([0, 0, 500, 2_000_000, 10_000_000]),
    )
    return st.lists(step, min_size=1, max_size=25)


small = steps_of(st.integers(1, 9), st.integers(1, 3_000_000))
any_size = steps_of(st.integers(1, MAX_BURST), st.integers(1, MAX_PERIOD_US))
anew = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    max_examples=150,
)


@anew
@given(steps=small)
@example(
    # A slow rule that becomes a quick one: what it left behind is shortened, once.
    steps=[
        Step(0, (a_rule("a", 1, 3_600_000_000),)),
        Step(1, (a_rule("a", 7, 1_000_001),)),
        Step(10, (a_rule("a", 7, 1_000_001),)),
        Step(0, (a_rule("a", 3, 1_000_000, 7_000_001),), 2, 10_000_000),
    ]
)
async def test_both_decide_alike(pair: Pair, steps: list[Step]) -> None:
    """Rules that refuse, are booked ahead and change: every word of every decision is the same."""
    await pair.play(steps)


@anew
@given(steps=any_size, cost=st.integers(1, MAX_BURST))
async def test_both_decide_alike_at_any_size(pair: Pair, steps: list[Step], cost: int) -> None:
    """Doubles in the script lose nothing up to the largest burst, period and cost."""
    await pair.play([replace(step, cost=cost) for step in steps])
