"""The host's end of one worker: its socket, its deadlines, its death.

Purpose: carry one request at a time to a process that may be hostile. Guarantees: a request is
over at the latest at its wall deadline; whatever a worker sends unasked makes it unfit; after
`discard` neither process nor descriptor is left. It assumes that one event loop calls it all.
"""

import _socket
import asyncio
import contextlib
import os
import select
import time
from collections.abc import Callable
from dataclasses import dataclass

from drivers.guest.channel import LOG, SPIN_NS
from drivers.local.meters import CPUAccount, ResidentMeter, read_peak_bytes
from drivers.local.processes import end_process, kill_process
from drivers.local.switchboard import Switchboard
from drivers.replies.exchange import ANSWERED, UNSENT, Death, Ending, Reply, Terms
from drivers.replies.frames import FrameReader, ProtocolViolated

# Below the size from which the C library maps and unmaps memory for every buffer.
_READ_BYTES = 64 * 1024
_LEAST_WAIT_S = 0.002
_CLOCK_STEP_S = 0.001
_NO_TERMS = Terms(0.0, 0.0, 0)
_DEATH_S = 2.0


@dataclass(frozen=True, slots=True)
class Parent:
    """What a worker tells whoever forked and reaps it, by its serial.

    `watch` asks for `bury`, once the process has ended. `let_go` says that it was killed and that
    nobody wants to know how it ended.
    """

    watch: Callable[[int], None]
    let_go: Callable[[int], None]


