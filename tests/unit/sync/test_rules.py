"""Which messages are brought in, and who becomes a contact."""

import pytest

from jobs.sync.items import Address, Folder, FolderRole, Message, Participant, Role
from jobs.sync.rules import (
    ContactPolicy,
    Exclusion,
    MailPolicy,
    Visibility,
    contacts_of,
    exclusion,
    folder_rules,
    is_blocked,
    subject_shown,
    text_shown,
)

LONGEST = "a" * (320 - len("@work.example"))
ME = "me@home.example"
POLICY = MailPolicy(own=frozenset({ME}), blocked=frozenset({"eve@evil.example", "@bad.example"}))


def a_message(sender: str, *to: str, **headers: str) -> Message:
    """Return a message; underscores in names of headers stand for hyphens."""
    people: tuple[Participant, ...] = (Participant(Role.FROM, Address("", sender)),)
    people += tuple(Participant(Role.TO, Address("", each)) for each in to or (ME,))
    return Message(
        remote_id="m",
        thread_id="t",
        rfc_message_id=None,
        version="1",
        folders=frozenset(),
        is_read=False,
        is_draft=False,
        sent_at=None,
        received_at=None,
        subject="Subject",
        participants=people,
        text="Text",
        attachments=(),
        headers={name.replace("_", "-"): value for name, value in headers.items()},
    )


@pytest.mark.parametrize(
    ("email", "expected"),
    [
        ("eve@evil.example", True),
        ("ann@evil.example", False),
        ("ann@bad.example", True),
        ("ann@mail.bad.example", True),
        ("ann@notbad.example", False),
        (ME, False),
        ("", False),
    ],
)
def test_addresses_and_domains_are_blocked(email: str, expected: bool) -> None:  # noqa: FBT001 - a parameter of the test.
    """An address is blocked by itself or by a domain that holds it."""
    assert is_blocked(email, POLICY) == expected


def test_the_owner_is_never_blocked() -> None:
    """Who blocks the own domain does not block oneself."""
    assert not is_blocked(ME, MailPolicy(own=frozenset({ME}), blocked=frozenset({"@home.example"})))


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (a_message("ann@work.example"), None),
        (a_message("eve@evil.example"), Exclusion.BLOCKED),
        (a_message(ME, "eve@evil.example"), Exclusion.BLOCKED),
        (a_message(ME, "eve@evil.example", "ann@work.example"), None),
        (a_message("info@work.example"), Exclusion.GROUP),
        (a_message("no-reply@work.example"), Exclusion.GROUP),
        (a_message("do_not_reply@work.example"), Exclusion.GROUP),
        (a_message("support+7@work.example"), Exclusion.GROUP),
        (a_message("nora.reply@work.example"), None),
        (a_message("ann@work.example", list_id="<list.example>"), Exclusion.GROUP),
        (a_message("ann@work.example", list_unsubscribe="<x>"), Exclusion.NON_PROFESSIONAL),
        (a_message("ann@work.example", precedence=" Bulk "), Exclusion.NON_PROFESSIONAL),
        (a_message("ann@work.example", auto_submitted="no"), None),
        (
            a_message("ann@work.example", auto_submitted="auto-replied; x"),
            Exclusion.NON_PROFESSIONAL,
        ),
        (a_message(ME, "ann@work.example", list_id="<list.example>"), None),
    ],
)
def test_a_message_is_left_out_for_a_reason(message: Message, expected: Exclusion | None) -> None:
    """Blocked, group and automatic mail is left out, and what the owner wrote is not."""
    assert exclusion(message, POLICY) is expected


@pytest.mark.parametrize(
    ("policy", "message", "expected"),
    [
        (ContactPolicy.SENT, a_message(ME, "ann@work.example", ME), ["ann@work.example"]),
        (ContactPolicy.SENT, a_message("ann@work.example"), []),
        (ContactPolicy.SENT_AND_RECEIVED, a_message("ann@work.example"), ["ann@work.example"]),
        (ContactPolicy.SENT_AND_RECEIVED, a_message("info@work.example"), []),
        (ContactPolicy.SENT, a_message(ME, "eve@evil.example", "not an address"), []),
        (ContactPolicy.SENT, a_message(ME, f"{LONGEST}a@work.example"), []),
        (ContactPolicy.SENT, a_message(ME, f"{LONGEST}@work.example"), [f"{LONGEST}@work.example"]),
        (ContactPolicy.NONE, a_message(ME, "ann@work.example"), []),
    ],
)
def test_contacts_are_made_by_policy(
    policy: ContactPolicy, message: Message, expected: list[str]
) -> None:
    """Only people become contacts, and only those that the owner wants."""
    chosen = MailPolicy(own=POLICY.own, blocked=POLICY.blocked, contacts=policy)

    assert [each.email for each in contacts_of(message, chosen)] == expected


@pytest.mark.parametrize(
    ("visibility", "shown"),
    [
        (Visibility.METADATA, (None, None)),
        (Visibility.SUBJECT, ("Subject", None)),
        (Visibility.EVERYTHING, ("Subject", "Text")),
    ],
)
def test_others_are_shown_what_the_owner_lets_them(
    visibility: Visibility, shown: tuple[str | None, str | None]
) -> None:
    """Each level adds to the one before."""
    message = a_message("ann@work.example")

    assert (subject_shown(message, visibility), text_shown(message, visibility)) == shown


def test_folders_are_left_out_by_role_and_label() -> None:
    """The bin, junk, drafts and unwanted categories are; with own streams, so is the unsynced."""
    folders = (
        Folder("a", "Inbox", FolderRole.INBOX, is_synced=True),
        Folder("b", "Bin", FolderRole.TRASH, is_synced=False),
    )
    rules = folder_rules(folders, POLICY)

    hidden = [{"b"}, {"a", "b"}, {"c"}, {"a", "SPAM"}, {"a", "CATEGORY_SOCIAL"}]
    assert [rules.hides(frozenset(each)) for each in hidden] == [True] * len(hidden)
    assert not rules.hides(frozenset({"a"}))
