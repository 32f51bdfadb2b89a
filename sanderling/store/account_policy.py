"""Policies of accounts as text in a row."""

from typing import Any, cast

from jobs.accounts.policy import AccountPolicy, MailKind
from jobs.sync.rules import ContactPolicy, Visibility
from sanderling.kernel.jsontext import JSON, decode, encode


def policy_text(policy: AccountPolicy) -> str | None:
    """Return what is kept of a policy: nothing where nobody chose one."""
    if policy == AccountPolicy():
        return None
    members: dict[str, JSON] = {
        "visibility": policy.visibility.value,
        "contacts": policy.contacts.value,
        "blocklist": list(policy.blocklist),
        "excluded": [kind.value for kind in sorted(policy.excluded)],
    }
    return encode(members).decode()


def policy_of(text: str | None) -> AccountPolicy:
    """Return the policy that was kept."""
    if text is None:
        return AccountPolicy()
    members = cast("dict[str, Any]", decode(text.encode()))
    return AccountPolicy(
        visibility=Visibility(members["visibility"]),
        contacts=ContactPolicy(members["contacts"]),
        blocklist=tuple(members["blocklist"]),
        excluded=frozenset(map(MailKind, members["excluded"])),
    )
