"""Hints of providers reach streams at once, and a flood of them costs what a few do."""

import asyncio
from datetime import datetime

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from jobs.push.hints import SPACING_S, Hint, Hints
from jobs.streams.memory import MemoryStreamStore
from jobs.streams.stream import AccountId, Channel
from sanderling.kernel.clock import VirtualClock
from sanderling.kernel.errors import StoreUnavailableError

MAIL = Hint(AccountId("a"), Channel.GMAIL)
OTHER = Hint(AccountId("b"), Channel.GMAIL)


class Told(MemoryStreamStore):
    """Streams that keep what was told of them, unless the database is away."""

    def __init__(self) -> None:
        """Start with a database that is there."""
        super().__init__()
        self.told: list[Hint] = []
        self.is_away = False
        self.is_broken = False

    async def hint(self, account_id: AccountId, channel: Channel, now: datetime) -> int:
        """Keep what was told."""
        if self.is_broken:
            raise RuntimeError
        if self.is_away:
            raise StoreUnavailableError(reason="it is away")
        self.told.append(Hint(account_id, channel))
        return await super().hint(account_id, channel, now)


async def settle() -> None:
    """Let whatever is ready run."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_a_hint_goes_out_at_once_and_a_flood_later_together() -> None:
    """Of two thousand about one stream the first is handed on, and one for all that followed."""
    clock, streams = VirtualClock(), Told()
    hints = Hints(streams, clock)
    following = asyncio.create_task(hints.follow())

    hints.take(MAIL)
    await settle()
    assert streams.told == [MAIL]
    for _ in range(2_000):
        hints.take(MAIL)
    hints.take(OTHER)
    await settle()
    assert streams.told == [MAIL]
    clock.advance(SPACING_S)
    await settle()
    assert streams.told == [MAIL, MAIL, OTHER]
    clock.advance(SPACING_S)
    await settle()
    assert streams.told == [MAIL, MAIL, OTHER]
    following.cancel()


async def test_hints_outlast_a_database_that_is_away() -> None:
    """They wait, and come once it is back; a defect costs them, and not the next ones."""
    clock, streams = VirtualClock(), Told()
    hints = Hints(streams, clock)
    following = asyncio.create_task(hints.follow())
    streams.is_away = True
    hints.take(MAIL)
    with structlog.testing.capture_logs() as logs:
        await settle()
    assert ([each["event"] for each in logs], len(hints)) == (["push.delayed"], 1)

    streams.is_away = False
    clock.advance(SPACING_S)
    await settle()
    assert (streams.told, len(hints)) == ([MAIL], 0)
    streams.is_broken = True
    clock.advance(SPACING_S)
    hints.take(MAIL)
    with structlog.testing.capture_logs() as logs:
        await settle()
    assert [each["event"] for each in logs] == ["push.failed"]
    streams.is_broken = False
    hints.take(OTHER)
    clock.advance(SPACING_S)
    await settle()
    assert streams.told == [MAIL, OTHER]
    following.cancel()


async def test_only_so_many_wait() -> None:
    """A flood about ever other streams takes no more memory than that, and the log tells of it."""
    streams = Told()
    hints = Hints(streams, VirtualClock(), most_waiting=10)
    for number in range(25):
        hints.take(Hint(AccountId(str(number)), Channel.GMAIL))
    hints.take(Hint(AccountId("3"), Channel.GMAIL))

    with structlog.testing.capture_logs() as logs:
        await hints.flush()

    assert [hint.account_id for hint in streams.told] == [str(number) for number in range(10)]
    assert [(each["event"], each["dropped"]) for each in logs] == [("push.crowded", 15)]


@given(st.lists(st.sampled_from(["a", "b", "c", "flush", "away"]), max_size=40))
def test_every_stream_that_was_told_of_is_told_once_more(steps: list[str]) -> None:
    """Whatever comes in whatever order, what was told since the last round is in the next one."""

    async def play() -> None:
        streams = Told()
        hints = Hints(streams, VirtualClock())
        due: set[str] = set()
        for step in [*steps, "flush"]:
            streams.told.clear()
            streams.is_away = step == "away"
            if step in {"flush", "away"}:
                try:
                    await hints.flush()
                except StoreUnavailableError:
                    assert due
                told = [hint.account_id for hint in streams.told]
                assert sorted(told) == ([] if streams.is_away else sorted(due))
                due = due if streams.is_away else set()
            else:
                hints.take(Hint(AccountId(step), Channel.GMAIL))
                due.add(step)

    asyncio.run(play())


@pytest.mark.parametrize("is_known", [True, False])
async def test_a_hint_of_nobody_is_no_fault(*, is_known: bool) -> None:
    """A stream that is gone by now costs a look."""
    streams = Told()
    hints = Hints(streams, VirtualClock())
    if is_known:
        hints.take(MAIL)

    await hints.flush()

    assert streams.told == ([MAIL] if is_known else [])
