"""People come back from a provider to a page that says how it ended, and gives nothing away."""

import html
import logging
import re
from collections.abc import AsyncGenerator
from urllib.parse import parse_qs, quote, urlsplit

import httpx2
import pytest
from structlog.testing import capture_logs

from jobs.sync.faults import PermissionMissing, Temporary
from runner.function import RateLimit
from runner.limit_policy import LimitPolicy
from sanderling.api.account_models import DepartureShown
from support.doorstep import PATHS
from support.services import GENEROUS, House, build_house, open_http

ERRAND = "urn:sanderling:problem:errand-unknown"


@pytest.fixture
def house() -> House:
    """Return a house at whose door people come back."""
    return build_house()


@pytest.fixture
async def browser(house: House) -> AsyncGenerator[httpx2.AsyncClient]:
    """Yield a browser, which has no key."""
    async with open_http(house) as http:
        yield http


async def leave(
    house: House, provider: str = "google", *, elsewhere: bool = False
) -> DepartureShown:
    """Return where somebody is sent."""
    workspace_id = house.other_workspace_id if elsewhere else house.workspace_id
    async with open_http(house, await house.key(workspace_id=workspace_id)) as http:
        response = await http.post("/v1/accounts", json={"provider": provider})
    assert response.status_code == 201
    departure = DepartureShown.model_validate(response.json(), strict=False)
    assert response.headers["location"] == f"/v1/accounts/errands/{departure.id}"
    return departure


async def accounts_of(house: House, *, elsewhere: bool = False) -> list[str]:
    """Return the addresses of the accounts of a workspace."""
    workspace_id = house.other_workspace_id if elsewhere else house.workspace_id
    page = await house.services.accounts.list_accounts(workspace_id)
    return [each.email for each in page.rows]


@pytest.mark.parametrize("provider", PATHS)
async def test_whoever_consented_sees_what_is_connected(
    house: House, browser: httpx2.AsyncClient, provider: str
) -> None:
    """The page is plain, kept nowhere, in no frame, runs nothing and tells no other site."""
    departure = await leave(house, provider)
    way_back = house.doorstep.way_back(departure)

    page = await browser.get(way_back)

    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert page.headers["referrer-policy"] == "no-referrer"
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["x-content-type-options"] == "nosniff"
    assert "ada@example.com is connected" in page.text
    assert not re.search(r"<(script|a|form|img|iframe|link)\b|http-equiv", page.text)
    told = parse_qs(urlsplit(way_back).query)
    assert all(secret not in page.text for name in ("code", "state") for secret in told[name])
    assert await accounts_of(house) == ["ada@example.com"]
    assert await accounts_of(house, elsewhere=True) == []


async def test_a_way_back_is_good_once(house: House, browser: httpx2.AsyncClient) -> None:
    """Whoever finds the address in a history connects nothing with it."""
    way_back = house.doorstep.way_back(await leave(house))
    await browser.get(way_back)

    again = await browser.get(way_back)

    assert "Not connected" in again.text
    assert "sanderling accounts connect" in again.text
    assert await accounts_of(house) == ["ada@example.com"]


async def test_a_state_leads_to_its_own_provider_alone(
    house: House, browser: httpx2.AsyncClient
) -> None:
    """A code of one provider is never handed to the other."""
    way_back = house.doorstep.way_back(await leave(house, "google"))

    page = await browser.get(way_back.replace(PATHS["google"], PATHS["microsoft"]))

    assert "Not connected" in page.text
    assert await accounts_of(house) == []


async def test_an_account_goes_where_its_owner_was_sent_from(
    house: House, browser: httpx2.AsyncClient
) -> None:
    """The workspace is that of the errand, whatever else the address says."""
    way_back = house.doorstep.way_back(await leave(house, elsewhere=True))

    await browser.get(f"{way_back}&workspace={house.workspace_id}")

    assert await accounts_of(house) == []
    assert await accounts_of(house, elsewhere=True) == ["ada@example.com"]


async def test_somebody_elses_code_connects_nothing(
    house: House, browser: httpx2.AsyncClient
) -> None:
    """Who lures a person onto a way back with a code of their own finds that it does not fit."""
    attackers = parse_qs(urlsplit(house.doorstep.way_back(await leave(house))).query)["code"][0]
    victims = parse_qs(urlsplit((await leave(house)).address).query)["state"][0]

    page = await browser.get(f"{PATHS['google']}?code={attackers}&state={victims}")

    assert "Not connected" in page.text
    assert await accounts_of(house) == []


