"""Requests below `/s` call functions, by the triggers of their workspace."""

from collections.abc import MutableMapping
from typing import Any
from urllib.parse import unquote

import pytest

from runner.call import Trigger
from runner.function import RateLimit
from sanderling.access.principal import Role
from sanderling.api import create_app
from support.routes import SECRET_WORDS, Street, open_street

TYPE = "urn:sanderling:problem:"


async def test_anybody_may_call_what_is_public() -> None:
    """The request goes in, the result comes out, and the call is recorded with its trigger."""
    async with open_street() as street:
        await street.route("/orders/:id", "POST", forwarded_request_headers=["x-signature"])

        answer = await street.stranger.post(
            "/s/orders/7%20b?a=1", json={"n": 1}, headers={"x-signature": "v1"}
        )

        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
        event = answer.json()
        assert (event["body"], event["pathParameters"]) == ({"n": 1}, {"id": "7 b"})
        assert event["headers"] == {"x-signature": "v1"}
        assert event["requestContext"] == {"http": {"method": "POST", "path": "/s/orders/7%20b"}}
        (record,) = await street.records()
        assert (record.trigger, record.key_id) == (Trigger.HTTP, None)


async def test_the_body_can_be_the_event() -> None:
    """A function that is written for a webhook's body is called with nothing around it."""
    async with open_street() as street:
        await street.route("/hook", event="body")

        answer = await street.stranger.post("/s/hook", json={"type": "invoice.paid"})

        assert answer.json() == {"type": "invoice.paid"}


async def test_the_function_is_told_what_made_the_call() -> None:
    """Its context names the trigger."""
    async with open_street() as street:
        await street.route("/context", source="context")

        answer = await street.stranger.post("/s/context")

        assert answer.json()["trigger"] == "http"


async def test_the_first_trigger_that_takes_a_request_gets_it() -> None:
    """Order decides, not how exact a pattern is; who moves a trigger moves the requests."""
    async with open_street() as street:
        await street.publish("other", "context")
        wide = await street.route("/*rest", "GET")
        settings = {"kind": "http", "path": "/a", "http_method": "GET", "is_auth_required": False}
        made = await street.admin.post(
            "/v1/triggers", json={"function": "other", "settings": settings}
        )

        before = await street.stranger.get("/s/a")
        await street.admin.post(f"/v1/triggers/{made.json()['id']}/move", json={"before": wide})
        after = await street.stranger.get("/s/a")

        assert made.json()["shadowed_by"] == wide
        assert before.json()["pathParameters"] == {"rest": "a"}
        assert after.json()["function"] == "other"


async def test_a_path_that_nobody_takes_is_not_found() -> None:
    """An address without a trigger tells nothing."""
    async with open_street() as street:
        await street.route("/a")

        for path in ("/s/", "/s/b", "/s/a/b", "/s/A", "/s/@ws_short/a"):
            answer = await street.stranger.post(path)
            assert (answer.status_code, answer.json()["type"]) == (404, TYPE + "route-unmatched")


async def test_another_method_is_told_what_would_do() -> None:
    """405 and `Allow` say which methods the triggers of this path take."""
    async with open_street() as street:
        await street.route("/a", "GET")
        await street.route("/:any", "PUT")

        for method in ("POST", "OPTIONS", "TRACE", "BREW"):
            answer = await street.stranger.request(method, "/s/a")
            assert answer.status_code == 405
            assert answer.json()["type"] == TYPE + "route-method-refused"
        refused = await street.stranger.post("/s/a")

        assert refused.headers["allow"] == "GET, HEAD, PUT"


@pytest.mark.parametrize("header", ["x-http-method-override", "x-http-method", "x-method-override"])
async def test_no_header_changes_the_method(header: str) -> None:
    """What the request line says is what counts."""
    async with open_street() as street:
        await street.route("/a", "DELETE")

        answer = await street.stranger.post("/s/a", headers={header: "DELETE"})

        assert answer.status_code == 405
        assert await street.records() == []


async def test_a_head_request_is_its_get_without_a_body() -> None:
    """Whoever only looks gets the same head."""
    async with open_street() as street:
        await street.route("/a", "GET")

        answer = await street.stranger.head("/s/a")

        assert (answer.status_code, answer.content) == (200, b"")


