"""What owners of accounts choose, as rules for their mail."""

import pytest

from jobs.accounts.policy import AccountPolicy, MailKind, PolicyChange, blocked_form, blocklist_of
from jobs.sync.rules import ContactPolicy, MailPolicy, Visibility

ME = "me@home.example"


def test_nothing_chosen_is_what_the_engine_does_by_itself() -> None:
    """The defaults are told in one way only."""
    assert AccountPolicy().for_owner(["Me@Home.example"]) == MailPolicy(own=frozenset({ME}))


@pytest.mark.parametrize(
    ("kind", "member"),
    [
        (MailKind.PROMOTIONS, "excludes_promotions"),
        (MailKind.SOCIAL, "excludes_social"),
        (MailKind.GROUPS, "excludes_groups"),
        (MailKind.NON_PROFESSIONAL, "excludes_non_professional"),
    ],
)
def test_each_kind_is_excluded_by_itself(kind: MailKind, member: str) -> None:
    """None takes another along."""
    rules = AccountPolicy(excluded=frozenset({kind})).for_owner([ME])
    members = [name for name in MailPolicy.__slots__ if name.startswith("excludes_")]

    assert [name for name in members if getattr(rules, name)] == [member]


def test_what_is_chosen_reaches_the_rules() -> None:
    """Visibility, contacts and the blocklist are taken as they are."""
    change = PolicyChange(Visibility.METADATA, ContactPolicy.NONE, ("@spam.example",))

    rules = change.of(AccountPolicy()).for_owner([ME])

    assert (rules.visibility, rules.contacts) == (Visibility.METADATA, ContactPolicy.NONE)
    assert rules.blocked == {"@spam.example"}
    assert PolicyChange().of(AccountPolicy(blocklist=("a@b",))) == AccountPolicy(blocklist=("a@b",))


def test_a_blocklist_has_each_entry_once_and_in_order() -> None:
    """Whoever writes an address in another way blocks the same one."""
    entries = [" Eve@Evil.Example ", "@SPAM.example", "eve@evil.example"]

    assert blocklist_of(entries) == ("@spam.example", "eve@evil.example")


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ("", "no @"),
        ("evil.example", "no @"),
        ("@", "no domain"),
        ("eve@", "no domain"),
        ("eve@evil..example", "no domain"),
        ("@.example", "no domain"),
        ("@evil.example,@spam.example", "before its last @"),
        ("Eve <eve@evil.example>", "before its last @"),
        ("e\x00ve@evil.example", "before its last @"),
        (f"{'e' * 400}@evil.example", "320 characters"),
    ],
)
def test_what_is_no_address_is_refused_with_its_reason(entry: str, reason: str) -> None:
    """It would block nobody, and whoever wrote it would not know."""
    with pytest.raises(ValueError, match=reason):
        blocked_form(entry)
