"""Jobs as people read them."""

from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

from rich.console import Console

from sanderling.api.job_models import JobList, JobRunShown, JobShown, JobWorkerShown
from sanderling.cli.job_view import NOBODY, jobs_view, show_job

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
RUN = JobRunShown(
    id="tidy@1",
    status="done",
    scheduled_at=NOW - timedelta(minutes=3),
    started_at=NOW - timedelta(minutes=3),
    finished_at=NOW - timedelta(minutes=3) + timedelta(seconds=2),
    duration_s=2.0,
    attempts=1,
    worker="worker-1",
    detail="All is tidy.",
)
WORKER = JobWorkerShown(
    id="worker-1",
    kind="worker",
    host="host",
    revision=1,
    seen_at=NOW,
    age_s=1.0,
    is_alive=True,
    jobs=["tidy"],
)


def a_job(**members: Any) -> JobShown:
    """Return a job that runs every five minutes on the one worker."""
    job = JobShown(
        name="tidy",
        kind="job",
        description="Tidies up.",
        state="on",
        is_wanted=True,
        is_paused=False,
        is_run_asked=False,
        cron="*/5 * * * *",
        time_zone="UTC",
        cron_variable="TIDY_CRON",
        enabled_by="TIDY_ENABLED",
        registered_on=["worker-1"],
        missing_on=[],
        next_run_at=NOW + timedelta(minutes=2),
        last_run=RUN,
        missed=0,
        overlapped=0,
        backlog=0,
        rows=None,
    )
    return job.model_copy(update=members)


def listed(*jobs: JobShown, workers: tuple[JobWorkerShown, ...] = (WORKER,)) -> str:
    """Return what the list prints, with runs of blanks as one."""
    terminal = Console(file=StringIO(), width=160)
    jobs_view(JobList(items=list(jobs), workers=list(workers)), NOW)(terminal)
    return _text(terminal)


def shown(job: JobShown) -> str:
    """Return what one job prints, as above."""
    terminal = Console(file=StringIO(), width=160)
    show_job(terminal, job, NOW)
    return _text(terminal)


def _text(terminal: Console) -> str:
    assert isinstance(terminal.file, StringIO)
    return " ".join(terminal.file.getvalue().split())


def test_a_list_tells_how_it_goes() -> None:
    """One line has what is wanted, who has it, and the times in words."""
    text = listed(a_job())

    assert "tidy on */5 * * * * 1 of 1 done 3m ago, took 2 s in 2m 0" in text
    assert "1 worker is running." in text


def test_a_list_without_workers_says_what_to_do() -> None:
    """A newcomer who wonders why nothing runs reads why, and who fell silent."""
    dead = WORKER.model_copy(update={"is_alive": False, "age_s": 125.0})

    text = listed(a_job(registered_on=[]), workers=(dead,))

    assert NOBODY in text
    assert "worker-1 on host said nothing for 2m." in text


def test_every_state_of_a_run_is_told() -> None:
    """One that never came, one that is asked for and one that is under way look different."""
    running = RUN.model_copy(
        update={"status": "running", "finished_at": None, "duration_s": None, "detail": ""}
    )
    sweeper = a_job(kind="sweeper", next_run_at=None, last_run=None)

    assert "never" in listed(a_job(last_run=None))
    assert "asked for now" in listed(a_job(is_run_asked=True))
    assert "running, begun 3m ago" in listed(a_job(last_run=running))
    assert "1 of 1 - looks all the time 0" in listed(sweeper)


def test_a_sweeper_whose_rows_have_moments_tells_the_next() -> None:
    """A person reads how many rows there are and when the first of them is due."""
    sweeper = a_job(kind="sweeper", cron=None, last_run=None, rows=3, backlog=1)

    assert "tidy on - 1 of 1 - in 2m 0" in listed(sweeper)
    assert "rows 3 that it looks after waiting 1 due rows" in shown(sweeper)


def test_one_job_is_shown_with_what_to_do() -> None:
    """Off and paused name the way back; the rest is told with its unit."""
    paused = shown(a_job(state="paused", is_paused=True, next_run_at=None))
    off = shown(a_job(state="off", is_wanted=False, cron=None, next_run_at=None))
    plain = shown(a_job(missing_on=["worker-2"], missed=4))

    assert "paused; `sanderling jobs resume tidy` lets it go on" in paused
    assert "off; TIDY_ENABLED turns it on" in off
    assert "*/5 * * * * (UTC), from TIDY_CRON" in plain
    assert "missing on worker-2" in plain
    assert "missed 4 ticks that came while no worker could start them" in plain
    assert "All is tidy." in plain
