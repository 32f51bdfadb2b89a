"""The web server around a runtime: it listens, serves, and stops without dropping a call."""

import asyncio
import signal
import socket
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Self

import structlog
import uvicorn
import uvloop

from config.snapshot import Snapshot
from drivers.limits import CEILINGS
from sanderling.api import App, Services, create_app, create_probe_app
from sanderling.api.connection import bounded_connections
from sanderling.kernel.collector import settle_collector
from sanderling.kernel.ids import Ids
from sanderling.wiring.configuration import label_process
from sanderling.wiring.drivers import build_driver
from sanderling.wiring.errors import AddressTakenError, LoopbackRequired
from sanderling.wiring.runtime import open_runtime

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Face:
    """What a process is called in messages and among the others, and what it shows over HTTP."""

    process: str
    kind: str
    app: Callable[[Services], App]
    is_worker: bool = True


API = Face("sanderling serve", "serve", create_app)
API_ALONE = Face("sanderling serve", "serve", create_app, is_worker=False)
WORKER = Face("sanderling worker", "worker", create_probe_app)

# A call may take its whole wall time after the signal to stop; the rest is for the reply.
_GRACE_S = round(CEILINGS["wall_s"]) + 5
_NOTICE_S = 0.3
_IDLE_S = 75
_BACKLOG = 1024
_ENDING = (signal.SIGTERM, signal.SIGINT)


def serve(
    snapshot: Snapshot,
    *,
    host: str,
    port: int,
    announce: Callable[[str], None],
    face: Face = API,
) -> None:
    """Serve until SIGTERM or SIGINT; `announce` gets the URL once requests are accepted.

    After the signal no new connection is taken and calls in flight finish. A second signal ends
    them.

    Raises:
        AddressTakenError: nobody can listen there.
        LoopbackRequired: others could reach a server that runs functions without isolation.
        ConfigRejected: a setting asks for what there is not.
        StoreUnavailableError: the database is away.

    """
    with (
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
        # A signal that comes before requests are accepted cancels the start.
        suppress(asyncio.CancelledError),
    ):
        runner.run(_serve(snapshot, face, host=host, port=port, announce=announce))


async def _serve(
    snapshot: Snapshot, face: Face, *, host: str, port: int, announce: Callable[[str], None]
) -> None:
    settings = snapshot.settings
    if settings.sandbox_development:
        # First, so that a switch which cannot be followed is told before anything listens.
        build_driver(settings, process=face.process)
    with (
        _listening(host, port, loopback_only=settings.sandbox_development) as listener,
        _Signals() as signals,
    ):
        label = label_process(face.kind)
        opening = open_runtime(
            snapshot, process=face.process, label=label, is_worker=face.is_worker
        )
        async with opening as runtime:
            app = face.app(runtime.services)
            server = _Server(_config(app, runtime.services.ids))

            def tell() -> None:
                settle_collector()
                bound_port: int = listener.getsockname()[1]
                log.info("server.started", port=bound_port, driver=runtime.driver.name)
                announce(f"http://{f'[{host}]' if ':' in host else host}:{bound_port}")

            server.on_started = tell

            def end() -> None:
                # What only waits for something to happen is not waited for, and queued calls end
                # beside the others, not after them.
                runtime.services.stopping.set()
                runtime.share.rest()
                if server.is_ending:
                    runtime.share.hurry()
                server.end()

            signals.then(end)
            await server.serve(sockets=[listener])
        log.info("server.stopped")


class _Signals:
    """Call what has to end when SIGTERM or SIGINT comes: at first, the task that waits here."""

    def __enter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        task = asyncio.current_task()
        self.then(lambda: task.cancel() if task else None)
        return self

    def then(self, end: Callable[[], object]) -> None:
        for number in _ENDING:
            self._loop.add_signal_handler(number, end)

    def __exit__(self, *_: object) -> None:
        for number in _ENDING:
            self._loop.remove_signal_handler(number)


@contextmanager
def _listening(host: str, port: int, *, loopback_only: bool) -> Generator[socket.socket]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        reason = (error.strerror or "unknown").lower()
        raise AddressTakenError(host=host, port=port, reason=reason) from error
    with listener:
        # The address that was bound counts: a name may stand for any.
        if loopback_only and not ip_address(listener.getsockname()[0]).is_loopback:
            raise LoopbackRequired(host=host)
        yield listener


def _config(app: App, ids: Ids) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=bounded_connections(ids, app.express),
        ws="none",
        lifespan="off",
        access_log=False,
        log_config=None,
        # Below that it warns of what any stranger can send, and a stranger must not fill the log.
        log_level="error",
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=_IDLE_S,
        timeout_graceful_shutdown=_GRACE_S,
    )


class _Server(uvicorn.Server):
    """Tells when it listens, and leaves signals to end it rather than the process."""

    on_started: Callable[[], None]
    is_ending = False

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self.on_started()

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        # The original raises the signal again once it has served, which would end the process
        # before the call log is written and the driver's processes are gone.
        yield

    def end(self) -> None:
        """Take what is on its way for a moment, then finish; told again, end at once.

        A connection that was just made closes with its request unread when its server does:
        whoever sent it could not know whether it was taken.
        """
        if self.is_ending:
            self.should_exit = self.force_exit = True
            return
        self.is_ending = True
        asyncio.get_running_loop().call_later(_NOTICE_S, self._finish)

    def _finish(self) -> None:
        self.should_exit = True
