"""What becomes of a stream after each slice of its account."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from jobs.accounts.account import AccountStatus
from jobs.streams.stream import Channel, Due, Phase, StreamStatus
from jobs.sync.backoff import DEFECTS_BEFORE_STOP
from jobs.sync.faults import (
    AuthRevoked,
    CursorExpired,
    Defect,
    PermissionMissing,
    ProviderFault,
    QuotaSpent,
    RateLimited,
    Temporary,
)
from jobs.sync.provider import Fetched, Wanted
from support.account_work import Desk
from support.accounts import NOW
from support.remote_calendar import an_event

CALENDAR = Channel.GOOGLE_CALENDAR
BUSY = Temporary("busy")
FORBIDDEN = PermissionMissing("the API is off", "Enable it in the console")


@pytest.fixture
async def desk() -> Desk:
    """Return a connected account with two messages."""
    desk = Desk()
    await desk.connect()
    for _ in range(2):
        desk.mailbox.add(folders=frozenset({"inbox"}))
    return desk


async def test_mail_comes_in_by_turns_of_listing_and_importing(desk: Desk) -> None:
    """What a listing finds is fetched at once, and each import is followed by a listing."""
    for _ in range(9):
        desk.mailbox.add(folders=frozenset({"inbox"}))

    results = await desk.slices()

    assert len(desk.mail_store.live(desk.account.id)) == 11
    assert [each.due for each in results[:-1]] == [Due.AT_ONCE] * (len(results) - 1)
    phases = "".join(each.phase.value[0] for each in results)
    assert "i" in phases
    assert "ii" not in phases
    assert (await desk.kept()).failures == 0


async def test_what_is_put_off_is_imported_in_its_turn(desk: Desk) -> None:
    """A message that cannot be had now is looked for at the import's cadence."""
    desk.mail.deferred = dict.fromkeys(desk.mailbox.messages, BUSY)
    results = [await desk.slice() for _ in range(3)]

    assert (results[-1].due, results[-1].phase) == (Due.IN_TURN, Phase.IMPORT)
    desk.clock.advance(3600)
    await desk.slice()
    assert len(desk.mail_store.live(desk.account.id)) == 2


async def test_what_is_left_out_of_an_answer_is_asked_for_again_at_once(desk: Desk) -> None:
    """A batch that was cut short is no reason to put off the messages that it did not reach."""
    fetch = desk.mail.fetch

    async def cut_short(wanted: Sequence[Wanted]) -> Mapping[str, Fetched]:
        found = await fetch(wanted)
        return {each.remote_id: found[each.remote_id] for each in wanted[:1]}

    desk.mail.fetch = cut_short  # type: ignore[method-assign] # pyright: ignore[reportAttributeAccessIssue] - the provider's own habit.
    await desk.slices()

    assert len(desk.mail_store.live(desk.account.id)) == 2
    assert desk.clock.now() == NOW


async def test_spent_quota_is_a_pace_and_no_failure(desk: Desk) -> None:
    """A stream that used up what it may goes on when there is more, as if nothing had happened."""
    desk.faults = [QuotaSpent(retry_after_s=7.5)]

    result = await desk.slice()

    assert result.due == desk.clock.now() + timedelta(seconds=7.5)
    kept = await desk.kept()
    assert (kept.failures, kept.last_failure) == (0, None)
    assert "goes on by itself" in kept.detail


async def test_what_was_left_out_for_its_id_is_told(desk: Desk) -> None:
    """Nothing is lost silently: people read how much it was, and the log counts it."""
    hostile = replace(desk.mailbox.messages["m000001"], remote_id="x" * 3000)
    desk.mailbox.put(hostile)

    with capture_logs() as logs:
        result = await desk.slice()

    assert "Left out for their ids, which cannot be kept: 1." in result.detail
    told = [each for each in logs if each["event"] == "stream.items-left-out"]
    stream = await desk.kept()
    assert [(each["stream"], each["channel"], each["count"]) for each in told] == [
        (stream.id, "gmail", 1)
    ]
    assert stream.failures == 0


