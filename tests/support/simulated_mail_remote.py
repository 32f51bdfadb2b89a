"""A simulated mailbox that changes under our hands, and our sync of it."""

from collections.abc import Iterable, Mapping
from random import Random
from typing import cast

from jobs.sync.announcements import record_id
from jobs.sync.budget import Budget, SliceEnd
from jobs.sync.mail import MailSync
from jobs.sync.rules import MailPolicy
from sanderling.simulator.google.gmail_ids import labels_of, message_id
from sanderling.simulator.microsoft import ids
from support.keeping import Keeping
from support.simulated import letter
from support.simulated_account import ACCOUNT
from support.simulated_remote import Seen, SimulatedRemote, heard, is_stopped

POLICY = MailPolicy()
_ALL = 10_000
LABELS = ("INBOX", "IMPORTANT", "STARRED", "Label_1", "CATEGORY_SOCIAL", "SPAM", "TRASH")
FOLDERS = ("inbox", "archive", "projects", "sentitems", "deleteditems", "junkemail")
_UNSEEN_LABELS = {"SPAM", "TRASH", "DRAFT", "CATEGORY_SOCIAL"}
_UNSEEN_FOLDERS = {"deleteditems", "junkemail", "drafts", "outbox", "conversationhistory"}


class SimulatedMail(SimulatedRemote):
    """Ada's mail."""

    def __init__(self, brand: str, keeping: Keeping | None = None) -> None:
        """Start with no mail."""
        super().__init__(brand, keeping)
        self.store = self.keeping.mail
        self.box = self.account.person.mailbox

    def sync(self) -> MailSync:
        """Return a process that has just begun."""
        account = self.account
        budget = Budget(requests=12, fetch_size=7)
        return MailSync(account.mail(), self.store, account.clock, lambda: 0.5, budget)

    async def slices(self) -> SliceEnd:
        """List changes and fetch, slice by slice."""
        sync, lease = self.sync(), self.lease()
        end = SliceEnd(is_done=False, requests=0, items=0, commits=0)
        for work in (sync.list_changes, sync.fetch_wanted):
            for _ in range(40):
                end = await work(ACCOUNT, lease, POLICY)
                if end.is_done or is_stopped(end):
                    break
                if self.storm.random.random() < 0.3:
                    await sync.fetch_wanted(ACCOUNT, lease, POLICY)
            if is_stopped(end):
                break
        return end

    def edit(self, random: Random) -> None:
        """Let mail come, move, be read, be removed; and folders too, where there are any."""
        deed = random.choice(["add", "add", "move", "move", "mark", "delete", "folder"])
        if self.may_expire and random.random() < 0.1:
            self.account.world.expire_cursors()
        if deed == "folder" and not self.is_google:
            self._edit_folders(random)
        elif deed == "add" or not self.box.mails:
            self._add(random)
        else:
            self._change(deed, random.choice(sorted(self.box.mails)), random)

    def _add(self, random: Random) -> None:
        threads = sorted({mail.thread for mail in self.box.mails.values()})
        thread = random.choice(threads) if threads and random.random() < 0.5 else None
        self.box.add(
            letter(f"subject {self.number()}"),
            places=frozenset({random.choice(self._places())}),
            thread=thread,
            is_read=random.random() < 0.3,
            is_draft=self.is_google and random.random() < 0.1,
        )

    def _change(self, deed: str, number: int, random: Random) -> None:
        if deed == "delete":
            self.box.delete(number)
        elif deed == "mark":
            self.box.mark(number, is_read=random.random() < 0.5)
        else:
            count = random.choice([1, 1, 2]) if self.is_google else 1
            to = frozenset(random.sample(self._places(), count))
            self.box.place(number, add=to, remove=self.box.get(number).places - to)

    def _edit_folders(self, random: Random) -> None:
        office, person = self.account.office, self.account.person
        assert office is not None
        book = office.folders(person)
        own = [each.key for each in book.present() if each.key.startswith("own")]
        deed = random.choice(["add", "rename", "move", "remove"])
        if deed == "add" and len(own) < 3:
            book.add(f"folder {self.number()}", parent=random.choice(["inbox", "deleteditems"]))
        elif deed == "rename" and own:
            book.rename(random.choice(own), f"renamed {self.number()}")
        elif deed == "move" and own:
            book.move(random.choice(own), parent=random.choice(["inbox", "deleteditems"]))
        elif deed == "remove" and own:
            office.remove_folder(person, random.choice(own))

    def _places(self) -> list[str]:
        office = self.account.office
        if office is None:
            return list(LABELS)
        present = {each.key for each in office.folders(self.account.person).present()}
        return sorted(present & set(FOLDERS) | {each for each in present if each[:3] == "own"})

    def record(self, remote_id: str) -> str:
        """Return the id of a message's record."""
        return record_id("msg", ACCOUNT.id, remote_id)

    def pass_time(self) -> None:
        """Let two days pass, after which nothing waits for the next day any more."""
        self.account.clock.advance(2 * 24 * 3600)

    def remote(self) -> Mapping[str, Seen]:
        """Return the mail that is neither thrown away nor left out by the policy."""
        if self.is_google:
            return {
                message_id(each.number): (
                    labels_of(each) - {"UNREAD"},
                    each.is_read,
                    each.letter.subject,
                )
                for each in self.box.mails.values()
                if not labels_of(each) & _UNSEEN_LABELS
            }
        person = self.account.person
        return {
            ids.message_id(person, each.number): (
                frozenset(ids.folder_id(person, place) for place in each.places),
                each.is_read,
                each.letter.subject,
            )
            for each in self.box.mails.values()
            if not any(map(self._is_unseen, each.places))
        }

    def _is_unseen(self, folder: str) -> bool:
        office = self.account.office
        assert office is not None
        book = {each.key: each for each in office.folders(self.account.person).present()}
        line: list[str] = []
        while folder in book:
            line.append(folder)
            folder = book[folder].parent
        return bool(_UNSEEN_FOLDERS & set(line))

    async def local(self) -> Mapping[str, Seen]:
        """Return the mail that is live."""
        page = await self.keeping.records.messages(ACCOUNT.workspace_id, limit=_ALL)
        shown = (each.message for each in page.rows)
        return {each.remote_id: (each.folders, each.is_read, each.subject) for each in shown}

    async def told(self) -> Iterable[Seen]:
        """Return where each message that was announced is, and whether it is read."""
        return [
            (frozenset(cast("list[str]", after["folders"])), after["isRead"])
            for after in heard(await self.keeping.announced()).values()
        ]

    async def places(self) -> int:
        """Return how many folders are followed."""
        return len(await self.store.places(ACCOUNT.id))

    async def is_waiting(self) -> bool:
        """Claim that a message is still to be fetched."""
        return await self.store.next_wanted_at(ACCOUNT.id) is not None
