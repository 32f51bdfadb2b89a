"""One call from Python: the limit, the drivers and their peers, on the same work."""

import asyncio
import math
import os
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from statistics import median

import uvloop

from bench.meter import Budget, Meter, measure
from bench.peer import Peer, PeerUnavailableError
from bench.peers.in_process import ExecJSON, RestrictedInProcess
from bench.peers.local import LocalCold, LocalOneShot, LocalReuse
from bench.peers.monty import MontyFresh, MontyWarm
from bench.peers.subprocess_per_call import SubprocessPerCall
from bench.processes import children_of, pss_kib, tree_of
from bench.report import Report, Row, rounded
from bench.workload import EVENT_JSON, check

PEERS: tuple[type[Peer], ...] = (
    ExecJSON,
    RestrictedInProcess,
    LocalReuse,
    LocalOneShot,
    LocalCold,
    SubprocessPerCall,
    MontyWarm,
    MontyFresh,
)

BASE = ExecJSON.name

_ROUNDS = 10
_UNBOUNDED = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked for on the command line; `calls` None means as many as the time allows."""

    seconds: float = 75.0
    calls: int | None = None
    only: frozenset[str] = frozenset()


def _budget(options: Options, peers: int) -> Budget:
    rounds = _ROUNDS if options.calls is None else 2
    return Budget(
        rounds=rounds,
        slice_s=options.seconds / (rounds * peers * 2),
        slice_calls=math.ceil(options.calls / rounds) if options.calls else _UNBOUNDED,
        parks=options.calls or _UNBOUNDED,
    )


async def _enter(stack: AsyncExitStack, make: type[Peer]) -> Meter:
    before = children_of(os.getpid())
    peer = await stack.enter_async_context(make())
    # A first call also starts what a peer starts lazily, so that its processes are all known.
    await peer.prepare()
    check(await peer.call(EVENT_JSON, 0), peer=peer.name)
    return Meter(peer, children_of(os.getpid()) - before)


def _row(name: str, meter: Meter | None, base_ns: float) -> Row:
    cells: dict[str, str | float | None] = {"name": name}
    if meter is None:
        empty = ("p50_us", "ratio", "calls_per_s_c1", "calls_per_s_c8", "cpu_us", "idle_kib")
        return cells | dict.fromkeys(empty)
    p50_ns = median(meter.p50s_ns)
    cpu_ns = meter.host_cpu_ns + meter.guest_cpu_ns
    return cells | {
        "p50_us": rounded(p50_ns / 1000, 2),
        "ratio": rounded(p50_ns / base_ns, 2),
        "calls_per_s_c1": rounded(median(meter.rates_c1)) if meter.rates_c1 else None,
        "calls_per_s_c8": rounded(median(meter.rates_c8)) if meter.rates_c8 else None,
        "cpu_us": rounded(cpu_ns / meter.calls / 1000) if meter.rates_c1 else None,
        "idle_kib": rounded(meter.idle_kib),
    }


async def _run(options: Options) -> Report:
    wanted = [make for make in PEERS if _is_wanted(make, options.only)]
    notes: list[str] = []
    meters: dict[str, Meter] = {}
    async with AsyncExitStack() as stack:
        for make in wanted:
            try:
                meter = await _enter(stack, make)
            except PeerUnavailableError as error:
                notes.append(f"{make.name} was not measured: {error}")
                continue
            meters[meter.peer.name] = meter
        pool_kib = _pool_kib(meters)
        await measure(list(meters.values()), _budget(options, len(meters)))
    base_ns = median(meters[BASE].p50s_ns)
    rows = [_row(make.name, meters.get(make.name), base_ns) for make in PEERS]
    counts = sum(meter.calls for meter in meters.values())
    return Report("call", rows, notes, {"calls": counts, "local_pool_kib": pool_kib})


def _pool_kib(meters: Mapping[str, Meter]) -> float | None:
    """Return what a driver's processes weigh before they have done much: zygote and spares."""
    meter = meters.get(LocalOneShot.name)
    return None if meter is None else float(pss_kib(tree_of(meter.roots)))


def _is_wanted(make: type[Peer], only: frozenset[str]) -> bool:
    return not only or make.name == BASE or make.name in only


def names() -> Sequence[str]:
    """Return the names that `--only` knows."""
    return [make.name for make in PEERS]


def run(options: Options) -> Report:
    """Measure and return the table; takes about `options.seconds` and a little more."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_run(options))
