"""A web server on a free loopback port, inside the running event loop."""

import asyncio
import socket
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import uvicorn

from sanderling.api.app import App
from sanderling.api.connection import ConnectionBounds, bounded_connections
from sanderling.kernel.clock import SystemClock
from sanderling.kernel.ids import SortableIds


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.is_listening = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.is_listening.set()

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        # Signals belong to pytest.
        yield


@asynccontextmanager
async def serving(
    app: Callable[..., object], bounds: ConnectionBounds | None = None
) -> AsyncGenerator[str]:
    """Yield the URL under which `app` is served until the end of the block."""
    express = app.express if isinstance(app, App) else None
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(
            app,
            http=bounded_connections(SortableIds(SystemClock()), express, bounds),
            ws="none",
            lifespan="off",
            access_log=False,
            log_config=None,
            log_level="error",
        )
        server = _Server(config)
        task = asyncio.create_task(server.serve(sockets=[listener]))
        async with asyncio.timeout(10):
            await server.is_listening.wait()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            await task


@contextmanager
def answering(body: bytes) -> Generator[str]:
    """Yield the URL of a server, in a thread of its own, that gives everyone the same answer."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:  # pyright: ignore[reportIncompatibleMethodOverride] - tests read standard error.
            """Keep standard error for the test."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
