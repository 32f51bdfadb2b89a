"""One TCP connection: it must bring whole heads in time and in bounds, or it is closed.

The web server itself waits for a head without end and keeps what came of it, however long, and
for a reader who never reads; a few strangers without a key could hold all its descriptors or its
memory. What is refused here never
reaches the app, so it is answered by hand, as a problem document like everything else.
"""

import asyncio
import socket
import struct
from dataclasses import dataclass
from http import HTTPStatus

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from sanderling.api.errors import HeadLate, HeadMalformed, HeadTooLarge
from sanderling.api.express import Express
from sanderling.api.express_connection import ExpressConnection
from sanderling.api.problem import CONTENT_TYPE, problem_of
from sanderling.kernel.errors import Refusal
from sanderling.kernel.ids import Ids
from sanderling.kernel.units import KIB

_NO_LINGER = struct.pack("ii", 1, 0)
"""What is written and not yet taken is dropped with the connection."""


@dataclass(frozen=True, slots=True)
class ConnectionBounds:
    """How long a head may take, how large it may be, and how many connections there may be.

    One connection more than `most` is closed at once, without a word, and so is one whose body has
    more than `head_bytes` around its chunks without bringing any of it, or whose caller takes
    nothing of an answer for `unread_s`.
    """

    head_s: float = 10.0
    head_bytes: int = 32 * KIB
    most: int = 4096
    unread_s: float = 60.0


def bounded_connections(
    ids: Ids, express: Express | None = None, bounds: ConnectionBounds | None = None
) -> type[HttpToolsProtocol]:
    """Return the protocol class for the web server; `ids` name what is refused.

    Calls that arrive whole are answered by `express`, where there is one, everything else by the
    server's app.
    """
    chosen, fast = bounds or ConnectionBounds(), express

    class Bounded(_Connection):
        refused_by = ids
        bounds = chosen
        express = fast

    return Bounded


class _Connection(ExpressConnection):
    refused_by: Ids
    bounds: ConnectionBounds
    _timer: asyncio.TimerHandle | None = None
    _reader_timer: asyncio.TimerHandle | None = None
    _unread_bytes = 0
    _head_bytes = 0
    _framing_bytes = 0
    _is_in_body = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in the parent
        super().connection_made(transport)
        if len(self.connections) > self.bounds.most:
            transport.abort()
            return
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        if self._reader_timer is not None:
            self._reader_timer.cancel()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._watch_reader()

    def resume_writing(self) -> None:
        super().resume_writing()
        # More will be written, and whoever came this far is reading.
        self._watch_reader()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._watch_reader()

    def _watch_reader(self) -> None:
        """Look in a while whether anything was taken of what is written and not yet gone."""
        if self._reader_timer is not None:
            self._reader_timer.cancel()
            self._reader_timer = None
        self._unread_bytes = self.transport.get_write_buffer_size()
        if self._unread_bytes:
            self._reader_timer = self.loop.call_later(self.bounds.unread_s, self._look_at_reader)

    def _look_at_reader(self) -> None:
        self._reader_timer = None
        if 0 < self._unread_bytes <= self.transport.get_write_buffer_size():
            self._reset()
        else:
            self._watch_reader()

    def data_received(self, data: bytes) -> None:
        if self._is_in_body:
            self._framing_bytes += len(data)
        else:
            self._head_bytes += len(data)
        super().data_received(data)
        if self.transport.is_closing():
            return
        if not self._is_in_body and self._head_bytes > self.bounds.head_bytes:
            self._hold_or_refuse()
        elif self._is_in_body and self._framing_bytes > self.bounds.head_bytes:
            # A trailer without end, which the parser keeps as it keeps a head. There may be half
            # an answer on the wire already, so nothing is said.
            self.transport.abort()
        elif self._timer is None and not self.is_serving:
            # What is left of a body after its answer is thrown away, for as long as a head may
            # take: closing at once would reset the connection before the answer was read.
            self._expect_head()

    def _reset(self) -> None:
        """End at once: an orderly end waits for the reader too, here and in the kernel."""
        peer: socket.socket | None = self.transport.get_extra_info("socket")
        if peer is not None:
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        self.transport.abort()

    def _hold_or_refuse(self) -> None:
        if self.is_serving:
            # The answer in the making goes out first; the parent reads on after it.
            self.flow.pause_reading()
        else:
            self._refuse(HeadTooLarge(allowed_bytes=self.bounds.head_bytes))

    def on_header(self, name: bytes, value: bytes) -> None:
        # What follows a body is no header: nobody on the way here has judged it as one.
        if not self._is_in_body:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._stop_waiting()
        self._head_bytes = self._framing_bytes = 0
        self._is_in_body = True
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._framing_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._stop_waiting()
        self._is_in_body = False
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - the parent's sentence says less.
        self._refuse(HeadMalformed())

    def _expect_head(self) -> None:
        self._timer = self.loop.call_later(self.bounds.head_s, self._lose_patience)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _lose_patience(self) -> None:
        self._timer = None
        if self._head_bytes:
            self._refuse(HeadLate(allowed_s=self.bounds.head_s))
        else:
            self.transport.close()

    def _refuse(self, refusal: Refusal) -> None:
        self._stop_waiting()
        problem = problem_of(refusal)
        body = problem.body(self.refused_by.request())
        status = HTTPStatus(problem.status)
        head = (
            f"HTTP/1.1 {status.value} {status.phrase}\r\n"
            f"content-type: {CONTENT_TYPE.decode()}\r\n"
            f"content-length: {len(body)}\r\n"
            "cache-control: no-store\r\n"
            "connection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.close()
