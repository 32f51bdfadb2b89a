"""`/v1/config`: for server administrators alone, whole changes, and no secret in any answer."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass

import httpx2
import pytest

from sanderling.access.principal import Role
from sanderling.kernel.jsontext import JSON
from support.services import House, build_house, open_http

SECRET = "hunter2-but-much-longer"
REVISIONS = "/v1/config/revisions"


@dataclass(frozen=True, slots=True)
class Way:
    """A house, and a client with the key of a server administrator."""

    house: House
    http: httpx2.AsyncClient

    async def change(self, base: int | None = None, /, **values: JSON) -> httpx2.Response:
        """Change settings."""
        body = {"values": values, "base": base, "reason": "because"}
        return await self.http.post(REVISIONS, json=body)

    async def variable(self, name: str) -> dict[str, JSON]:
        """Return how a variable is shown."""
        shown = (await self.http.get("/v1/config")).json()
        found: dict[str, JSON] = next(item for item in shown["items"] if item["name"] == name)
        return found


@pytest.fixture
async def way() -> AsyncGenerator[Way]:
    """Yield the way of a server administrator who is a mere member of the workspace."""
    house = build_house()
    key = await house.key(Role.MEMBER, is_server_admin=True)
    async with open_http(house, key) as http:
        yield Way(house, http)


async def test_an_admin_of_a_workspace_does_not_reach_the_server() -> None:
    """The settings concern every workspace; no role in one opens them."""
    house = build_house()
    async with open_http(house, await house.key(Role.ADMIN)) as http:
        read = await http.get("/v1/config")
        written = await http.post(REVISIONS, json={"values": {"LOG_LEVEL": "DEBUG"}})

    assert (read.status_code, written.status_code) == (403, 403)
    assert "server administrator" in read.json()["detail"]
    assert await house.desk.stored() == {}


async def test_several_settings_change_at_once(way: Way) -> None:
    """JSON values become texts, aliases the variables' own names, and one revision holds all."""
    answer = await way.change(
        LOG_LEVEL="DEBUG", LOGIC_FUNCTION_EXEC_THROTTLE_LIMIT=7, AUTH_PASSWORD_ENABLED=False
    )

    assert answer.status_code == 201
    assert answer.json()["revision"] == 1
    assert answer.json()["made"]["changed_by"].startswith("key_")
    assert answer.json()["made"]["reason"] == "because"
    assert await way.house.desk.stored() == {
        "AUTH_PASSWORD_ENABLED": "false",
        "LOG_LEVEL": "DEBUG",
        "SERVERLESS_FUNCTION_EXEC_THROTTLE_LIMIT": "7",
    }
    shown = await way.variable("LOG_LEVEL")
    assert (shown["value"], shown["source"], shown["default"]) == ("DEBUG", "database", "INFO")


async def test_null_takes_a_variable_out(way: Way) -> None:
    """Then the environment or the default counts again."""
    await way.change(LOG_LEVEL="DEBUG")

    answer = await way.change(LOG_LEVEL=None)

    assert answer.json()["made"]["changes"] == [
        {"name": "LOG_LEVEL", "before": "DEBUG", "after": None}
    ]
    assert (await way.variable("LOG_LEVEL"))["source"] == "default"


async def test_what_changes_nothing_makes_no_revision(way: Way) -> None:
    """The answer is a success, and says that nothing was made."""
    await way.change(LOG_LEVEL="DEBUG")

    answer = await way.change(LOG_LEVEL="DEBUG")

    assert (answer.status_code, answer.json()) == (200, {"revision": 1, "made": None})


async def test_all_or_nothing(way: Way) -> None:
    """One value that is wrong keeps the others out, and every problem is named."""
    answer = await way.change(LOG_LEVEL="LOUD", AUTH_PASSWORD_ENABLED="perhaps", LOG_FORMAT="JSON")

    problem = answer.json()
    assert (answer.status_code, problem["type"]) == (422, "urn:sanderling:problem:config-rejected")
    assert {each["name"] for each in problem["problems"]} == {"LOG_LEVEL", "AUTH_PASSWORD_ENABLED"}
    assert await way.house.desk.stored() == {}


async def test_the_second_of_two_people_gets_both_values(way: Way) -> None:
    """A change that is based on what is not true any more is a conflict, not a lost update."""
    await way.change(0, LOG_LEVEL="DEBUG")

    second = await way.change(0, LOG_LEVEL="ERROR")

    assert (second.status_code, second.json()["conflicts"]) == (
        409,
        [{"name": "LOG_LEVEL", "in_force": "DEBUG", "asked": "ERROR"}],
    )
    assert (second.json()["base"], second.json()["head"]) == (0, 1)
    assert await way.house.desk.stored() == {"LOG_LEVEL": "DEBUG"}


