"""Bad input over HTTP: a distinct problem for each kind, and nothing half-written."""

from collections.abc import AsyncGenerator
from datetime import timedelta

import httpx2
import pytest

from sanderling.access.principal import Role
from sanderling.api.problem_kinds import PROBLEM_KINDS, problem_code
from support.services import MAX_BODY_BYTES, House, build_house, open_http

JSON_TYPE = {"content-type": "application/json"}
DRAFT = {"source": "x"}


@pytest.fixture
def house() -> House:
    """Build a house."""
    return build_house()


@pytest.fixture
async def http(house: House) -> AsyncGenerator[httpx2.AsyncClient]:
    """Yield an admin's client where `echo` is published and `fresh` is not."""
    async with open_http(house, await house.key()) as client:
        for name in ("echo", "fresh"):
            await client.post("/v1/functions", json={"name": name, **DRAFT})
        await client.post("/v1/functions/echo/versions")
        yield client


def _code(answer: httpx2.Response) -> str:
    """Return the problem's code once the document is as it has to be."""
    document = answer.json()
    code = problem_code(document["type"])
    assert answer.headers["content-type"] == "application/problem+json"
    assert document["status"] == answer.status_code == PROBLEM_KINDS[code].status
    assert document["title"] == PROBLEM_KINDS[code].title
    assert document["request_id"] == answer.headers["x-request-id"]
    assert isinstance(document["detail"], str)
    assert isinstance(document["hint"], str)
    return code


BAD_BODIES = [
    (b"", "invalid_json"),
    (b"{", "invalid_json"),
    (b"{'a': 1}", "invalid_json"),
    (b'{"source": NaN}', "invalid_json"),
    (b'{"source": 1e999}', "invalid_json"),
    (b'{"source": "\\ud800"}', "invalid_json"),
    (b'{"source": "\xff"}', "invalid_json"),
    (b"[" * 100_000, "invalid_json"),
    (b"[" * 100 + b"]" * 100, "invalid_json"),
    (b"9" * 5000, "invalid_json"),
    (b"null", "request_invalid"),
    (b"[]", "request_invalid"),
    (b"{}", "request_invalid"),
    (b'{"source": 5}', "request_invalid"),
    (b'{"source": "x", "sauce": 1}', "request_invalid"),
    (b'{"source": "x", "limits": {"wall_s": "5"}}', "request_invalid"),
    (b'{"source": "x", "limits": {"wall_s": true}}', "request_invalid"),
    (b'{"source": "x", "limits": {"memory_bytes": 1.5}}', "request_invalid"),
    (b'{"source": "x", "isolation": "none"}', "request_invalid"),
    (b'{"source": "x", "limits": {"wall_s": 0}}', "limit_refused"),
    (b'{"source": "x", "limits": {"memory_bytes": ' + b"9" * 400 + b"}}", "limit_refused"),
    (b'{"source": "x", "limits": {"wall_s": ' + b"9" * 400 + b"}}", "request_invalid"),
    (b'{"source": "x", "rate_limit": {"limit": 0, "ttl_ms": 1}}', "rate_limit_refused"),
    (b'{"source": "x", "concurrency": 0}', "concurrency_refused"),
    (b'{"source": "x", "concurrency": true}', "request_invalid"),
    (b'{"source": "a\\u0000b"}', "definition_refused"),
]


@pytest.mark.parametrize(("body", "code"), BAD_BODIES)
async def test_a_bad_draft_is_refused_and_not_kept(
    http: httpx2.AsyncClient, body: bytes, code: str
) -> None:
    """Whatever is wrong with a body, the draft stays as it was."""
    before = (await http.get("/v1/functions/echo")).json()

    answer = await http.put("/v1/functions/echo/draft", content=body, headers=JSON_TYPE)

    assert _code(answer) == code
    assert (await http.get("/v1/functions/echo")).json() == before


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"NaN", "invalid_json"),
        (b"[-Infinity]", "invalid_json"),
        (b"{", "invalid_json"),
        (b'"\\udc00"', "invalid_json"),
        (b"\xff", "invalid_json"),
        (b"[" * 200 + b"]" * 200, "invalid_json"),
        (b"1 2", "invalid_json"),
    ],
)
async def test_a_bad_event_is_refused_and_not_recorded(
    http: httpx2.AsyncClient, body: bytes, code: str
) -> None:
    """An event that is not strict JSON reaches no driver and no call log."""
    answer = await http.post("/v1/functions/echo/executions", content=body, headers=JSON_TYPE)

    assert _code(answer) == code
    assert (await http.get("/v1/calls")).json()["items"] == []


