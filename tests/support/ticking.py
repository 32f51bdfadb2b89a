"""What the rows of schedules tell: which moments became calls, and what became of those."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import select, update

from sanderling.kernel.jsontext import decode
from sanderling.store import Database
from sanderling.store.cron_courses import course_of
from sanderling.store.schema import cron_courses, executions

EACH_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Ticked:
    """The execution of one moment, as its row has it; times are in UTC."""

    trigger: str
    tick: datetime
    made_at: datetime
    ended_at: datetime | None
    status: str
    attempts: int
    worker: str | None
    lease_until: datetime | None

    @property
    def is_over(self) -> bool:
        """Claim that nothing will happen to it any more."""
        return self.status not in {"waiting", "running"}

    @property
    def late_s(self) -> float:
        """How long after its moment it was queued, in seconds."""
        return (self.made_at - self.tick).total_seconds()


@dataclass(frozen=True, slots=True)
class Told:
    """What became of a schedule's moments up to `seen_until`: `ticks` are queued, or are to be."""

    ticks: Sequence[datetime]
    missed: int
    seen_until: datetime


async def ticked(database: Database) -> list[Ticked]:
    """Return every execution that a schedule made, by its moment."""
    row = executions.c
    query = select(
        *(row.event, row.created_at, row.finished_at, row.status, row.attempts),
        *(row.worker, row.lease_until),
    ).where(row.trigger == "cron")
    async with database.read() as connection:
        rows = (await connection.execute(query)).all()
    found = [Ticked(*_asked(event), *more) for event, *more in rows]
    return sorted(found, key=lambda each: each.tick)


async def told_of(database: Database, trigger: str) -> Told:
    """Return what became of the moments of one schedule."""
    query = select(cron_courses).where(cron_courses.c.trigger_id == trigger)
    async with database.read() as connection:
        course = course_of((await connection.execute(query)).one())
    queued = [each.tick for each in await ticked(database) if each.trigger == trigger]
    ahead = [tick for tick in course.pending if tick not in queued]
    return Told([*queued, *ahead], course.missed, course.seen_until)


async def set_back(database: Database, triggers: Collection[str], to: datetime) -> None:
    """Let nobody have looked at these schedules since that moment."""
    mine = cron_courses.c.trigger_id.in_(triggers)
    change = update(cron_courses).where(mine).values(seen_until=to, next_due_at=to)
    async with database.write() as connection:
        await connection.execute(change)


def seconds_from(first: datetime, last: datetime) -> list[datetime]:
    """Return every second from one to another, both included."""
    return [first + number * EACH_SECOND for number in range((last - first) // EACH_SECOND + 1)]


def _asked(event: bytes) -> tuple[str, datetime]:
    document = decode(event)
    assert isinstance(document, dict)
    tick = datetime.fromisoformat(str(document["scheduledAt"])).astimezone(UTC)
    return str(document["triggerId"]), tick
