"""What people do with accounts: connect, look, pause, resume, sync now, disconnect."""

import base64
import hashlib
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Protocol

from jobs.accounts.account import (
    Account,
    AccountPlace,
    AccountRows,
    AccountStatus,
    Errand,
    Provider,
)
from jobs.accounts.consent import Answer, Consents, Wanted
from jobs.accounts.errors import (
    AccountUnknown,
    ConsentRefused,
    ErrandUnknown,
    ProviderDisabled,
)
from jobs.accounts.policy import PolicyChange
from jobs.accounts.ports import AccountRecords, AccountStore, SignIns
from jobs.push.watches import PushState, Watches
from jobs.streams.ports import StreamStore
from jobs.streams.stream import AccountId, Channel, Stream, StreamId, StreamStatus
from jobs.sync.faults import ProviderFault
from jobs.sync.history import MOST_KEPT, SliceHistory
from jobs.sync.rules import Visibility
from jobs.sync.status import KINDS, SyncStatus, status_of
from sanderling.kernel.clock import Clock
from sanderling.kernel.ids import WorkspaceId

MANY: Final = 50
"""How many accounts a page has unless somebody says otherwise."""

ERRAND_LASTS = timedelta(minutes=10)
_SECRET_BYTES = 32
_FORGOTTEN_AT_ONCE = 1000
_STATE = re.compile(r"[A-Za-z0-9_-]{43}")


