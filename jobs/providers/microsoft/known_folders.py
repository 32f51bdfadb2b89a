"""Which folder of a mailbox has which well-known name, so that each look need not ask again."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sanderling.kernel.clock import Clock

_TRUSTED_FOR = timedelta(hours=1)
_MOST_ACCOUNTS = 10_000


@dataclass(frozen=True, slots=True)
class _Known:
    ids: frozenset[str]
    names: Mapping[str, str]
    until: datetime


class KnownFolders:
    """Remember names for an hour while the same folders are there; it belongs to one event loop.

    A name belongs to a folder for as long as that is there, but for the archive, which people may
    choose anew: that says what the folder is for, and not whether its mail is brought in.
    """

    def __init__(self, clock: Clock) -> None:
        """Know of no account."""
        self._clock = clock
        self._known: dict[str, _Known] = {}

    def names(self, account_id: str, ids: frozenset[str]) -> Mapping[str, str] | None:
        """Return the names by the ids of their folders; None where they are to be asked for."""
        known = self._known.get(account_id)
        if known is None or known.ids != ids or known.until <= self._clock.now():
            return None
        return known.names

    def keep(self, account_id: str, ids: frozenset[str], names: Mapping[str, str]) -> None:
        """Remember what was told while these folders, and no others, were there."""
        self._known.pop(account_id, None)
        while len(self._known) >= _MOST_ACCOUNTS:
            del self._known[next(iter(self._known))]
        self._known[account_id] = _Known(ids, names, self._clock.now() + _TRUSTED_FOR)
