"""Queued calls outlive the processes that run them."""

import signal
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from typing import Any

import httpx2
import pytest

from sanderling.wiring.home import DATABASE
from support.command import ENOUGH_S, CommandLine, Server

pytestmark = pytest.mark.slow

LONG = """
def handler(event, context):
    print("begun")
    n = 0
    while event["long"]:
        n += 1
    return n
"""
LET_GO = "UPDATE executions SET lease_until = '2026-01-01 00:00:00.000000' WHERE status = 'running'"


class Queue:
    """What a caller does over HTTP."""

    def __init__(self, server: Server, key: str) -> None:
        """Speak to `server`."""
        self._url = server.url
        self._headers = {"authorization": f"Bearer {key}"}

    def submit(self, name: str, event: object, **query: str) -> dict[str, Any]:
        """Return a new execution."""
        answer = httpx2.post(
            f"{self._url}/v1/functions/{name}/executions",
            json=event,
            params=query,
            headers={**self._headers, "prefer": "respond-async"},
            trust_env=False,
        )
        assert answer.status_code == 202, answer.text
        document: dict[str, Any] = answer.json()
        return document

    def get(self, execution_id: str, **query: str) -> dict[str, Any]:
        """Return an execution as it is shown."""
        answer = httpx2.get(
            f"{self._url}/v1/executions/{execution_id}",
            params=query,
            headers=self._headers,
            timeout=60,
            trust_env=False,
        )
        document: dict[str, Any] = answer.json()
        return document

    def until(self, execution_id: str, is_so: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Return an execution once it is so."""
        deadline_s = time.monotonic() + ENOUGH_S
        while not is_so(shown := self.get(execution_id, wait_s="1")):
            assert time.monotonic() < deadline_s, shown
        return shown


def _running(shown: dict[str, Any]) -> bool:
    return bool(shown["status"] == "running")


def _ended(shown: dict[str, Any]) -> bool:
    return shown["finished_at"] is not None


def test_a_killed_server_loses_no_queued_call(command: CommandLine) -> None:
    """What waited runs later, what may run twice does, and what may not is told of."""
    key: str = command.must("init")["key"]
    file = command.folder / "long.py"
    file.write_text(LONG)
    with command.serving(EXECUTIONS_CONCURRENCY="2") as server:
        remote = {"SANDERLING_URL": server.url, "SANDERLING_API_KEY": key}
        lasting = (str(file), "--timeout", "50s", "--cpu", "10s")
        command.must("functions", "deploy", "once", *lasting, **remote)
        command.must("functions", "deploy", "again", *lasting, "--idempotent", **remote)
        queue = Queue(server, key)
        once = queue.submit("once", {"long": True})["id"]
        again = queue.submit("again", {"long": True}, max_attempts="2")["id"]
        for each in (once, again):
            queue.until(each, _running)
        waiting = queue.submit("once", {"long": False})["id"]
        server.stop(signal.SIGKILL)

    with closing(sqlite3.connect(command.home / DATABASE)) as database:
        # Time goes by: nobody lengthened the leases of a process that is gone.
        database.execute(LET_GO)
        database.commit()
    with command.serving() as server:
        queue = Queue(server, key)
        dead = queue.until(once, _ended)
        done = queue.until(waiting, _ended)
        tried = queue.until(again, lambda shown: bool(shown["attempts"] == 2))
        httpx2.post(
            f"{server.url}/v1/executions/{again}/cancel",
            headers={"authorization": f"Bearer {key}"},
            trust_env=False,
        )
        cancelled = queue.until(again, _ended)
        assert server.stop() == 0

    assert (dead["status"], dead["outcome"], dead["attempts"]) == ("dead", "unknown_outcome", 1)
    assert (done["status"], done["answer"]["result"]) == ("succeeded", 0)
    assert tried["status"] in {"running", "waiting"}
    assert cancelled["status"] == "cancelled"
