"""What may be asked of each provider, in any stretch of time."""

import pytest

from jobs.providers.google.methods import THREAD
from jobs.providers.google.quota import calendar_rules, gmail_rules
from jobs.providers.google.window import MOST
from jobs.providers.microsoft.quota import graph_rules
from sanderling.kernel.clock import VirtualClock
from sanderling.metering.gcra import MemoryLimiter
from sanderling.metering.ports import Rule

GMAIL, GMAIL_PROJECT = gmail_rules("acc_1")
CALENDAR, CALENDAR_PROJECT = calendar_rules("acc_1")
(GRAPH,) = graph_rules("acc_1")
LIMITS = [
    (GMAIL, 6_000, 60),
    (GMAIL_PROJECT, 1_200_000, 60),
    (CALENDAR, 600, 60),
    (CALENDAR_PROJECT, 10_000, 60),
    (GRAPH, 10_000, 600),
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


def test_the_largest_batch_fits_into_a_burst() -> None:
    """What is above a burst would never be let through."""
    assert MOST * THREAD.units <= GMAIL.burst


def test_accounts_are_counted_apart_and_the_project_together() -> None:
    """One busy account leaves the others their share."""
    other, project = gmail_rules("acc_2")

    assert other.key != GMAIL.key
    assert project == GMAIL_PROJECT