@pytest.mark.parametrize(
    "given",
    ["text/plain", "", "application/jsonp", "application/json; charset=latin-1", "text/json"],
)
@pytest.mark.parametrize("path", ["/v1/functions", "/v1/functions/echo/executions"])
async def test_a_body_that_is_not_json_by_its_type_is_refused(
    http: httpx2.AsyncClient, path: str, given: str
) -> None:
    """Forms and texts of a browser, which need no preflight, reach nothing."""
    answer = await http.post(path, content=b'{"name":"a"}', headers={"content-type": given})

    assert _code(answer) == "content_type_refused"


@pytest.mark.parametrize(
    "given",
    [
        "application/json",
        "Application/JSON; charset=UTF-8",
        'application/json;charset="utf-8"',
        "application/cloudevents+json",
    ],
)
async def test_json_types_are_taken(http: httpx2.AsyncClient, given: str) -> None:
    """JSON goes by several names."""
    answer = await http.post(
        "/v1/functions/echo/executions", content=b"[1]", headers={"content-type": given}
    )

    assert answer.json()["result"] == [1]


async def test_an_empty_body_is_the_event_null(http: httpx2.AsyncClient) -> None:
    """A call without an event needs no body and no content type."""
    answer = await http.post("/v1/functions/echo/executions")

    assert (answer.status_code, answer.json()["result"]) == (200, None)


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/v1/functions/nope/executions", "function_unknown"),
        ("/v1/functions/fresh/executions", "version_unpublished"),
        ("/v1/functions/echo/executions?version=9", "version_unknown"),
        ("/v1/functions/echo/executions?version=2147483647", "version_unknown"),
        ("/v1/functions/echo/executions?version=2147483648", "request_invalid"),
        ("/v1/functions/echo/executions?version=0", "request_invalid"),
        ("/v1/functions/echo/executions?version=-1", "request_invalid"),
        ("/v1/functions/echo/executions?version=%C2%B2", "request_invalid"),
        ("/v1/functions/echo/executions?version=", "request_invalid"),
        ("/v1/functions/echo/executions?version=1&version=1", "request_invalid"),
        ("/v1/functions/echo/executions?verison=1", "request_invalid"),
        ("/v1/functions/echo/executions?trigger=nobody", "request_invalid"),
        ("/v1/functions/echo/executions?trigger=record", "request_invalid"),
        ("/v1/functions/echo/executions?timeout_s=0", "request_invalid"),
        ("/v1/functions/echo/executions?timeout_s=nan", "request_invalid"),
        ("/v1/functions/echo/executions?timeout_s=1e999", "request_invalid"),
        ("/v1/functions/echo/executions?timeout_s=61", "request_invalid"),
        (
            "/v1/functions/echo/executions?" + "&".join(f"a{n}=1" for n in range(40)),
            "request_invalid",
        ),
        ("/v1/functions/nope/versions", "function_unknown"),
    ],
)
async def test_a_post_to_the_wrong_thing_is_told_apart(
    http: httpx2.AsyncClient, path: str, code: str
) -> None:
    """Each way of naming nothing has its own problem."""
    answer = await http.post(path)

    assert _code(answer) == code


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/", "route_unknown"),
        ("/v1", "route_unknown"),
        ("/v1/", "route_unknown"),
        ("/v1/functions/", "route_unknown"),
        ("/v1/functions/echo/", "route_unknown"),
        ("/v2/functions", "route_unknown"),
        ("/docs", "route_unknown"),
        ("/v1/functions/a%2Fb", "route_unknown"),
        ("/v1/functions/..%2Fcalls", "route_unknown"),
        ("/v1/functions/%00", "function_unknown"),
        ("/v1/functions/%F0%9F%90%A6", "function_unknown"),
        ("/v1/functions/%FF", "function_unknown"),
        ("/v1/functions/{name}", "function_unknown"),
        ("/v1/functions/" + "a" * 5000, "function_unknown"),
        ("/v1/functions/echo/versions/0", "request_invalid"),
        ("/v1/functions/echo/versions/one", "request_invalid"),
        ("/v1/functions/echo/versions/99999999999999999999", "request_invalid"),
        ("/v1/functions/echo/versions/2", "version_unknown"),
        ("/v1/functions?limit=0", "request_invalid"),
        ("/v1/functions?limit=101", "request_invalid"),
        ("/v1/functions?limit=1&limit=2", "request_invalid"),
        ("/v1/functions?page=2", "request_invalid"),
        ("/v1/functions?cursor=%00", "cursor_refused"),
        ("/v1/functions?cursor=" + "a" * 9000, "cursor_refused"),
        ("/v1/calls?cursor=abc", "cursor_refused"),
        ("/v1/calls?outcome=good", "request_invalid"),
        ("/v1/calls?function=%00", "request_invalid"),
        ("/v1/calls?since=yesterday", "request_invalid"),
        ("/v1/calls?since=2026-01-01T00:00:00", "request_invalid"),
        ("/v1/calls?since=0001-01-01T00:00:00%2B23:59", "request_invalid"),
        ("/v1/calls?until=9999-12-31T23:59:59-01:00", "request_invalid"),
        ("/v1/calls/call_0", "call_unknown"),
        ("/v1/calls/%00", "call_unknown"),
        ("/v1/calls/call_00000000000000000000000000", "call_unknown"),
    ],
)
async def test_a_get_of_the_wrong_thing_is_told_apart(
    http: httpx2.AsyncClient, path: str, code: str
) -> None:
    """Unknown routes, names, numbers, ids, cursors and parameters, each in its own words."""
    answer = await http.get(path)

    assert _code(answer) == code


