"""Which accounts this process holds, by its own clock: nothing is asked for an account after that.

The rows refuse what is written under a lease that is over, and a provider refuses nothing: a
process that was frozen, or whose database answers late, has to know by itself that its time is up
when another one may have taken over.
"""

from collections.abc import Callable
from datetime import datetime
from typing import TypeAlias

from jobs.streams.errors import HoldOver
from jobs.streams.stream import AccountId
from sanderling.kernel.clock import Clock

MayAsk: TypeAlias = Callable[[str], None]
"""Raises `HoldOver` when nothing may be asked for an account any more."""


def always(_account_id: str) -> None:
    """Let everything be asked, outside of slices."""


class Holds:
    """Until when accounts are held; one event loop owns it."""

    def __init__(self, clock: Clock) -> None:
        """Hold nothing yet."""
        self._clock = clock
        self._until: dict[str, datetime] = {}

    def keep(self, account_id: AccountId, until: datetime) -> None:
        """Hold an account until then, and no longer."""
        self._until[account_id] = until

    def drop(self, account_id: AccountId) -> None:
        """Hold an account no longer; one that is not held is no fault."""
        self._until.pop(account_id, None)

    def require(self, account_id: str) -> None:
        """Return while an account is held.

        Raises:
            HoldOver: it is not, or not any more.

        """
        until = self._until.get(account_id)
        if until is None or self._clock.now() >= until:
            raise HoldOver(account=account_id)
