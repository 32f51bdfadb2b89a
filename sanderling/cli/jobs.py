"""`sanderling jobs`: what workers do again and again, and how to steer it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from sanderling.cli.deeds import Deeds, showing
from sanderling.cli.exits import Exit
from sanderling.cli.options import URL, AsJSON, Home, Key
from sanderling.cli.session import with_client
from sanderling.cli.terminal_text import visible

if TYPE_CHECKING:
    from rich.console import Console

    from sanderling.api.job_models import JobShown

_JOB = typer.Argument(metavar="NAME", help="Name of the job.")


def show_list(
    *, url: URL = None, key: Key = None, home: Home = None, as_json: AsJSON = False
) -> int:
    """List jobs: what the settings want, how many workers have it, and how it went."""
    from sanderling.cli.job_view import jobs_view  # noqa: PLC0415 - keeps --help quick.
    from sanderling.cli.screen import Screen  # noqa: PLC0415 - as above.
    from sanderling.kernel.clock import SystemClock  # noqa: PLC0415 - as above.

    shown = with_client(lambda client: client.jobs.list(), url=url, key=key, home=home)
    view = jobs_view(shown, SystemClock().now())
    Screen(as_json=as_json).show(shown.model_dump(mode="json"), view)
    return Exit.OK


def _show(terminal: Console, job: JobShown) -> None:
    from sanderling.cli.job_view import show_job  # noqa: PLC0415 - keeps --help quick.
    from sanderling.kernel.clock import SystemClock  # noqa: PLC0415 - as above.

    show_job(terminal, job, SystemClock().now())


show = showing(
    _JOB,
    lambda client, name: client.jobs.get(name),
    _show,
    about="Show one job with its last run, and which workers have it.",
)


def _tell(job: JobShown, sentence: str, as_json: bool) -> int:  # noqa: FBT001 - as `Deeds` hands it on.
    from sanderling.cli.screen import Screen, console  # noqa: PLC0415 - keeps --help quick.

    Screen(as_json=as_json).tell(job.model_dump(mode="json"), sentence)
    if job.state == "off" and not as_json:
        console(is_error=True).print("warning:", visible(_off(job)), style="yellow")
    elif not (job.registered_on or as_json or job.state == "paused"):
        line = f"no worker that has {job.name} is running now; `sanderling worker` starts one."
        console(is_error=True).print("warning:", visible(line), style="yellow")
    return Exit.OK


def _off(job: JobShown) -> str:
    from sanderling.cli.job_view import state_text  # noqa: PLC0415 - keeps --help quick.

    return f"{job.name} is {state_text(job)}."


_DEEDS = Deeds(_JOB, _tell)
run = _DEEDS.command(
    lambda client, name: client.jobs.run(name),
    about="Ask for one run now; a worker begins it within a few seconds.",
    told="Asked for a run of {}.",
)
pause = _DEEDS.command(
    lambda client, name: client.jobs.pause(name),
    about="Let nothing of a job begin in any worker; what is under way finishes.",
    told="{} is paused in every worker.",
)
resume = _DEEDS.command(
    lambda client, name: client.jobs.resume(name),
    about="Let a paused job go on with its next moment; those that passed are not made up for.",
    told="{} goes on.",
)
