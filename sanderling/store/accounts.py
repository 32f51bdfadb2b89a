"""Accounts, their tokens and errands on SQL; what is secret is sealed."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, delete, literal, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from config.ports import Sealer, SecretPlace
from jobs.accounts.account import (
    Account,
    AccountPlace,
    AccountRows,
    AccountStatus,
    Errand,
    HeldTokens,
    Provider,
    TokenSet,
    account_rows,
    reconnected,
)
from jobs.accounts.policy import PolicyChange
from jobs.accounts.ports import (
    Beginning,
    Renewal,
    Requirement,
    begin_nothing,
    require_nothing,
)
from jobs.streams.stream import AccountId, Channel
from sanderling.kernel.ids import WorkspaceId
from sanderling.store.account_policy import policy_of, policy_text
from sanderling.store.account_schema import account_errands, account_tokens, connected_accounts
from sanderling.store.columns import EXACT, Moment, is_storable
from sanderling.store.database import Database
from sanderling.store.rows import AnyRow, AnySelect, read_all, read_one
from sanderling.store.streams import begin_streams

_account = connected_accounts.c
_token = account_tokens.c
_errand = account_errands.c


class SQLAccountStore:
    """Keep accounts in the database."""

    def __init__(self, database: Database, sealer: Sealer) -> None:
        """Use `database`, which must be migrated, and seal with `sealer`."""
        self._database = database
        self._sealer = sealer

    async def begin(self, errand: Errand) -> None:
        """Keep an errand."""
        row = {
            "state_digest": errand.state_digest,
            "verifier": self._sealer.seal(errand.verifier, _verifier_place(errand.state_digest)),
            "provider": errand.provider.value,
            "workspace_id": errand.workspace_id,
            "channels": " ".join(errand.channels),
            "expires_at": errand.expires_at,
            "sends": errand.sends,
        }
        async with self._database.write() as connection:
            await connection.execute(self._database.insert_missing(account_errands), [row])

    async def take(self, state_digest: str, now: datetime) -> Errand | None:
        """Return an errand once."""
        taking = delete(account_errands).where(_errand.state_digest == state_digest)
        async with self._database.write() as connection:
            await connection.execute(delete(account_errands).where(_errand.expires_at <= now))
            row = (await connection.execute(taking.returning(account_errands))).one_or_none()
        return None if row is None else self._errand_of(row)

    async def waiting(
        self, workspace_id: WorkspaceId, state_digest: str, now: datetime
    ) -> Errand | None:
        """Return an errand of a workspace."""
        query = select(account_errands).where(
            _errand.state_digest == state_digest,
            _errand.workspace_id == workspace_id,
            _errand.expires_at > now,
        )
        return await read_one(self._database, query, self._errand_of)

    async def connect(
        self,
        account: Account,
        tokens: TokenSet,
        require: Requirement = require_nothing,
        begin: Beginning = begin_nothing,
    ) -> Account:
        """Keep an account with its tokens and streams."""
        async with self._database.write() as connection:
            insert = self._database.insert_missing(connected_accounts)
            await connection.execute(insert, [_account_row(account)])
            row = (await connection.execute(_same_as(account))).one()
            kept = account
            if row.id != account.id:
                before = _account_of(row)
                require(before, account)
                kept = reconnected(before, account)
            change = update(connected_accounts).where(_account.id == kept.id)
            await connection.execute(change.values(_account_row(kept)))
            await self._write_tokens(connection, kept.id, tokens)
            await begin_streams(self._database, connection, begin(kept))
        return kept

    async def _write_tokens(
        self, connection: AsyncConnection, account_id: AccountId, tokens: TokenSet
    ) -> None:
        first = {"account_id": account_id, "version": 0, "fence": 0}
        sealed = self._sealed(account_id, tokens)
        await connection.execute(
            self._database.insert_missing(account_tokens), [{**first, **sealed}]
        )
        change = update(account_tokens).where(_token.account_id == account_id)
        counted = {"version": _token.version + 1, "fence": _token.fence + 1}
        await connection.execute(change.values({**sealed, **counted, "renewing_until": None}))

    async def find(self, workspace_id: WorkspaceId, account_id: str) -> Account | None:
        """Return an account of a workspace."""
        query = select(connected_accounts).where(
            _account.id == account_id, _account.workspace_id == workspace_id
        )
        return await read_one(self._database, query, _account_of)

    async def find_some(
        self, workspace_id: WorkspaceId, account_ids: Collection[str]
    ) -> Sequence[Account]:
        """Return those of a workspace that have these ids."""
        query = _of(workspace_id).where(_account.id.in_(sorted(account_ids)))
        return await read_all(self._database, query, _account_of) if account_ids else ()

    async def named(
        self, workspace_id: WorkspaceId, provider: Provider, email: str
    ) -> Sequence[Account]:
        """Return the accounts of a workspace that have this address."""
        if not is_storable(email):
            return ()
        query = _of(workspace_id).where(
            _account.provider == provider.value, _account.email == email
        )
        return await read_all(self._database, query, _account_of)

    async def list_accounts(
        self,
        workspace_id: WorkspaceId,
        *,
        limit: int,
        after: AccountPlace | None = None,
        status: AccountStatus | None = None,
    ) -> AccountRows:
        """Return a page of the accounts of a workspace."""
        query = _of(workspace_id)
        if status is not None:
            query = query.where(_account.status == status.value)
        if after is not None:
            # Whoever asks may make up a place, with an id that no row could have.
            place = tuple_(literal(after[0], Moment()), literal(after[1], EXACT))
            query = query.where(tuple_(_account.created_at, _account.id) > place)
        ordered = query.order_by(_account.created_at, _account.id).limit(limit + 1)
        return account_rows(await read_all(self._database, ordered, _account_of), limit)

    async def change(self, account_id: AccountId, status: AccountStatus, reason: str = "") -> bool:
        """Write how an account stands."""
        async with self._database.write() as connection:
            return await _change(connection, account_id, status, reason)

    async def choose(self, account_id: AccountId, change: PolicyChange) -> bool:
        """Change the policy of an account."""
        mine = _account.id == account_id
        held = select(_account.policy).where(mine).with_for_update()
        async with self._database.write() as connection:
            row = (await connection.execute(held)).one_or_none()
            if row is None:
                return False
            text = policy_text(change.of(policy_of(row.policy)))
            await connection.execute(update(connected_accounts).where(mine).values(policy=text))
        return True

    async def remove(self, account_id: AccountId) -> TokenSet | None:
        """Remove an account."""
        removing = delete(account_tokens).where(_token.account_id == account_id)
        async with self._database.write() as connection:
            row = (await connection.execute(removing.returning(account_tokens))).one_or_none()
            await connection.execute(delete(connected_accounts).where(_account.id == account_id))
        return None if row is None else self._opened(row)

    async def tokens(self, account_id: str) -> HeldTokens | None:
        """Return the tokens of an account."""
        return await read_one(self._database, _held(account_id), self._held_of)

    async def ending(
        self, provider: Provider, *, after: datetime, by: datetime, limit: int
    ) -> Sequence[AccountId]:
        """Return connected accounts whose token ends in that time, soonest first."""
        query = (
            select(_account.id)
            .join(account_tokens, _token.account_id == _account.id)
            .where(
                _account.provider == provider.value,
                _account.status == AccountStatus.CONNECTED.value,
                _token.expires_at > after,
                _token.expires_at <= by,
            )
            .order_by(_token.expires_at, _account.id)
            .limit(limit)
        )
        return await read_all(self._database, query, lambda row: AccountId(row.id))

    async def claim_renewal(
        self, account_id: str, *, version: int, now: datetime, until: datetime
    ) -> Renewal | None:
        """Return the right to renew tokens."""
        change = (
            update(account_tokens)
            .where(
                _token.account_id == account_id,
                _token.version == version,
                or_(_token.renewing_until.is_(None), _token.renewing_until <= now),
            )
            .values(fence=_token.fence + 1, renewing_until=until)
        )
        async with self._database.write() as connection:
            if (await connection.execute(change)).rowcount != 1:
                return None
            row = (await connection.execute(_held(account_id))).one()
        return Renewal(AccountId(row.account_id), row.fence, self._held_of(row))

    async def renewed(self, renewal: Renewal, tokens: TokenSet) -> bool:
        """Write new tokens."""
        sealed = self._sealed(renewal.account_id, tokens)
        change = update(account_tokens).where(*_mine(renewal))
        values = {**sealed, "version": _token.version + 1, "renewing_until": None}
        async with self._database.write() as connection:
            return (await connection.execute(change.values(values))).rowcount == 1

    async def give_back(
        self, renewal: Renewal, status: AccountStatus | None = None, reason: str = ""
    ) -> bool:
        """Give up the right."""
        change = update(account_tokens).where(*_mine(renewal)).values(renewing_until=None)
        async with self._database.write() as connection:
            if (await connection.execute(change)).rowcount != 1:
                return False
            if status is not None:
                await _change(connection, renewal.account_id, status, reason)
        return True

    def _errand_of(self, row: AnyRow) -> Errand:
        return Errand(
            row.state_digest,
            self._sealer.open(row.verifier, _verifier_place(row.state_digest)),
            Provider(row.provider),
            WorkspaceId(row.workspace_id),
            tuple(map(Channel, row.channels.split())),
            row.expires_at,
            row.sends,
        )

    def _sealed(self, account_id: AccountId, tokens: TokenSet) -> Mapping[str, object]:
        return {
            "access": self._sealer.seal(tokens.access, token_place(account_id, "access")),
            "refresh": self._sealer.seal(tokens.refresh, token_place(account_id, "refresh")),
            "expires_at": tokens.expires_at,
        }

    def _opened(self, row: AnyRow) -> TokenSet:
        return TokenSet(
            self._sealer.open(row.access, token_place(row.account_id, "access")),
            self._sealer.open(row.refresh, token_place(row.account_id, "refresh")),
            row.expires_at,
        )

    def _held_of(self, row: AnyRow) -> HeldTokens:
        return HeldTokens(
            Provider(row.provider), AccountStatus(row.status), self._opened(row), row.version
        )


def _of(workspace_id: WorkspaceId) -> AnySelect:
    return select(connected_accounts).where(_account.workspace_id == workspace_id)


def _held(account_id: str) -> AnySelect:
    return (
        select(account_tokens, _account.provider, _account.status)
        .join(connected_accounts, _account.id == _token.account_id)
        .where(_token.account_id == account_id)
    )


def _mine(renewal: Renewal) -> tuple[ColumnElement[bool], ...]:
    return (
        _token.account_id == renewal.account_id,
        _token.fence == renewal.fence,
        _token.renewing_until.is_not(None),
    )


def _same_as(account: Account) -> AnySelect:
    return (
        select(connected_accounts)
        .where(
            _account.workspace_id == account.workspace_id,
            _account.provider == account.provider.value,
            _account.subject == account.subject,
        )
        .with_for_update()
    )


async def _change(
    connection: AsyncConnection, account_id: AccountId, status: AccountStatus, reason: str
) -> bool:
    change = update(connected_accounts).where(_account.id == account_id)
    values = change.values(status=status.value, reason=reason)
    return (await connection.execute(values)).rowcount == 1


def token_place(account_id: str, column: str) -> SecretPlace:
    """Return the place that a token is bound to."""
    return SecretPlace(table="account_tokens", row=account_id, column=column)


def _verifier_place(state_digest: str) -> SecretPlace:
    return SecretPlace(table="account_errands", row=state_digest, column="verifier")


def _account_row(account: Account) -> dict[str, object]:
    return {
        "id": account.id,
        "workspace_id": account.workspace_id,
        "provider": account.provider.value,
        "subject": account.subject,
        "email": account.email,
        "aliases": " ".join(account.aliases),
        "scopes": " ".join(account.scopes),
        "channels": " ".join(account.channels),
        "status": account.status.value,
        "reason": account.reason,
        "created_at": account.created_at,
        "policy": policy_text(account.policy),
    }


def _account_of(row: AnyRow) -> Account:
    return Account(
        id=AccountId(row.id),
        workspace_id=WorkspaceId(row.workspace_id),
        provider=Provider(row.provider),
        subject=row.subject,
        email=row.email,
        channels=tuple(map(Channel, row.channels.split())),
        created_at=row.created_at,
        aliases=tuple(row.aliases.split()),
        scopes=tuple(row.scopes.split()),
        status=AccountStatus(row.status),
        reason=row.reason,
        policy=policy_of(row.policy),
    )
