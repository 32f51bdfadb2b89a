"""Accounts and their stores, for tests."""

import os
from datetime import UTC, datetime, timedelta

from jobs.accounts.account import Account, Provider, TokenSet
from jobs.streams.stream import AccountId, Channel
from sanderling.kernel.ids import WorkspaceId
from sanderling.vault import AESGCMSealer, Keyring

HOME, ELSEWHERE = WorkspaceId("ws_home"), WorkspaceId("ws_elsewhere")
NOW = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
TOKENS = TokenSet("access-secret", "refresh-secret", NOW + HOUR)


def a_sealer() -> AESGCMSealer:
    """Return what seals with a key of tests."""
    return AESGCMSealer(Keyring.of("the-quick-brown-fox-jumps-over-1"), os.urandom)


def an_account(number: int = 1, *, workspace_id: WorkspaceId = HOME, **changes: object) -> Account:
    """Return an account of Google."""
    values: dict[str, object] = {
        "subject": f"subject-{number}",
        "email": f"p{number}@example.com",
        "channels": (Channel.GMAIL,),
        "created_at": NOW + number * HOUR,
        "aliases": ("a@example.com", "b@example.com"),
        "scopes": ("email", "openid"),
        **changes,
    }
    return Account(AccountId(f"acc_{number}"), workspace_id, Provider.GOOGLE, **values)  # type: ignore[arg-type] # the values are the fields'.