async def test_whoever_says_no_is_told_what_to_do(
    house: House, browser: httpx2.AsyncClient
) -> None:
    """The state is used up, and what the provider wrote is not on the page."""
    state = parse_qs(urlsplit((await leave(house)).address).query)["state"][0]
    script = quote("<script>alert(1)</script>")
    path = f"{PATHS['google']}?error={script}&error_description={script}&state={state}"

    page, again = await browser.get(path), await browser.get(path)

    assert "Connect again" in page.text
    assert "alert" not in page.text + again.text
    assert "not known" in again.text


async def test_what_a_provider_says_is_escaped(house: House, browser: httpx2.AsyncClient) -> None:
    """Sentences of ours and addresses of theirs are text, never marks."""
    house.doorstep.sign_in.redeem_fault = PermissionMissing("<b>bold</b>", "Ask <i>Bob</i>")
    refused = await browser.get(house.doorstep.way_back(await leave(house)))
    house.doorstep.sign_in.redeem_fault = None
    email = '"><script>alert(1)</script>@example.com'

    connected = await browser.get(house.doorstep.way_back(await leave(house), email=email))

    assert html.escape("<b>bold</b>") in refused.text
    assert html.escape(email) in connected.text
    assert "<b>" not in refused.text
    assert "<script" not in connected.text


async def test_a_provider_that_is_away_is_told(house: House, browser: httpx2.AsyncClient) -> None:
    """The person begins again, and is shown no fault of ours."""
    house.doorstep.sign_in.redeem_fault = Temporary("status 503")

    page = await browser.get(house.doorstep.way_back(await leave(house)))

    assert page.status_code == 200
    assert "could not be reached" in page.text


@pytest.mark.parametrize(
    "query",
    [
        "",
        "state=",
        "code=1",
        "state=%ff&code=1",
        f"state={'A' * 43}&code=1",
        f"state={'A' * 43}&state={'B' * 43}&code=1",
        f"state={'A' * 5000}&code=1",
        "&".join(f"f{number}=1" for number in range(40)),
        "next=https://evil.example&redirect_uri=//evil.example&state=x&code=y",
    ],
)
async def test_what_was_never_given_out_leads_nowhere(
    house: House, browser: httpx2.AsyncClient, query: str
) -> None:
    """Nobody is sent on, and nothing of the address is repeated."""
    page = await browser.get(f"{PATHS['google']}?{query}")

    assert page.status_code == 200
    assert "location" not in page.headers
    assert "Not connected" in page.text
    assert "evil" not in page.text
    assert await accounts_of(house) == []


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
async def test_people_come_back_with_get_alone(browser: httpx2.AsyncClient, method: str) -> None:
    """A form of another site cannot finish an errand."""
    refused = await browser.request(method, PATHS["google"])

    assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD")


async def test_nobody_tries_states_without_end() -> None:
    """Visits are counted by the address that they come from."""
    few = LimitPolicy(GENEROUS, GENEROUS, GENEROUS, anonymous_address=RateLimit(2, 60_000))
    async with open_http(build_house(policy=few)) as http:
        answers = [await http.get(PATHS["google"]) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]


async def test_secrets_are_not_logged(
    house: House, browser: httpx2.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither code, state nor token is in any line, however verbose."""
    caplog.set_level(logging.DEBUG)
    departure = await leave(house)
    way_back = house.doorstep.way_back(departure)

    with capture_logs() as lines:
        await browser.get(way_back)
        await browser.get(way_back)

    told = parse_qs(urlsplit(way_back).query)
    (account,) = (await house.services.accounts.list_accounts(house.workspace_id)).rows
    held = await house.doorstep.store.tokens(account.id)
    assert held is not None
    # The browser of this test tells of its own addresses.
    ours = [record.getMessage() for record in caplog.records if record.name != "httpx2"]
    logged = f"{lines} {ours}"
    assert [line["problem"] for line in lines if line["event"] == "request.finished"] == [
        None,
        "errand_unknown",
    ]
    for secret in (*told["code"], *told["state"], held.tokens.access, held.tokens.refresh):
        assert secret not in logged
