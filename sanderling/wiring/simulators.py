"""Serves simulated providers on loopback, each on a port of its own."""

import asyncio
import signal
import socket
from collections.abc import Callable, Generator, Mapping
from contextlib import AsyncExitStack, ExitStack, contextmanager
from dataclasses import dataclass

import uvicorn
import uvloop

from sanderling.kernel.clock import SystemClock
from sanderling.simulator.core.faults import FaultKind
from sanderling.simulator.core.site import Site
from sanderling.simulator.population import Inhabitant, populate
from sanderling.simulator.providers import PROVIDERS, Provider
from sanderling.wiring.errors import AddressTakenError

_HOST = "127.0.0.1"
_GRACE_S = 2
_BACKLOG = 1024


@dataclass(frozen=True, slots=True)
class Play:
    """What is played: who lives there and what goes wrong."""

    people: tuple[Inhabitant, ...]
    rates: Mapping[FaultKind, float]
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Playing:
    """One provider that can be reached now."""

    name: str
    base_url: str
    settings: Mapping[str, str]
    push_settings: Mapping[str, str]
    """What is set beside them by whoever wants to be told of changes."""


def serve_providers(
    play: Play, *, port: int, announce: Callable[[tuple[Playing, ...]], None]
) -> None:
    """Serve every provider until SIGTERM or SIGINT, from `port` on; port 0 takes free ones.

    `announce` is told once all of them accept requests.

    Raises:
        AddressTakenError: a port is in use.

    """
    with ExitStack() as stack:
        ports = [port + at if port else 0 for at in range(len(PROVIDERS))]
        listeners = [stack.enter_context(_listening(number)) for number in ports]
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve(play, listeners, announce))


async def _serve(
    play: Play,
    listeners: list[socket.socket],
    announce: Callable[[tuple[Playing, ...]], None],
) -> None:
    loop = asyncio.get_running_loop()
    sites = [_site(provider, play) for provider in PROVIDERS]
    servers = [_server(site) for site in sites]

    def end() -> None:
        for server in servers:
            server.should_exit = True

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end)
    async with asyncio.TaskGroup() as group, AsyncExitStack() as stack:
        for site in sites:
            # What is not sent by the end of the play is never sent.
            stack.callback(group.create_task(site.world.post.run()).cancel)
        serving = [
            group.create_task(server.serve(sockets=[listener]))
            for server, listener in zip(servers, listeners, strict=True)
        ]
        for server in servers:
            await server.is_listening.wait()
        announce(
            tuple(
                _playing(provider, listener)
                for provider, listener in zip(PROVIDERS, listeners, strict=True)
            )
        )
        await asyncio.wait(serving)


def _site(provider: Provider, play: Play) -> Site:
    world = provider.world(SystemClock())
    populate(world, play.people)
    world.faults.set_rates(play.rates, seed=play.seed)
    return provider.site(world)


def _playing(provider: Provider, listener: socket.socket) -> Playing:
    bound_port: int = listener.getsockname()[1]
    base_url = f"http://{_HOST}:{bound_port}"
    return Playing(provider.name, base_url, provider.settings(base_url), provider.push_settings)


@contextmanager
def _listening(port: int) -> Generator[socket.socket]:
    try:
        listener = socket.create_server((_HOST, port), backlog=_BACKLOG)
    except OSError as error:
        reason = (error.strerror or "unknown").lower()
        raise AddressTakenError(host=_HOST, port=port, reason=reason) from error
    with listener:
        yield listener


def _server(site: Site) -> "_Server":
    return _Server(
        uvicorn.Config(
            site,
            ws="none",
            lifespan="off",
            access_log=False,
            log_config=None,
            # A connection that is cut on purpose is an error to the server.
            log_level="critical",
            server_header=False,
            timeout_graceful_shutdown=_GRACE_S,
        )
    )


class _Server(uvicorn.Server):
    """Tells when it listens, and leaves signals to whoever started it."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.is_listening = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.is_listening.set()

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        yield
