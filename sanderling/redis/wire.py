"""One connection to Redis that many callers use at once, and that lets none of them wait long.

Purpose: a question to Redis on the way of every request, for a few microseconds of this process.
Guarantees: answers reach those who asked, in order; whoever waits longer than the timeout gets
None, while the connection goes on; after some of those in a row, or when anything at all is odd,
the connection is given up and everyone who waits gets None at once. What callers ask in one turn
of the event loop leaves in one write.
Assumptions: every command is answered by one line, a status or an error.
"""

import asyncio
from collections import deque
from typing import Final, cast

MAX_MISSED: Final = 3
"""So many answers in a row that did not come in time end the connection."""

UNREADABLE: Final = "it does not answer as Redis does"
TOO_SLOW: Final = "it answers too slowly"

_LONGEST_LINE_BYTES: Final = 64 * 1024
_STALL_S: Final = 0.01
_GRACE_S: Final = 0.005

Answer = asyncio.Future[bytes | None]


class Wire(asyncio.Protocol):
    """Ask and be answered; one event loop owns it."""

    def __init__(self, *, timeout_s: float) -> None:
        """Give up waiting for an answer after `timeout_s`."""
        self._loop = asyncio.get_running_loop()
        self._timeout_s = timeout_s
        self._transport: asyncio.Transport | None = None
        self._pending: deque[tuple[Answer, float]] = deque()
        self._outgoing: list[bytes] = []
        self._rest = b""
        self._missed = 0
        self._watch: asyncio.TimerHandle | None = None
        self._watch_due_s = 0.0
        self._has_grace = False
        self.lost: asyncio.Future[str] = self._loop.create_future()
        """Done once the connection is over; says in a few words why."""

    def ask(self, command: bytes) -> Answer:
        """Send `command`; the answer is a line without its end, or None when there is none.

        A line begins with `+` for a status and with `-` for an error.
        """
        answer: Answer = self._loop.create_future()
        if self._transport is None:
            answer.set_result(None)
            return answer
        due_s = self._loop.time() + self._timeout_s
        self._pending.append((answer, due_s))
        if not self._outgoing:
            self._loop.call_soon(self._flush)
        self._outgoing.append(command)
        if self._watch is None:
            self._watch_until(due_s)
        return answer

    @property
    def is_over(self) -> bool:
        """Claim that nothing is asked any more."""
        return self.lost.done()

    def give_up(self, why: str) -> None:
        """End the connection at once; everyone who waits gets None."""
        transport, self._transport = self._transport, None
        if transport is not None:
            transport.abort()
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None
        for answer, _ in self._pending:
            if not answer.done():
                answer.set_result(None)
        self._pending.clear()
        self._outgoing.clear()
        if not self.lost.done():
            self.lost.set_result(why)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to send."""
        # Loops have transports of their own that are no subclass of this one.
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """End: the other side went away."""
        self.give_up("the connection was closed" if exc is None else type(exc).__name__)

    def data_received(self, data: bytes) -> None:
        """Hand each line to whoever asked for it."""
        *lines, self._rest = (self._rest + data).split(b"\r\n")
        for line in lines:
            if not self._pending or line[:1] not in {b"+", b"-"}:
                self.give_up(UNREADABLE)
                return
            answer, _ = self._pending.popleft()
            if not answer.done():
                answer.set_result(line)
                self._missed = 0
        if len(self._rest) > _LONGEST_LINE_BYTES:
            self.give_up(UNREADABLE)

    def _flush(self) -> None:
        if self._transport is not None:
            self._transport.write(b"".join(self._outgoing))
        self._outgoing.clear()

    def _watch_until(self, due_s: float) -> None:
        self._watch_due_s = due_s
        self._watch = self._loop.call_at(due_s, self._look)

    def _look(self) -> None:
        """Tell those who waited too long, and come again for the next one."""
        now_s = self._loop.time()
        if now_s - self._watch_due_s > _STALL_S and not self._has_grace:
            # This process stood still, not Redis: the answers may be here, still unread.
            self._has_grace = True
            self._watch_until(now_s + _GRACE_S)
            return
        self._has_grace = False
        self._watch = None
        for answer, due_s in self._pending:
            if answer.done():
                continue
            if due_s > now_s:
                self._watch_until(due_s)
                break
            self._missed += 1
            answer.set_result(None)
        if self._missed >= MAX_MISSED:
            self.give_up(TOO_SLOW)
