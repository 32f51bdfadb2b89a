"""Which messages are brought in, who becomes a contact, and how much of a message is shown."""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from jobs.sync.items import Address, Event, Folder, FolderRole, Message, Role


class Visibility(StrEnum):
    """How much of a message others than its owner are given."""

    METADATA = "metadata"
    SUBJECT = "subject"
    EVERYTHING = "everything"


class ContactPolicy(StrEnum):
    """Who becomes a contact."""

    SENT = "sent"
    """Whom the owner writes to."""
    SENT_AND_RECEIVED = "sent_and_received"
    """Also who writes to the owner."""
    NONE = "none"


class Exclusion(StrEnum):
    """Why a message is left out."""

    BLOCKED = "blocked"
    GROUP = "group"
    NON_PROFESSIONAL = "non_professional"


@dataclass(frozen=True, slots=True)
class MailPolicy:
    """What the owner of a channel has chosen.

    `blocked` holds addresses and `@domains`, in small letters. `own` are the owner's addresses,
    which are never blocked and never contacts.
    """

    own: frozenset[str] = frozenset()
    blocked: frozenset[str] = frozenset()
    excludes_promotions: bool = True
    excludes_social: bool = True
    excludes_groups: bool = True
    excludes_non_professional: bool = True
    contacts: ContactPolicy = ContactPolicy.SENT
    visibility: Visibility = Visibility.EVERYTHING


MOST_EMAIL_CHARS = 320
"""The longest address of RFC 3696; what is longer is nobody's, and no index would hold it."""
_CLOSED = frozenset({"private", "confidential"})
_HIDDEN_ROLES = frozenset({FolderRole.DRAFTS, FolderRole.TRASH, FolderRole.SPAM})
_HIDDEN_LABELS = frozenset({"CHAT", "DRAFT", "SPAM", "TRASH"})
_PROMOTIONS = frozenset({"CATEGORY_PROMOTIONS"})
_SOCIAL = frozenset({"CATEGORY_SOCIAL"})
_NON_PROFESSIONAL = frozenset({"CATEGORY_FORUMS", "CATEGORY_UPDATES"})
_GROUP_NAMES = frozenset(
    {
        "alert", "alerts", "bounce", "bounces", "contact", "feedback", "hello", "help", "info",
        "invitations", "invite", "invites", "mailer-daemon", "news", "newsletter", "notification",
        "notifications", "notify", "postmaster", "service", "support", "team", "updates", "welcome",
    }
)  # fmt: skip
_NO_REPLY = re.compile(r"(?:do[-_.]?not|no)[-_.]?reply\b")
_BULK = frozenset({"bulk", "junk", "list"})


@dataclass(frozen=True, slots=True)
class FolderRules:
    """Which folders' messages are left out, as pure sets."""

    hidden: frozenset[str]
    synced: frozenset[str] = field(default=frozenset())
    is_whole: bool = True

    def hides(self, folders: frozenset[str]) -> bool:
        """Claim that a message in these folders is not for people to see.

        Where each folder has its own stream, a message in none that is synced is out of sight.
        """
        return bool(folders & self.hidden) or not (self.is_whole or folders & self.synced)


def folder_rules(folders: Iterable[Folder], policy: MailPolicy) -> FolderRules:
    """Return what a policy means for an account's folders."""
    folders = tuple(folders)
    hidden = {each.remote_id for each in folders if each.role in _HIDDEN_ROLES} | _HIDDEN_LABELS
    if policy.excludes_promotions:
        hidden |= _PROMOTIONS
    if policy.excludes_social:
        hidden |= _SOCIAL
    if policy.excludes_non_professional:
        hidden |= _NON_PROFESSIONAL
    synced = frozenset(each.remote_id for each in folders if each.is_synced)
    return FolderRules(frozenset(hidden), synced, is_whole="" in synced)


def exclusion(message: Message, policy: MailPolicy) -> Exclusion | None:
    """Return why a message is left out for what it is, or None for one that is brought in.

    What the owner wrote is only left out when everybody it went to is blocked.
    """
    if _is_blocked_whole(message, policy):
        return Exclusion.BLOCKED
    if is_outgoing(message, policy):
        return None
    if policy.excludes_groups and _is_from_group(message):
        return Exclusion.GROUP
    if policy.excludes_non_professional and _is_automatic(message):
        return Exclusion.NON_PROFESSIONAL
    return None


