"""Lets a corpus of hostile functions loose on this very installation, and judges how each ends.

It is the one place of the product that switches the language layer off, and it does so for
entries that ask for it, behind walls of the operating system that the driver has proven.
"""

import asyncio
import json
from collections.abc import Callable, Iterable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace

from config.variables import Settings
from drivers.corpus import Attack, Walls
from drivers.expectations import is_meant, is_met, is_met_twice
from drivers.limits import CEILINGS, Limits
from drivers.local import LocalDriver, LocalSettings
from drivers.local.settings import Experiment
from drivers.port import (
    Artifact,
    ArtifactKey,
    Capabilities,
    Deployment,
    Invocation,
    Isolation,
    Outcome,
    OutcomeKind,
)
from runner.function import Definition
from sanderling.kernel.clock import SystemClock
from sanderling.kernel.ids import SortableIds
from sanderling.kernel.jsontext import JSON
from sanderling.wiring.drivers import local_settings

_START_S = 60.0
_QUEUE_WAIT_S = 600.0
_MOST_DETAIL = 300

USUAL = Limits()
"""What any function gets; CPU ends what computes, long before the wall does."""

PATIENT = replace(USUAL, wall_s=CEILINGS["wall_s"], cpu_s=CEILINGS["cpu_s"])
"""What an entry gets that ran out of time where something else was to come first.

A slow or busy machine is no finding: only with all the time there is does a timeout count.
"""


@dataclass(frozen=True, slots=True)
class Trial:
    """One entry to be run with one isolation."""

    attack: Attack
    isolation: Isolation


@dataclass(frozen=True, slots=True)
class Judged:
    """How a trial ended; `detail` is for people, and of two calls it tells both.

    `ended` has the outcome of each call.
    """

    trial: Trial
    ended: tuple[OutcomeKind, ...]
    detail: str
    is_as_expected: bool
    duration_s: float

    @property
    def observed(self) -> OutcomeKind:
        """The outcome to hold against the expectation: that of the first call."""
        return self.ended[0]

    @property
    def is_earlier(self) -> bool:
        """Claim that it is as expected by ending earlier than its author says."""
        return self.is_as_expected and not is_meant(self.trial.attack, self.observed)

    @property
    def is_only_late(self) -> bool:
        """Claim that it ran out of time before it came to what is expected."""
        return not self.is_as_expected and OutcomeKind.TIMEOUT in self.ended


@dataclass(frozen=True, slots=True)
class SandboxCheck:
    """What was found: every trial in the order of the corpus, and what stood around each kind."""

    judged: tuple[Judged, ...]
    python: str
    layers: dict[Walls, tuple[str, ...]]
    waived: tuple[str, ...]

    @property
    def is_as_expected(self) -> bool:
        """Claim that every trial ended as its author says."""
        return all(one.is_as_expected for one in self.judged)


def trials_of(attacks: Iterable[Attack], isolations: Sequence[Isolation]) -> tuple[Trial, ...]:
    """Return what is to be run: entries behind all walls with each of `isolations`.

    Without the language layer no isolation is promised, so those run once; two calls can share a
    worker only with isolation function.
    """
    trials: list[Trial] = []
    for attack in attacks:
        if attack.runs_twice:
            trials.append(Trial(attack, Isolation.FUNCTION))
        elif attack.layer is Walls.OS:
            trials.append(Trial(attack, Isolation.CALL))
        else:
            trials += [Trial(attack, isolation) for isolation in isolations]
    return tuple(trials)


async def check_sandbox(
    trials: Sequence[Trial],
    settings: Settings,
    *,
    jobs: int,
    python: str | None = None,
    on_judged: Callable[[Judged], None] = lambda _judged: None,
) -> SandboxCheck:
    """Run `trials`, `jobs` at a time, in guests of this Python or of another.

    Raises:
        DriverError: a wall that is required does not stand here, so nothing was run.

    """
    needed = {trial.attack.layer for trial in trials}
    async with AsyncExitStack() as stack:
        drivers: dict[Walls, LocalDriver] = {}
        for walls in (walls for walls in Walls if walls in needed):
            chosen = _settings_for(walls, settings, jobs=jobs, python=python)
            drivers[walls] = await stack.enter_async_context(LocalDriver(chosen))
        judged = await _run_all(trials, drivers, jobs=jobs, on_judged=on_judged)
        told = {walls: driver.capabilities() for walls, driver in drivers.items()}
    return _found(judged, told)


