"""How many requests go into one batch of an account: more while it goes well, half when not."""

FIRST = 25
"""A batch of 100 to a mailbox that rested is refused in part."""

MOST = 50
_STEP = 5


class Windows:
    """Keep the size of each account's batches; it belongs to one event loop."""

    def __init__(self) -> None:
        """Know of no account."""
        self._sizes: dict[str, int] = {}

    def size(self, account_id: str) -> int:
        """Return how many requests the next batch may hold."""
        return self._sizes.get(account_id, FIRST)

    def widen(self, account_id: str) -> None:
        """Note that a batch went well."""
        self._sizes[account_id] = min(MOST, self.size(account_id) + _STEP)

    def narrow(self, account_id: str) -> None:
        """Note that the provider asked for less."""
        self._sizes[account_id] = max(1, self.size(account_id) // 2)
