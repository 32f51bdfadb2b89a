"""Turning a provider on and off changes the jobs of every worker, while all of them run."""

from typing import Any

import pytest

from support.command import CommandLine
from support.waiting import until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

SWITCH = "MESSAGING_PROVIDER_GMAIL_ENABLED"
APP = {
    "AUTH_GOOGLE_CLIENT_ID": "sanderling-dev",
    "AUTH_GOOGLE_CLIENT_SECRET": "sanderling-dev-secret",
    "AUTH_GOOGLE_CALLBACK_URL": "http://127.0.0.1:8800/auth/google/redirect",
    "AUTH_GOOGLE_APIS_CALLBACK_URL": "http://127.0.0.1:8800/auth/google-apis/get-access-token",
}
LISTING, IMPORT = "gmail-message-list-fetch", "gmail-messages-import"


def jobs(command: CommandLine) -> dict[str, Any]:
    """Return what `sanderling jobs list --json` shows, by name."""
    return {job["name"]: job for job in command.must("jobs", "list", **APP)["items"]}


def is_everywhere(command: CommandLine, *, is_on: bool) -> bool:
    """Claim that both processes have the jobs of Gmail, or neither of them."""
    shown = jobs(command)
    expected = 2 if is_on else 0
    return all(
        shown[name]["is_wanted"] is is_on and len(shown[name]["registered_on"]) == expected
        for name in (LISTING, IMPORT)
    )


async def test_a_provider_that_is_turned_on_has_its_jobs_in_every_worker(
    command: CommandLine,
) -> None:
    """A setting adds them to a worker and a server alike and removes them, without a restart."""
    command.must("init")
    with command.serving(**APP), command.working(**APP):
        before = is_everywhere(command, is_on=False)
        command.must("config", "set", f"{SWITCH}=true", **APP)
        await until(lambda: is_everywhere(command, is_on=True))
        shown = jobs(command)
        paused = command.must("jobs", "pause", IMPORT, **APP)
        command.must("config", "set", "JOB_MESSAGE_LIST_FETCH_CRON=*/3 * * * *", **APP)
        await until(lambda: jobs(command)[LISTING]["cron"] == "*/3 * * * *")
        resumed = command.must("jobs", "resume", IMPORT, **APP)
        command.must("config", "set", f"{SWITCH}=false", **APP)
        await until(lambda: is_everywhere(command, is_on=False))

    assert before
    assert (shown[LISTING]["kind"], shown[LISTING]["enabled_by"]) == ("sweeper", SWITCH)
    assert (shown[LISTING]["cron"], shown[IMPORT]["cron"]) == ("2-59/5 * * * *", "* * * * *")
    assert not shown["microsoft-message-list-fetch"]["is_wanted"]
    assert (paused["is_paused"], resumed["is_paused"]) == (True, False)
