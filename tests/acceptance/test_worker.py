"""`sanderling worker` does what nobody waits for, beside servers that leave it to others."""

from pathlib import Path

import httpx2
import pytest

from support.command import CommandLine

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

GREET = 'def handler(event, context):\n    return {"hello": event["name"]}\n'


@pytest.fixture
def deployed(command: CommandLine) -> CommandLine:
    """Return the command for a home with a function in it."""
    file = Path(command.folder) / "greet.py"
    file.write_text(GREET)
    command.must("init")
    command.must("functions", "deploy", "greet", str(file))
    return command


def test_a_worker_runs_what_a_server_leaves_to_others(deployed: CommandLine) -> None:
    """A call that is queued while only such a server runs is run once a worker comes."""
    with deployed.serving(EXECUTIONS_CONCURRENCY="0"):
        queued = deployed.must("executions", "submit", "greet", "--event", '{"name": "Ada"}')
        before = deployed.must("executions", "show", queued["id"])

        with deployed.working() as worker:
            ended = deployed.run("executions", "wait", queued["id"], "--json")
            assert worker.stop() == 0
        after = deployed.must("executions", "show", queued["id"])

    assert before["status"] == "waiting"
    assert ended.status == 0
    assert after["status"] == "succeeded"
    assert after["answer"]["result"] == {"hello": "Ada"}


def test_a_worker_shows_its_health_and_serves_no_call(deployed: CommandLine) -> None:
    """Probes and Prometheus are answered; whoever asks for anything else finds nothing."""
    with deployed.working() as worker:
        healthy = deployed.run("health", "--url", worker.url)
        statuses = [
            httpx2.request(method, f"{worker.url}{path}", trust_env=False).status_code
            for method, path in (
                ("GET", "/metrics"),
                ("GET", "/health/live"),
                ("GET", "/v1/functions"),
                ("POST", "/v1/functions/greet/executions"),
                ("GET", "/openapi.json"),
                ("POST", "/s/anything"),
            )
        ]

    assert (healthy.status, healthy.out) == (0, "The server is ok.\n")
    assert statuses == [200, 200, 404, 404, 404, 404]


def test_settings_are_in_force_in_workers_too(deployed: CommandLine) -> None:
    """A worker is among the processes that a change is awaited in."""
    with deployed.working():
        processes = deployed.must("config", "wait", "--timeout", "30s")

    assert [process["kind"] for process in processes["items"]] == ["worker"]
