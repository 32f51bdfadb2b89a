"""What functions answer below `/s`, in their own words and within bounds."""

from support.routes import open_street

TYPE = "urn:sanderling:problem:"


async def test_a_function_may_answer_in_its_own_words() -> None:
    """Where its trigger says so, the result is the response."""
    async with open_street() as street:
        await street.route("/page", "POST", source="body", reply="response")

        answer = await street.stranger.post(
            "/s/page",
            json={
                "statusCode": 201,
                "headers": {"content-type": "text/html", "location": "/s/page/1"},
                "body": "<h1>Thanks</h1>",
            },
        )

        assert (answer.status_code, answer.text) == (201, "<h1>Thanks</h1>")
        assert answer.headers["content-type"] == "text/html"
        assert answer.headers["location"] == "/s/page/1"


async def test_a_response_without_a_body_has_none() -> None:
    """204 says nothing of a body, not even that it is empty."""
    async with open_street() as street:
        await street.route("/none", source="body", reply="response")

        answer = await street.stranger.post("/s/none", json={"statusCode": 204})

        assert (answer.status_code, answer.content) == (204, b"")
        assert {"content-length", "content-type"} & set(answer.headers) == set()


async def test_a_result_that_looks_like_a_response_is_a_result() -> None:
    """What strangers send cannot become a page, unless the trigger says that it may."""
    async with open_street() as street:
        await street.route("/echo", source="body")
        forged = {"statusCode": 200, "headers": {"content-type": "text/html"}, "body": "<script>"}

        answer = await street.stranger.post("/s/echo", json=forged)

        assert answer.headers["content-type"] == "application/json"
        assert answer.json() == forged


async def test_what_a_function_must_not_send_is_not_sent() -> None:
    """The caller is told which part, the log too, and nothing of it leaves."""
    async with open_street() as street:
        await street.route("/page", source="body", reply="response")

        answer = await street.stranger.post(
            "/s/page", json={"headers": {"set-cookie": "session=stolen"}, "body": "x"}
        )

        assert (answer.status_code, answer.json()["type"]) == (502, TYPE + "reply-refused")
        assert "set-cookie" not in answer.headers
        assert "stolen" not in answer.text


async def test_a_page_of_a_function_is_in_a_sandbox() -> None:
    """Script that strangers planted does not run, and has no origin to act for."""
    async with open_street() as street:
        await street.route("/page", source="body", reply="response")

        answer = await street.stranger.post(
            "/s/page",
            json={
                "headers": {"content-type": "text/html"},
                "body": "<script>fetch('/v1/functions')</script>",
            },
        )

        (policy,) = answer.headers.get_list("content-security-policy")
        assert policy.startswith("sandbox; default-src 'none'")
        assert "script" not in policy
        assert "allow" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "no-store"


async def test_a_queued_trigger_answers_at_once() -> None:
    """202 tells the id; the call is kept, with its trigger and whose it is, and made later."""
    async with open_street() as street:
        await street.route("/open", is_queued=True)
        await street.route("/closed", is_queued=True, is_auth_required=True)

        stranger = await street.stranger.post("/s/open", json={"n": 1})
        known = await street.admin.post("/s/closed", json={"n": 2})
        before = len(await street.records())
        shown = [
            (await street.admin.get(f"/v1/executions/{answer.json()['execution_id']}")).json()
            for answer in (stranger, known)
        ]

        assert [stranger.status_code, known.status_code, before] == [202, 202, 0]
        assert [each["trigger"] for each in shown] == ["http", "http"]
        assert [each["key_id"] is None for each in shown] == [True, False]
        assert [each["event"]["body"] for each in shown] == [{"n": 1}, {"n": 2}]


async def test_a_queued_trigger_takes_no_more_than_its_function() -> None:
    """What could never be run is refused at once."""
    async with open_street() as street:
        await street.route("/open", is_queued=True)

        large = await street.stranger.post("/s/open", json="x" * 300_000)
        broken = await street.stranger.post(
            "/s/open", content=b"{", headers={"content-type": "application/json"}
        )

        assert [large.status_code, broken.status_code] == [413, 400]
        assert large.json()["type"] == TYPE + "route-body-too-large"
