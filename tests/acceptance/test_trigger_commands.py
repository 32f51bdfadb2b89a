"""Triggers from the command line: made, ordered, tried, and answering at a real server."""

import httpx2
import pytest

from support.command import CommandLine

pytestmark = pytest.mark.slow

ECHO = "def handler(event, context):\n    return {'event': event, 'trigger': context.trigger}\n"
PAGE = """
def handler(event, context):
    name = event["pathParameters"]["name"]
    return {"headers": {"content-type": "text/html"}, "body": f"<h1>Hello {name}</h1>"}
"""


def test_triggers_are_made_and_tried(command: CommandLine) -> None:
    """Each command says what it did, and a trigger that is never reached is warned of."""
    command.must("init")
    file = command.folder / "echo.py"
    file.write_text(ECHO)
    command.must("functions", "deploy", "echo", str(file))

    wide = command.must("triggers", "create-http", "echo", "/*rest", "--method", "get")
    hidden = command.run("triggers", "create-http", "echo", "/a", "--method", "GET")
    watch = command.must("triggers", "create-record", "echo", "company.*", "--field", "name")
    listed = command.must("triggers", "list")
    tried = command.must("triggers", "test", watch["id"], "--body", '{"name": "Acme"}')

    assert wide["settings"]["is_auth_required"] is True
    assert (hidden.status, "takes all its requests" in hidden.err) == (0, True)
    assert [row["kind"] for row in listed["items"]] == ["http", "http", "record"]
    assert tried["result"]["trigger"] == "manual"
    assert tried["result"]["event"]["name"] == "company.updated"
    assert tried["result"]["event"]["properties"]["after"] == {"name": "Acme"}


async def test_a_function_answers_at_its_address(command: CommandLine) -> None:
    """In the sandbox of the server, for anybody, as a page in a sandbox of the browser."""
    command.must("init")
    file = command.folder / "page.py"
    file.write_text(PAGE)
    command.must("functions", "deploy", "page", str(file))
    command.must(
        *("triggers", "create-http", "page", "/hello/:name", "--method", "GET"),
        *("--public", "--reply", "response"),
    )

    with command.serving() as server:
        async with httpx2.AsyncClient(base_url=server.url, timeout=30) as stranger:
            page = await stranger.get("/s/hello/Ada%20L.")
            missing = await stranger.get("/s/hello")
            refused = await stranger.post("/s/hello/Ada")

    assert (page.status_code, page.text) == (200, "<h1>Hello Ada L.</h1>")
    assert page.headers["content-security-policy"].startswith("sandbox;")
    assert (missing.status_code, refused.status_code) == (404, 405)
    assert refused.headers["allow"] == "GET, HEAD"
