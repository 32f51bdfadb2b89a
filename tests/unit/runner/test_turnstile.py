"""The turnstile: caps that hold, and a fair order of whoever waits."""

import asyncio
from collections.abc import Sequence
from random import Random

import pytest

from drivers.port import OutcomeKind
from runner.fairness.concurrency import Concurrency
from runner.fairness.refusal import Reason, TurnedAway
from runner.fairness.turnstile import Turnstile
from runner.target import Target
from sanderling.kernel.clock import VirtualClock
from support.fairness import NOISY, OTHER, QUIET, memory_slots
from support.targets import a_target
from support.waiting import until

LEASE_S = 60.0


class Visits:
    """Calls that come to a turnstile, and in which order they got in."""

    def __init__(self, turnstile: Turnstile) -> None:
        """Start with none."""
        self.turnstile = turnstile
        self.inside: list[Target] = []
        self.turned_away: list[TurnedAway] = []
        self._tasks: list[asyncio.Task[None]] = []

    async def come(self, *targets: Target) -> list[asyncio.Task[None]]:
        """Let calls come, and let each get as far as it can."""
        tasks = [asyncio.create_task(self._come(target)) for target in targets]
        self._tasks += tasks
        await _settled()
        return tasks

    async def _come(self, target: Target) -> None:
        if not self.turnstile.enter_nowait(target):
            entered = await self.turnstile.enter(target, lease_s=LEASE_S)
            if isinstance(entered, TurnedAway):
                self.turned_away.append(entered)
                return
        self.inside.append(target)

    async def go(self, *numbers: int) -> None:
        """Let calls end that came in as so maniest."""
        for number in numbers:
            self.turnstile.leave(self.inside[number])
        await _settled()

    def names(self, since: int = 0) -> list[str]:
        """Return whose calls came in, after the first so many."""
        return [target.workspace_id.removeprefix("ws_") for target in self.inside[since:]]


async def _settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def visits(concurrency: Concurrency) -> Visits:
    """Return visits to a new turnstile."""
    return Visits(Turnstile(concurrency))


async def test_without_caps_nobody_waits() -> None:
    """What nothing bounds is let in at once, and counted."""
    turnstile = Turnstile()

    assert all(turnstile.enter_nowait(a_target()) for _ in range(1000))

    assert (turnstile.statistics().inside, turnstile.statistics().waiting) == (1000, 0)


async def test_a_quiet_workspace_does_not_wait_for_a_noisy_ones_backlog() -> None:
    """Behind a hundred calls of one workspace the first of another gets the first free place."""
    visited = visits(Concurrency(in_all=4))
    await visited.come(*[a_target(NOISY)] * 100)
    await visited.come(a_target(QUIET), a_target(OTHER))

    await visited.go(0, 1)

    assert set(visited.names(since=4)) == {"quiet", "other"}
    assert visited.turnstile.statistics().waiting == 96


async def test_a_quiet_function_does_not_wait_for_a_noisy_one_of_its_workspace() -> None:
    """Inside a workspace the same holds between functions."""
    visited = visits(Concurrency(in_all=1))
    await visited.come(*[a_target(name="noisy")] * 100)
    await visited.come(a_target(name="quiet"))

    await visited.go(0)
    await visited.go(1)

    assert [target.function_name for target in visited.inside] == ["noisy", "noisy", "quiet"]


async def test_a_function_at_its_own_cap_holds_up_nobody() -> None:
    """Its calls wait, and whoever else comes passes them."""
    visited = visits(Concurrency())
    await visited.come(*[a_target(name="capped", concurrency=2)] * 5)
    await visited.come(a_target(name="free"), a_target(OTHER))

    assert [target.function_name for target in visited.inside] == ["capped"] * 2 + ["free", "echo"]

    await visited.go(0)
    assert [target.function_name for target in visited.inside[4:]] == ["capped"]


async def test_a_workspace_at_its_cap_holds_up_nobody() -> None:
    """The cap of a workspace is kept also while nobody else wants the places."""
    visited = visits(Concurrency(per_workspace=2))
    await visited.come(*[a_target(NOISY)] * 5)
    await visited.come(a_target(QUIET))

    assert visited.names() == ["noisy", "noisy", "quiet"]


async def test_beyond_the_soft_cap_one_gives_way_and_without_others_does_not() -> None:
    """Four places: alone a workspace has all, with another that waits it gets back to two."""
    visited = visits(Concurrency(in_all=4, soft=2))
    await visited.come(*[a_target(NOISY)] * 10)
    assert visited.names() == ["noisy"] * 4
    await visited.come(*[a_target(QUIET)] * 3)

    await visited.go(0, 1)
    assert visited.names(since=4) == ["quiet", "quiet"]

    await visited.go(2, 3)
    assert visited.names(since=6) == ["noisy", "noisy"]


