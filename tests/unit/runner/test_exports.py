"""Exports: pages that follow each other, for a bounded number of readers."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace

import pytest

from runner.call import CallRecord
from runner.call_filter import CallFilter
from runner.errors import ExportsBusy
from runner.exports import AT_ONCE, AT_ONCE_EACH, PAGE_BYTES, Exports
from sanderling.access.principal import Principal
from support.records import a_record
from support.river import River

ALL = CallFilter()


async def _pages(pages: AsyncIterator[tuple[CallRecord, ...]]) -> list[tuple[CallRecord, ...]]:
    return [page async for page in pages]


async def test_large_calls_come_a_few_at_a_time() -> None:
    """What is held at once is about a page of bytes, whatever the calls hold."""
    river = River()
    principal = (await river.caller()).principal
    for number in range(200):
        record = replace(
            a_record(principal.workspace_id, after_s=number), event_json=b"9" * 200_000
        )
        river.call_log.record_nowait(record)

    async with Exports(river.calls).open(principal, ALL) as opened:
        pages = await _pages(opened)

    later = pages[1:]
    assert sum(map(len, pages)) == 200
    assert max(sum(len(record.event_json) for record in page) for page in later) <= PAGE_BYTES


async def test_calls_made_meanwhile_are_not_among_them() -> None:
    """An export is what was there when it began."""
    river = River()
    principal = (await river.caller()).principal
    records = [a_record(principal.workspace_id, after_s=number) for number in range(120)]
    for record in records:
        river.call_log.record_nowait(record)

    found: list[CallRecord] = []
    async with Exports(river.calls).open(principal, ALL) as pages:
        async for page in pages:
            found += page
            river.call_log.record_nowait(a_record(principal.workspace_id, after_s=10_000))

    assert found == records[::-1]


async def test_there_are_only_so_many_at_once() -> None:
    """One workspace has its share, all together theirs, and one that ends makes room."""
    river = River()
    exports = Exports(river.calls)
    here = (await river.caller()).principal
    others = [replace(here, workspace_id=river.ids.workspace()) for _ in range(AT_ONCE)]

    async def enter(stack: AsyncExitStack, principal: Principal) -> None:
        await stack.enter_async_context(exports.open(principal, ALL))

    async with AsyncExitStack() as stack:
        for _ in range(AT_ONCE_EACH):
            await enter(stack, here)
        with pytest.raises(ExportsBusy):
            await enter(stack, here)
        for other in others[: AT_ONCE - AT_ONCE_EACH]:
            await enter(stack, other)
        with pytest.raises(ExportsBusy):
            await enter(stack, others[-1])
    async with AsyncExitStack() as stack:
        await enter(stack, here)