class Worker:
    """One process that waits for a request, serves it, or is gone."""

    def __init__(
        self,
        serial: int,
        channel: _socket.socket,
        switchboard: Switchboard,
        on_change: Callable[["Worker"], None],
        parent: Parent,
    ) -> None:
        """Own `channel`, and hear it over `switchboard`.

        `on_change` is called when it is ready, or lost while idle. `parent` knows its serial.
        """
        self.serial = serial
        self.idle_bytes: int | None = None
        self.served_s = 0.0
        self.is_ready = False
        self.is_lost = False
        self.is_unfit = False
        self.is_orphan = False
        self._loop = asyncio.get_running_loop()
        self._channel = channel
        self._on_change = on_change
        self._parent = parent
        self._reader = FrameReader()
        self._unsent = b""
        self._reply: Reply | None = None
        self._over: asyncio.Future[None] | None = None
        self._poll: Callable[[int], list[tuple[int, int]]] | None = None
        self._terms = _NO_TERMS
        self._pid = 0
        self._cpu = CPUAccount()
        self._pidfd = -1
        self._resident: ResidentMeter | None = None
        self._is_settled = False
        self._death: asyncio.Future[Death | None] | None = None
        self._known_death: Death | None = None
        self._deadline_s = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._timer_due_s = 0.0
        self._born_s = self._loop.time()
        self._switchboard = switchboard
        switchboard.listen(channel.fileno(), self._read)

    @property
    def age_s(self) -> float:
        """How long ago it was asked for."""
        return self._loop.time() - self._born_s

    @property
    def is_idle(self) -> bool:
        """Claim that it is ready and serves nobody."""
        return self.is_ready and not self.is_lost and self._reply is None

    @property
    def is_restless(self) -> bool:
        """Claim that it went on computing after its last answer; ask while it is idle."""
        return self._cpu.is_restless()

    def adopt(self, pid: int, pidfd: int, *, idle_bytes: int | None) -> None:
        """Take what the zygote told about the process, and own the descriptor.

        `idle_bytes` is what such a process holds before it serves.
        """
        if self.is_lost:
            end_process(pidfd)
            return
        self._pid, self._pidfd = pid, pidfd
        self._cpu.follow(pid)
        self.idle_bytes = idle_bytes
        self._change_if_ready()

    def _change_if_ready(self) -> None:
        if self.is_ready and self._pidfd >= 0:
            self._cpu.open()
            self._on_change(self)

    def settle(self) -> None:
        """Let the event loop itself listen, which pays where a worker serves many calls."""
        if not self._is_settled and not self.is_lost:
            self._is_settled = True
            self._switchboard.hang_up(self._channel.fileno())
            self._loop.add_reader(self._channel.fileno(), self._read)
            poll = select.poll()
            poll.register(self._channel.fileno(), select.POLLIN)
            self._poll = poll.poll

    def allow(self, *, result_bytes: int, log_bytes: int) -> None:
        """Let the worker answer calls of these limits from now on."""
        self._reader.allow(result_bytes=result_bytes, log_bytes=log_bytes)

    def allow_code(self) -> None:
        """Let the worker answer a compilation."""
        self._reader.allow_code()

    async def exchange(self, request: bytes, terms: Terms) -> Reply:
        """Send `request` and return what came back, at the latest at the wall deadline.

        Cancelling kills the process. After any ending but a clean answer the process is killed,
        too, and its death is awaited shortly, so that the reply can tell the cause.
        """
        reply = self.begin(request, terms)
        await self.wait(reply)
        return reply

    def begin(self, request: bytes, terms: Terms, *, is_spin_asked: bool = False) -> Reply:
        """Send `request`; the reply has its ending when `spin` says so, or after `wait`.

        With `is_spin_asked` the worker looks out for its next request without sleeping at first.
        """
        began_s = time.monotonic()
        if self._poll is not None and self._poll(0):
            # What it said after its last answer ends it, and must not pass for this one's.
            self._read()
        ending = self._send(request)
        reply = self._reply = Reply(ending, terms.tell_log, began_s)
        self._terms = terms
        self._cpu.begin(began_s, is_spinning=is_spin_asked)
        return reply

    def spin(self, reply: Reply) -> bool:
        """Look out for the answer without sleeping; return whether it is there, and clean.

        Only a settled worker can. After False the reply has still to be waited for.
        """
        if self._poll is None or self._unsent:
            return False
        look, ends_ns = self._poll, time.perf_counter_ns() + SPIN_NS
        # A worker may write as fast as this reads, and the moment may have passed before a look.
        while reply.ending is None:
            if look(0):
                self._read()
            if time.perf_counter_ns() >= ends_ns:
                break
        if reply.ending is not ANSWERED:
            return False
        self._finish(reply)
        return True

    async def wait(self, reply: Reply) -> None:
        """Return when `reply`, the one that `begin` returned last, has its ending."""
        try:
            if reply.ending is None:
                self._over = self._loop.create_future()
                wall_s, cpu_s = self._terms.wall_s, self._terms.cpu_s
                passed_s = time.monotonic() - reply.began_s
                self._deadline_s = self._loop.time() + wall_s - passed_s
                self._watch(self._deadline_s - wall_s + min(wall_s, cpu_s))
                await self._over
        except asyncio.CancelledError:
            self._lose()
            raise
        finally:
            self._reply = None
        self._finish(reply)
        if reply.ending is not ANSWERED:
            await self._learn_cause(reply)

    def _finish(self, reply: Reply) -> None:
        self._reply = None
        reply.ended_s = time.monotonic()
        reply.wall_s = self.served_s = reply.ended_s - reply.began_s
        reply.cpu_s = self._cpu.end(reply.ended_s)

    async def _learn_cause(self, reply: Reply) -> None:
        self._lose()
        reply.death = await self._wait_death()
        reply.idle_bytes = self.idle_bytes or 0
        if reply.death is not None:
            reply.memory_bytes = reply.death.peak_bytes
            reply.cpu_s = self._cpu.end_at(reply.death.cpu_s)

    def _send(self, data: bytes) -> Ending | None:
        try:
            sent = self._channel.send(data)
        except BlockingIOError:
            sent = 0
        except OSError:
            # The worker is gone and did not read the whole request.
            return UNSENT
        if sent < len(data):
            self._unsent = data[sent:]
            self._loop.add_writer(self._channel.fileno(), self._send_rest)
        return None

    def _send_rest(self) -> None:
        rest, self._unsent = self._unsent, b""
        self._loop.remove_writer(self._channel.fileno())
        if (ending := self._send(rest)) is not None:
            self._end(ending)

    def _read(self) -> None:
        try:
            data = self._channel.recv(_READ_BYTES)
        except BlockingIOError:
            return
        except ConnectionResetError:
            # So says the kernel of a process that ended before it read its request: no code ran.
            self._end(UNSENT)
            return
        except OSError:
            data = b""
        if not data:
            self._end(Ending.GONE)
            return
        try:
            self._take(data)
        except ProtocolViolated as violated:
            self._end(Ending.VIOLATED, violation=str(violated.facts["reason"]))

    def _take(self, data: bytes) -> None:
        frames = self._reader.feed(data)
        reply = self._reply
        if reply is None:
            self._greet(frames)
            return
        for kind, body in frames:
            reply.take(kind, body, log_bytes=self._terms.log_bytes)
        if reply.ending is None:
            self._reader.check_rest()
        else:
            if reply.has_surplus or self._reader.has_rest or self._unsent:
                # The answer stands, because it came over this worker's own socket; but whoever says
                # more than asked, or does not hear a request out, is never asked again.
                self.is_unfit = True
            self._wake()

    def _wake(self) -> None:
        if self._over is not None and not self._over.done():
            self._over.set_result(None)

    def _greet(self, frames: list[tuple[int, bytes]]) -> None:
        if self.is_ready or len(frames) != 1 or self._reader.has_rest:
            raise ProtocolViolated(reason="a frame that nobody asked for")
        self.is_ready = True
        self._change_if_ready()

    def _watch(self, due_s: float) -> None:
        """Look at the clocks at `due_s`, or earlier.

        An earlier request's timer is kept: being woken in vain costs less than setting one.
        """
        if self._timer is not None:
            if self._timer_due_s <= due_s:
                return
            self._timer.cancel()
        self._timer = self._loop.call_at(due_s, self._check_clocks)
        self._timer_due_s = due_s

    def _check_clocks(self) -> None:
        self._timer = None
        if self._reply is None or self._reply.ending is not None:
            return
        now_s = self._loop.time()
        if now_s >= self._deadline_s - _CLOCK_STEP_S:
            self._end(Ending.WALL)
            return
        left_s = self._terms.cpu_s - self._cpu.used_s()
        if left_s <= 0:
            self._end(Ending.CPU)
            return
        self._watch(min(self._deadline_s, now_s + max(left_s, _LEAST_WAIT_S)))

    def _end(self, ending: Ending, *, violation: str = "") -> None:
        reply = self._reply
        if reply is None:
            if not self.is_lost:
                self._lose()
                self._on_change(self)
        elif reply.ending is None:
            if ending in {Ending.WALL, Ending.CPU}:
                self._drain(reply)
            reply.ending = ending
            reply.violation = violation
            self._wake()

    def _drain(self, reply: Reply) -> None:
        # A call that is cut off keeps the log that waits in its socket. The worker may write as
        # fast as this reads: what a log may be, or anything else, ends it.
        with contextlib.suppress(OSError, ProtocolViolated):
            while data := self._channel.recv(_READ_BYTES):
                for kind, body in self._reader.feed(data):
                    if kind != LOG:
                        return
                    reply.take_log(body, log_bytes=self._terms.log_bytes)

    def _lose(self) -> None:
        """Kill the process and let go of the socket; nothing is heard from it any more."""
        self.is_lost = True
        if self._pidfd >= 0:
            # First, so that the end of the socket does not wake it to end by itself.
            kill_process(self._pidfd)
        if self._channel.fileno() >= 0:
            if self._is_settled:
                self._loop.remove_reader(self._channel.fileno())
            else:
                self._switchboard.forget(self._channel.fileno())
            if self._unsent:
                self._loop.remove_writer(self._channel.fileno())
            self._channel.close()

    async def _wait_death(self) -> Death | None:
        if self._known_death is not None or self.is_orphan or self._pidfd < 0:
            return self._known_death
        self._death = self._loop.create_future()
        # It is reaped, and its pid free, only once its parent is asked about it.
        self._loop.add_reader(self._pidfd, self._hear_exit)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_DEATH_S):
                return await self._death
        return None

    def _hear_exit(self) -> None:
        self._loop.remove_reader(self._pidfd)
        self._parent.watch(self.serial)

    def bury(self, death: Death | None) -> None:
        """Take what wait4 told, or None when the process never came to life."""
        self._known_death = death
        self._end_wait(death)
        if self._reply is None:
            self._end(Ending.GONE)
            self.discard()

    def orphan(self) -> None:
        """Hear that the zygote is gone: the process lives on, but nobody will tell how it ends."""
        self.is_orphan = True
        self._end_wait(None)

    def _end_wait(self, death: Death | None) -> None:
        if self._death is not None and not self._death.done():
            self._death.set_result(death)

    def read_memory_bytes(self, *, peak: bool) -> int | None:
        """Return what is resident now, or the most that ever was."""
        if peak:
            return read_peak_bytes(self._pid)
        if self._resident is None:
            self._resident = ResidentMeter(self._pid)
        return self._resident.read_bytes()

    def discard(self) -> None:
        """End the process and free every descriptor; doing so again is no fault."""
        if self._timer is not None:
            self._timer.cancel()
        self._lose()
        if self._resident is not None:
            self._resident.close()
        if self._pidfd >= 0:
            if self._death is not None:
                self._loop.remove_reader(self._pidfd)
            os.close(self._pidfd)
            self._pidfd = -1
        self._parent.let_go(self.serial)
