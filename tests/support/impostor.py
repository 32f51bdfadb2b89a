"""A server on loopback that stands in the place of AWS and answers everything alike."""

import json
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True, slots=True)
class Said:
    """One answer; `headers` come before, or in the place of, those that it needs."""

    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, status: int, members: dict[str, Any]) -> "Said":
        """Return the answer that has `members` in JSON."""
        return cls(status, json.dumps(members).encode())


@contextmanager
def answering(said: Said) -> Generator[str]:
    """Yield the address of a server that answers every request with `said`."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            self.rfile.read(int(self.headers.get("content-length") or 0))
            self.send_response(said.status)
            for name, value in said.headers:
                self.send_header(name, value)
            if "content-length" not in dict(said.headers):
                self.send_header("content-length", str(len(said.body)))
            self.end_headers()
            self.wfile.write(said.body)
            self.close_connection = True

        do_GET = do_POST = do_DELETE = _answer  # noqa: N815 - the library's names.

        def log_message(self, *_: object) -> None:  # pyright: ignore[reportIncompatibleMethodOverride] - tests read standard error.
            """Keep standard error for the test."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
