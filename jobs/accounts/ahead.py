"""Renews access tokens ahead of their end, so that no slice of sync has to wait for one."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import structlog

from jobs.accounts.account import Provider
from jobs.accounts.ports import AccountStore, SignIns
from jobs.accounts.renewal import RenewedTokens
from jobs.streams.stream import AccountId
from jobs.sync.faults import AuthRevoked
from sanderling.kernel.clock import Clock
from sanderling.kernel.errors import Failure

log = structlog.get_logger()

AHEAD: Final = timedelta(minutes=10)
"""How long before its end a token is renewed: two ticks of the default cron."""

AT_ONCE: Final = 500
"""How many tokens of one provider a run renews at most."""

CONCURRENCY: Final = 8
AWAY_AFTER: Final = 5
"""After so many failures in a row a run takes the provider for away, and leaves it alone."""


@dataclass(slots=True)
class _Tally:
    accounts: Iterator[AccountId]
    renewed: int = 0
    ended: int = 0
    failed: int = 0
    in_a_row: int = 0


class TokensAhead:
    """Renew what ends soon; any number of processes may, and each token is renewed once."""

    def __init__(
        self, store: AccountStore, sign_ins: SignIns, tokens: RenewedTokens, clock: Clock
    ) -> None:
        """Find out from `store` whose turn it is, and renew with `tokens`."""
        self._store = store
        self._sign_ins = sign_ins
        self._tokens = tokens
        self._clock = clock

    async def renew(self) -> str:
        """Renew what ends within `AHEAD`, and tell how many it was.

        One provider that is away holds up no other. What could not be renewed keeps its token, and
        the next run tries again; only a provider's own word that consent ended changes an account.
        """
        tallies = [_Tally(iter(await self._ending(provider))) for provider in Provider]
        async with asyncio.TaskGroup() as tasks:
            for tally in tallies * CONCURRENCY:
                tasks.create_task(self._renew_some(tally))
        renewed = sum(each.renewed for each in tallies)
        ended = sum(each.ended for each in tallies)
        failed = sum(each.failed for each in tallies)
        return f"Tokens renewed: {renewed}; refused for good: {ended}; to be tried again: {failed}."

    async def _ending(self, provider: Provider) -> Sequence[AccountId]:
        if not self._sign_ins.offered(provider):
            return ()
        now = self._clock.now()
        # What ended longer ago is left to whoever needs it: it would come first for ever.
        return await self._store.ending(provider, after=now - AHEAD, by=now + AHEAD, limit=AT_ONCE)

    async def _renew_some(self, tally: _Tally) -> None:
        """Renew one after another; the accounts are shared with those who do the same."""
        for account_id in tally.accounts:
            if tally.in_a_row >= AWAY_AFTER:
                return
            try:
                tally.renewed += await self._tokens.renew_ahead(account_id, AHEAD)
                tally.in_a_row = 0
            except AuthRevoked:
                # The account says so by now, with what to do.
                tally.ended += 1
                tally.in_a_row = 0
            except Failure as failure:
                tally.failed += 1
                tally.in_a_row += 1
                log.warning("token.not-renewed", account=account_id, code=failure.code)
