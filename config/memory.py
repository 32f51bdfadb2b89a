"""The twins of this room's ports that live in memory: for embedding, trials and tests.

They belong to one event loop; no method of the store waits, so each one is atomic.
"""

import asyncio
import hashlib
import hmac
from collections.abc import Callable
from dataclasses import replace
from types import TracebackType
from typing import Self

from config.acknowledgement import Acknowledgement, SeenAcknowledgement
from config.errors import HeadMoved, SecretUnreadableError
from config.ports import SecretPlace
from config.stored import NOTHING_STORED, HistoryEntry, StoredBody
from sanderling.kernel.clock import Clock
from sanderling.kernel.waiting import first_of


class MemoryConfigStore:
    """Keep revisions for as long as this process lives."""

    def __init__(self, clock: Clock) -> None:
        """Start with nothing stored."""
        self._clock = clock
        self._bodies = [StoredBody()]
        self._entries: list[HistoryEntry] = []
        self._words: dict[str, SeenAcknowledgement] = {}
        self._seen_ns: dict[str, int] = {}

    async def read_head(self) -> int:
        """Return the newest revision."""
        return len(self._entries)

    async def read_body(self) -> StoredBody:
        """Return the body of the newest revision."""
        return self._bodies[-1]

    async def find_body(self, revision: int) -> StoredBody | None:
        """Return the body of `revision`."""
        return self._bodies[revision] if 0 <= revision < len(self._bodies) else None

    async def append(self, body: StoredBody, entry: HistoryEntry) -> None:
        """Keep the next revision with its entry."""
        head = len(self._entries)
        if {body.revision, entry.revision} != {head + 1}:
            raise HeadMoved(revision=body.revision, head=head)
        self._bodies.append(replace(body, values=dict(body.values)))
        self._entries.append(entry)

    async def replace_body(self, old: StoredBody, new: StoredBody) -> bool:
        """Put `new` in the place of `old`."""
        is_kept = old.revision == new.revision > NOTHING_STORED and old in self._bodies
        if is_kept:
            self._bodies[old.revision] = StoredBody(new.revision, dict(new.values))
        return is_kept

    async def list_history(
        self, *, limit: int, before: int | None = None
    ) -> tuple[HistoryEntry, ...]:
        """Return at most `limit` entries, newest first."""
        newest = [
            entry for entry in reversed(self._entries) if before is None or entry.revision < before
        ]
        return tuple(newest[:limit])

    async def acknowledge(self, acknowledgement: Acknowledgement) -> None:
        """Keep what a process says, in the place of what it said before."""
        process_id = acknowledgement.process.id
        self._words[process_id] = SeenAcknowledgement(acknowledgement, self._clock.now(), 0.0)
        self._seen_ns[process_id] = self._clock.monotonic_ns()

    async def list_acknowledgements(self) -> tuple[SeenAcknowledgement, ...]:
        """Return the last word of each process."""
        words = [
            SeenAcknowledgement(word.acknowledgement, word.seen_at, self._age_s(process_id))
            for process_id, word in self._words.items()
        ]
        return tuple(sorted(words, key=_order))

    async def withdraw(self, process_id: str) -> None:
        """Forget a process that ends."""
        self._words.pop(process_id, None)
        self._seen_ns.pop(process_id, None)

    async def reap(self, *, older_than_s: float) -> int:
        """Forget processes that said nothing for longer than that."""
        silent = [name for name in self._words if self._age_s(name) > older_than_s]
        for process_id in silent:
            await self.withdraw(process_id)
        return len(silent)

    def _age_s(self, process_id: str) -> float:
        return (self._clock.monotonic_ns() - self._seen_ns[process_id]) / 1e9


def _order(word: SeenAcknowledgement) -> tuple[str, str, str]:
    process = word.acknowledgement.process
    return process.kind, process.host, process.id


class MemoryHintBoard:
    """Join several `MemoryHints`, as one Redis joins several processes."""

    def __init__(self, clock: Clock) -> None:
        """Start with nobody listening; `clock` tells how long a wait takes."""
        self.clock = clock
        self.bells: set[asyncio.Event] = set()

    def hints(self) -> "MemoryHints":
        """Return one more that speaks and listens here."""
        return MemoryHints(self)


class MemoryHints:
    """Carry hints inside this process."""

    def __init__(self, board: MemoryHintBoard) -> None:
        """Speak to whoever listens at `board`, and be one of them once entered."""
        self._board = board
        self._bell = asyncio.Event()

    async def __aenter__(self) -> Self:
        """Begin to listen."""
        self._board.bells.add(self._bell)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop listening."""
        self._board.bells.discard(self._bell)

    async def publish(self, revision: int) -> None:  # noqa: ARG002 - nobody relies on what is told.
        """Ring every bell."""
        for bell in self._board.bells:
            bell.set()

    async def wait_hint(self, *, timeout_s: float) -> bool:
        """Return True once the bell rang, False after `timeout_s` of the clock."""
        await first_of(self._bell.wait(), self._board.clock.wait_s(timeout_s))
        was_rung = self._bell.is_set()
        self._bell.clear()
        return was_rung

    @property
    def is_connected(self) -> bool:
        """Claim that this one listens."""
        return self._bell in self._board.bells


class MemorySealer:
    """Keep secrets in a drawer of this object and hand out tickets for them.

    A ticket opens only here, so nothing that was sealed outlives the process.
    """

    def __init__(self, random_bits: Callable[[int], int]) -> None:
        """Draw tickets and the key of fingerprints from `random_bits(count)`."""
        self._random_bits = random_bits
        self._key = random_bits(256).to_bytes(32, "big")
        self._drawer: dict[str, tuple[str, SecretPlace]] = {}

    def seal(self, value: str, place: SecretPlace) -> str:
        """Return a ticket for `value`."""
        ticket = f"memory:{self._random_bits(128):032x}"
        self._drawer[ticket] = (value, place)
        return ticket

    def open(self, sealed: str, place: SecretPlace) -> str:
        """Return the value behind a ticket that was made for `place`."""
        value, made_for = self._drawer.get(sealed, ("", None))
        if made_for != place:
            where = f"{place.table}.{place.row}.{place.column}"
            raise SecretUnreadableError(place=where, reason="it was not sealed here")
        return value

    def is_current(self, sealed: str) -> bool:
        """Claim that `sealed` is a ticket of this object."""
        return sealed in self._drawer

    def fingerprint(self, value: str, place: SecretPlace) -> str:
        """Return 16 hexadecimal digits over the place and the value."""
        parts = (place.table, place.row, place.column, value)
        # Each part is counted, so that no two different lists of parts are one text.
        text = "".join(f"{len(part)}:{part}" for part in parts)
        return hmac.new(self._key, text.encode(errors="surrogatepass"), hashlib.sha256).hexdigest()[
            :16
        ]
