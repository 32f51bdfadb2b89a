"""Jobs as people read them."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

from sanderling.cli.quantity import format_duration
from sanderling.cli.terminal_text import visible

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from rich.console import Console

    from sanderling.api.job_models import JobList, JobShown

    View = Callable[[Console], None]

_SECOND = "%Y-%m-%d %H:%M:%S UTC"
_MINUTE_S, _HOUR_S, _DAY_S = 60, 3600, 86_400


def jobs_view(shown: JobList, now: datetime) -> View:
    """Return a view of all jobs as a table, with the workers in one line below."""
    from sanderling.cli.screen import table_view  # noqa: PLC0415 - keeps --help quick.

    rows = [
        (
            job.name,
            job.state,
            job.cron or "-",
            _registered(job),
            _last(job, now),
            _next(job, now),
            str(job.missed),
        )
        for job in shown.items
    ]
    columns = ("job", "state", "cron", "workers", "last run", "next run", "missed")
    table = table_view("Jobs", columns, rows, empty="This release has no jobs.")

    def show(terminal: Console) -> None:
        table(terminal)
        living = sum(worker.is_alive for worker in shown.workers)
        if living:
            count = "1 worker is" if living == 1 else f"{living} workers are"
            terminal.print(f"{count} running.", style="dim", highlight=False)
        else:
            terminal.print(NOBODY, style="yellow", highlight=False)
        for worker in shown.workers:
            if not worker.is_alive:
                ago = _span(worker.age_s)
                line = f"{worker.id} on {worker.host} said nothing for {ago}."
                terminal.print(visible(line), style="yellow", highlight=False)

    return show


NOBODY = "No worker is running, so no job runs. Start one with `sanderling worker`."


def show_job(terminal: Console, job: JobShown, now: datetime) -> None:
    """Print one job with all that is known of it."""
    terminal.print(job.name, style="bold", highlight=False, markup=False)
    if job.description:
        terminal.print(visible(job.description))
    for name, fact in _facts(job, now).items():
        if fact:
            terminal.print(f"  {name:<10} {visible(fact)}", highlight=False, markup=False)


def _facts(job: JobShown, now: datetime) -> dict[str, str]:
    run, moment = job.last_run, job.next_run_at
    waits = "due rows" if job.kind == "sweeper" else "runs"
    return {
        "state": state_text(job),
        "cron": f"{job.cron} ({job.time_zone}), from {job.cron_variable}" if job.cron else "",
        "next run": f"{_moment(moment)}, {_ahead(moment, now)}" if moment else _next(job, now),
        "asked": "one run out of turn, not begun yet" if job.is_run_asked else "",
        "last run": f"{_moment(run.started_at)}, {_last(job, now)}" if run else _last(job, now),
        "outcome": run.detail if run else "",
        "run by": (run.worker or "") if run else "",
        "rows": "" if job.rows is None else f"{job.rows} that it looks after",
        "waiting": f"{job.backlog} {waits}",
        "missed": _ticks(job.missed, "came while no worker could start them"),
        "overlapped": _ticks(job.overlapped, "came while a run was not done"),
        "workers": ", ".join(job.registered_on) or "none has it",
        "missing on": ", ".join(job.missing_on) if job.is_wanted else "",
    }


def state_text(job: JobShown) -> str:
    """Return the state, with what a person does about it."""
    if job.state == "off":
        return (
            f"off; {job.enabled_by} turns it on" if job.enabled_by else "off; no setting wants it"
        )
    if job.state == "paused":
        return f"paused; `sanderling jobs resume {job.name}` lets it go on"
    return "on"


def _registered(job: JobShown) -> str:
    living = len(job.registered_on) + len(job.missing_on)
    return f"{len(job.registered_on)} of {living}" if living else "none"


def _last(job: JobShown, now: datetime) -> str:
    run = job.last_run
    if run is None or run.started_at is None:
        # A sweeper has no runs, and works all the same.
        return "-" if job.kind == "sweeper" else "never"
    began = f"{_span((now - run.started_at).total_seconds())} ago"
    if run.duration_s is None:
        return f"{run.status}, begun {began}"
    return f"{run.status} {began}, took {format_duration(run.duration_s)}"


def _next(job: JobShown, now: datetime) -> str:
    if job.is_run_asked:
        return "asked for now"
    if job.next_run_at is None:
        return "looks all the time" if job.kind == "sweeper" and job.state == "on" else "-"
    return _ahead(job.next_run_at, now)


def _ahead(moment: datetime, now: datetime) -> str:
    return f"in {_span((moment - now).total_seconds())}"


def _ticks(count: int, why: str) -> str:
    return f"{count} {'tick' if count == 1 else 'ticks'} that {why}" if count else "none"


def _moment(moment: datetime | None) -> str:
    return f"{moment.astimezone(UTC):{_SECOND}}" if moment else ""


def _span(duration_s: float) -> str:
    """Return how long that is, in the one unit that tells enough."""
    seconds = max(0, round(duration_s))
    if seconds < _MINUTE_S:
        return f"{seconds}s"
    if seconds < _HOUR_S:
        return f"{seconds // _MINUTE_S}m"
    if seconds < 2 * _DAY_S:
        return f"{seconds // _HOUR_S}h"
    return f"{seconds // _DAY_S} days"