async def test_a_misfit_is_told_in_our_words(http: httpx2.AsyncClient) -> None:
    """What a library writes before our sentence does not reach the caller."""
    misfit = (await http.get("/v1/calls?since=yesterday")).json()["errors"][0]

    assert misfit["message"].startswith("it is not a moment")


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("PATCH", "/v1/functions/echo", "DELETE, GET, HEAD"),
        ("DELETE", "/v1/functions", "GET, HEAD, POST"),
        ("GET", "/v1/functions/echo/executions", "POST"),
        ("HEAD", "/v1/functions/echo/executions", "POST"),
        ("OPTIONS", "/v1/calls", "GET, HEAD"),
        ("POST", "/health/live", "GET, HEAD"),
        ("PUT", "/metrics", "GET, HEAD"),
        ("BREW", "/v1/whoami", "GET, HEAD"),
    ],
)
async def test_a_wrong_method_is_told_the_right_ones(
    http: httpx2.AsyncClient, method: str, path: str, allow: str
) -> None:
    """405 comes with every method that the address takes."""
    answer = await http.request(method, path)

    assert (answer.status_code, answer.headers["allow"]) == (405, allow)
    if method != "HEAD":
        assert _code(answer) == "method_refused"


@pytest.mark.parametrize(
    ("authorization", "code"),
    [
        (None, "unauthenticated"),
        ("", "unauthenticated"),
        ("Bearer", "unauthenticated"),
        ("Bearer  ", "unauthenticated"),
        ("Basic YTpi", "unauthenticated"),
        ("Bearer nonsense", "key_malformed"),
        ("Bearer sdl_" + "0" * 75, "key_malformed"),
    ],
)
@pytest.mark.parametrize("path", ["/v1/functions", "/v1/functions/echo/executions"])
async def test_a_missing_or_malformed_key_is_told_apart(
    house: House, path: str, authorization: str | None, code: str
) -> None:
    """401 says what is wrong with the key and how to authenticate."""
    headers = {} if authorization is None else {"authorization": authorization}
    async with open_http(house) as stranger:
        answer = await stranger.post(path, json={}, headers=headers)

    assert _code(answer) == code
    assert answer.headers["www-authenticate"].startswith('Bearer realm="sanderling"')
    assert ("invalid_token" in answer.headers["www-authenticate"]) == (code == "key_malformed")


