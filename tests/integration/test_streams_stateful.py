"""Whatever workers, crashes and people do in whatever order, streams keep their promises.

The same steps are done to the store in memory and to the one on SQL. Both answer alike, and what
is promised of streams holds after every step.
"""

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from jobs.streams.memory import MemoryStreamStore
from jobs.streams.ports import StreamStore
from jobs.streams.steps import (
    MOST_ATTEMPTS,
    broken,
    given_back,
    hinted,
    is_open_to_hints,
    settled,
)
from jobs.streams.stream import AccountId, Channel, Lane, Phase, Stream, StreamStatus
from jobs.streams.trust import Trust, trust_of
from sanderling.store import SQLStreamStore, open_database
from support.records import HERE, START, THERE
from support.streams import DONE, LEASE, a_claim, a_stream

Answer = TypeVar("Answer")

ACCOUNTS = ("a", "b", "c", "d")
CHANNELS = (Channel.GMAIL, Channel.GOOGLE_CALENDAR)
accounts = st.sampled_from(ACCOUNTS)
channels = st.sampled_from(CHANNELS)
phases = st.sampled_from(list(Phase))
workers = st.sampled_from(["worker-1", "worker-2", "worker-3"])


class Promises(RuleBasedStateMachine):
    """Do the same to both stores, and hold every promise after each step."""

    template: Path
    folder: Path

    def __init__(self) -> None:
        """Start with two empty stores, nobody at work, and the clock at its start."""
        super().__init__()
        self.runner = asyncio.Runner()
        self.stack = AsyncExitStack()
        self.memory: StreamStore = MemoryStreamStore()
        self.sql = self.runner.run(self._open())
        self.now: datetime = START
        self.opened: set[str] = set()
        self.fences: dict[str, int] = {}
        self.claims: list[Stream] = []

    async def _open(self) -> StreamStore:
        path = shutil.copy(self.template, self.folder / "streams.db")
        database = await self.stack.enter_async_context(open_database(f"sqlite:///{path}"))
        return SQLStreamStore(database)

    def teardown(self) -> None:
        """Close the database."""
        self.runner.run(self.stack.aclose())
        self.runner.close()

    def both(self, act: Callable[[StreamStore], Awaitable[Answer]]) -> Answer:
        """Return what both answered."""

        async def ask(store: StreamStore) -> Answer:
            return await act(store)

        answers = [self.runner.run(ask(store)) for store in (self.memory, self.sql)]
        assert answers[0] == answers[1]
        return answers[0]

    def kept(self) -> dict[str, Stream]:
        """Return every stream, by its id."""
        return {stream.id: stream for stream in self.both(_all)}

    @rule(account=accounts, channel=channels, delay_s=st.integers(0, 40))
    def open(self, account: str, channel: Channel, delay_s: int) -> None:
        """Connect a channel of an account, which may be there already."""
        workspace_id = HERE if account < "c" else THERE
        due_at = self.now + timedelta(seconds=delay_s)
        new = a_stream(account, workspace_id=workspace_id, channel=channel, due_at=due_at)
        self.both(lambda store: store.open([new]))
        self.opened.add(new.id)

    @rule(
        channel=channels,
        phase=phases,
        worker=workers,
        limit=st.integers(1, 3),
        trust=st.sampled_from(list(Trust)),
    )
    def claim(self, channel: Channel, phase: Phase, worker: str, limit: int, trust: Trust) -> None:
        """Claim what is due, and see that each claim has a fence that nobody had."""
        before = self.kept()
        lane, claim = Lane(channel, phase), a_claim(self.now, worker=worker)
        claimed = self.both(
            lambda store: _listed(store.claim(lane, claim, limit=limit, trust=trust))
        )
        for stream in claimed:
            was = before[stream.id]
            assert was.status is StreamStatus.ACTIVE
            assert was.lease_until is None
            assert was.next_due_at <= self.now
            assert trust_of(was) is trust
            assert stream.fence > self.fences.get(stream.id, 0)
            self.fences[stream.id] = stream.fence
        self.claims.extend(claimed)

    @rule(
        data=st.data(),
        phase=phases,
        delay_s=st.integers(0, 90),
        ending=st.sampled_from(["done", "rests", "parked", "broken", "given back"]),
    )
    def settle(self, data: st.DataObject, phase: Phase, delay_s: int, ending: str) -> None:
        """Write how a slice ended, by whoever still believes to hold its stream."""
        if not self.claims:
            return
        believed = data.draw(st.sampled_from(self.claims))
        due_at = self.now + timedelta(seconds=delay_s)
        status = StreamStatus.PARKED if ending == "parked" else StreamStatus.ACTIVE
        due = due_at if ending == "rests" else DONE.due
        result = replace(DONE, due=due, phase=phase, status=status)
        after = {
            "broken": broken(believed, "It broke.", self.now),
            "given back": given_back(believed, self.now, due_at),
        }.get(ending) or settled(believed, result, self.now, due_at)
        before = self.kept()
        is_held = _is_held(before.get(believed.id), believed)

        written = self.both(lambda store: store.settle([(believed.lease(), after)]))

        assert written == (frozenset({believed.id}) if is_held else frozenset())
        if not is_held:
            assert self.kept() == before

    @rule(data=st.data())
    def renew(self, data: st.DataObject) -> None:
        """Lengthen a lease, by whoever still believes to have it."""
        if not self.claims:
            return
        believed = data.draw(st.sampled_from(self.claims))
        is_held = _is_held(self.kept().get(believed.id), believed)

        held = self.both(lambda store: store.renew([believed.lease()], until=self.now + LEASE))

        assert bool(held) is is_held

    @rule(seconds=st.integers(1, 60), most=st.integers(1, 9))
    def time_passes(self, seconds: int, most: int) -> None:
        """Let leases run out: whoever had them crashed, or only believes to work."""
        self.now += timedelta(seconds=seconds)
        for stream in self.both(lambda store: _listed(store.heal(self.now, limit=most))):
            assert stream.lease_until is None
            assert stream.fence == self.fences[stream.id] + 1
            self.fences[stream.id] = stream.fence

    @rule(account=accounts, channel=channels, status=st.sampled_from(list(StreamStatus)))
    def switch(self, account: str, channel: Channel, status: StreamStatus) -> None:
        """Pause, park or resume a stream."""
        stream_id = a_stream(account, channel=channel).id
        found = self.both(lambda store: store.switch(stream_id, status, self.now))
        assert found is (stream_id in self.opened)

    @rule(account=accounts, channel=channels)
    def ask(self, account: str, channel: Channel) -> None:
        """Want a slice out of turn."""
        stream_id = a_stream(account, channel=channel).id
        assert self.both(lambda store: store.ask(stream_id, self.now)) is (stream_id in self.opened)

    @rule(account=accounts, channel=channels)
    def hint(self, account: str, channel: Channel) -> None:
        """Tell that something changed: whatever rests for a reason stays as it was."""
        before = self.kept().get(a_stream(account, channel=channel).id)

        number = self.both(lambda store: store.hint(AccountId(account), channel, self.now))

        after = self.kept().get(a_stream(account, channel=channel).id)
        is_open = before is not None and is_open_to_hints(before, self.now)
        assert number == int(is_open)
        assert after == (hinted(before, self.now) if before is not None and is_open else before)

    @invariant()
    def no_hint_is_forgotten(self) -> None:
        """Keep what was told of, and waits for its turn, due until a listing has begun."""
        told = [each for each in self.kept().values() if each.hinted_at and each.is_in_turn]
        assert all(each.next_due_at <= self.now for each in told)

    @invariant()
    def every_suspect_is_told_of(self) -> None:
        """Tell of those that are due and could be claimed, and of no others."""
        streams = self.kept().values()
        busy = {each.account_id for each in streams if each.lease_until is not None}
        expected = {
            (each.lane, trust_of(each))
            for each in streams
            if each.status is StreamStatus.ACTIVE
            and each.next_due_at <= self.now
            and each.account_id not in busy
            and trust_of(each) is not Trust.FULL
        }
        assert self.both(lambda store: store.suspects(self.now)) == expected

    @invariant()
    def who_rests_is_not_hurried(self) -> None:
        """Keep whoever rests until the moment that its slice named, unless people want it."""
        resting = [each for each in self.kept().values() if each.rests_until is not None]
        assert all(each.next_due_at == each.rests_until for each in resting)
        assert all(each.lease_until is None for each in resting)

    @invariant()
    def nothing_is_lost(self) -> None:
        """Every stream is there, an account has one holder, and the backlog counts what is due."""
        streams = self.kept()
        assert streams.keys() == self.opened
        held = [each for each in streams.values() if each.lease_until is not None]
        assert len(held) == len({each.account_id for each in held})
        assert all(each.lease_owner is not None for each in held)
        free = [each for each in streams.values() if each.lease_until is None]
        assert all(each.lease_owner is None for each in free)
        due = [
            each
            for each in free
            if each.status is StreamStatus.ACTIVE and each.next_due_at <= self.now
        ]
        assert all(each.attempts < MOST_ATTEMPTS for each in due)
        assert sum(self.both(lambda store: _counts(store, self.now)).values()) == len(due)


async def _all(store: StreamStore) -> list[Stream]:
    return [each for name in ACCOUNTS for each in await store.of_account(AccountId(name))]


async def _listed(answer: Awaitable[Sequence[Stream]]) -> list[Stream]:
    return list(await answer)


async def _counts(store: StreamStore, now: datetime) -> dict[Lane, int]:
    return dict(await store.backlog(now))


def _is_held(kept: Stream | None, believed: Stream) -> bool:
    return kept is not None and kept.lease_until is not None and kept.fence == believed.fence


@pytest.mark.slow
def test_promises_hold_whatever_happens(sqlite_template: Path, tmp_path: Path) -> None:
    """Both stores keep every promise in any order of steps."""

    class Here(Promises):
        template = sqlite_template
        folder = tmp_path

    run_state_machine_as_test(
        Here, settings=settings(max_examples=15, stateful_step_count=25, deadline=None)
    )