async def test_a_disabled_trigger_takes_nothing() -> None:
    """The switch works at once in this process."""
    async with open_street() as street:
        trigger = await street.route("/a")
        assert (await street.stranger.post("/s/a")).status_code == 200

        await street.admin.post(f"/v1/triggers/{trigger}/disable")
        off = await street.stranger.post("/s/a")
        await street.admin.post(f"/v1/triggers/{trigger}/enable")
        on = await street.stranger.post("/s/a")

        assert (off.status_code, on.status_code) == (404, 200)


async def test_a_deleted_function_is_called_no_more() -> None:
    """Its triggers are gone with it."""
    async with open_street() as street:
        await street.route("/a")
        assert (await street.stranger.post("/s/a")).status_code == 200

        await street.admin.delete("/v1/functions/echo")

        assert (await street.stranger.post("/s/a")).status_code == 404


async def test_a_trigger_may_ask_for_a_key() -> None:
    """Without one nobody comes in; with one the call is that key's."""
    async with open_street() as street:
        await street.route("/a", is_auth_required=True)
        member = await street.client(await street.house.key(Role.MEMBER))

        without = await street.stranger.post("/s/a", content=b"{")
        bad = await street.stranger.post("/s/a", headers={"authorization": "Bearer nonsense"})
        basic = await street.stranger.post("/s/a", headers={"authorization": "Basic eDp5"})
        known = await member.post("/s/a", json=1)

        assert (without.status_code, without.json()["type"]) == (401, TYPE + "unauthenticated")
        assert (bad.status_code, bad.json()["type"]) == (401, TYPE + "key-malformed")
        assert basic.status_code == 401
        assert without.headers["www-authenticate"].startswith("Bearer")
        assert (known.status_code, known.json()["body"]) == (200, 1)
        (record,) = await street.records()
        assert record.key_id is not None
        assert "authorization" not in known.text.lower()


async def test_a_key_of_another_workspace_opens_nothing() -> None:
    """It is as good as a key that nobody made."""
    async with open_street() as street:
        await street.route("/a", is_auth_required=True)
        elsewhere = street.house.other_workspace_id
        stranger = await street.client(await street.house.key(workspace_id=elsewhere))

        answer = await stranger.post("/s/a", json=1)

        assert (answer.status_code, answer.json()["type"]) == (401, TYPE + "key-unknown")
        assert await street.records() == []


async def test_a_workspace_is_named_in_the_address() -> None:
    """Triggers of one workspace are not those of another, with whatever key."""
    async with open_street() as street:
        await street.route("/a")
        here, elsewhere = street.house.workspace_id, street.house.other_workspace_id

        default = await street.stranger.post("/s/a")
        named = await street.stranger.post(f"/s/@{here}/a")
        other = await street.stranger.post(f"/s/@{elsewhere}/a")
        with_key = await street.admin.post(f"/s/@{elsewhere}/a")

        assert [default.status_code, named.status_code] == [200, 200]
        assert [other.status_code, with_key.status_code] == [404, 404]


async def test_a_public_trigger_ignores_what_it_was_sent_as_a_key() -> None:
    """Webhooks may bring a token of their own; the call is nobody's."""
    async with open_street() as street:
        await street.route("/a", forwarded_request_headers=["x-a"])

        answer = await street.stranger.post("/s/a", headers={"authorization": "Bearer their-token"})

        assert answer.status_code == 200
        assert "their-token" not in answer.text
        (record,) = await street.records()
        assert record.key_id is None


@pytest.mark.parametrize(
    ("source", "status", "code"),
    [
        ("fail", 500, "function-failed"),
        ("slow", 500, "function-failed"),
        ("busy", 503, "function-unavailable"),
    ],
)
async def test_strangers_are_told_nothing_of_what_went_wrong(
    source: str, status: int, code: str
) -> None:
    """Neither message, nor detail, nor function, nor limit leaves the house."""
    async with open_street() as street:
        await street.route("/a", source=source)

        answer = await street.stranger.post("/s/a")

        assert (answer.status_code, answer.json()["type"]) == (status, TYPE + code)
        for word in (SECRET_WORDS, "ValueError", "wall_s", source + "'"):
            assert word not in answer.text
        if code == "function-unavailable":
            assert answer.headers["retry-after"] == "5"


