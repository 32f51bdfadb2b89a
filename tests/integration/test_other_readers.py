"""Clients that others wrote for the providers read the simulated ones, and see what is there."""

import pytest

from sanderling.simulator.core.exchange import Answer, Asked
from support.google import Google
from support.loopback import serving
from support.microsoft import Microsoft
from support.readers import read_with_others
from support.simulated import START, plan

pytestmark = pytest.mark.slow


async def test_o365_reads_the_simulated_graph() -> None:
    """Folders, each message of the inbox over several pages, and calendars come over."""
    microsoft = Microsoft(mails=40, meetings=5)
    inbox = [
        [mail.letter.subject, mail.is_read]
        for mail in microsoft.person.mailbox.mails.values()
        if "inbox" in mail.places
    ]

    async with serving(microsoft.site) as base_url:
        read = await read_with_others(
            service="graph", base_url=base_url, access_token=microsoft.token
        )

    assert len(inbox) > 14  # more than two pages.
    assert sorted(each[1:] for each in read["inbox"]) == sorted(inbox)
    assert {"Inbox", "Archive", "Sent Items"} <= {*read["folders"]}
    assert read["calendars"]
    assert {answer.status for _, answer in microsoft.seen} == {200}


async def test_gcal_sync_follows_the_simulated_calendar() -> None:
    """A whole calendar, what was added since, and all of it again after 410 come over."""
    google = Google(meetings=30)
    statuses: list[int] = []

    def meanwhile(_: Asked, answer: Answer) -> None:
        statuses.append(answer.status)
        if b"nextSyncToken" not in answer.body:
            return
        if statuses.count(200) == 1:
            google.person.agenda.add(plan(), at=START)
        else:
            google.world.expire_cursors()

    google.site.on_served = meanwhile
    async with serving(google.site) as base_url:
        read = await read_with_others(
            service="calendar", base_url=base_url, access_token=google.token
        )

    first, second, third = read["ids"]
    assert len(second) == len(first) + 1
    assert third == second
    assert 410 in statuses
