"""Times calls and forks on this machine, to be told and never to be judged."""

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial

from drivers.errors import DriverError
from drivers.guest.flavour import PLAIN
from drivers.local.settings import LocalSettings
from drivers.local.switchboard import Switchboard
from drivers.local.worker import Worker
from drivers.local.zygote import ZygoteProcess
from drivers.port import (
    Artifact,
    ArtifactKey,
    Digest,
    Driver,
    Invocation,
    Isolation,
    OutcomeKind,
)
from sanderling.kernel.findings import Finding, Standing
from sanderling.kernel.ids import CallId, FunctionId, WorkspaceId

_TOPIC = "speed"
_ROUNDS = 21
# Between two rounds, so that each one finds a worker ready, as most calls do.
_PAUSE_S = 0.02
_KEY = ArtifactKey(WorkspaceId("ws_doctor"), FunctionId("fn_doctor"), Digest("one-shot"))
_ECHO = Artifact(_KEY, "def handler(event, context):\n    return event\n")
_WARM = replace(_ECHO, key=replace(_KEY, digest=Digest("warm")), isolation=Isolation.FUNCTION)


async def measure(driver: Driver, settings: LocalSettings) -> list[Finding]:
    """Return what calls and forks typically take; nothing where they do not succeed."""
    return [*await _measure_calls(driver), *await _measure_fork(settings)]


async def _measure_calls(driver: Driver) -> list[Finding]:
    """Return the typical time of a call in a fresh process, and of one in a reused process."""
    found: list[Finding] = []
    for name, artifact in (("one_shot_call", _ECHO), ("warm_call", _WARM)):
        await driver.deploy(artifact)
        invocation = Invocation(CallId("call_doctor"), artifact.key, b"1")
        # The first call of a function binds its worker, which later ones find warm.
        outcome = await driver.invoke(invocation)
        if outcome.kind is OutcomeKind.OK:
            typical_s = await _typical_s(partial(driver.invoke, invocation))
            found.append(_told(name, typical_s))
        await driver.delete(artifact.key)
    return found


async def _measure_fork(settings: LocalSettings) -> list[Finding]:
    """Return the typical time from asking for a worker until it is forked, locked and ready."""
    zygote = ZygoteProcess(PLAIN, settings, lambda: None)
    switchboard = Switchboard()
    try:
        await zygote.start()
        fork = partial(_fork_one, zygote, switchboard, settings.start_s)
        return [_told("fork", await _typical_s(fork))]
    except (DriverError, OSError, TimeoutError):
        # Whether zygotes start is told where the layers are proven.
        return []
    finally:
        await zygote.end()
        switchboard.close()


async def _fork_one(zygote: ZygoteProcess, switchboard: Switchboard, most_s: float) -> None:
    changed = asyncio.get_running_loop().create_future()

    def note(worker: Worker) -> None:
        if not changed.done():
            changed.set_result(worker)

    worker = zygote.fork(switchboard, note)
    try:
        async with asyncio.timeout(most_s):
            await changed
    finally:
        worker.discard()


async def _typical_s(action: Callable[[], Awaitable[object]]) -> float:
    times_s: list[float] = []
    for _ in range(_ROUNDS):
        began_s = time.perf_counter()
        await action()
        times_s.append(time.perf_counter() - began_s)
        await asyncio.sleep(_PAUSE_S)
    return statistics.median(times_s)


def _told(name: str, typical_s: float) -> Finding:
    milliseconds = round(typical_s * 1000, 3)
    detail = f"{milliseconds:.2f} ms, the median of {_ROUNDS} just now"
    return Finding(_TOPIC, name, Standing.INFO, detail, value=milliseconds)
