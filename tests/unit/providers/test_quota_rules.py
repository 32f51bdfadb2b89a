"""What may be asked of each provider, in any stretch of time."""

import pytest

from jobs.providers.google.methods import THREAD
from jobs.providers.google.quota import calendar_rules, gmail_rules
from jobs.providers.google.window import MOST
from jobs.providers.microsoft.batch import MOST as GRAPH_MOST
from jobs.providers.microsoft.quota import graph_rules
from sanderling.kernel.clock import VirtualClock
from sanderling.metering.gcra import MemoryLimiter
from sanderling.metering.ports import Rule

GMAIL, GMAIL_PROJECT = gmail_rules(6_000)("acc_1")
(OLD_GMAIL, _), (LEAST_GMAIL, _) = gmail_rules(15_000)("acc_1"), gmail_rules(3_000)("acc_1")
CALENDAR, CALENDAR_PROJECT = calendar_rules(600)("acc_1")
(GRAPH,) = graph_rules(10_000)("acc_1")
(LEAST_GRAPH,) = graph_rules(200)("acc_1")
LIMITS = [
    (GMAIL, 6_000, 60),
    (OLD_GMAIL, 15_000, 60),
    (LEAST_GMAIL, 3_000, 60),
    (GMAIL_PROJECT, 1_200_000, 60),
    (CALENDAR, 600, 60),
    (CALENDAR_PROJECT, 10_000, 60),
    (GRAPH, 10_000, 600),
    (LEAST_GRAPH, 200, 600),
]


@pytest.mark.parametrize(("rule", "limit", "window_s"), LIMITS, ids=lambda each: str(each)[:40])
async def test_no_window_sees_more_than_the_provider_allows(
    rule: Rule, limit: int, window_s: int
) -> None:
    """Whoever takes all that is admitted stays within the limit, wherever the window begins."""
    clock = VirtualClock()
    limiter = MemoryLimiter(clock)
    taken: list[tuple[int, int]] = []
    step = max(1, rule.burst // 20)
    for second in range(0, 3 * window_s, max(1, window_s // 60)):
        while (await limiter.acquire([rule], cost=step)).is_admitted:
            taken.append((second, step))
        clock.advance(max(1, window_s // 60))

    moments = sorted({moment for moment, _ in taken})
    most = max(
        sum(units for moment, units in taken if start <= moment < start + window_s)
        for start in moments
    )
    assert limit * 0.8 < most <= limit


def test_the_largest_batch_fits_into_the_smallest_burst() -> None:
    """What is above a burst would never be let through."""
    assert MOST * THREAD.units <= LEAST_GMAIL.burst
    assert LEAST_GRAPH.burst >= GRAPH_MOST


def test_a_raised_quota_raises_what_comes_at_once_alike() -> None:
    """Twice the quota is twice the burst, refilled in the same time; the project's stays."""
    for rules, limit in ((gmail_rules, 6_000), (calendar_rules, 600), (graph_rules, 10_000)):
        given, *shared = rules(limit)("acc_1")
        twice, *still = rules(2 * limit)("acc_1")

        assert (twice.burst, twice.period_us) == (2 * given.burst, given.period_us)
        assert still == shared


def test_accounts_are_counted_apart_and_the_project_together() -> None:
    """One busy account leaves the others their share."""
    other, project = gmail_rules(6_000)("acc_2")

    assert other.key != GMAIL.key
    assert project == GMAIL_PROJECT
