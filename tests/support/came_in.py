"""What came in for a house, kept as sync keeps it, with all that strangers may put in."""

from dataclasses import replace
from datetime import timedelta

from jobs.accounts.account import Account, Provider, TokenSet
from jobs.streams.stream import AccountId, Channel
from jobs.sync.announcements import record_id
from jobs.sync.held import (
    CalendarBatch,
    Contact,
    HeldEvent,
    HeldMessage,
    MailBatch,
    Presence,
    Written,
)
from jobs.sync.items import Address, Attachment, Attendee, Message, Participant, Response, Role
from jobs.sync.provider import AccountRef
from sanderling.kernel.ids import WorkspaceId
from support.doorstep import Doorstep
from support.records import START
from support.remote import LEASE
from support.remote_calendar import an_event

MINE, OTHERS = "acc_" + "1" * 26, "acc_" + "2" * 26
ADA = Address("Ada Lindström", "ada@example.com")
HOSTILE = "\x1b[2J\ud83d\0\u202eevil"


def account_of(workspace_id: WorkspaceId, account_id: str = MINE) -> AccountRef:
    """Return an account of a workspace."""
    return AccountRef(account_id, workspace_id, "me@example.com")


async def connect(doorstep: Doorstep, account: AccountRef) -> None:
    """Let an account be connected whose owner has chosen nothing, unless it is."""
    if await doorstep.store.find(account.workspace_id, account.id) is not None:
        return
    connected = Account(
        AccountId(account.id),
        account.workspace_id,
        Provider.GOOGLE,
        account.id,
        account.email,
        (Channel.GMAIL, Channel.GOOGLE_CALENDAR),
        START,
    )
    await doorstep.store.connect(connected, TokenSet("access", "refresh", START))


def message_id(name: str, account_id: str = MINE) -> str:
    """Return the id that a message of this name has once it came in."""
    return record_id("msg", account_id, name)


async def bring_messages(doorstep: Doorstep, account: AccountRef, *names: str) -> None:
    """Keep messages of these names; each is an hour older than the one before."""
    await connect(doorstep, account)
    doorstep.mailbox.attachments |= {(name, "att-1"): b"%PDF-1" for name in names}
    written = tuple(
        _written(account.id, name, age=timedelta(hours=at)) for at, name in enumerate(names)
    )
    await doorstep.mail.commit(account, LEASE, MailBatch(written=written))


async def bring_event(doorstep: Doorstep, account: AccountRef, name: str, visibility: str) -> None:
    """Keep an event of this name, with Ada invited."""
    await connect(doorstep, account)
    event = replace(
        an_event(name),
        description="what it is about",
        location="where it is",
        conference_url="https://meet.example.com/1",
        attendees=(Attendee(ADA.email, ADA.name, Response.ACCEPTED, False, True),),  # noqa: FBT003 - as a provider tells.
        visibility=visibility,
    )
    held = HeldEvent(f"evt_{name}", "primary", event, False, 1, 1)  # noqa: FBT003 - as the row is.
    await doorstep.calendars.commit(account, LEASE, CalendarBatch(written=(held,)))


async def bring_contacts(doorstep: Doorstep, account: AccountRef, *emails: str) -> None:
    """Keep contacts with these addresses; each was found a minute before the one before."""
    contacts = tuple(
        Contact(Address("", email), START - timedelta(minutes=at))
        for at, email in enumerate(emails)
    )
    await doorstep.mail.commit(account, LEASE, MailBatch(contacts=contacts))


def _written(account_id: str, name: str, age: timedelta) -> Written:
    message = Message(
        remote_id=name,
        thread_id="thread",
        rfc_message_id=f"<{name}@example.com>",
        version="1",
        folders=frozenset({"INBOX", "work"}),
        is_read=True,
        is_draft=False,
        sent_at=None,
        received_at=START - age,
        subject=name,
        participants=(
            Participant(Role.TO, Address("", "me@example.com")),
            Participant(Role.FROM, ADA),
        ),
        text=f"The text of {name}.",
        attachments=(Attachment("att-1", f"{name}.pdf", "application/pdf", 7, False),),  # noqa: FBT003 - as a provider tells.
        headers={},
    )
    held = HeldMessage(
        record_id=message_id(name, account_id),
        remote_id=name,
        thread_id="thread",
        version="1",
        folders=message.folders,
        is_read=True,
        presence=Presence.LIVE,
        generation=1,
        revision=1,
    )
    return Written(held, message, is_outgoing=False)
