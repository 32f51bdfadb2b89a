"""The client without a server, on a real instance in a folder."""

from pathlib import Path

import pytest

from sanderling.client import Sanderling

SOURCE = """
def handler(event, context):
    return {"greeting": "Hello, " + event["name"]}
"""


@pytest.mark.slow
async def test_an_instance_in_a_folder_runs_functions_and_remembers(tmp_path: Path) -> None:
    """What one process published and called, the next one finds in the same folder."""
    async with Sanderling(home=tmp_path) as s:
        await s.functions.create("greet", SOURCE)
        await s.functions.publish("greet")
        outcome = await s.call("greet", {"name": "Ada"})
    async with Sanderling(home=tmp_path) as s:
        calls = await s.calls.list()
        shown = await s.calls.get(calls.items[0].id)

    assert (outcome.kind, outcome.result) == ("ok", {"greeting": "Hello, Ada"})
    assert (shown.event, shown.result) == ({"name": "Ada"}, {"greeting": "Hello, Ada"})
    assert repr(s) == "Sanderling(InProcessTransport())"