def _settings_for(
    walls: Walls, settings: Settings, *, jobs: int, python: str | None
) -> LocalSettings:
    """Return the settings of this installation, with room for everything at once.

    A trial that waits must not end as saturated, which would say nothing about the walls.
    """
    usual = local_settings(settings)
    return replace(
        usual,
        spares=jobs,
        queue_limit=jobs + usual.queue_limit,
        queue_wait_s=_QUEUE_WAIT_S,
        memory_budget_bytes=max(usual.memory_budget_bytes, 2 * jobs * USUAL.memory_bytes),
        python=python or usual.python,
        start_s=_START_S,
        experiment=Experiment(is_raw=walls is Walls.OS),
    )


async def _run_all(
    trials: Sequence[Trial],
    drivers: dict[Walls, LocalDriver],
    *,
    jobs: int,
    on_judged: Callable[[Judged], None],
) -> tuple[Judged, ...]:
    gate = asyncio.Semaphore(jobs)
    runner = _Runner(drivers)

    async def run(trial: Trial) -> Judged:
        async with gate:
            judged = await runner.run(trial, USUAL)
        if not judged.is_only_late:
            on_judged(judged)
        return judged

    judged = list(await asyncio.gather(*(run(trial) for trial in trials)))
    for place, late in enumerate(judged):
        if late.is_only_late:
            # Alone on the machine, so that no other trial takes its time.
            judged[place] = await runner.run(late.trial, PATIENT)
            on_judged(judged[place])
    return tuple(judged)


class _Runner:
    """Deploy, call and judge one trial at a time; several may be under way."""

    def __init__(self, drivers: dict[Walls, LocalDriver]) -> None:
        """Use the driver that stands for the walls of each entry."""
        self._drivers = drivers
        self._clock = SystemClock()
        self._ids = SortableIds(self._clock)
        self._workspace_id = self._ids.workspace()

    async def run(self, trial: Trial, limits: Limits) -> Judged:
        """Return how `trial` ends under `limits`; nothing of it is left with the driver."""
        attack = trial.attack
        began_ns = self._clock.monotonic_ns()
        definition = Definition(attack.source, limits, trial.isolation)
        key = ArtifactKey(self._workspace_id, self._ids.function(), definition.digest)
        artifact = Artifact(key, attack.source, limits, trial.isolation)
        driver = self._drivers[attack.layer]
        try:
            ends = await self._calls(driver, artifact, attack)
        finally:
            await driver.delete(key)
        met = is_met_twice(attack, *ends) if len(ends) > 1 else is_met(attack, ends[0])
        return Judged(
            trial,
            tuple(end.kind for end in ends),
            _detail(ends[0]) if len(ends) == 1 else _both(ends),
            met,
            (self._clock.monotonic_ns() - began_ns) / 1e9,
        )

    async def _calls(
        self, driver: LocalDriver, artifact: Artifact, attack: Attack
    ) -> list[Outcome | Deployment]:
        deployment = await driver.deploy(artifact)
        calls = 2 if attack.runs_twice else 1
        if deployment.kind is not OutcomeKind.OK:
            return [deployment] * calls
        return [
            await driver.invoke(self._invocation(artifact, attack, phase))
            for phase in range(1, calls + 1)
        ]

    def _invocation(self, artifact: Artifact, attack: Attack, phase: int) -> Invocation:
        call_id = self._ids.call()
        # The members that calls of a server have.
        context: dict[str, JSON] = {
            "call_id": call_id,
            "function": attack.id,
            "version": None,
            "workspace_id": artifact.key.workspace_id,
            "trigger": "manual",
            "request_id": self._ids.request(),
            "timeout_s": artifact.limits.wall_s,
        }
        event_json = json.dumps({"phase": phase}).encode()
        return Invocation(call_id, artifact.key, event_json, context)


def _detail(end: Outcome | Deployment) -> str:
    if end.error is not None:
        text = f"{end.error.type}: {end.error.message}"
    elif isinstance(end, Outcome) and end.result_json is not None:
        text = f"returned {end.result_json.decode()}"
    else:
        text = end.detail
    return text if len(text) <= _MOST_DETAIL else text[: _MOST_DETAIL - 1] + "…"


def _both(ends: Sequence[Outcome | Deployment]) -> str:
    return "; then ".join(f"{end.kind}: {_detail(end)}" for end in ends)


def _found(judged: tuple[Judged, ...], told: dict[Walls, Capabilities]) -> SandboxCheck:
    return SandboxCheck(
        judged=judged,
        python=next((one.python for one in told.values()), ""),
        layers={walls: one.layers for walls, one in told.items()},
        waived=next((one.waived for one in told.values()), ()),
    )