async def test_memory_is_shared_as_places_are() -> None:
    """The limits of calls inside never add up to more, and each has its even share."""
    visited = visits(Concurrency(memory_bytes=400))
    await visited.come(*[a_target(NOISY, memory_bytes=100)] * 9)
    assert len(visited.inside) == 4
    await visited.come(*[a_target(QUIET, memory_bytes=200)] * 2)

    await visited.go(0)
    assert len(visited.inside) == 4, "a small call does not pass a large one at the head"

    await visited.go(1)
    assert visited.names(since=4) == ["quiet"]


async def test_places_of_a_process_are_shared_without_any_cap() -> None:
    """Where the driver takes so many calls, one workspace's backlog makes no other wait for it."""
    visited = visits(Concurrency(places=4, queue_limit=50))
    await visited.come(*[a_target(NOISY)] * 60)
    await visited.come(a_target(QUIET))

    await visited.go(0)

    assert visited.names() == ["noisy"] * 4 + ["quiet"]
    assert {away.kind for away in visited.turned_away} == {OutcomeKind.SATURATED}


@pytest.mark.parametrize(
    ("concurrency", "here"),
    [
        (Concurrency(), 0),
        (Concurrency(in_all=3), 3),
        (Concurrency(places=2), 2),
        (Concurrency(in_all=3, places=2), 2),
        (Concurrency(in_all=2, places=3), 2),
    ],
)
def test_the_narrower_of_caps_and_places_counts(concurrency: Concurrency, here: int) -> None:
    """A process runs no more than either of them allows."""
    assert concurrency.here == here


async def test_a_call_larger_than_all_memory_goes_alone() -> None:
    """The driver is the one to say that it never fits."""
    visited = visits(Concurrency(memory_bytes=400))

    await visited.come(a_target(memory_bytes=500))

    assert len(visited.inside) == 1


async def test_whoever_is_cancelled_gives_the_place_back() -> None:
    """In the line, or in the very moment in which it was let in."""
    visited = visits(Concurrency(in_all=1))
    await visited.come(a_target())
    waiting, granted, last = await visited.come(a_target(), a_target(), a_target())

    waiting.cancel()
    await _settled()
    assert visited.turnstile.statistics().waiting == 2
    visited.turnstile.leave(visited.inside[0])
    granted.cancel()
    await _settled()

    assert last.done()
    assert (len(visited.inside), visited.turnstile.statistics().inside) == (2, 1)


async def test_cancelling_and_leaving_in_one_moment_harms_nobody() -> None:
    """Whoever was cancelled and does not know yet is passed over, in the line and at its end."""
    visited = visits(Concurrency(in_all=1, queue_limit=3))
    await visited.come(a_target(NOISY))
    first, second, third = await visited.come(*[a_target(NOISY)] * 3)

    first.cancel()
    third.cancel()
    visited.turnstile.leave(visited.inside[0])
    await visited.come(a_target(QUIET))

    assert second.done()
    assert visited.turnstile.statistics().inside == 1
    await visited.go(1)
    assert visited.names() == ["noisy", "noisy", "quiet"]


async def test_cancelling_whoever_stands_at_the_head_lets_others_pass() -> None:
    """A large call that gives up waiting for memory holds up nobody any more."""
    visited = visits(Concurrency(memory_bytes=400))
    await visited.come(a_target(memory_bytes=300))
    (large,) = await visited.come(a_target(memory_bytes=300))
    await visited.come(a_target(memory_bytes=100))
    assert len(visited.inside) == 1

    large.cancel()
    await _settled()

    assert len(visited.inside) == 2


@pytest.mark.parametrize(
    ("concurrency", "target", "reason", "kind"),
    [
        (Concurrency(queue_wait_s=0.01), a_target(concurrency=1), "function", "throttled"),
        (Concurrency(per_workspace=1, queue_wait_s=0.01), a_target(), "workspace", "throttled"),
        (Concurrency(in_all=1, queue_wait_s=0.01), a_target(), "all", "saturated"),
    ],
)
async def test_who_waited_long_enough_is_told_for_what(
    concurrency: Concurrency, target: Target, reason: str, kind: str
) -> None:
    """A caller's own cap is another word than one that everybody shares; both say when to come."""
    turnstile = Turnstile(concurrency)
    assert turnstile.enter_nowait(target)

    entered = await turnstile.enter(target, lease_s=LEASE_S)

    assert isinstance(entered, TurnedAway)
    assert (entered.kind, turnstile.statistics().turned_away) == (kind, {Reason(reason): 1})
    assert entered.retry_after_s > 0
    assert (turnstile.statistics().inside, turnstile.statistics().waiting) == (1, 0)