async def test_a_function_that_is_not_published_is_unavailable() -> None:
    """Who has no key does not learn its name."""
    async with open_street() as street:
        await street.admin.post("/v1/functions", json={"name": "fresh", "source": "x"})
        for path, is_auth_required in (("/open", False), ("/closed", True)):
            settings = {
                "kind": "http",
                "path": path,
                "http_method": "POST",
                "is_auth_required": is_auth_required,
            }
            await street.admin.post(
                "/v1/triggers", json={"function": "fresh", "settings": settings}
            )

        stranger = await street.stranger.post("/s/open")
        known = await street.admin.post("/s/closed")

        assert (stranger.status_code, "fresh" in stranger.text) == (503, False)
        assert (known.status_code, known.json()["name"]) == (409, "fresh")


async def test_a_request_that_cannot_be_handed_over_is_refused() -> None:
    """Bad JSON, too many fields and too large events never reach the function."""
    async with open_street() as street:
        await street.route("/a")
        json_type = {"content-type": "application/json"}

        broken = await street.stranger.post("/s/a", content=b"{", headers=json_type)
        many = await street.stranger.post("/s/a?" + "&".join(["a=1"] * 1100))
        large = await street.stranger.post("/s/a", json="x" * 300_000)

        assert [broken.status_code, many.status_code, large.status_code] == [400, 400, 413]
        assert large.json()["type"] == TYPE + "route-body-too-large"


async def test_requests_without_a_key_are_limited_apart_from_the_api() -> None:
    """Strangers use up their own share, and nothing of what keys are allowed."""
    async with open_street(anonymous=RateLimit(3, 60_000)) as street:
        await street.route("/open")
        await street.route("/closed", is_auth_required=True)

        answers = [await street.stranger.post("/s/open") for _ in range(4)]
        known = await street.admin.post("/s/closed")

        assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
        assert answers[-1].json()["rule"] == "anonymous-requests"
        assert int(answers[-1].headers["retry-after"]) > 0
        assert known.status_code == 200


async def test_looking_for_addresses_is_limited() -> None:
    """Who tries out paths or workspaces runs into the limit of its address."""
    async with open_street(address=RateLimit(3, 60_000)) as street:
        await street.route("/a")
        await street.stranger.post("/s/a")
        ids = street.house.services.ids

        tries = [await street.stranger.post(f"/s/{n}") for n in range(3)]
        workspaces = [await street.stranger.post(f"/s/@{ids.workspace()}/a") for _ in range(2)]

        assert [answer.status_code for answer in tries] == [404, 404, 429]
        assert [answer.status_code for answer in workspaces] == [429, 429]


async def test_making_up_workspaces_is_limited() -> None:
    """Each has no count of its own, so that no database is asked for one after another."""
    async with open_street(address=RateLimit(3, 60_000)) as street:
        ids = street.house.services.ids

        tries = [await street.stranger.post(f"/s/@{ids.workspace()}/a") for _ in range(4)]

        assert [answer.status_code for answer in tries] == [404, 404, 404, 429]


@pytest.mark.parametrize(
    "path",
    [
        *("/s/../v1/functions", "/s/%2e%2e/v1/functions", "/s/..%2fv1%2ffunctions"),
        *("/s/a/../a", "/s//a", "/s/a%2f..%2fa", "/s/%2fa", "/s/a%5c..", "/s/a%00"),
        *("/s/.%2e/a", "/s/%ff", "/s/a%0d%0aset-cookie:x=1", "/%73/a"),
    ],
)
async def test_no_spelling_of_a_path_reaches_another_one(path: str) -> None:
    """Traversal and encoding tricks end at the door, whatever a wildcard takes."""
    async with open_street() as street:
        await street.route("/*rest", "GET")

        status = await _status_of(street, path)

        assert status == 404
        assert await street.records() == []


async def _status_of(street: Street, path: str) -> int:
    """Return the status that a path gets which no client would send as it stands."""
    sent: list[MutableMapping[str, Any]] = []

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": b""}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    scope: dict[str, Any] = {
        "type": "http",
        "method": "GET",
        "path": unquote(path),
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [],
        "client": ("192.0.2.1", 1),
    }
    await create_app(street.house.services)(scope, receive, send)
    return int(sent[0]["status"])
