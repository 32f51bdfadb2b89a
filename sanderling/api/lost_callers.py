"""Knows who comes in vain too often, so that they are turned away before anything is looked up.

Behind a proxy everybody has its address. So whoever shows what was believed before passes in any
case: strangers cannot keep out those whom we know.
"""

import hashlib
import math
from collections.abc import Sequence
from typing import Final

from runner.errors import RateLimited
from runner.gate import Gate
from sanderling.kernel.clock import Clock

MOST_KNOWN: Final = 10_000
"""How many networks and secrets are kept; beyond that all are forgotten, and counted anew."""


class LostCallers:
    """Count who comes in vain, by network; one event loop owns it."""

    def __init__(self, gate: Gate, clock: Clock) -> None:
        """Count at `gate`, by the rule for requests that lead nowhere."""
        self._gate = gate
        self._clock = clock
        self._until_ns: dict[str, int] = {}
        self._believed: dict[bytes, None] = {}

    def believe(self, *shown: str) -> None:
        """Remember what was shown and believed; its digest is kept, and no secret."""
        if len(self._believed) >= MOST_KNOWN:
            self._believed.clear()
        self._believed[_digest(shown)] = None

    def check_shown(self, address: str, *shown: str) -> None:
        """Do as `check`, unless what is shown was believed before.

        Raises:
            RateLimited: as `check`.

        """
        if _digest(shown) not in self._believed:
            self.check(address)

    def check(self, address: str) -> None:
        """Pass an address whose network did not come in vain too often.

        Raises:
            RateLimited: it did; its time is not over.

        """
        rule = self._gate.lost_rule(address)
        left_ns = self._until_ns.get(rule.key, 0) - self._clock.monotonic_ns()
        if left_ns > 0:
            raise RateLimited(
                rule=rule.name,
                limit=rule.burst,
                window_s=rule.period_us / 1e6,
                resets_in_s=math.ceil(left_ns / 1e6) / 1000,
            )
        self._until_ns.pop(rule.key, None)

    async def count(self, address: str) -> None:
        """Count one visit in vain.

        Raises:
            RateLimited: it was one too many, and so is each until the time that this one names.

        """
        rule = self._gate.lost_rule(address)
        try:
            await self._gate.limit((rule,))
        except RateLimited as refusal:
            if len(self._until_ns) >= MOST_KNOWN:
                self._until_ns.clear()
            resets_ns = round(refusal.resets_in_s * 1e9)
            self._until_ns[rule.key] = self._clock.monotonic_ns() + resets_ns
            raise


def _digest(shown: Sequence[str]) -> bytes:
    return hashlib.sha256("\0".join(shown).encode("utf-8", "surrogatepass")).digest()
