"""Keeps workers ready, hands them out in order of asking, and heals.

Purpose: the request path never waits for a fork while spares last. Guarantees: at most
`queue_limit` callers wait and none longer than `queue_wait_s`; the memory limits of workers in
use never add up to more than the budget; a zygote that dies is replaced at once, and its workers
finish what they do. It assumes one event loop, whose thread calls everything here.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable

import structlog

from drivers.errors import DriverError
from drivers.guest.messages import MOST_FORKS
from drivers.local.budget import MemoryBudget
from drivers.local.retired import RetiredZygotes
from drivers.local.settings import LocalSettings
from drivers.local.supervision import Supervision
from drivers.local.switchboard import Switchboard
from drivers.local.waiting import Saturated, Waiter
from drivers.local.walls import Walls
from drivers.local.worker import Worker
from drivers.local.zygote import ZygoteProcess

_log = structlog.get_logger()

_FIRST_BACKOFF_S = 0.05
_LONGEST_BACKOFF_S = 5.0
_ROTATION_PAUSE_S = 1.0
# Long enough that under load the next message is one of several forks.
_TOP_UP_S = 0.002
_MOST_SPARES_IN_A_RUSH = 32
_STILLBORN_IN_A_ROW = 4
_SWEEP_S = 30.0
_OLDEST_SPARE_S = 600.0
_LEAST_RETRY_AFTER_S = 0.1
_SMOOTHING = 0.1


class Pool:
    """Workers of one flavour."""

    def __init__(
        self,
        flavour: str,
        settings: LocalSettings,
        *,
        spares: int,
        budget: MemoryBudget,
        supervision: Supervision,
        make_room: Callable[[], bool] = lambda: False,
    ) -> None:
        """Prepare; `make_room` frees a worker or memory that nobody needs just now."""
        self.restarts = 0
        self.rotations = 0
        self.busy = 0
        self.failure = ""
        self.walls = Walls((), ())
        self._flavour = flavour
        self._settings = settings
        self._target = spares
        self._budget = budget
        self._make_room = make_room
        self._supervision = supervision
        self._zygote: ZygoteProcess | None = None
        self._switchboard: Switchboard | None = None
        self._retired = RetiredZygotes()
        self._rotation: asyncio.Task[None] | None = None
        self._next_rotation_s = 0.0
        self._spares: list[Worker] = []  # The last is used first: its memory is still in caches.
        self._preparing: set[Worker] = set()
        self._stale: set[Worker] = set()
        self._waiters: deque[Waiter] = deque()
        self._reviver: asyncio.Task[None] | None = None
        self._settled = asyncio.Event()
        self._is_closing = False
        self._stillborn = 0
        self._sweeper: asyncio.TimerHandle | None = None
        self._pause: asyncio.TimerHandle | None = None
        self._top_up: asyncio.TimerHandle | None = None
        self._typical_s = _LEAST_RETRY_AFTER_S
        budget.watch(self.grant)

    @property
    def spares(self) -> int:
        """How many workers are ready."""
        return len(self._spares)

    @property
    def waiting(self) -> int:
        """How many callers wait for a worker."""
        return len(self._waiters)

    @property
    def is_failing(self) -> bool:
        """Claim that workers keep dying before they are ready."""
        return self._stillborn > _STILLBORN_IN_A_ROW

    @property
    def is_up(self) -> bool:
        """Claim that a zygote stands ready to fork."""
        return self._zygote is not None

    async def start(self) -> None:
        """Start a zygote and ask for the first spares.

        Raises:
            DriverError: it did not start, or its report was refused; nothing is left of it.

        """
        self._zygote = await self._start_zygote()
        self.failure = ""
        self._refill()
        if self._sweeper is None:
            self._sweep()

    async def _start_zygote(self) -> ZygoteProcess:
        if self._switchboard is None:
            self._switchboard = Switchboard()
        zygote = ZygoteProcess(
            self._flavour,
            self._settings,
            lambda: self._on_lost_zygote(zygote),
            on_spawn=self._supervision.on_spawn,
        )
        report = await zygote.start()
        try:
            self.walls = self._supervision.on_report(report)
        except DriverError:
            await zygote.end()
            raise
        return zygote

    def _rotate_if_due(self) -> None:
        zygote = self._zygote
        if zygote is None or self._rotation is not None or self._is_closing:
            return
        loop = asyncio.get_running_loop()
        is_old = zygote.age_s >= self._settings.zygote_age_s
        is_due = is_old or zygote.forks >= self._settings.zygote_forks
        if is_due and loop.time() >= self._next_rotation_s:
            self._rotation = loop.create_task(self._rotate(zygote))

    async def _rotate(self, old: ZygoteProcess) -> None:
        """Let a new zygote take over; workers of the old one serve as before."""
        try:
            await self._succeed(old)
        except DriverError:
            # The old one goes on; after a pause the next worker or sweep tries again.
            self._next_rotation_s = asyncio.get_running_loop().time() + _ROTATION_PAUSE_S
            _log.exception("zygote.not-started", flavour=self._flavour)
        finally:
            self._rotation = None

    async def _succeed(self, old: ZygoteProcess) -> None:
        new = await self._start_zygote()
        if self._zygote is old and not self._is_closing:
            self._zygote = new
            self.rotations += 1
            self._retired.add(old)
            self._stale = {*self._spares, *self._preparing}
            _log.info("zygote.rotated", flavour=self._flavour, forks=old.forks)
            self._refill()
        else:
            # The old one died meanwhile and has its successor, or the pool is closing.
            self._retired.add(new)

    def _sweep(self) -> None:
        """Retire spares well before their lifetime runs out; it ends them wherever they are."""
        loop = asyncio.get_running_loop()
        self._sweeper = loop.call_later(_SWEEP_S, self._sweep)
        for worker in [one for one in self._spares if one.age_s > _OLDEST_SPARE_S]:
            self._spares.remove(worker)
            worker.discard()
        self._refill()
        self._rotate_if_due()

    async def wait_spares(self) -> None:
        """Return once every spare is ready, or after the time a start may take."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._settings.start_s):
                await self._settled.wait()

    def _refill(self) -> None:
        # Whatever the zygote writes to after a fork it copies first, so several at a time cost
        # less: they are asked for at once, or soon where some are left.
        wanted = max(self._target, min(len(self._waiters), _MOST_SPARES_IN_A_RUSH))
        missing = self._missing(wanted)
        is_bearable = self._preparing or not (self._waiters or missing * 2 > self._target)
        many = min(wanted, MOST_FORKS)
        if missing >= many - many // 4 or not is_bearable:
            self._fork(missing)
        elif missing > 0 and self._top_up is None and not self._is_closing:
            self._top_up = asyncio.get_running_loop().call_later(_TOP_UP_S, self._fill_up)
        self._rotate_if_due()

    def _missing(self, wanted: int) -> int:
        fresh = sum(worker not in self._stale for worker in self._spares)
        return min(wanted - fresh, MOST_FORKS) - len(self._preparing)

    def _fill_up(self) -> None:
        self._top_up = None
        # Under load the next that gets ready looks again.
        if not self._preparing:
            self._fork(self._missing(self._target))
        self._note_settled()

    def _fork(self, count: int) -> None:
        zygote, switchboard = self._zygote, self._switchboard
        if zygote is None or switchboard is None or self._is_closing or self._pause or count < 1:
            return
        # The control socket may be full or the zygote dying; who gets ready next refills.
        with contextlib.suppress(OSError):
            self._preparing.update(zygote.fork_many(count, switchboard, self._on_worker_change))
        self._note_settled()

    def _note_settled(self) -> None:
        if self._preparing or self._top_up is not None:
            self._settled.clear()
        else:
            self._settled.set()

    def _on_worker_change(self, worker: Worker) -> None:
        if worker.is_lost:
            self._forget(worker)
        else:
            self._stillborn = 0
            self._preparing.discard(worker)
            self._spares.append(worker)
            # One spare of an old zygote goes for each that gets ready, and be it that one itself.
            self._replace_stale()
        self.grant()
        self._refill()
        self._note_settled()

    def _replace_stale(self) -> None:
        """End one spare of an old zygote, if there is one."""
        stale = next((worker for worker in self._spares if worker in self._stale), None)
        if stale is not None:
            self._stale.discard(stale)
            self._spares.remove(stale)
            stale.discard()

    def _forget(self, worker: Worker) -> None:
        if worker in self._preparing:
            self._preparing.discard(worker)
            self._count_stillborn()
        if worker in self._spares:
            self._spares.remove(worker)
        worker.discard()
        if not self._is_closing:
            _log.warning("worker.lost", flavour=self._flavour, serial=worker.serial)

    def _count_stillborn(self) -> None:
        """Fork more slowly when workers die before they are ready, one after the other."""
        self._stillborn += 1
        if self._stillborn > _STILLBORN_IN_A_ROW and self._pause is None:
            pause_s = min(_FIRST_BACKOFF_S * self._stillborn, _LONGEST_BACKOFF_S)
            self._pause = asyncio.get_running_loop().call_later(pause_s, self._resume)

    def _resume(self) -> None:
        self._pause = None
        self._refill()

    def _on_lost_zygote(self, zygote: ZygoteProcess) -> None:
        if self._is_closing:
            return
        if self._zygote is not zygote:
            self._drop_orphans()
            return
        self._zygote = None
        self.restarts += 1
        for worker in tuple(self._preparing):
            worker.discard()
        self._preparing.clear()
        _log.error("zygote.lost", flavour=self._flavour, restarts=self.restarts)
        self._reviver = asyncio.get_running_loop().create_task(self._revive())

    def _drop_orphans(self) -> None:
        """End what an old zygote forked without telling who it is; it would never be ready."""
        for worker in [one for one in self._preparing if one.is_orphan]:
            worker.discard()
            self._preparing.discard(worker)
        self._refill()

    async def _revive(self) -> None:
        backoff_s = _FIRST_BACKOFF_S
        while True:
            try:
                await self.start()
            except DriverError as error:
                self.failure = error.detail
                _log.exception("zygote.not-started", flavour=self._flavour)
                await asyncio.sleep(backoff_s)
                backoff_s = min(backoff_s * 2, _LONGEST_BACKOFF_S)
            else:
                _log.info("zygote.restarted", flavour=self._flavour, restarts=self.restarts)
                return

    def take_nowait(self, memory_bytes: int) -> Worker | None:
        """Return a ready worker at once, with its memory reserved; None when that cannot be."""
        if self._waiters or not self._spares or not self._budget.reserve(memory_bytes):
            return None
        self.busy += 1
        worker = self._spares.pop()
        if len(self._spares) * 2 < self._target:
            self._refill()
        return worker

    async def take(self, memory_bytes: int) -> Worker | Saturated:
        """Return a worker with its memory reserved, after waiting in line if need be."""
        if (worker := self.take_nowait(memory_bytes)) is not None:
            return worker
        if len(self._waiters) >= self._settings.queue_limit:
            return self._saturated("the waiting line is full")
        waiter = Waiter(memory_bytes, asyncio.get_running_loop().create_future())
        self._waiters.append(waiter)
        self._budget.waiting += 1
        try:
            self.grant()
            self._refill()
            async with asyncio.timeout(self._settings.queue_wait_s):
                return await waiter.granted
        except TimeoutError:
            self._withdraw(waiter)
            return self._saturated("no worker became free in time")
        except asyncio.CancelledError:
            self._withdraw(waiter)
            raise
        finally:
            self._budget.waiting -= 1

    def _withdraw(self, waiter: Waiter) -> None:
        """Leave the line, and give back what was granted in the same moment."""
        if waiter in self._waiters:
            self._waiters.remove(waiter)
        if waiter.granted.done() and not waiter.granted.cancelled():
            self.busy -= 1
            self._budget.free(waiter.memory_bytes)
            self._spares.append(waiter.granted.result())
            self.grant()

    def _saturated(self, reason: str) -> Saturated:
        ahead = len(self._waiters) + 1
        estimate_s = self._typical_s * ahead / max(self._target, 1)
        return Saturated(max(_LEAST_RETRY_AFTER_S, round(estimate_s, 3)), reason)

    def grant(self) -> None:
        """Give spares to those who wait, in order, as far as spares and memory go."""
        while self._waiters:
            waiter = self._waiters[0]
            if waiter.granted.done():
                # Its caller was cancelled in this turn of the loop, and has not run since.
                self._waiters.popleft()
                continue
            if not self._spares:
                return
            if not self._budget.reserve(waiter.memory_bytes):
                if not self._make_room():
                    return
                continue
            self._waiters.popleft()
            self.busy += 1
            waiter.granted.set_result(self._spares.pop())

    def release(self, worker: Worker, memory_bytes: int) -> None:
        """Take back a worker that is not used again, and its memory."""
        worker.discard()
        self.busy -= 1
        self._budget.free(memory_bytes)
        self._typical_s += _SMOOTHING * (worker.served_s - self._typical_s)
        self.grant()
        self._refill()

    async def close(self) -> None:
        """End every process; callers that wait are turned away."""
        self._is_closing = True
        for timer in (self._sweeper, self._pause, self._top_up):
            if timer is not None:
                timer.cancel()
        for task in (self._reviver, self._rotation):
            if task is not None:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        for waiter in self._waiters:
            waiter.granted.cancel()
        for worker in (*self._spares, *self._preparing):
            worker.discard()
        self._spares.clear()
        self._preparing.clear()
        if self._zygote is not None:
            await self._zygote.end()
            self._zygote = None
        await self._retired.close()
        if self._switchboard is not None:
            self._switchboard.close()
            self._switchboard = None