async def test_expired_and_revoked_keys_are_told_apart(house: House) -> None:
    """A key that was good once says why it is not any more."""
    expiring = await house.keys.create(
        house.workspace_id, name="a", role=Role.ADMIN, lifetime=timedelta(hours=1)
    )
    revoked = await house.keys.create(house.workspace_id, name="b", role=Role.ADMIN)
    await house.keys.revoke(house.workspace_id, revoked.stored.id)
    house.clock.advance(3601)

    codes: list[str] = []
    for made in (expiring, revoked):
        async with open_http(house, made.text) as http:
            codes.append(_code(await http.get("/v1/whoami")))

    assert codes == ["key_expired", "key_unknown"]


async def test_a_member_reads_and_calls_but_does_not_write(house: House) -> None:
    """403 names the permission that is missing, and nothing happens."""
    async with open_http(house, await house.key(Role.MEMBER)) as member:
        answer = await member.post("/v1/functions", json={"name": "mine", **DRAFT})
        listed = await member.get("/v1/functions")

    assert (_code(answer), answer.json()["permission"]) == ("forbidden", "functions.write")
    assert listed.json()["items"] == []


@pytest.mark.parametrize(
    ("source", "code", "retry_after"),
    [
        ("# outcome: disabled", "disabled", None),
        ("# outcome: saturated", "saturated", "1"),
        ("# outcome: throttled", "throttled", "1"),
        ("# outcome: not_deployed", "not_deployed", "1"),
        ("# outcome: misconfigured", "misconfigured", None),
        ("# outcome: platform_error", "platform_error", None),
    ],
)
async def test_an_outcome_without_a_run_is_a_problem(
    http: httpx2.AsyncClient, source: str, code: str, retry_after: str | None
) -> None:
    """The problem carries the outcome and the call's id; the call is recorded."""
    await http.put("/v1/functions/fresh/draft", json={"source": source})
    await http.post("/v1/functions/fresh/versions")

    answer = await http.post("/v1/functions/fresh/executions", json={})

    document = answer.json()
    assert (_code(answer), document["outcome"], document["driver"]) == (code, code, "memory")
    assert answer.headers.get("retry-after") == retry_after
    kept = await http.get(f"/v1/calls/{document['call_id']}")
    assert kept.json()["outcome"] == code


async def test_rejected_code_comes_with_the_drivers_report(http: httpx2.AsyncClient) -> None:
    """422 says where in the source, and no version was made."""
    await http.put("/v1/functions/fresh/draft", json={"source": "# outcome: bad_code"})

    answer = await http.post("/v1/functions/fresh/versions")

    assert _code(answer) == "code_rejected"
    assert (answer.json()["line"], answer.json()["error"]["type"]) == (1, "SyntaxError")
    assert (await http.get("/v1/functions/fresh/versions")).json()["items"] == []


async def test_a_body_above_the_limit_is_refused(http: httpx2.AsyncClient) -> None:
    """413 tells the limit and ends the connection."""
    answer = await http.post(
        "/v1/functions/echo/executions", content=b"1" * (MAX_BODY_BYTES + 1), headers=JSON_TYPE
    )

    assert (_code(answer), answer.json()["allowed_bytes"]) == ("body_too_large", MAX_BODY_BYTES)
    assert answer.headers["connection"] == "close"


async def test_a_thousand_mistakes_do_not_make_a_large_answer(http: httpx2.AsyncClient) -> None:
    """What does not fit is told up to a bound, however much a caller sends."""
    members = {f"{'x' * 200}{number}": 1 for number in range(1000)}

    answer = await http.put("/v1/functions/echo/draft", json={"source": "x", **members})

    assert (_code(answer), len(answer.json()["errors"])) == ("request_invalid", 20)
    assert len(answer.content) < 5000