async def test_a_full_line_turns_away_whoever_fills_it() -> None:
    """A noisy workspace cannot keep others out of the line; its youngest call makes room."""
    visited = visits(Concurrency(in_all=1, queue_limit=3))
    await visited.come(*[a_target(NOISY)] * 4)

    await visited.come(a_target(QUIET))

    assert [one.kind for one in visited.turned_away] == [OutcomeKind.SATURATED]
    await visited.come(a_target(NOISY))
    assert len(visited.turned_away) == 2
    assert visited.turnstile.statistics().turned_away == {Reason.LINE: 2}
    await visited.go(0)
    await visited.go(1)
    assert "quiet" in visited.names()


async def test_caps_can_change_while_calls_run_and_wait() -> None:
    """Wider ones let the next in at once; narrower ones are kept as calls end."""
    visited = visits(Concurrency(in_all=1))
    await visited.come(*[a_target()] * 6)

    visited.turnstile.follow(Concurrency(in_all=3))
    await _settled()
    assert len(visited.inside) == 3

    visited.turnstile.follow(Concurrency(in_all=2))
    await visited.go(0)
    assert len(visited.inside) == 3
    await visited.go(1)
    assert len(visited.inside) == 4


async def test_caps_are_kept_together_with_other_processes() -> None:
    """What another process holds counts; once it lets go the call is let in."""
    slots = memory_slots(VirtualClock())
    target = a_target(concurrency=1)
    here, there = Turnstile(slots=slots), Turnstile(slots=slots)
    held = await there.enter(target, lease_s=LEASE_S)
    assert not isinstance(held, TurnedAway)

    visited = Visits(here)
    await visited.come(target)
    assert not visited.inside
    assert (here.statistics().inside, here.statistics().waiting) == (0, 1)
    await there.leave_with(target, held)
    await until(lambda: bool(visited.inside))

    assert here.statistics().inside == 1


async def test_a_cap_that_others_hold_is_told_as_such() -> None:
    """Who waited for other processes in vain hears which cap it was."""
    slots = memory_slots(VirtualClock())
    target = a_target(concurrency=1)
    await Turnstile(slots=slots).enter(target, lease_s=LEASE_S)
    here = Turnstile(Concurrency(queue_wait_s=0.01), slots=slots)

    entered = await here.enter(target, lease_s=LEASE_S)

    assert isinstance(entered, TurnedAway)
    assert here.statistics().turned_away == {Reason.FUNCTION: 1}
    assert (here.statistics().inside, here.statistics().waiting) == (0, 0)


def _fits(inside: Sequence[Target], target: Target, concurrency: Concurrency) -> bool:
    """Claim that `target` may go in beside those inside, by the words of the caps alone."""
    of_workspace = [one for one in inside if one.workspace_id == target.workspace_id]
    of_function = [one for one in inside if one.function_id == target.function_id]
    memory_bytes = sum(one.limits.memory_bytes for one in (*inside, target))
    return (
        (not concurrency.in_all or len(inside) < concurrency.in_all)
        and (not concurrency.places or len(inside) < concurrency.places)
        and (not concurrency.per_workspace or len(of_workspace) < concurrency.per_workspace)
        and (target.concurrency is None or len(of_function) < target.concurrency)
        and (not concurrency.memory_bytes or not inside or memory_bytes <= concurrency.memory_bytes)
    )


@pytest.mark.parametrize("seed", range(25))
async def test_no_cap_is_passed_and_no_place_stays_free(seed: int) -> None:
    """Whatever comes and goes, the caps hold, and whoever waits could not go in."""
    random = Random(seed)  # noqa: S311 - an example, not a secret.
    concurrency = Concurrency(
        in_all=random.choice([0, 3]),
        per_workspace=random.choice([0, 2]),
        soft=random.choice([0, 1]),
        places=random.choice([0, 2, 4]),
    )
    targets = [
        a_target(workspace, name=name, concurrency=cap)
        for workspace in (NOISY, QUIET, OTHER)
        for name, cap in (("free", None), ("capped", 1))
    ]
    visited = visits(concurrency)
    inside: list[Target] = []
    waiting: list[Target] = []
    seen = 0
    for _ in range(60):
        if inside and random.random() < 0.4:
            gone = inside.pop(random.randrange(len(inside)))
            visited.turnstile.leave(gone)
            await _settled()
        else:
            target = random.choice(targets)
            waiting.append(target)
            await visited.come(target)
        for target in visited.inside[seen:]:
            assert _fits(inside, target, concurrency)
            inside.append(target)
            waiting.remove(target)
        seen = len(visited.inside)
        assert not any(_fits(inside, target, concurrency) for target in waiting)
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        task.cancel()
