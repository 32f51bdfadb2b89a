"""What a rescan knows already by its version is not fetched again."""

import json
from collections.abc import Mapping
from datetime import timedelta

from jobs.sync.mail import MailSync
from jobs.sync.memory_store import MemoryMailStore
from jobs.sync.rules import MailPolicy
from sanderling.simulator.core.exchange import Answer, Asked
from sanderling.simulator.microsoft import ids
from support.remote import LEASE
from support.simulated import START, letter
from support.simulated_account import ACCOUNT, SimulatedAccount

MANY = 1000
INBOX, ARCHIVE = frozenset({"inbox"}), frozenset({"archive"})


class Mailbox:
    """Ada's mailbox at Microsoft's, our sync of it, and what that asked for."""

    def __init__(self) -> None:
        """Begin with many letters."""
        self.account = SimulatedAccount("microsoft")
        self.store = MemoryMailStore(lambda _: True)
        self.asked: list[Asked] = []
        self.account.site.on_served = self._note
        self._mail = self.account.mail()
        for number in range(MANY):
            self.account.person.mailbox.add(letter(f"letter {number}"), places=INBOX)

    def _note(self, asked: Asked, _: Answer) -> None:
        self.asked.append(asked)

    async def rest(self) -> None:
        """Sync until nothing is left, whatever expires meanwhile."""
        sync = MailSync(self._mail, self.store, self.account.clock, lambda: 0.0)
        for _ in range(200):
            listed = await sync.list_changes(ACCOUNT, LEASE, MailPolicy())
            fetched = await sync.fetch_wanted(ACCOUNT, LEASE, MailPolicy())
            if listed.is_done and fetched.is_done and listed.fault is None and not fetched.items:
                return
        raise AssertionError("it never came to rest")

    def fetched(self) -> set[str]:
        """Return the messages that were asked for since this was looked at."""
        parts = [
            part["url"]
            for asked in self.asked
            if asked.path.endswith("/$batch")
            for part in json.loads(asked.body)["requests"]
        ]
        self.asked.clear()
        return {url.split("?")[0].rpartition("/")[2] for url in parts if "/me/messages/" in url}

    def batches(self) -> int:
        """Return how many batches were asked for since this was looked at."""
        found = sum(asked.path.endswith("/$batch") for asked in self.asked)
        self.asked.clear()
        return found

    def id_of(self, number: int) -> str:
        """Return a letter's id as we are told it."""
        return ids.message_id(self.account.person, number)


async def _synced() -> Mailbox:
    box = Mailbox()
    await box.rest()
    assert len(box.fetched()) == MANY
    return box


async def test_a_rescan_fetches_nothing_that_is_unchanged() -> None:
    """After every cursor expired, a thousand letters are looked through without one fetch."""
    box = await _synced()
    told = len(box.store.events)

    box.account.world.expire_cursors()
    await box.rest()

    scans = [asked for asked in box.asked if asked.path.endswith("/messages/delta")]
    assert len(scans) > MANY / 500
    assert box.fetched() == set()
    assert len(box.store.live(ACCOUNT.id)) == MANY
    assert len(box.store.events) == told


async def test_a_rescan_fetches_what_changed_meanwhile() -> None:
    """What came, moved or was read after the cursor is asked for, and it alone; all is right."""
    box = await _synced()
    mailbox = box.account.person.mailbox
    first, second, third, *_ = sorted(mailbox.mails)

    box.account.world.expire_cursors()
    box.account.clock.advance(60)
    mailbox.mark(first, is_read=True)
    mailbox.place(second, add=ARCHIVE, remove=INBOX)
    mailbox.delete(third)
    new = mailbox.add(letter("late", START + timedelta(minutes=1)), places=INBOX).number
    await box.rest()

    assert box.fetched() == {box.id_of(each) for each in (first, second, third, new)}
    live: Mapping[str, object] = box.store.live(ACCOUNT.id)
    assert set(live) == {box.id_of(each) for each in mailbox.mails}


async def test_a_rescan_that_the_owner_asks_for_fetches_everything() -> None:
    """Then what was chosen may have changed, which no version says."""
    box = await _synced()

    box.store.rescan(ACCOUNT.id)
    await box.rest()

    assert len(box.fetched()) == MANY


async def test_folders_are_told_apart_once_while_they_stay_the_same() -> None:
    """A look without news asks which folders there are, and then each of them; no more."""
    box = await _synced()

    await box.rest()
    quiet, quiet_batches = len(box.asked), box.batches()
    box.account.clock.advance(3600)
    await box.rest()
    later_batches = box.batches()
    office = box.account.office
    assert office is not None
    office.folders(box.account.person).add("New", parent="inbox")
    await box.rest()

    followed = len(await box.store.places(ACCOUNT.id))
    assert quiet == 1 + (followed - 1)
    assert (quiet_batches, later_batches, box.batches()) == (0, 1, 1)