async def test_slices_that_brought_something_or_failed_are_kept(desk: Desk) -> None:
    """People find what sync has been doing and what it cost; what found nothing hides no other."""
    await desk.slices()
    await desk.slices()
    desk.faults = [RateLimited(retry_after_s=9.0)]
    await desk.slice()

    failed, imported, listed = await desk.history.latest((await desk.kept()).id, limit=9)
    assert (listed.phase, listed.items, listed.failure_kind) == (Phase.LIST, 2, None)
    assert (imported.phase, imported.detail) == (Phase.IMPORT, "Messages fetched: 2.")
    assert (failed.items, failed.failure_kind) == (0, "provider_rate_limited")
    assert (imported.requests, imported.units) == (2, 4)
    assert failed.fence > imported.fence > listed.fence


async def test_a_long_calendar_is_gone_on_with_as_an_import(desk: Desk) -> None:
    """Events come whole: what one slice leaves is gone on with at once, as an import."""
    for number in range(14):
        desk.calendar.put(an_event(f"e{number}"))

    results = await desk.slices(CALENDAR)

    assert [(each.due, each.phase) for each in results] == [
        (Due.AT_ONCE, Phase.IMPORT),
        (Due.IN_TURN, Phase.LIST),
    ]
    assert await desk.calendar_store.count_there(desk.account.id, "primary") == 14


@pytest.mark.parametrize(
    ("fault", "wait_s"),
    [(RateLimited(retry_after_s=77.0), 77.0), (RateLimited(), 2.0), (CursorExpired(), 0.0)],
)
async def test_a_stream_backs_off_for_as_long_as_it_is_asked_to(
    desk: Desk, fault: ProviderFault, wait_s: float
) -> None:
    """What the provider says is waited for to the second, with its sentence in the row."""
    desk.faults = [fault]

    result = await desk.slice()

    assert result.due == desk.clock.now() + timedelta(seconds=wait_s)
    kept = await desk.kept()
    assert (kept.status, kept.failures) == (StreamStatus.ACTIVE, 1)
    assert kept.detail == str(fault)
    assert kept.last_failure is not None
    assert kept.last_failure.kind == fault.code


async def test_what_passes_by_itself_is_tried_again_in_the_same_slice(desk: Desk) -> None:
    """A broken connection costs no back-off, and what was taken in before is not asked again."""
    desk.faults = [None, None, BUSY]

    results = await desk.slices()

    assert [each.failure for each in results] == [None] * len(results)
    assert desk.requests.count("cursor ") == 1


async def test_tries_end_with_the_time_of_the_slice(desk: Desk) -> None:
    """A provider that is slow to fail does not hold a worker: the next slice goes on."""
    desk.chance = 1.0
    desk.faults = [BUSY] * 9
    task = asyncio.create_task(desk.slice())
    while not task.done():
        await asyncio.sleep(0)
        desk.clock.advance(0.25 if len(desk.requests) < 2 else 25)

    assert task.result().failure is not None
    assert 1 < len(desk.requests) < 4


async def test_failures_in_a_row_lengthen_the_rest(desk: Desk) -> None:
    """A provider that stays away is asked less and less, by whatever worker."""
    rests: list[float] = []
    for _ in range(4):
        desk.faults = [BUSY] * 4
        result = await desk.slice()
        now = desk.clock.now()
        assert not isinstance(result.due, Due)
        rests.append((result.due - now).total_seconds())
        desk.clock.advance(rests[-1])

    assert rests == [45.0, 90.0, 180.0, 360.0]
    await desk.slice()
    assert (await desk.kept()).failures == 0


async def test_what_was_brought_in_shortens_the_rest(desk: Desk) -> None:
    """After progress a fault that passes by itself counts as the first one."""
    for _ in range(2):
        desk.faults = [BUSY] * 4
        desk.clock.advance(await _rest_s(desk))
    desk.faults = [None, None, None, RateLimited()]
    for _ in range(9):
        desk.mailbox.add(folders=frozenset({"inbox"}))

    await desk.slice()

    assert (await desk.kept()).failures == 1


async def _rest_s(desk: Desk) -> float:
    result = await desk.slice()
    assert not isinstance(result.due, Due)
    return (result.due - desk.clock.now()).total_seconds()


