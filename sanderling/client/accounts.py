"""What people do with connected accounts."""

import re
from collections.abc import Sequence

from jobs.accounts.account import AccountStatus
from jobs.accounts.accounts import MANY
from jobs.accounts.errors import AccountUnknown, ErrandUnknown
from sanderling.api.account_models import (
    AccountPage,
    AccountShown,
    AskedAccount,
    AskedAccounts,
    AskedPolicy,
    DepartureShown,
    ErrandShown,
)
from sanderling.api.errors import Misfit, RequestInvalid
from sanderling.client.accounts_transport import AccountsTransport
from sanderling.client.asked import asked_body, page_place
from sanderling.kernel.ids import is_id

_ERRAND_ID = re.compile("[0-9a-f]{64}")


class Accounts:
    """Connect accounts of a workspace, and look after them."""

    def __init__(self, transport: AccountsTransport) -> None:
        """Work over `transport`."""
        self._transport = transport

    async def connect(
        self,
        provider: str,
        *,
        channels: Sequence[str] = (),
        email: str | None = None,
        sends: bool = False,
    ) -> DepartureShown:
        """Begin to connect an account; its owner opens the address and consents.

        `provider` is google or microsoft. Without `channels` it is all of the provider's that are
        turned on. `email` says which account is meant; of one that is connected, all that it has
        is asked for again. With `sends` its owner is asked to let mail be sent, too.

        Raises:
            RequestInvalid: there is no such provider or channel.
            ChannelRefused: a channel is the other provider's.
            ProviderDisabled: what is asked for is turned off, or no OAuth app is configured.

        """
        members = {
            "provider": provider,
            "channels": list(channels),
            "email": email,
            "sends": sends,
        }
        return await self._transport.connect(asked_body(AskedAccount, members))

    async def errand(self, errand_id: str) -> ErrandShown:
        """Return an errand that somebody may still come back from.

        Raises:
            ErrandUnknown: somebody came back, or it expired, or there was none.

        """
        if not _ERRAND_ID.fullmatch(errand_id):
            raise ErrandUnknown
        return await self._transport.errand(errand_id)

    async def list(
        self, status: str | None = None, *, limit: int = MANY, cursor: str | None = None
    ) -> AccountPage:
        """Return accounts of the workspace, the oldest first.

        With `status`, such as needs_reauth, it is those that stand so alone.

        Raises:
            RequestInvalid: no account can stand so, or the limit is out of range.
            CursorRefused: the cursor was not made by this list.

        """
        if status is not None and status not in set(AccountStatus):
            words = ", ".join(AccountStatus)
            raise RequestInvalid([Misfit("query", "status", f"it is {words}")])
        wanted = None if status is None else AccountStatus(status)
        place = page_place(limit, cursor)
        return await self._transport.list(AskedAccounts(place.limit, place.cursor, wanted))

    async def get(self, account_id: str) -> AccountShown:
        """Return one account with how each of its channels is getting on.

        Raises:
            AccountUnknown: there is none of this id in the workspace.

        """
        return await self._transport.get(_known(account_id))

    async def choose(
        self,
        account_id: str,
        *,
        visibility: str | None = None,
        contacts: str | None = None,
        blocklist: Sequence[str] | None = None,
        excluded: Sequence[str] | None = None,
    ) -> AccountShown:
        """Change the policy of an account from the next slice on; what is None stays as it is.

        `visibility` is metadata, subject or everything; `contacts` is sent, sent_and_received or
        none; `blocklist` holds at most 1,000 addresses and @domains; `excluded` is of promotions,
        social, groups and non_professional. Both replace what was there.

        Raises:
            AccountUnknown: as `get`.
            RequestInvalid: a word or an entry does not fit; it names each.

        """
        members = {
            "visibility": visibility,
            "contacts": contacts,
            "blocklist": None if blocklist is None else [*blocklist],
            "excluded": None if excluded is None else [*excluded],
        }
        return await self._transport.choose(_known(account_id), asked_body(AskedPolicy, members))

    async def pause(self, account_id: str) -> AccountShown:
        """Stop syncing an account until it is resumed; what is under way ends in order."""
        return await self._transport.pause(_known(account_id))

    async def resume(self, account_id: str) -> AccountShown:
        """Let an account go on that was paused, or whose permission was put right.

        Raises:
            AccountUnknown: as `get`.
            ConsentRefused: its consent ended; it has to be connected again.

        """
        return await self._transport.resume(_known(account_id))

    async def sync_now(self, account_id: str) -> AccountShown:
        """Ask for sync out of turn; a worker begins it within a few seconds.

        Raises:
            AccountUnknown: as `get`.
            ConsentRefused: as `resume`.

        """
        return await self._transport.sync_now(_known(account_id))

    async def resync(self, account_id: str) -> AccountShown:
        """Look through everything of an account anew; nothing that is kept is removed first.

        Raises:
            AccountUnknown: as `get`.
            ConsentRefused: as `resume`.

        """
        return await self._transport.resync(_known(account_id))

    async def disconnect(self, account_id: str) -> None:
        """Forget an account, its tokens, messages and events; consent is taken back at Google."""
        await self._transport.disconnect(_known(account_id))


def _known(account_id: str) -> str:
    # A text that is no id is not sent, for it could be another route.
    if not is_id(account_id, "acc"):
        raise AccountUnknown(account_id=account_id)
    return account_id
