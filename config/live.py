"""Keeps the settings of a running process at the newest revision, and says so.

Purpose: a change is in force everywhere within seconds, and everyone can see that it is.
Guarantees: settings change whole or not at all; whatever fails, the last good ones stay in force;
a newer revision is found by the poll even if every hint is lost, within the poll interval and one
timeout of the store. It relies on the store alone: hints only make it faster.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from config.acknowledgement import Acknowledgement, AcknowledgementState, ProcessLabel
from config.broadcaster import Broadcaster
from config.catalogue import CATALOGUE
from config.env_watch import EnvWatch
from config.errors import ConfigRejected, PartRefused
from config.ports import Hints
from config.snapshot import Snapshot
from config.sources import Sources, Start, within
from sanderling.kernel.clock import Clock
from sanderling.kernel.errors import StoreUnavailableError
from sanderling.kernel.waiting import end_task

log = structlog.get_logger()

HEARTBEAT_S = 10.0
"""How often a process says that it still runs by what it said before."""

_AFTER_FAILURE_S = 1.0
_FIRST_RETRY_S = 5.0
_LONGEST_RETRY_S = 60.0


@dataclass(frozen=True, slots=True)
class Pace:
    """How often to look: at random between half of `poll_s` and all of it.

    `jitter` returns numbers from 0 to 1; it keeps many processes from asking at one moment.
    """

    poll_s: float
    jitter: Callable[[], float]
    clock: Clock

    def next_s(self, *, has_failed: bool) -> float:
        """Return the seconds until the next look; after a failure it comes soon."""
        wait_s = self.poll_s * (1 + self.jitter()) / 2
        return min(wait_s, _AFTER_FAILURE_S) if has_failed else wait_s

    def now_s(self) -> float:
        """Return seconds since an arbitrary start."""
        return self.clock.monotonic_ns() / 1e9


class LiveConfiguration:
    """The settings in force in this process; one task runs `follow`, everyone may read."""

    def __init__(
        self,
        sources: Sources,
        hints: Hints,
        broadcaster: Broadcaster,
        begun: Start,
        *,
        process: ProcessLabel,
        pace: Pace,
    ) -> None:
        """Begin with what `start` returned, by which every part of the process was built."""
        self._sources = sources
        self._hints = hints
        self._broadcaster = broadcaster
        self._first = self._snapshot = begun.snapshot
        self._judged: int | None = begun.revision
        self._refusal = begun.why
        self._uncopied = begun.body
        self._absence = ""
        self._process = process
        self._pace = pace
        self._env_watch = EnvWatch(sources.layers)
        self._said: Acknowledgement | None = None
        self._said_at_s = 0.0
        self._retry_at_s: float | None = None
        self._retry_s = _FIRST_RETRY_S

    @property
    def snapshot(self) -> Snapshot:
        """The settings in force."""
        return self._snapshot

    def reasons(self) -> tuple[str, ...]:
        """Return in sentences why the newest settings may not be in force; empty if they are."""
        return tuple(reason for reason in (self._absence, self._refusal) if reason)

    async def follow(self) -> None:
        """Look, apply and say, until cancelled; then take back what was said."""
        try:
            is_hinted = False
            while True:
                await self.look(is_hinted=is_hinted)
                is_hinted = await self._pause()
        finally:
            await self._withdraw()

    async def look(self, *, is_hinted: bool = False) -> None:
        """Apply the newest revision if it is not in force, and say what is; never raises.

        After a hint the body is read at once, for its number is likely to be a new one.
        """
        try:
            if self._sources.is_database_read:
                await self._catch_up(is_hinted=is_hinted)
            await self._say()
            self._absence = ""
            # Last, so that nobody waits for a disk to hear what is in force.
            await self._copy()
        except StoreUnavailableError as away:
            if not self._absence:
                log.warning("config.store-lost", revision=self._snapshot.revision)
            in_force = self._snapshot.revision
            self._absence = f"{away.detail} Revision {in_force} of the settings stays in force."
        except Exception as error:
            # The top of the loop: whatever is wrong, the next look may find it mended.
            log.exception("config.look-failed")
            self._absence = f"Looking for settings met a defect ({type(error).__name__})."
            await self._say_all_the_same()

    async def _say_all_the_same(self) -> None:
        # A process that falls silent is taken for gone, and then nobody waits for it any more.
        try:
            await self._say()
        except StoreUnavailableError:
            # The next look tells.
            return
        except Exception:
            # The top of the loop as above: the defect may be in saying itself.
            log.exception("config.look-failed")

    async def _pause(self) -> bool:
        """Return whether a hint ended the pause."""
        wait_s = self._pace.next_s(has_failed=bool(self._absence))
        try:
            return await self._hints.wait_hint(timeout_s=wait_s)
        except Exception:
            # A carrier promises not to raise; one that does must not end the poll.
            log.exception("config.look-failed")
            await self._pace.clock.wait_s(wait_s)
            return False

    async def _copy(self) -> None:
        body, self._uncopied = self._uncopied, None
        if body is not None:
            await asyncio.to_thread(self._sources.last_good.save, body)

    async def _catch_up(self, *, is_hinted: bool) -> None:
        is_retry_due = self._retry_at_s is not None and self._pace.now_s() >= self._retry_at_s
        is_sure = is_hinted or is_retry_due
        if not is_sure and await self._sources.read_head() == self._judged:
            return
        body = await self._sources.read_body()
        if body.revision == self._judged and not is_retry_due:
            return
        if body.revision != self._judged:
            self._retry_s = _FIRST_RETRY_S
        self._retry_at_s = None
        try:
            snapshot = self._sources.build(body)
            parts = await self._apply(snapshot)
        except (ConfigRejected, PartRefused) as refused:
            self._keep(body.revision, refused)
            return
        self._judged, self._snapshot, self._refusal = body.revision, snapshot, ""
        log.info("config.applied", revision=body.revision, parts=parts)
        self._uncopied = body

    async def _apply(self, snapshot: Snapshot) -> tuple[str, ...]:
        # A part may take a minute to be had, such as a driver whose role is new to its cloud.
        saying = asyncio.create_task(self._keep_saying())
        try:
            return await self._broadcaster.apply(snapshot.settings)
        finally:
            await end_task(saying)

    async def _keep_saying(self) -> None:
        while True:
            await self._pace.clock.wait_s(HEARTBEAT_S)
            await self._say_all_the_same()

    def _keep(self, revision: int, refused: ConfigRejected | PartRefused) -> None:
        self._judged = revision
        self._refusal = f"Revision {revision} of the settings was refused: {refused.detail}"
        if isinstance(refused, PartRefused):
            # Why a part could not be had may pass; why values are not valid does not.
            self._retry_at_s = self._pace.now_s() + self._retry_s
            self._retry_s = min(2 * self._retry_s, _LONGEST_RETRY_S)
        log.error("config.refused", revision=revision, code=refused.code, detail=refused.detail)

    async def _say(self) -> None:
        word = self._word()
        is_due = self._pace.now_s() - self._said_at_s >= HEARTBEAT_S
        if word == self._said and not is_due:
            return
        await within(self._sources.store.acknowledge(word))
        self._said, self._said_at_s = word, self._pace.now_s()

    def _word(self) -> Acknowledgement:
        in_force = self._snapshot.revision
        state = AcknowledgementState.REFUSED if self._refusal else AcknowledgementState.APPLIED
        return Acknowledgement(
            process=self._process,
            revision=in_force if self._judged is None else self._judged,
            state=state,
            in_force=in_force,
            why=self._refusal or self._notes(),
        )

    def _notes(self) -> str:
        notes: list[str] = []
        if self._snapshot.ignored:
            notes.append(f"Not for this release: {', '.join(self._snapshot.ignored)}.")
        waiting = [
            variable.name
            for variable in CATALOGUE
            if variable.needs_restart and not self._is_as_begun(variable.field)
        ]
        if not self._sources.is_database_read:
            waiting += self._env_watch.waiting()
        if waiting:
            notes.append(f"A restart applies {', '.join(waiting)}.")
        return " ".join(notes)

    def _is_as_begun(self, field: str) -> bool:
        was: object = getattr(self._first.settings, field)
        now: object = getattr(self._snapshot.settings, field)
        return was == now

    async def _withdraw(self) -> None:
        try:
            await within(self._sources.store.withdraw(self._process.id))
        except StoreUnavailableError:
            # Without a heartbeat it is soon taken for gone.
            log.info("config.withdrawal-skipped")