class _NewIds(Protocol):
    def account(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Departure:
    """Where to send a person, and until when that one may come back."""

    address: str
    errand: Errand


@dataclass(frozen=True, slots=True)
class AccountView:
    """An account, its streams, and how each of them is getting on."""

    account: Account
    streams: tuple[Stream, ...]
    statuses: Mapping[StreamId, SyncStatus]
    pushes: Mapping[Channel, PushState]
    """Whether the provider tells of changes in each of them."""
    can_send: bool = False
    """Whether its owner lets mail be sent."""


@dataclass(frozen=True, slots=True)
class Tools:
    """What is given to everyone alike: the time, ids, and bytes that nobody can guess."""

    clock: Clock
    ids: _NewIds
    random_bytes: Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class Belongings:
    """What goes with accounts.

    Those are a stream of each channel, what the streams bring, what their slices came to, and
    what providers were asked to tell of.
    """

    streams: StreamStore
    records: AccountRecords
    slices: SliceHistory
    watches: Watches


class Accounts:
    """Carry out what people ask about accounts, within one workspace at a time."""

    def __init__(
        self,
        store: AccountStore,
        belongings: Belongings,
        sign_ins: SignIns,
        tools: Tools,
    ) -> None:
        """Keep accounts in `store`, and what goes with them in `belongings`."""
        self._store = store
        self._streams = belongings.streams
        self._records = belongings.records
        self._slices = belongings.slices
        self._watches = belongings.watches
        self._sign_ins = sign_ins
        self._consents = Consents(store, sign_ins)
        self._tools = tools

    async def connect(
        self,
        workspace_id: WorkspaceId,
        provider: Provider,
        channels: Sequence[Channel] = (),
        *,
        email: str | None = None,
        sends: bool = False,
    ) -> Departure:
        """Return where a person consents; nothing is connected before that one comes back.

        Without `channels` it is all of the provider's that are turned on. That mail may be sent is
        asked for with `sends` alone. Where an account of this `email` is there, all that it has is
        asked for beside it, because some providers give no more than they are asked for.

        Raises:
            ChannelRefused: a channel is another provider's.
            ProviderDisabled: what is asked for cannot be connected here.
            SealingRefused: there is no key to keep tokens with.

        """
        wanted = Wanted(frozenset(self._consents.channels(provider, channels)), sends=sends)
        if email:
            wanted = await self._consents.beside_had(workspace_id, provider, email, wanted)
        state, verifier = self._secret(), self._secret()
        errand = Errand(
            digest_of(state),
            verifier,
            provider,
            workspace_id,
            tuple(sorted(wanted.channels)),
            self._tools.clock.now() + ERRAND_LASTS,
            wanted.sends,
        )
        address = self._sign_ins.of(provider).address(
            channels=errand.channels,
            state=state,
            challenge=challenge_of(verifier),
            email=email,
            sends=errand.sends,
        )
        await self._store.begin(errand)
        return Departure(address, errand)

    async def complete(self, provider: Provider, *, state: str, answer: Answer) -> Account:
        """Return the account of a person who came back, with a stream for each channel.

        Raises:
            ErrandUnknown: nobody was sent with this state, or it was used, or it expired.
            ConsentRefused: the person or the provider said no, or not to everything, or it could
                not be asked, or the account would lose what it has; begin again.
            ProviderDisabled: accounts of this provider cannot be connected here any more.

        """
        if not _STATE.fullmatch(state):
            # What was never given out is not looked for: anybody may send it.
            raise ErrandUnknown
        now = self._tools.clock.now()
        errand = await self._store.take(digest_of(state), now)
        if errand is None or errand.provider is not provider:
            raise ErrandUnknown
        granted = await self._consents.granted(errand, answer)
        account = Account(
            AccountId(self._tools.ids.account()),
            errand.workspace_id,
            provider,
            granted.subject,
            granted.email,
            errand.channels,
            now,
            scopes=granted.scopes,
        )
        kept = await self._store.connect(
            account,
            granted.tokens,
            self._consents.require_no_loss,
            lambda kept: [self._stream(kept, channel) for channel in kept.channels],
        )
        await self._watches.look_anew(kept.id)
        return kept

    async def errand(self, workspace_id: WorkspaceId, errand_id: str) -> Errand:
        """Return an errand that somebody may still come back from.

        Raises:
            ErrandUnknown: somebody came back, or it expired, or there was none.

        """
        now = self._tools.clock.now()
        errand = await self._store.waiting(workspace_id, errand_id, now)
        if errand is None:
            raise ErrandUnknown
        return errand

    async def list_accounts(
        self,
        workspace_id: WorkspaceId,
        status: AccountStatus | None = None,
        *,
        limit: int = MANY,
        after: AccountPlace | None = None,
    ) -> AccountRows:
        """Return a page of the accounts of a workspace, the oldest first; with `status` those."""
        return await self._store.list_accounts(
            workspace_id, limit=limit, after=after, status=status
        )

    async def visibility_of(
        self, workspace_id: WorkspaceId, account_ids: Collection[str]
    ) -> Mapping[str, Visibility]:
        """Return how much the owners of these accounts let others see, by the accounts' ids.

        One that the workspace does not have is left out.
        """
        accounts = await self._store.find_some(workspace_id, account_ids)
        return {str(account.id): account.policy.visibility for account in accounts}

    async def show(self, workspace_id: WorkspaceId, account_id: str) -> AccountView:
        """Return an account with its streams.

        Raises:
            AccountUnknown: there is none of this id in the workspace.

        """
        account = await self._find(workspace_id, account_id)
        streams = tuple(await self._streams.of_account(account.id))
        statuses = {each.id: await self._status(account, each) for each in streams}
        pushes = await self._watches.states(streams)
        return AccountView(account, streams, statuses, pushes, self._consents.can_send(account))

    async def pause(self, workspace_id: WorkspaceId, account_id: str) -> AccountView:
        """Stop syncing an account until it is resumed; a slice under way ends in order.

        Raises:
            AccountUnknown: as `show`.

        """
        account = await self._find(workspace_id, account_id)
        if account.status is not AccountStatus.NEEDS_REAUTH:
            await self._store.change(account.id, AccountStatus.PAUSED)
        await self._switch(account.id, StreamStatus.PAUSED)
        await self._watches.look_soon()
        return await self.show(workspace_id, account_id)

    async def resume(self, workspace_id: WorkspaceId, account_id: str) -> AccountView:
        """Let an account go on that was paused, or whose permission was put right.

        Raises:
            AccountUnknown: as `show`.
            ConsentRefused: its consent ended; it has to be connected again.

        """
        account = await self._find(workspace_id, account_id)
        _require_consent(account)
        await self._store.change(account.id, AccountStatus.CONNECTED)
        await self._switch(account.id, StreamStatus.ACTIVE)
        await self._watches.look_soon()
        return await self.show(workspace_id, account_id)

    async def sync_now(self, workspace_id: WorkspaceId, account_id: str) -> AccountView:
        """Want a slice of each stream out of turn; one that is paused has it once it goes on.

        Raises:
            AccountUnknown: as `show`.
            ConsentRefused: its consent ended; it has to be connected again.

        """
        account = await self._find(workspace_id, account_id)
        _require_consent(account)
        now = self._tools.clock.now()
        for stream in await self._streams.of_account(account.id):
            await self._streams.ask(stream.id, now)
        return await self.show(workspace_id, account_id)

    async def resync(self, workspace_id: WorkspaceId, account_id: str) -> AccountView:
        """Look through everything of an account anew, as soon as may be; nothing is removed first.

        What is kept stays as it is, and what vanished at the provider meanwhile goes at the end.

        Raises:
            AccountUnknown: as `show`.
            ConsentRefused: its consent ended; it has to be connected again.

        """
        account = await self._find(workspace_id, account_id)
        _require_consent(account)
        await self._records.rescan(account.id, self._tools.clock.now())
        return await self.show(workspace_id, account_id)

    async def choose(
        self, workspace_id: WorkspaceId, account_id: str, change: PolicyChange
    ) -> AccountView:
        """Change the policy of an account; it holds from the next slice on.

        Raises:
            AccountUnknown: as `show`.

        """
        account = await self._find(workspace_id, account_id)
        await self._store.choose(account.id, change)
        return await self.show(workspace_id, account_id)

    async def disconnect(self, workspace_id: WorkspaceId, account_id: str) -> None:
        """Forget an account, its tokens, its streams and what they brought, and tell the provider.

        Its contacts belong to the workspace, and stay. That the provider cannot be told hinders
        nothing: the tokens are gone here. Whoever is interrupted begins again: the account itself
        goes last.

        Raises:
            AccountUnknown: as `show`.

        """
        account = await self._find(workspace_id, account_id)
        # Without its stream nobody has a lease, and so nothing comes in after what is removed.
        await self._streams.close(account.id)
        # While there are tokens to ask the provider with, and no stream that would be watched anew.
        await self._watches.end(account.id)
        while await self._records.forget(account.id, limit=_FORGOTTEN_AT_ONCE):
            pass
        tokens = await self._store.remove(account.id)
        if tokens is None:
            return
        try:
            await self._sign_ins.of(account.provider).revoke(tokens)
        except (ProviderFault, ProviderDisabled):
            return

    def _stream(self, account: Account, channel: Channel) -> Stream:
        now = self._tools.clock.now()
        stream_id = StreamId(f"{account.id}:{channel}")
        return Stream(stream_id, account.workspace_id, account.id, channel, now, now)

    async def _status(self, account: Account, stream: Stream) -> SyncStatus:
        return status_of(
            stream,
            await self._records.progress(account.id, KINDS[stream.channel]),
            await self._slices.latest(stream.id, limit=MOST_KEPT),
            self._tools.clock.now(),
            is_consented=account.status is not AccountStatus.NEEDS_REAUTH,
        )

    async def _switch(self, account_id: AccountId, status: StreamStatus) -> None:
        now = self._tools.clock.now()
        for stream in await self._streams.of_account(account_id):
            await self._streams.switch(stream.id, status, now)

    async def _find(self, workspace_id: WorkspaceId, account_id: str) -> Account:
        account = await self._store.find(workspace_id, account_id)
        if account is None:
            raise AccountUnknown(account_id=account_id)
        return account

    def _secret(self) -> str:
        return _base64(self._tools.random_bytes(_SECRET_BYTES))


def _require_consent(account: Account) -> None:
    if account.status is AccountStatus.NEEDS_REAUTH:
        raise ConsentRefused(
            reason="its consent ended",
            what_to_do="Connect it again with `sanderling accounts connect`",
        )


def digest_of(state: str) -> str:
    """Return what a state is known by, so that whoever reads the database cannot use it."""
    return hashlib.sha256(state.encode("utf-8", "surrogatepass")).hexdigest()


def challenge_of(verifier: str) -> str:
    """Return the challenge of PKCE for a verifier, by S256."""
    return _base64(hashlib.sha256(verifier.encode()).digest())


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")
