"""What an account's owner chose: whose mail stays out, who becomes a contact, what is told."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from jobs.sync.rules import MOST_EMAIL_CHARS, ContactPolicy, MailPolicy, Visibility

MOST_BLOCKED: Final = 1_000
"""How many entries a blocklist has at most: it is looked through for every message."""

_LOCAL = re.compile(r"[^\s@\x00-\x1f\x7f]*")
_DOMAIN = re.compile(r"[^\s@.,\x00-\x1f\x7f]+(\.[^\s@.,\x00-\x1f\x7f]+)*")


class MailKind(StrEnum):
    """A kind of mail that may be left out."""

    PROMOTIONS = "promotions"
    SOCIAL = "social"
    GROUPS = "groups"
    """Mail of lists, and from addresses behind which there is nobody: info@, no-reply@."""
    NON_PROFESSIONAL = "non_professional"
    """Forums, updates, and what machines send."""


@dataclass(frozen=True, slots=True)
class AccountPolicy:
    """What holds for one account; as it is made, what holds for one whose owner chose nothing.

    `blocklist` holds addresses and `@domains` as `blocklist_of` returns them.
    """

    visibility: Visibility = Visibility.EVERYTHING
    contacts: ContactPolicy = ContactPolicy.SENT
    blocklist: tuple[str, ...] = ()
    excluded: frozenset[MailKind] = frozenset(MailKind)

    def for_owner(self, addresses: Iterable[str]) -> MailPolicy:
        """Return the rules for mail of somebody with these addresses."""
        return MailPolicy(
            own=frozenset(each.lower() for each in addresses),
            blocked=frozenset(self.blocklist),
            excludes_promotions=MailKind.PROMOTIONS in self.excluded,
            excludes_social=MailKind.SOCIAL in self.excluded,
            excludes_groups=MailKind.GROUPS in self.excluded,
            excludes_non_professional=MailKind.NON_PROFESSIONAL in self.excluded,
            contacts=self.contacts,
            visibility=self.visibility,
        )


@dataclass(frozen=True, slots=True)
class PolicyChange:
    """What somebody chooses anew; what is None stays as it is."""

    visibility: Visibility | None = None
    contacts: ContactPolicy | None = None
    blocklist: tuple[str, ...] | None = None
    excluded: frozenset[MailKind] | None = None

    def of(self, before: AccountPolicy) -> AccountPolicy:
        """Return the policy after the change."""
        names = ("visibility", "contacts", "blocklist", "excluded")
        chosen = {name: getattr(self, name) for name in names}
        return replace(before, **{name: new for name, new in chosen.items() if new is not None})


def blocklist_of(entries: Iterable[str]) -> tuple[str, ...]:
    """Return entries as `blocked_form` writes them, each once and in order of the alphabet.

    Raises:
        ValueError: one of them is neither an address nor a domain.

    """
    return tuple(sorted({blocked_form(entry) for entry in entries}))


def blocked_form(entry: str) -> str:
    """Return an entry of a blocklist in small letters, without blanks around it.

    Raises:
        ValueError: it is neither an address nor an @domain; the text says what is wrong.

    """
    found = entry.strip().lower()
    local, at, domain = found.rpartition("@")
    if not at:
        raise ValueError("has no @: it is an address, or @ and a domain")
    if len(found) > MOST_EMAIL_CHARS:
        raise ValueError(f"is longer than {MOST_EMAIL_CHARS} characters")
    if not _LOCAL.fullmatch(local):
        raise ValueError("has a blank, a control character or an @ before its last @")
    if not _DOMAIN.fullmatch(domain):
        raise ValueError("has no domain after its @, such as example.com")
    return found
