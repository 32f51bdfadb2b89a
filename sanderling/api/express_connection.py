"""A connection that knows a call when it sees one, and hands it to the express.

A request waits here from the end of its head to the end of its body. If both came in one piece it
is answered by the express; if not, or if it is anything but a plain call, the web server takes it
as if it had never waited. One request of a connection is under way at a time, whichever way it
went: those behind it queue as the web server lets them.
"""

import asyncio
from collections.abc import Coroutine
from typing import cast

from httptools import HttpRequestParser
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from sanderling.api.express import Answer, Express, lines_of


class _Unheard:
    """An event that nobody waits for."""

    def set(self) -> None:
        """Do nothing."""


class _Cycle:
    """What uvicorn asks of a request under way, of one that arrived whole."""

    __slots__ = ("disconnected", "keep_alive", "response_complete", "task")

    message_event = _Unheard()

    def __init__(self) -> None:
        self.keep_alive = True
        self.disconnected = False
        self.response_complete = False
        self.task: asyncio.Task[None] | None = None


class ExpressConnection(HttpToolsProtocol):
    """Serve calls by `express`, where there is one, and everything else by the app."""

    express: Express | None = None
    _held: str | None = None
    _held_body = b""
    _fixed_of: object = None
    _fixed = b""

    @property
    def is_serving(self) -> bool:
        """Claim that a request is under way."""
        # The parent's annotation forgets that there is no cycle before the first request.
        cycle = getattr(self, "cycle", None)
        return cycle is not None and not cycle.response_complete

    def data_received(self, data: bytes) -> None:
        """Read a piece; a request that it does not complete goes the usual way."""
        super().data_received(data)
        if self._held is not None:
            self._let_go()

    def on_message_begin(self) -> None:
        """Begin a request."""
        # Without the scope that the parent makes here: calls need none.
        self.url, self.headers, self.expect_100_continue = b"", [], False

    def on_headers_complete(self) -> None:
        """Keep a call until its body is here, and start any other request."""
        self._held = self._function_called()
        if self._held is None:
            self._go_usual_way()

    def _function_called(self) -> str | None:
        """Return the function of a call that the express takes if its body comes as well."""
        parser: HttpRequestParser | None = self.parser
        if self.express is None or parser is None or self.is_serving:
            return None
        name = self.express.function_of(parser.get_method(), self.url, self.headers)
        is_plain = parser.get_http_version() == "1.1" and parser.should_keep_alive()
        return name if is_plain and not parser.should_upgrade() else None

    def _go_usual_way(self) -> None:
        url, headers, expects = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, self.expect_100_continue = url, expects
        # The scope has the parent's list already.
        self.headers += headers
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a part of a body."""
        if self._held is None:
            super().on_body(body)
        else:
            self._held_body += body

    def on_message_complete(self) -> None:
        """Answer a call, now that it is whole."""
        express, name, body = self.express, self._held, self._held_body
        if express is None or name is None:
            super().on_message_complete()
        elif len(body) > express.most_bytes:
            self._let_go()
            super().on_message_complete()
        else:
            self._held, self._held_body = None, b""
            # Its headers go along: by the time the task begins there may be those of the next.
            answering = express.answer(name, self.headers, body, fixed=self._fixed_headers())
            self._serve(answering)

    def _let_go(self) -> None:
        """Let a request go the way of all others, with what came of its body so far."""
        body, self._held, self._held_body = self._held_body, None, b""
        self._go_usual_way()
        if body:
            super().on_body(body)

    def _serve(self, answering: Coroutine[None, None, Answer]) -> None:
        cycle = _Cycle()
        self.cycle = cycle  # type: ignore[assignment] # pyright: ignore[reportAttributeAccessIssue] - it has what the parent asks of one.
        cycle.task = self.loop.create_task(self._answer(cycle, answering))
        self.tasks.add(cycle.task)

    async def _answer(self, cycle: _Cycle, answering: Coroutine[None, None, Answer]) -> None:
        try:
            answer = await answering
            if self.flow.write_paused and not cycle.disconnected:
                await self.flow.drain()
            cycle.response_complete = True
            if not cycle.disconnected:
                self._write(answer, closes=answer.closes or not cycle.keep_alive)
                self.on_response_complete()
        except BaseException:
            # As after a fault of any app: what is missing must not be waited for.
            self.transport.close()
            raise
        finally:
            cycle.response_complete = True
            self.tasks.discard(cast("asyncio.Task[None]", cycle.task))

    def _write(self, answer: Answer, *, closes: bool) -> None:
        end = b"connection: close\r\n\r\n" if closes and not answer.closes else b"\r\n"
        self.transport.write(b"".join((answer.head, end, answer.body)))
        if closes:
            self.transport.close()

    def _fixed_headers(self) -> bytes:
        # The server makes a new list of them once in a second.
        headers = self.server_state.default_headers
        if headers is not self._fixed_of:
            self._fixed_of, self._fixed = headers, lines_of(headers)
        return self._fixed