@pytest.mark.parametrize(
    ("values", "status", "kind"),
    [
        ({"LOG_LEVLE": "DEBUG"}, 422, "variable-unknown"),
        ({"DATABASE_URL": "sqlite:///x"}, 422, "environment-only-variable"),
        ({"LOG_LEVEL": {"a": 1}}, 422, "request-invalid"),
    ],
)
async def test_what_cannot_be_changed_is_refused(
    way: Way, values: dict[str, JSON], status: int, kind: str
) -> None:
    """Each cause has a type of its own, and nothing is kept."""
    answer = await way.change(**values)

    assert (answer.status_code, answer.json()["type"]) == (status, f"urn:sanderling:problem:{kind}")
    assert await way.house.desk.stored() == {}


async def test_no_answer_holds_a_secret(way: Way) -> None:
    """Set, listed, changed, in conflict, in the history, rolled back: a fingerprint at most."""
    answers = [
        await way.change(AUTH_GOOGLE_CLIENT_SECRET=SECRET),
        await way.http.get("/v1/config"),
        await way.change(0, AUTH_GOOGLE_CLIENT_SECRET=SECRET + "2"),
        await way.change(AUTH_GOOGLE_CLIENT_SECRET=SECRET + "3"),
        await way.http.post(
            "/v1/config/check", json={"values": {"AUTH_GOOGLE_CLIENT_SECRET": SECRET}}
        ),
        await way.http.get(REVISIONS),
        await way.http.post("/v1/config/rollback", json={"revision": 1}),
    ]

    assert [answer.status_code for answer in answers] == [201, 200, 409, 201, 200, 200, 201]
    assert not [answer.text for answer in answers if SECRET in answer.text]
    shown = await way.variable("AUTH_GOOGLE_CLIENT_SECRET")
    assert (shown["is_set"], shown["value"]) == (True, None)
    assert str(shown["fingerprint"]).startswith("secret:")


async def test_a_rollback_is_a_new_revision(way: Way) -> None:
    """The history only grows, and says what it took to go back."""
    await way.change(LOG_LEVEL="DEBUG")
    await way.change(LOG_LEVEL="ERROR", LOG_FORMAT="JSON")

    answer = await way.http.post("/v1/config/rollback", json={"revision": 1, "reason": "too quiet"})
    history = (await way.http.get(REVISIONS)).json()["items"]

    assert (answer.status_code, answer.json()["revision"]) == (201, 3)
    assert [entry["revision"] for entry in history] == [3, 2, 1]
    assert history[0]["reason"] == "too quiet"
    assert await way.house.desk.stored() == {"LOG_LEVEL": "DEBUG"}
    unknown = await way.http.post("/v1/config/rollback", json={"revision": 9})
    assert unknown.status_code == 404


async def test_history_is_read_in_pages(way: Way) -> None:
    """Each page says where the next one begins, and the last one says that there is none."""
    for number in range(5):
        await way.change(EMAIL_FROM_NAME=f"name {number}")

    first = (await way.http.get(f"{REVISIONS}?limit=2")).json()
    second = (await way.http.get(f"{REVISIONS}?limit=3&before={first['next_before']}")).json()

    assert [entry["revision"] for entry in first["items"] + second["items"]] == [5, 4, 3, 2, 1]
    assert second["next_before"] is None


async def test_what_processes_say_is_told(way: Way) -> None:
    """A revision that a process has refused is not in force, and the answer says why."""
    await way.change(LOG_LEVEL="DEBUG")
    await way.house.desk.says("p1", 1, 1)
    good = await way.http.get(f"{REVISIONS}/1/in-force")
    await way.house.desk.says("p2", 1, 0, why="The disk is full.")

    bad = await way.http.get(f"{REVISIONS}/1/in-force?timeout_s=20")
    processes = (await way.http.get("/v1/config/processes")).json()["items"]

    assert (good.status_code, bad.status_code) == (200, 409)
    assert "The disk is full" in bad.json()["waiting"][0]
    assert [(each["id"], each["state"]) for each in processes] == [
        ("p1", "applied"),
        ("p2", "refused"),
    ]


async def test_a_trial_uses_the_values_that_are_offered(way: Way) -> None:
    """What fails is a result with its reason; nothing is kept by trying."""
    fine = await way.http.post("/v1/config/trials/redis", json={})
    failed = await way.http.post("/v1/config/trials/redis", json={"values": {"LOG_LEVEL": "DEBUG"}})

    assert (fine.json()["is_ok"], fine.json()["detail"]) == (True, "All is well.")
    assert (failed.status_code, failed.json()["is_ok"]) == (200, False)
    assert "it is away" in failed.json()["detail"]
    assert await way.house.desk.stored() == {}


async def test_a_trial_that_nobody_brings_says_so(way: Way) -> None:
    """What a later release will try is listed, and marked as not available."""
    listed = (await way.http.get("/v1/config/trials")).json()["items"]
    later = await way.http.post("/v1/config/trials/smtp", json={})
    unknown = await way.http.post("/v1/config/trials/ftp", json={})

    assert {each["name"]: each["is_available"] for each in listed} == {
        "smtp": False,
        "s3": False,
        "redis": True,
        "lambda": False,
        "google-discovery": False,
        "microsoft-discovery": False,
    }
    assert (later.status_code, unknown.status_code) == (501, 404)
