"""A running process is soon at the newest revision, whatever is lost on the way."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from config.acknowledgement import AcknowledgementState
from config.configuration import LIVE_WITHIN_S
from config.errors import RevisionNotInForce
from config.layers import read_layers
from config.live import HEARTBEAT_S, Pace
from config.stored import HistoryEntry, StoredBody
from config.variables import LogLevel
from sanderling.kernel.errors import StoreUnavailableError
from support.desk import Desk
from support.follower import POLL_S, Process


@pytest.fixture
def desk() -> Desk:
    """Return a store with nothing in it."""
    return Desk()


@pytest.fixture
def process(desk: Desk, tmp_path: Path) -> Process:
    """Return a process of the instance behind `desk`."""
    return Process(desk, tmp_path)


async def settle() -> None:
    """Let every task run until it waits."""
    for _ in range(20):
        await asyncio.sleep(0)
    # The copy of the last good body is written by a thread.
    await asyncio.to_thread(lambda: None)
    for _ in range(20):
        await asyncio.sleep(0)


@pytest.fixture
async def followed(process: Process) -> AsyncGenerator[Process]:
    """Yield a process whose task runs."""
    await process.begin()
    async with process.hints:
        task = asyncio.create_task(process.live.follow())
        await settle()
        yield process
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_a_process_says_at_once_what_it_runs_by(process: Process) -> None:
    """Before the first change it is revision 0."""
    await process.begin()

    assert await process.word() == (0, AcknowledgementState.APPLIED, 0, "")


async def test_a_hint_brings_a_change_at_once(followed: Process) -> None:
    """No time passes between the change and its being in force."""
    await followed.desk.set(LOG_LEVEL="ERROR")
    await settle()

    assert followed.live.snapshot.revision == 1
    assert followed.part.levels == ["ERROR"]
    assert await followed.word() == (1, AcknowledgementState.APPLIED, 1, "")


async def test_without_any_hint_the_poll_brings_it(followed: Process) -> None:
    """Hints may all be lost; within the poll interval the change is in force."""
    followed.desk.board.bells.clear()
    await followed.desk.set(LOG_LEVEL="ERROR")
    await settle()
    assert followed.part.levels == []

    followed.desk.clock.advance(POLL_S)
    await settle()

    assert followed.part.levels == ["ERROR"]


async def test_several_changes_between_two_looks_are_one_step(process: Process) -> None:
    """Only the newest revision is applied."""
    live = await process.begin()
    for level in ("ERROR", "DEBUG", "WARNING"):
        await process.desk.set(LOG_LEVEL=level)

    await live.look()

    assert (live.snapshot.revision, process.part.levels) == (3, ["WARNING"])


async def test_a_revision_that_is_not_valid_here_is_refused_and_the_last_good_one_stays(
    process: Process,
) -> None:
    """What another process may keep is judged by this one's environment; the next good one goes."""
    await process.desk.set(LOG_LEVEL="ERROR")
    live = await process.begin()
    entry = HistoryEntry(2, process.desk.clock.now(), "somebody", "by hand")
    await process.desk.store.append(StoredBody(2, {"LOG_LEVEL": "LOUD"}), entry)

    await live.look()
    await live.look()

    assert live.snapshot.settings.log_level is LogLevel.ERROR
    revision, state, in_force, why = await process.word()
    assert (revision, state, in_force) == (2, AcknowledgementState.REFUSED, 1)
    assert "LOG_LEVEL" in why
    assert "LOUD" not in why
    assert live.reasons() == (why,)

    await process.desk.set(LOG_LEVEL="DEBUG")
    await live.look()
    assert await process.word() == (3, AcknowledgementState.APPLIED, 3, "")
    assert live.reasons() == ()


async def test_a_part_that_cannot_follow_keeps_everything_and_is_tried_again(
    process: Process,
) -> None:
    """A cause that passes needs nobody; tries come at growing distances."""
    live = await process.begin()
    process.part.trouble = True
    await process.desk.set(LOG_LEVEL="ERROR")
    await live.look()
    revision, state, in_force, why = await process.word()
    assert (revision, state, in_force) == (1, AcknowledgementState.REFUSED, 0)
    assert why.endswith(
        "The part cannot follow these settings and keeps what it had: The disk is full."
    )
    await live.look()
    assert process.part.attempts == 1

    process.desk.clock.advance(5)
    await live.look()
    process.desk.clock.advance(5)
    await live.look()
    assert process.part.attempts == 2

    process.part.trouble = False
    process.desk.clock.advance(5)
    await live.look()
    assert await process.word() == (1, AcknowledgementState.APPLIED, 1, "")


