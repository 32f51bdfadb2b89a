"""What people see of jobs, and how they steer them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from config.acknowledgement import ProcessLabel
from jobs.attendant import Attendant, Means
from jobs.catalogue import JobKind, KnownJob, WantedJob, ticked
from jobs.errors import JobRunRefused, JobUnknown
from jobs.heartbeats import Heartbeat
from jobs.jobs import Jobs
from jobs.memory import MemoryJobStore
from jobs.memory_heartbeats import MemoryHeartbeatStore
from jobs.run import Run, RunStatus
from jobs.ticker import Ticker
from jobs.view import Outlook
from sanderling.kernel.clock import VirtualClock
from sanderling.kernel.events import EventBus
from sanderling.schedule.cron import parse_cron

MINUTELY = parse_cron("* * * * *")
TIDY = WantedJob("tidy", JobKind.JOB, "Tidies up.", MINUTELY, "TIDY_CRON")
MAIL = WantedJob(
    "mail", JobKind.SWEEPER, "Gets mail.", parse_cron("*/5 * * * *"), "MAIL_CRON", "MAIL_ENABLED"
)
KNOWN = (
    KnownJob("tidy", JobKind.JOB, "Tidies up.", "TIDY_CRON"),
    KnownJob("mail", JobKind.SWEEPER, "Gets mail.", "MAIL_CRON", "MAIL_ENABLED"),
    KnownJob("extra", JobKind.JOB, "Does more.", "EXTRA_CRON", "EXTRA_ENABLED"),
)


DUE_AT = datetime(2026, 1, 1, 0, 4, tzinfo=UTC)


async def _tidy(_: Run) -> str:
    return "All is tidy."


async def _due_mail(_: datetime) -> Outlook:
    return Outlook(rows=9, due=7, next_due_at=DUE_AT)


@dataclass
class Instance:
    """Jobs in memory, with one worker that looks when it is told."""

    clock: VirtualClock = field(default_factory=VirtualClock)
    store: MemoryJobStore = field(default_factory=MemoryJobStore)

    def __post_init__(self) -> None:
        """Join the parts."""
        self.heartbeats = MemoryHeartbeatStore(self.clock)
        self.jobs = Jobs(
            self.store,
            self.heartbeats,
            self.clock,
            wanted=(TIDY, MAIL),
            known=KNOWN,
            looks={"mail": _due_mail},
        )

    async def look(self) -> None:
        """Let the worker emit what has come."""

        async def announce(_: Sequence[str]) -> None:
            """Tell nobody."""

        await Ticker(self.store, announce, self.clock).look(ticked((TIDY,)))

    async def work(self) -> None:
        """Let the worker run what waits."""

        async def announce(_: Sequence[str]) -> None:
            """Tell nobody."""

        means = Means(self.store, {"tidy": _tidy}, announce, self.clock, EventBus())
        await Attendant(means, worker="worker-1").handle("tidy")

    async def beat(self, worker: str, *jobs: str) -> None:
        """Let a worker say what it has registered."""
        await self.heartbeats.beat(Heartbeat(ProcessLabel(worker, "worker", "host"), 1, jobs))


async def test_every_job_is_shown_as_the_settings_want_it() -> None:
    """What is turned off is told as such, with the setting that turns it on."""
    instance = Instance()

    extra, mail, tidy = (await instance.jobs.list()).jobs

    assert (tidy.is_wanted, mail.is_wanted, extra.is_wanted) == (True, True, False)
    assert (extra.enabled_by, extra.cron) == ("EXTRA_ENABLED", None)
    assert (tidy.cron, mail.kind, mail.backlog) == (TIDY.cron, JobKind.SWEEPER, 7)
    assert tidy.next_run_at == MINUTELY.after(instance.clock.now())
    assert (mail.rows, mail.next_run_at) == (9, DUE_AT)
    assert (tidy.rows, tidy.last_run) == (None, None)


async def test_what_is_wanted_is_set_against_what_workers_have() -> None:
    """Living workers have a job or miss it; one that fell silent counts for nothing."""
    instance = Instance()
    await instance.beat("worker-0", "mail", "tidy")
    instance.clock.advance(60)
    await instance.beat("worker-1", "mail", "tidy")
    await instance.beat("worker-2", "mail")

    seen = await instance.jobs.list()

    _, mail, tidy = seen.jobs
    assert (tidy.registered_on, tidy.missing_on) == (("worker-1",), ("worker-2",))
    assert (mail.registered_on, mail.missing_on) == (("worker-1", "worker-2"), ())
    assert [each.is_alive for each in seen.workers] == [False, True, True]


async def test_a_run_that_is_asked_for_happens_once() -> None:
    """Asking twice before it begins asks once; how it ended is shown."""
    instance = Instance()
    asked = await instance.jobs.run("tidy")
    await instance.jobs.run("tidy")
    await instance.look()
    begun = await instance.jobs.get("tidy")
    await instance.work()

    ended = await instance.jobs.get("tidy")

    assert (asked.is_run_asked, begun.is_run_asked) == (True, False)
    assert (begun.backlog, ended.backlog) == (1, 0)
    assert ended.last_run is not None
    assert (ended.last_run.status, ended.last_run.detail) == (RunStatus.DONE, "All is tidy.")


async def test_a_paused_job_lets_its_moments_pass() -> None:
    """Nothing begins and nothing is made up for, but a run that is asked for runs."""
    instance = Instance()
    paused = await instance.jobs.pause("tidy")
    instance.clock.advance(600)
    await instance.look()
    quiet = await instance.jobs.get("tidy")
    await instance.jobs.run("tidy")
    await instance.look()
    asked = await instance.jobs.get("tidy")

    resumed = await instance.jobs.resume("tidy")

    assert (paused.is_paused, resumed.is_paused) == (True, False)
    assert (quiet.backlog, quiet.missed, quiet.next_run_at) == (0, 0, None)
    assert asked.backlog == 1
    assert resumed.next_run_at == MINUTELY.after(instance.clock.now())


async def test_settings_are_followed() -> None:
    """A job that they turn off is not wanted any more, and its past stays."""
    instance = Instance()
    await instance.jobs.run("tidy")
    await instance.look()
    await instance.work()

    instance.jobs.follow((MAIL,))

    found = await instance.jobs.get("tidy")
    assert (found.is_wanted, found.next_run_at) == (False, None)
    assert found.last_run is not None


async def test_a_job_of_another_release_is_shown_with_its_past() -> None:
    """Rows that nobody here knows are told by their name, and can be paused."""
    instance = Instance()
    await instance.store.open_courses(["newer"], instance.clock.now())

    found = await instance.jobs.pause("newer")

    assert (found.description, found.is_wanted, found.is_paused) == ("", False, True)


@pytest.mark.parametrize(
    ("name", "words"),
    [("mail", "every second"), ("extra", "EXTRA_ENABLED"), ("newer", "no settings want it")],
)
async def test_what_has_no_run_is_not_asked_for_one(name: str, words: str) -> None:
    """The refusal says why, and nothing is kept for later."""
    instance = Instance()
    await instance.store.open_courses(["newer"], instance.clock.now())

    with pytest.raises(JobRunRefused, match=words):
        await instance.jobs.run(name)

    assert not (await instance.jobs.get(name)).is_run_asked


async def test_a_name_that_nobody_knows_makes_no_row() -> None:
    """A slip of the pen is refused by each of the ways."""
    jobs = Instance().jobs

    for ask in (jobs.get, jobs.run, jobs.pause, jobs.resume):
        with pytest.raises(JobUnknown, match="sanderling jobs list"):
            await ask("tidyy")

    assert [job.name for job in (await jobs.list()).jobs] == ["extra", "mail", "tidy"]