async def test_consent_that_ended_parks_the_whole_account(desk: Desk) -> None:
    """Every stream rests and says what to do; whoever paused one finds it paused."""
    desk.faults = [AuthRevoked("invalid_grant")]

    await desk.slice()

    account = await desk.accounts.find(desk.account.workspace_id, desk.account.id)
    assert account is not None
    assert account.status is AccountStatus.NEEDS_REAUTH
    for channel in desk.account.channels:
        kept = await desk.kept(channel)
        assert kept.status is StreamStatus.PARKED
        assert kept.detail == account.reason
        assert "invalid_grant" in kept.detail
        assert "`sanderling accounts connect`" in kept.detail


async def test_a_paused_stream_is_not_parked_by_another_one(desk: Desk) -> None:
    """Somebody's pause stands."""
    calendar = await desk.kept(CALENDAR)
    await desk.streams.switch(calendar.id, StreamStatus.PAUSED, desk.clock.now())
    desk.faults = [AuthRevoked("invalid_grant")]

    await desk.slice()

    assert (await desk.kept(CALENDAR)).status is StreamStatus.PAUSED


async def test_the_first_word_on_ended_consent_stays(desk: Desk) -> None:
    """Who is refused because another found out before says what that one was told."""
    await desk.accounts.change(desk.account.id, AccountStatus.NEEDS_REAUTH, "It was revoked.")
    desk.faults = [AuthRevoked("its consent ended earlier")]

    await desk.slice()

    assert (await desk.kept()).detail == "It was revoked."


async def test_a_missing_permission_stops_what_needs_it_alone(desk: Desk) -> None:
    """A calendar whose API is off does not stop the mail beside it."""
    desk.faults = [FORBIDDEN]

    await desk.slice(CALENDAR)

    account = await desk.accounts.find(desk.account.workspace_id, desk.account.id)
    assert account is not None
    assert account.status is AccountStatus.FAILED_PERMISSION
    assert "Enable it in the console." in account.reason
    assert (await desk.kept(CALENDAR)).status is StreamStatus.PARKED
    assert (await desk.slices())[-1].failure is None


async def _stop(desk: Desk) -> None:
    for _ in range(DEFECTS_BEFORE_STOP):
        assert (await desk.kept()).status is StreamStatus.ACTIVE
        desk.faults = [Defect("400")]
        result = await desk.slice()
        if not isinstance(result.due, Due):
            desk.clock.advance((result.due - desk.clock.now()).total_seconds())


async def test_a_defect_stops_its_stream_after_three(desk: Desk) -> None:
    """What would be refused for ever is not asked for ever."""
    await _stop(desk)

    assert (await desk.kept()).status is StreamStatus.PARKED
    assert (await desk.kept(CALENDAR)).status is StreamStatus.ACTIVE


async def test_consent_that_ended_leaves_nothing_to_time(desk: Desk) -> None:
    """What a defect stopped is tried again by itself, unless the account has to be connected."""
    await _stop(desk)
    is_left_to_time = (await desk.kept()).recover_at is not None
    desk.faults = [AuthRevoked("invalid_grant")]

    await desk.slice(CALENDAR)

    assert is_left_to_time
    assert (await desk.kept()).recover_at is None
    assert "invalid_grant" in (await desk.kept()).detail


async def test_a_scan_that_keeps_expiring_rests(desk: Desk) -> None:
    """A second expiry in a row is not answered by a rescan at once, whatever came in between."""
    for _ in range(5):
        desk.mailbox.add(folders=frozenset({"inbox"}))
    rests: list[float] = []
    for _ in range(3):
        desk.faults = [None, None, None, CursorExpired()]
        rests.append(await _rest_s(desk))
        desk.clock.advance(rests[-1])

    assert rests == [0.0, 60.0, 120.0]


async def test_an_account_that_is_not_there_is_left_alone(desk: Desk) -> None:
    """A slice of an account that was just disconnected asks nobody anything."""
    await desk.accounts.remove(desk.account.id)

    result = await desk.slice()

    assert (result.status, desk.requests) == (StreamStatus.PARKED, [])
    assert "not connected" in result.detail
