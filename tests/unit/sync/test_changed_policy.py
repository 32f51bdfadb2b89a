"""What the owner chooses anew holds for mail from then on, and for what is there by a rescan."""

from dataclasses import replace
from itertools import pairwise

import pytest

from jobs.sync.budget import Budget, SliceEnd
from jobs.sync.mail import MailSync
from jobs.sync.memory_mail import MemoryFolderMail, MemoryMail, MemoryMailProviders
from jobs.sync.memory_store import MemoryMailStore
from jobs.sync.rules import MailPolicy
from sanderling.kernel.clock import VirtualClock
from sanderling.kernel.events import RecordOperation
from support.records import START
from support.remote import ACCOUNT, LEASE, POLICY, foldered_mailbox, whole_mailbox

EVE, ANN = "eve@evil.example", "ann@work.example"
BLOCKING = replace(POLICY, blocked=frozenset({"@evil.example"}))


class Box:
    """A mailbox, where its messages are kept, and the sync between them."""

    def __init__(self, *, is_whole: bool, budget: Budget | None = None) -> None:
        """Begin with nothing."""
        self.mailbox = whole_mailbox() if is_whole else foldered_mailbox()
        self.store = MemoryMailStore(lambda _: True)
        mail = (MemoryMail if is_whole else MemoryFolderMail)(self.mailbox)
        providers = MemoryMailProviders({ACCOUNT.id: mail})
        self._sync = MailSync(
            providers, self.store, VirtualClock(START), lambda: 0.0, budget or Budget()
        )

    def post(self, sender: str) -> str:
        """Let a message come in."""
        return self.mailbox.add(folders=frozenset({"inbox"}), sender=sender)

    async def slice(self, policy: MailPolicy) -> tuple[SliceEnd, SliceEnd]:
        """List changes and fetch, once each."""
        listed = await self._sync.list_changes(ACCOUNT, LEASE, policy)
        fetched = await self._sync.fetch_wanted(ACCOUNT, LEASE, policy)
        assert (listed.fault, fetched.fault) == (None, None)
        return listed, fetched

    async def rest(self, policy: MailPolicy) -> set[str]:
        """Sync until all is done, and return the messages that people see."""
        while True:
            listed, fetched = await self.slice(policy)
            if listed.is_done and fetched.is_done and not listed.items + fetched.items:
                return set(self.store.live(ACCOUNT.id))


@pytest.mark.parametrize("is_whole", [True, False])
async def test_who_is_let_in_again_is_seen_after_a_rescan(*, is_whole: bool) -> None:
    """Mail that was left out is looked at again, once, and announced as new."""
    box = Box(is_whole=is_whole)
    blocked, other = box.post(EVE), box.post(ANN)

    first = await box.rest(BLOCKING)
    unblocked = await box.rest(POLICY)
    later = box.post(EVE)
    since = await box.rest(POLICY)
    box.store.rescan(ACCOUNT.id)
    again = await box.rest(POLICY)

    assert (first, unblocked, since) == ({other}, {other}, {other, later})
    assert again == {blocked, other, later}
    assert [event.operation for event in box.store.events] == [RecordOperation.CREATED] * 3


@pytest.mark.parametrize("is_whole", [True, False])
async def test_mail_of_who_is_blocked_later_goes_with_a_rescan(*, is_whole: bool) -> None:
    """What is there stays until then, and is taken out by it, whatever the provider is."""
    box = Box(is_whole=is_whole)
    early = box.post(EVE)
    other = box.post(ANN)
    assert await box.rest(POLICY) == {early, other}
    box.post(EVE)

    blocked = await box.rest(BLOCKING)
    box.store.rescan(ACCOUNT.id)
    again = await box.rest(BLOCKING)

    assert (blocked, again) == ({early, other}, {other})
    assert box.store.events[-1].operation is RecordOperation.DELETED


@pytest.mark.parametrize("is_whole", [True, False])
async def test_progress_never_goes_back_while_rules_leave_mail_out(*, is_whole: bool) -> None:
    """What was looked at grows, the total does not fall, and both are the same in the end."""
    box = Box(is_whole=is_whole, budget=Budget(requests=2, fetch_size=2))
    for sender in (EVE, ANN, EVE, EVE, ANN, EVE, ANN):
        box.post(sender)
    told = [box.store.progress(ACCOUNT.id)]

    while not told[-1].is_listed or told[-1].missing:
        await box.slice(BLOCKING)
        told.append(box.store.progress(ACCOUNT.id))

    for before, after in pairwise(told):
        assert before.done <= after.done
        assert before.estimated_total <= after.estimated_total
    assert (told[-1].done, told[-1].estimated_total, told[-1].left_out) == (7, 7, 4)
