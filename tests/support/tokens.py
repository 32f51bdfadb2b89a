"""A provider that can be held up and made to fail, and tokens that come from it."""

import asyncio
from dataclasses import dataclass

from jobs.accounts.account import Granted, Provider, TokenSet
from jobs.accounts.accounts import challenge_of
from jobs.accounts.memory import MemoryAccountStore
from jobs.accounts.memory_sign_in import MemorySignIn
from jobs.accounts.renewal import RenewedTokens
from jobs.streams.stream import Channel
from jobs.sync.faults import AuthRevoked, ProviderFault
from sanderling.kernel.clock import Clock, VirtualClock
from support.accounts import an_account


class Balky(MemorySignIn):
    """Sign in as in memory, but as the test wants it."""

    def __init__(self, clock: Clock) -> None:
        """Hold nobody up."""
        super().__init__(clock)
        self.fault: ProviderFault | None = None
        self.redeem_fault: ProviderFault | None = None
        self.stop_after: int | None = None
        self.turned_on: frozenset[Channel] | None = None
        self._gate = asyncio.Event()
        self._gate.set()
        self._asked = asyncio.Event()

    def hold(self) -> None:
        """Let nobody have an answer before `release`."""
        self._gate.clear()

    def release(self) -> None:
        """Answer whoever waits."""
        self._gate.set()

    async def wait_asked(self) -> None:
        """Return once somebody asked for new tokens."""
        await self._asked.wait()

    def offered(self, provider: Provider) -> frozenset[Channel]:
        """Return the channels that the test turned on, by default all."""
        return super().offered(provider) if self.turned_on is None else self.turned_on

    async def redeem(self, code: str, verifier: str) -> Granted:
        """Return what a code stands for, if the test lets it."""
        if self.redeem_fault is not None:
            raise self.redeem_fault
        return await super().redeem(code, verifier)

    async def renew(self, tokens: TokenSet) -> TokenSet:
        """Return the next tokens, if the test lets it."""
        self._asked.set()
        await self._gate.wait()
        if self.fault is not None:
            raise self.fault
        if self.stop_after is not None and self.renewals >= self.stop_after:
            raise AuthRevoked("invalid_grant")
        return await super().renew(tokens)


@dataclass(frozen=True, slots=True)
class House:
    """An account, what keeps it, and what gives out its tokens."""

    clock: VirtualClock
    store: MemoryAccountStore
    sign_in: Balky
    tokens: RenewedTokens

    def another_process(self) -> RenewedTokens:
        """Return what gives out tokens of the same store elsewhere."""
        return RenewedTokens(self.store, self.sign_in, self.clock)


async def a_house() -> House:
    """Return a house with one account that was just connected."""
    clock, store = VirtualClock(), MemoryAccountStore()
    sign_in = Balky(clock)
    code = sign_in.consent("p1@example.com", challenge=challenge_of("v"), channels=())
    granted = await sign_in.redeem(code, "v")
    await store.connect(an_account(), granted.tokens)
    return House(clock, store, sign_in, RenewedTokens(store, sign_in, clock))
