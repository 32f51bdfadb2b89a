"""Knows who comes in vain too often, so that they are turned away before anything is looked up.

Behind a proxy everybody has its address. So whoever shows what was believed before passes in any
case: strangers cannot keep out those whom we know.
"""

import hashlib
import math
from collections import Counter
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Final

from runner.errors import RateLimited
from runner.gate import Gate
from sanderling.kernel.clock import Clock
from sanderling.metering.ports import Rule

MOST_KNOWN: Final = 10_000
"""How many networks and secrets are kept; beyond that all are forgotten, and counted anew."""


_CROWDED_S: Final = 1.0


class LostCallers:
    """Count who comes in vain, by network; one event loop owns it."""

    def __init__(self, gate: Gate, clock: Clock) -> None:
        """Count at `gate`, by the rule for requests that lead nowhere."""
        self._gate = gate
        self._clock = clock
        self._until_ns: dict[str, int] = {}
        self._believed: dict[bytes, None] = {}
        self._trusted: dict[str, None] = {}
        self._looked_at = Counter[str]()

    def believe(self, *shown: str) -> None:
        """Remember what was shown and believed; its digest is kept, and no secret."""
        if len(self._believed) >= MOST_KNOWN:
            self._believed.clear()
        self._believed[_digest(shown)] = None

    def knows(self, *shown: str) -> bool:
        """Claim that what is shown was believed before."""
        return _digest(shown) in self._believed

    def trust(self, address: str) -> None:
        """Remember that somebody of a network proved to be whom we expect."""
        if len(self._trusted) >= MOST_KNOWN:
            self._trusted.clear()
        self._trusted[self._gate.lost_rule(address).key] = None

    def trusts(self, address: str) -> bool:
        """Claim that somebody of its network was trusted before."""
        return self._gate.lost_rule(address).key in self._trusted

    @contextmanager
    def looking(self, address: str) -> Generator[None]:
        """Do as `check`, and look things up for a stranger meanwhile, for so many at a time.

        A flood that comes all at once would otherwise be looked up before any of it is counted.

        Raises:
            RateLimited: as `check`, or as many of its network are being looked at as may come in
                vain.

        """
        self.check(address)
        rule = self._gate.lost_rule(address)
        if self._looked_at[rule.key] >= rule.burst:
            raise _refusal(rule, _CROWDED_S)
        self._looked_at[rule.key] += 1
        try:
            yield
        finally:
            self._looked_at[rule.key] -= 1
            if not self._looked_at[rule.key]:
                del self._looked_at[rule.key]

    def check(self, address: str) -> None:
        """Pass an address whose network did not come in vain too often.

        Raises:
            RateLimited: it did; its time is not over.

        """
        rule = self._gate.lost_rule(address)
        left_ns = self._until_ns.get(rule.key, 0) - self._clock.monotonic_ns()
        if left_ns > 0:
            raise _refusal(rule, math.ceil(left_ns / 1e6) / 1000)
        self._until_ns.pop(rule.key, None)

    async def count(self, address: str, times: int = 1) -> None:
        """Count a visit in vain, so many times.

        Raises:
            RateLimited: it was one too many, and so is each until the time that this one names.

        """
        rule = self._gate.lost_rule(address)
        try:
            for _ in range(times):
                await self._gate.limit((rule,))
        except RateLimited as refusal:
            if len(self._until_ns) >= MOST_KNOWN:
                self._until_ns.clear()
            resets_ns = round(refusal.resets_in_s * 1e9)
            self._until_ns[rule.key] = self._clock.monotonic_ns() + resets_ns
            raise


def _refusal(rule: Rule, resets_in_s: float) -> RateLimited:
    return RateLimited(
        rule=rule.name,
        limit=rule.burst,
        window_s=rule.period_us / 1e6,
        resets_in_s=resets_in_s,
    )


def _digest(shown: Sequence[str]) -> bytes:
    return hashlib.sha256("\0".join(shown).encode("utf-8", "surrogatepass")).digest()