def is_outgoing(message: Message, policy: MailPolicy) -> bool:
    """Claim that the owner sent this message."""
    return any(address.email in policy.own for address in _in_roles(message, (Role.FROM,)))


def is_blocked(email: str, policy: MailPolicy) -> bool:
    """Claim that an address, or its whole domain, is on the blocklist."""
    if not policy.blocked or email in policy.own:
        return False
    _, _, domain = email.rpartition("@")
    parts = domain.split(".")
    above = (f"@{'.'.join(parts[start:])}" for start in range(len(parts)))
    return email in policy.blocked or any(each in policy.blocked for each in above)


def contacts_of(message: Message, policy: MailPolicy) -> tuple[Address, ...]:
    """Return who becomes a contact by this message, each once and in order."""
    if policy.contacts is ContactPolicy.NONE:
        return ()
    if is_outgoing(message, policy):
        found = _in_roles(message, (Role.TO, Role.CC, Role.BCC))
    elif policy.contacts is ContactPolicy.SENT_AND_RECEIVED:
        found = _in_roles(message, (Role.FROM,))
    else:
        return ()
    kept = {each.email: each for each in found if _is_contact(each.email, policy)}
    return tuple(kept.values())


def attendee_contacts(event: Event, policy: MailPolicy) -> tuple[Address, ...]:
    """Return who becomes a contact by being invited, when anybody does.

    Whoever invites counts as somebody who writes, whoever is invited by the owner as one who is
    written to.
    """
    if policy.contacts is ContactPolicy.NONE or not event.attendees:
        return ()
    is_own = any(each.is_organizer and each.email in policy.own for each in event.attendees)
    if not is_own and policy.contacts is ContactPolicy.SENT:
        return ()
    return tuple(
        Address(each.name, each.email)
        for each in event.attendees
        if _is_contact(each.email, policy)
    )


def subject_shown(message: Message, visibility: Visibility) -> str | None:
    """Return the subject, or None where it is not shown."""
    return None if visibility is Visibility.METADATA else message.subject


def text_shown(message: Message, visibility: Visibility) -> str | None:
    """Return the text, or None where it is not shown."""
    return message.text if visibility is Visibility.EVERYTHING else None


def is_event_shown(event: Event, visibility: Visibility) -> bool:
    """Claim that others than its owner are given what an event is about, not just when it is."""
    return visibility is Visibility.EVERYTHING and event.visibility not in _CLOSED


def _is_contact(email: str, policy: MailPolicy) -> bool:
    is_address = "@" in email and len(email) <= MOST_EMAIL_CHARS
    is_somebody = is_address and email not in policy.own and not is_blocked(email, policy)
    return is_somebody and not _is_group_name(email)


def _is_blocked_whole(message: Message, policy: MailPolicy) -> bool:
    if is_outgoing(message, policy):
        others = [each.email for each in _in_roles(message, (Role.TO, Role.CC, Role.BCC))]
        others = [email for email in others if email not in policy.own]
        return bool(others) and all(is_blocked(email, policy) for email in others)
    return any(is_blocked(each.email, policy) for each in _in_roles(message, (Role.FROM,)))


def _is_from_group(message: Message) -> bool:
    if "list-id" in message.headers:
        return True
    return any(_is_group_name(each.email) for each in _in_roles(message, (Role.FROM,)))


def _is_group_name(email: str) -> bool:
    name = email.partition("@")[0].partition("+")[0]
    return name in _GROUP_NAMES or _NO_REPLY.match(name) is not None


def _is_automatic(message: Message) -> bool:
    headers = message.headers
    if "list-unsubscribe" in headers:
        return True
    if headers.get("precedence", "").strip().lower() in _BULK:
        return True
    return headers.get("auto-submitted", "no").partition(";")[0].strip().lower() != "no"


def _in_roles(message: Message, roles: Collection[Role]) -> list[Address]:
    return [each.address for each in message.participants if each.role in roles]
