"""What the owner chooses anew holds for mail from then on, and for what is there by a rescan."""

from dataclasses import replace

import pytest

from jobs.sync.budget import Budget
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

    def __init__(self, *, is_whole: bool) -> None:
        """Begin with nothing."""
        self.mailbox = whole_mailbox() if is_whole else foldered_mailbox()
        self.store = MemoryMailStore(lambda _: True)
        mail = (MemoryMail if is_whole else MemoryFolderMail)(self.mailbox)
        providers = MemoryMailProviders({ACCOUNT.id: mail})
        self._sync = MailSync(providers, self.store, VirtualClock(START), lambda: 0.0, Budget())

    def post(self, sender: str) -> str:
        """Let a message come in."""
        return self.mailbox.add(folders=frozenset({"inbox"}), sender=sender)

    async def rest(self, policy: MailPolicy) -> set[str]:
        """Sync until all is done, and return the messages that people see."""
        while True:
            listed = await self._sync.list_changes(ACCOUNT, LEASE, policy)
            fetched = await self._sync.fetch_wanted(ACCOUNT, LEASE, policy)
            assert (listed.fault, fetched.fault) == (None, None)
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


@pytest.mark.parametrize(("is_whole", "still"), [(True, False), (False, True)])
async def test_mail_of_who_is_blocked_later_goes_where_a_rescan_fetches_it(
    *, is_whole: bool, still: bool
) -> None:
    """With one stream for all, what is there is fetched anew; with folders it stays as it is."""
    box = Box(is_whole=is_whole)
    early = box.post(EVE)
    assert await box.rest(POLICY) == {early}
    late = box.post(EVE)

    blocked = await box.rest(BLOCKING)
    box.store.rescan(ACCOUNT.id)
    again = await box.rest(BLOCKING)

    assert (blocked, early in again, late in again) == ({early}, still, False)
