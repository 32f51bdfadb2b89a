"""Word of executions goes to whoever may do something with it, and no more of it than helps."""

import asyncio
from itertools import count

import pytest

from runner.executions.joining import HORIZON, MOST_AT_ONCE, TASK, Tickets
from sanderling.docket import MemoryEngine
from sanderling.fairness.cap import Shares
from sanderling.fairness.memory import MemoryTurns
from sanderling.kernel.clock import VirtualClock
from sanderling.kernel.engine import Ticket
from support.executions import an_execution
from support.records import HERE, START, THERE


class Noting(MemoryEngine):
    """An engine that also notes what it was given."""

    def __init__(self, clock: VirtualClock) -> None:
        """Give handlers some time."""
        super().__init__(clock, drain_s=5)
        self.given: list[Ticket] = []

    async def enqueue(self, *tickets: Ticket) -> None:
        """Note and carry."""
        self.given += tickets
        await super().enqueue(*tickets)


class Office:
    """Tickets over an engine, and the turns that they lead to."""

    def __init__(self) -> None:
        """Stand still at the start of everything."""
        tokens = count()
        self.clock = VirtualClock(START)
        self.engine = Noting(self.clock)
        self.turns = MemoryTurns(Shares(), self.clock, token=lambda: str(next(tokens)))
        self.tickets = Tickets(self.engine, self.turns, self.clock, worker="worker-1")

    async def whose_turn(self) -> object:
        """Return the workspace whose turn is next."""
        turn = await self.turns.take("worker-1")
        return turn and turn.workspace_id


@pytest.fixture
def office() -> Office:
    """Return a fresh one."""
    return Office()


async def test_what_is_due_has_its_turn_at_once(office: Office) -> None:
    """Whoever is at work already takes it up, without waiting for the ticket."""
    await office.tickets.announce([an_execution()])

    assert await office.whose_turn() == HERE
    assert [(ticket.task, ticket.not_before) for ticket in office.engine.given] == [(TASK, None)]


async def test_what_is_due_later_is_told_for_later(office: Office) -> None:
    """Soon means a ticket for then; what is far off is found by its row."""
    soon, far = an_execution(due_in_s=60), an_execution(due_in_s=HORIZON.total_seconds() + 1)

    await office.tickets.announce([soon, far])

    assert await office.whose_turn() is None
    assert [ticket.not_before for ticket in office.engine.given] == [soon.due_at]


async def test_a_large_batch_wakes_no_more_than_there_may_be_places(office: Office) -> None:
    """A thousand executions are not a thousand tickets."""
    await office.tickets.announce([an_execution() for _ in range(3 * MOST_AT_ONCE)])

    assert len(office.engine.given) == MOST_AT_ONCE


async def test_a_nudge_wakes_somebody_for_each_workspace(office: Office) -> None:
    """Two rounds wake somebody twice: the first may have been busy with something long."""
    gate = asyncio.Event()

    async def take_long(_: str) -> None:
        await gate.wait()

    office.engine.handle(TASK, take_long)
    office.engine.consume(4)
    async with office.engine:
        await office.tickets.nudge([HERE, THERE])
        await office.tickets.nudge([HERE, THERE])
        gate.set()

    keys = [ticket.key for ticket in office.engine.given]
    assert [key.partition("/")[0] for key in keys] == [HERE, THERE] * 2
    assert len(set(keys)) == len(keys)


async def test_a_nudge_adds_no_tickets_to_those_that_wait(office: Office) -> None:
    """Where nobody has a place, more tickets would only pile up; the turn is noted all the same."""
    async with office.engine:
        await office.tickets.announce([an_execution(due_in_s=1)])
        await office.tickets.nudge([THERE])

    assert len(office.engine.given) == 1
    assert await office.whose_turn() == THERE


async def test_what_waits_for_later_keeps_nobody_asleep_for_long(office: Office) -> None:
    """A ticket for later counts as waiting; what is due all the same is told of again."""
    office.engine.handle(TASK, _take)
    office.engine.consume(4)
    async with office.engine:
        await office.tickets.announce([an_execution(THERE, due_in_s=60)])
        office.engine.given.clear()

        for _ in range(9):
            await office.tickets.nudge([HERE])

    told = [ticket.key for ticket in office.engine.given]
    assert len(told) == 3
    assert len(set(told)) == 1


async def _take(_: str) -> None:
    """Do nothing with a ticket."""
    await asyncio.sleep(0)
