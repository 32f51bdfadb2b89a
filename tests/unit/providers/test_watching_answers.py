"""What a provider tells of a watch is looked at before it is believed."""

from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from jobs.providers.google.watching import LONGEST, GoogleCalendarWatcher
from jobs.providers.microsoft.watching import LASTS, graph_mail_watcher
from jobs.push.ports import WatchOrder
from jobs.push.watch import Watch
from jobs.streams.stream import AccountId, Channel
from jobs.sync.faults import Temporary
from jobs.sync.provider import AccountRef
from sanderling.kernel.clock import VirtualClock
from sanderling.kernel.ids import WorkspaceId
from support.providers import ACCOUNT, Desk, scripted

REF = AccountRef(ACCOUNT, WorkspaceId("ws_1"), "ada@example.com")
NOW = VirtualClock().now()
ORDER = WatchOrder("id-1", "secret", "https://a.example/push", "", NOW + timedelta(days=7))


@pytest.fixture
async def desk() -> AsyncGenerator[Desk]:
    """Yield the way to a provider that answers by a script."""
    async with scripted() as found:
        yield found


@pytest.mark.parametrize(
    "expiration", [None, "", "soon", "-1", "1", 1767830400000, "9" * 400, "0x10", "١٢٣"]
)
async def test_a_channel_without_an_end_to_come_is_none(desk: Desk, expiration: Any) -> None:
    """Google is asked again later."""
    desk.script.then(200, {"id": "id-1", "resourceId": "r", "expiration": expiration})

    with pytest.raises(Temporary):
        await GoogleCalendarWatcher(desk.lane).watch(REF, ORDER)


async def test_a_channel_ends_some_day_whatever_google_says(desk: Desk) -> None:
    """A moment ages away is brought near; ids are cut to what can be kept."""
    desk.script.then(200, {"resourceId": "r\x00" * 10_000, "expiration": "9" * 16})

    watched = await GoogleCalendarWatcher(desk.lane).watch(REF, ORDER)

    assert watched.expires_at == NOW + LONGEST
    assert watched.remote_id == ORDER.remote_id
    assert len(watched.resource_id) < 10_000


@pytest.mark.parametrize(
    "told",
    [
        {"id": "", "expirationDateTime": "2026-01-02T00:00:00Z"},
        {"id": 7, "expirationDateTime": "2026-01-02T00:00:00Z"},
        {"id": "x"},
        {"id": "x", "expirationDateTime": "soon"},
        {"id": "x", "expirationDateTime": "2025-12-31T00:00:00Z"},
        {"id": "x", "expirationDateTime": 5},
    ],
)
async def test_a_subscription_that_cannot_be_kept_is_none(
    desk: Desk, told: dict[str, object]
) -> None:
    """Without an id, or without an end to come."""
    desk.script.then(201, told)

    with pytest.raises(Temporary):
        await graph_mail_watcher(desk.lane).watch(REF, ORDER)


@pytest.mark.parametrize("end", ["9999-12-31T23:59:59Z", "9999-12-31T23:59:59-14:00"])
async def test_a_subscription_ends_some_day(desk: Desk, end: str) -> None:
    """Whatever Graph says; seven digits after the point are Graph's own form."""
    desk.script.then(201, {"id": "x", "expirationDateTime": end})
    desk.script.then(201, {"id": "y", "expirationDateTime": "2026-01-02T00:00:00.0000000Z"})
    watcher = graph_mail_watcher(desk.lane)

    far, near = await watcher.watch(REF, ORDER), await watcher.watch(REF, ORDER)

    assert far.expires_at == NOW + 2 * LASTS
    assert near.expires_at == NOW + timedelta(days=1)


async def test_an_id_of_graphs_cannot_lead_elsewhere(desk: Desk) -> None:
    """It is quoted in the path of whatever is asked of it."""
    desk.script.then(201, {"id": "../me?x=1", "expirationDateTime": "2026-01-02T00:00:00Z"}).then(
        204
    )
    watcher = graph_mail_watcher(desk.lane)
    watched = await watcher.watch(REF, ORDER)

    kept = Watch(AccountId(ACCOUNT), REF.workspace_id, Channel.MICROSOFT_MAIL, REF.email, NOW)
    await watcher.stop(REF, replace(kept, remote_id=watched.remote_id))

    assert desk.script.asked[-1].url.raw_path.endswith(b"/v1.0/subscriptions/..%2Fme%3Fx%3D1")