async def test_when_the_store_is_away_settings_stay_and_come_back_by_themselves(
    followed: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process says so itself, looks again soon, and recovers."""
    store = followed.desk.store
    was = store.read_head

    async def away() -> int:
        raise StoreUnavailableError(reason="gone")

    monkeypatch.setattr(store, "read_head", away)
    followed.desk.clock.advance(POLL_S)
    await settle()
    assert "Revision 0 of the settings stays in force." in followed.live.reasons()[0]

    monkeypatch.setattr(store, "read_head", was)
    followed.desk.clock.advance(1)
    await settle()
    assert followed.live.reasons() == ()


async def test_a_store_that_never_answers_is_given_up(
    process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection that died silently costs one timeout, not the process."""
    live = await process.begin()

    async def silent() -> int:
        await asyncio.Event().wait()
        return 0

    monkeypatch.setattr(process.desk.store, "read_head", silent)
    monkeypatch.setattr("config.sources.STORE_TIMEOUT_S", 0.01)

    await live.look()

    assert "no answer within 0.01 seconds" in live.reasons()[0]


async def test_a_carrier_of_hints_that_raises_does_not_end_the_poll(
    process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The guarantee does not lean on what only makes it faster."""
    await process.begin()

    async def broken(*, timeout_s: float) -> bool:
        raise ZeroDivisionError(timeout_s)

    monkeypatch.setattr(process.hints, "wait_hint", broken)
    task = asyncio.create_task(process.live.follow())
    await settle()
    await process.desk.set(LOG_LEVEL="ERROR")
    process.desk.clock.advance(POLL_S)
    await settle()

    assert process.part.levels == ["ERROR"]
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_defect_does_not_end_the_loop(
    process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is raised is told, and the next look works again."""
    live = await process.begin()

    async def broken() -> int:
        raise ZeroDivisionError

    monkeypatch.setattr(process.desk.store, "read_head", broken)
    await live.look()
    assert "ZeroDivisionError" in live.reasons()[0]

    monkeypatch.undo()
    await live.look()
    assert live.reasons() == ()


async def test_a_defect_does_not_silence_the_process(
    process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else it would be taken for gone, and a change for in force everywhere without it."""
    live = await process.begin()

    async def broken() -> int:
        raise ZeroDivisionError

    monkeypatch.setattr(process.desk.store, "read_head", broken)
    process.desk.clock.advance(HEARTBEAT_S)
    await live.look()

    (seen,) = await process.desk.store.list_acknowledgements()
    assert seen.age_s == 0


async def test_a_heartbeat_is_written_now_and_then(process: Process) -> None:
    """Looking alone writes nothing: others are woken by what is written."""
    live = await process.begin()
    (first,) = await process.desk.store.list_acknowledgements()
    process.desk.clock.advance(HEARTBEAT_S - 1)
    await live.look()
    assert (await process.desk.store.list_acknowledgements())[0].seen_at == first.seen_at

    process.desk.clock.advance(1)
    await live.look()

    assert (await process.desk.store.list_acknowledgements())[0].age_s == 0


async def test_a_process_is_heard_while_a_part_gets_ready(followed: Process) -> None:
    """However long that takes nobody takes the process for gone, nor the change for in force."""
    followed.part.held = asyncio.Event()
    await followed.desk.set(LOG_LEVEL="ERROR")
    await settle()
    for _ in range(2 * round(LIVE_WITHIN_S)):
        followed.desk.clock.advance(1)
        await settle()

    with pytest.raises(RevisionNotInForce, match="not done with 1 yet"):
        await followed.desk.configuration.wait_in_force(1, timeout_s=0)

    followed.part.held.set()
    await settle()
    assert await followed.word() == (1, AcknowledgementState.APPLIED, 1, "")


async def test_a_process_that_ends_is_not_waited_for(desk: Desk, tmp_path: Path) -> None:
    """Its word is taken back."""
    process = Process(desk, tmp_path)
    await process.begin()
    async with process.hints:
        task = asyncio.create_task(process.live.follow())
        await settle()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    assert await desk.store.list_acknowledgements() == ()


async def test_without_the_database_nothing_is_read_and_a_restart_is_called_for(
    desk: Desk, tmp_path: Path
) -> None:
    """In environment-only mode a change of .env is told, by names, and not applied."""
    path = tmp_path / ".env"
    path.write_text("LOG_LEVEL=ERROR\nIS_CONFIG_VARIABLES_IN_DB_ENABLED=false\n")
    layers = read_layers(home=tmp_path)
    await desk.set(LOG_LEVEL="DEBUG")
    process = Process(desk, tmp_path, layers)
    live = await process.begin()
    assert live.snapshot.settings.log_level is LogLevel.ERROR
    assert await process.word() == (0, AcknowledgementState.APPLIED, 0, "")

    beside = tmp_path / "new"
    beside.write_text("LOG_LEVEL=INFO\nIS_CONFIG_VARIABLES_IN_DB_ENABLED=false\n")
    beside.replace(path)
    await live.look()

    assert (await process.word())[3] == "A restart applies LOG_LEVEL."
    assert live.snapshot.settings.log_level is LogLevel.ERROR


@pytest.mark.parametrize("jitter", [0.0, 0.5, 1.0])
def test_the_poll_is_never_slower_than_it_is_told(desk: Desk, jitter: float) -> None:
    """Jitter only makes it come earlier, and after a failure it comes within a second."""
    pace = Pace(POLL_S, lambda: jitter, desk.clock)

    assert POLL_S / 2 <= pace.next_s(has_failed=False) <= POLL_S
    assert pace.next_s(has_failed=True) <= 1


def test_a_process_speaks_more_often_than_it_is_given_up() -> None:
    """One lost heartbeat does not make it count as gone."""
    assert 2 * HEARTBEAT_S + POLL_S < LIVE_WITHIN_S
