"""Tries again within a slice what passes by itself, as long as the slice has time."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

from jobs.sync.backoff import retry_wait_s
from jobs.sync.budget import SliceEnd
from sanderling.kernel.clock import Clock

_NS = 1e9


async def with_retries(
    part: Callable[[], Awaitable[SliceEnd]],
    clock: Clock,
    chance: Callable[[], float],
    *,
    within_s: float,
) -> SliceEnd:
    """Return what `part` came to over all its tries, the last of which begins within the time.

    Each try goes on where the one before stopped, because what was taken in is kept.
    """
    latest_ns = clock.monotonic_ns() + round(within_s * _NS)
    whole = await part()
    tries = 0
    while whole.fault is not None:
        wait_s = retry_wait_s(whole.fault, tries=tries, chance=chance())
        if wait_s is None or clock.monotonic_ns() + round(wait_s * _NS) > latest_ns:
            break
        await clock.wait_s(wait_s)
        whole = _added(whole, await part())
        tries += 1
    return whole


def _added(before: SliceEnd, after: SliceEnd) -> SliceEnd:
    return replace(
        after,
        requests=before.requests + after.requests,
        items=before.items + after.items,
        commits=before.commits + after.commits,
        left_out=before.left_out + after.left_out,
    )
