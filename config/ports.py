"""What this room needs from others; twins in memory are in `config.memory`."""

from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

from config.acknowledgement import Acknowledgement, SeenAcknowledgement
from config.stored import HistoryEntry, StoredBody


class ConfigStore(Protocol):
    """Keep every revision of the stored values, their history, and what processes say of them.

    Revisions are numbered 1, 2, 3 and so on without a gap, over all processes. A body never
    changes once it is kept, but for `replace_body`. Whoever was told that `append` succeeded finds
    that revision as the head from then on, in every process.

    Every method is one statement or one transaction and leaves no state in its connection, so
    that a transaction pooler may stand in between. When the database is away or refuses, every
    method raises `StoreUnavailableError`; then `append` may or may not have happened, and
    everything else has not.
    """

    async def read_head(self) -> int:
        """Return the newest revision, `NOTHING_STORED` before the first; cheap, for polling."""
        ...

    async def read_body(self) -> StoredBody:
        """Return the body of the newest revision, the empty one before the first."""
        ...

    async def find_body(self, revision: int) -> StoredBody | None:
        """Return the body of `revision`, None when there is none.

        `NOTHING_STORED` is always found, and empty.
        """
        ...

    async def append(self, body: StoredBody, entry: HistoryEntry) -> None:
        """Keep the next revision with its entry, both or neither.

        `body.revision` and `entry.revision` are one number: the one after the head that the
        caller has seen. Of two that append the same number exactly one succeeds.

        Raises:
            HeadMoved: the number is not the one after the head; nothing was kept.

        """
        ...

    async def replace_body(self, old: StoredBody, new: StoredBody) -> bool:
        """Put `new` in the place of `old`, of the same revision; False when `old` is not kept.

        Only for sealing the same values with another key; whoever calls this has made sure that
        both bodies hold the same values.
        """
        ...

    async def list_history(
        self, *, limit: int, before: int | None = None
    ) -> tuple[HistoryEntry, ...]:
        """Return at most `limit` entries, newest first, of revisions below `before` if given."""
        ...

    async def acknowledge(self, acknowledgement: Acknowledgement) -> None:
        """Keep what a process says, in the place of what it said before.

        The moment is taken by the store, on one clock for all processes where it has one.
        """
        ...

    async def list_acknowledgements(self) -> tuple[SeenAcknowledgement, ...]:
        """Return the last word of each process, sorted by kind, host and id.

        `age_s` is measured on the clock that took `seen_at`, so that hosts may disagree about
        the time.
        """
        ...

    async def withdraw(self, process_id: str) -> None:
        """Forget a process that ends; an unknown one is no fault."""
        ...

    async def reap(self, *, older_than_s: float) -> int:
        """Forget processes that said nothing for longer than that and return how many."""
        ...


class Hints(Protocol):
    """Carry the news that a revision exists, faster than polling finds it.

    Hints may be lost, late, doubled or out of order, at any time and all of them: nobody may rely
    on one. When the carrier is away nothing raises: `publish` gives up, `wait_hint` waits its
    time out, and both work again by themselves once the carrier is back.

    Entered and left once, on the event loop that uses it; one task at a time waits.
    """

    async def __aenter__(self) -> Self:
        """Begin to listen; a carrier that is away is tried again later and is no fault."""
        ...

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop listening."""
        ...

    async def publish(self, revision: int) -> None:
        """Tell everyone who listens that `revision` exists; returns within two seconds."""
        ...

    async def wait_hint(self, *, timeout_s: float) -> bool:
        """Return True once something was heard since the last return, False after `timeout_s`.

        A hint that came between two waits ends the next one at once; several end one wait.
        What was heard is not told: the store knows what is true.
        """
        ...

    @property
    def is_connected(self) -> bool:
        """Claim that hints would be heard now, as far as is known."""
        ...


@dataclass(frozen=True, slots=True)
class SecretPlace:
    """Where a sealed text is kept; it opens at no other place.

    For values of the configuration see `config.secrets.secret_place`.
    """

    table: str
    row: str
    column: str


class Sealer(Protocol):
    """Seal secrets for storage, bound to the place where they are kept.

    A sealed text is ASCII, tells nothing of the value but its length, and differs each time. It
    fails closed: what cannot be opened raises and is never passed on as it is.
    """

    def seal(self, value: str, place: SecretPlace) -> str:
        """Return `value` sealed with the key in force; any text of Unicode, also an empty one.

        Raises:
            SealingRefused: there is no key, so nothing secret can be stored.

        """
        ...

    def open(self, sealed: str, place: SecretPlace) -> str:
        """Return the value that was sealed at `place`, with the key in force or a previous one.

        Raises:
            SecretUnreadableError: the text was changed, moved, sealed with a key that is not
                known, or is no sealed text at all.

        """
        ...

    def is_current(self, sealed: str) -> bool:
        """Claim that `sealed` was sealed with the key in force; False for any other text."""
        ...

    def fingerprint(self, value: str, place: SecretPlace) -> str:
        """Return 16 hexadecimal digits that tell values apart and give none away.

        Equal values at one place have equal fingerprints under one key in force; the key, the
        place and the value all count, so that nobody without the key can try out values.

        Raises:
            SealingRefused: there is no key.

        """
        ...
