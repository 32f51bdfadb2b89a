"""Gives out tokens, and renews them: once, whoever asks, in whatever process.

A right with an end is taken on the row before the provider is asked, so that nothing in the
database is locked meanwhile. The new tokens, access and refresh, are written in one transaction
that only the holder of the right can make. A holder that dies is followed by the next one; what it
was given and could not write is lost, and the earlier refresh token still stands with providers
that rotate.
"""

from datetime import timedelta

from jobs.accounts.account import AccountStatus, HeldTokens
from jobs.accounts.ports import AccountStore, Renewal, SignIns
from jobs.sync.faults import AuthRevoked, ProviderFault, Temporary
from sanderling.kernel.clock import Clock
from sanderling.kernel.flights import Flights

EARLY = timedelta(seconds=60)
"""How long before its end a token is renewed, so that it does not end on its way."""

RIGHT = timedelta(seconds=75)
"""How long the right to renew lasts, from before it is taken until after the tokens are written.

It is longer than the provider and two transactions are waited for.
"""

_LOOK_AGAIN_S = 0.25
_LOOKS = 160

LOOKING_S = _LOOKS * _LOOK_AGAIN_S
"""How long somebody waits at most for the right, or for what its holder brings."""


class RenewedTokens:
    """Give out tokens from the store of accounts. One event loop owns it."""

    def __init__(self, store: AccountStore, sign_ins: SignIns, clock: Clock) -> None:
        """Keep tokens in `store` and get new ones over `sign_ins`."""
        self._store = store
        self._sign_ins = sign_ins
        self._clock = clock
        self._flights = Flights[tuple[str, str], str]()

    async def access_token(self, account_id: str) -> str:
        """Return a token that is good for a minute at least, as far as its provider said."""
        held = await self._held(account_id)
        if held.tokens.expires_at - EARLY > self._clock.now():
            return held.tokens.access
        return await self.refresh(account_id, held.tokens.access)

    async def refresh(self, account_id: str, stale: str) -> str:
        """Return a token other than `stale`."""
        return await self._flights.share(
            (account_id, stale), lambda: self._refreshed(account_id, stale)
        )

    async def renew_ahead(self, account_id: str, ahead: timedelta) -> bool:
        """Renew a token that ends within `ahead`; False when it is good for longer than that."""
        held = await self._held(account_id)
        if held.tokens.expires_at - ahead > self._clock.now():
            return False
        await self.refresh(account_id, held.tokens.access)
        return True

    async def _refreshed(self, account_id: str, stale: str) -> str:
        for _ in range(_LOOKS):
            held = await self._held(account_id)
            if held.tokens.access != stale:
                return held.tokens.access
            now = self._clock.now()
            renewal = await self._store.claim_renewal(
                account_id, version=held.version, now=now, until=now + RIGHT
            )
            if renewal is not None:
                renewed = await self._renew(renewal)
                if renewed is not None:
                    return renewed
            else:
                await self._clock.wait_s(_LOOK_AGAIN_S)
        raise Temporary("another process has been renewing the token for too long")

    async def _renew(self, renewal: Renewal) -> str | None:
        """Return a new token; None when the right was lost, so that the row has to be read."""
        sign_in = self._sign_ins.of(renewal.held.provider)
        try:
            tokens = await sign_in.renew(renewal.held.tokens)
            return tokens.access if await self._store.renewed(renewal, tokens) else None
        except AuthRevoked as revoked:
            # A refresh token that another process had used up is refused as well: then that
            # process has written the next one, and the right to say otherwise is lost.
            status, reason = AccountStatus.NEEDS_REAUTH, str(revoked)
            if not await self._store.give_back(renewal, status, reason):
                return None
            raise
        except ProviderFault:
            # A missing permission is written down by the stream that it stops.
            await self._store.give_back(renewal)
            raise

    async def _held(self, account_id: str) -> HeldTokens:
        held = await self._store.tokens(account_id)
        if held is None:
            raise AuthRevoked("the account is not connected")
        if held.status is AccountStatus.NEEDS_REAUTH:
            raise AuthRevoked("its consent ended earlier")
        return held
