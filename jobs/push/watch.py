"""Watches: what was arranged with a provider so that it tells of changes in one channel."""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime

from jobs.streams.stream import AccountId, Channel
from sanderling.kernel.ids import WorkspaceId


@dataclass(frozen=True, slots=True)
class Watch:
    """What a provider was asked to tell of one channel of one account, and until when it does.

    `remote_id` is the provider's or our word for it, by which notifications name it: a
    subscription of Microsoft Graph, a channel of Google Calendar; Gmail has none, and names
    `address`, the mailbox in lower case. `resource_id` is Google Calendar's, needed to stop it.
    `secret_digest` is SHA-256 of the secret that notifications show; Gmail has none.

    `destination` is where notifications go: Gmail's topic, and our address for the others.

    `expires_at` is None while there is no watch at the provider: nobody arranged one yet, or
    `detail` says in a sentence why it could not be. `next_at` is when to try, or to renew it,
    next, and `failures` how often in a row that went wrong. With `is_ending` it is being stopped,
    and `next_at` is when that is tried next.
    """

    account_id: AccountId
    workspace_id: WorkspaceId
    channel: Channel
    address: str
    next_at: datetime
    remote_id: str = ""
    resource_id: str = ""
    secret_digest: bytes = b""
    expires_at: datetime | None = None
    failures: int = 0
    detail: str = ""
    is_ending: bool = False
    destination: str = ""

    def is_held(self, now: datetime) -> bool:
        """Claim that the provider tells of changes, as far as it said."""
        return self.expires_at is not None and self.expires_at > now

    def knows(self, secret: str) -> bool:
        """Claim that `secret` is that of this watch; how long it takes gives nothing away."""
        return hmac.compare_digest(self.secret_digest, digest_of_secret(secret))


def digest_of_secret(secret: str) -> bytes:
    """Return what is kept of a secret: whoever reads the database cannot show it."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
