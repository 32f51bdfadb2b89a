"""What providers tell is a hint to those it is about; what strangers send comes to nothing."""

import json

import httpx2
import pytest

from jobs.streams.stream import Channel
from runner.function import RateLimit
from runner.limit_policy import LimitPolicy
from support.push_house import (
    AWAY,
    CALENDAR,
    GMAIL,
    GOOD,
    MICROSOFT,
    PushHouse,
    entry,
    over,
    pubsub,
    signed,
)
from support.services import GENEROUS, open_http

TOKEN = "Validation: Testing client application reachability for subscription Request-Id: 7f-1"
GRAPHS = [Channel.MICROSOFT_MAIL, Channel.MICROSOFT_CALENDAR]
PATHS = [GMAIL, CALENDAR, MICROSOFT]
NAME = "sanderling_push_notifications_total"
FEW = LimitPolicy(GENEROUS, GENEROUS, GENEROUS, anonymous_address=RateLimit(3, 60_000))


@pytest.fixture
def here() -> PushHouse:
    """Return a house with push."""
    return PushHouse()


async def post(here: PushHouse, path: str, **request: object) -> httpx2.Response:
    """Return the answer to one notification."""
    async with open_http(here.house) as http:
        return await http.post(path, **request)  # type: ignore[arg-type] # as httpx2 takes them.


async def test_gmail_hints_at_every_account_of_a_mailbox(here: PushHouse) -> None:
    """Pub/Sub gets 204 and no body, so that it does not send it again."""
    watch, _ = await here.watched(1, Channel.GMAIL)

    answer = await post(here, GMAIL, content=pubsub(watch.address.upper()), headers=signed())

    assert (answer.status_code, answer.content, len(here.hints)) == (204, b"", 1)
    assert here.outcomes == [("gmail", "taken")]


async def test_a_calendar_hints_at_its_own_stream(here: PushHouse) -> None:
    """That a channel was opened is known, and is no change."""
    watch, secret = await here.watched(1, Channel.GOOGLE_CALENDAR)

    opened = await post(here, CALENDAR, headers=over(watch.remote_id, secret, "sync"))
    before = len(here.hints)
    changed = await post(here, CALENDAR, headers=over(watch.remote_id, secret))

    assert [opened.status_code, changed.status_code] == [204, 204]
    assert (before, len(here.hints)) == (0, 1)
    assert here.outcomes == [("google-calendar", "taken")] * 2


@pytest.mark.parametrize("channel", GRAPHS)
async def test_graph_hints_at_what_it_tells_of(here: PushHouse, channel: Channel) -> None:
    """Many entries of one subscription are one hint."""
    watch, secret = await here.watched(1, channel)
    entries = [entry(watch.remote_id, secret) for _ in range(50)]

    answer = await post(here, MICROSOFT, json={"value": entries})

    assert (answer.status_code, answer.content, len(here.hints)) == (202, b"", 1)


@pytest.mark.parametrize(
    ("event", "hints", "asked"),
    [("missed", 1, 0), ("reauthorizationRequired", 0, 1), ("subscriptionRemoved", 0, 1)],
)
async def test_the_life_of_a_subscription_is_taken(
    here: PushHouse, event: str, hints: int, asked: int
) -> None:
    """What was missed is looked for; what ends is renewed soon."""
    watch, secret = await here.watched(1, Channel.MICROSOFT_MAIL)

    await post(
        here, MICROSOFT, json={"value": [entry(watch.remote_id, secret, lifecycleEvent=event)]}
    )

    assert (len(here.hints), here.lookout.asked) == (hints, asked)


async def test_graph_gets_its_validation_token_back(here: PushHouse) -> None:
    """Decoded, as plain text that no browser takes for anything else."""
    answer = await post(here, MICROSOFT, params={"validationToken": TOKEN})

    assert (answer.status_code, answer.text) == (200, TOKEN)
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert here.outcomes == [("microsoft", "validated")]


@pytest.mark.parametrize("path", PATHS)
async def test_where_push_is_off_there_is_nothing(here: PushHouse, path: str) -> None:
    """Also with good secrets, and for a validation."""
    watch, _ = await here.watched(1, Channel.GMAIL)
    here.lookout.turn_off("all off")

    answer = await post(
        here,
        path,
        content=pubsub(watch.address),
        headers=signed(),
        params={"validationToken": TOKEN},
    )

    assert (answer.status_code, answer.json()["type"]) == (
        404,
        "urn:sanderling:problem:route-unknown",
    )
    assert TOKEN not in answer.text
    assert len(here.hints) == 0


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_notifications_are_posted(here: PushHouse, path: str, method: str) -> None:
    """A link or a picture on somebody's page tells nothing."""
    async with open_http(here.house) as http:
        answer = await http.request(method, path)

    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


async def test_an_unsigned_notification_is_refused(here: PushHouse) -> None:
    """Without a token of Google's nothing of the body is looked at."""
    watch, _ = await here.watched(1, Channel.GMAIL)

    answers = [
        await post(here, GMAIL, content=pubsub(watch.address), headers=headers)
        for headers in ({}, signed("forged"), {"authorization": f"Basic {GOOD}"}, signed(""))
    ]

    assert [answer.status_code for answer in answers] == [403] * 4
    assert answers[0].json()["type"] == "urn:sanderling:problem:push-refused"
    assert len(here.hints) == 0
    assert here.outcomes == [("gmail", "refused")] * 4


async def test_without_googles_keys_pubsub_is_asked_to_come_again(here: PushHouse) -> None:
    """It is no fault of the sender's, and nothing was taken."""
    watch, _ = await here.watched(1, Channel.GMAIL)

    answer = await post(here, GMAIL, content=pubsub(watch.address), headers=signed(AWAY))

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")
    assert len(here.hints) == 0


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[1]",
        b"\xff",
        b'{"message": null}',
        b'{"message": {"data": 7}}',
        b'{"message": {"data": "!"}}',
        b'{"message": {"data": "e30="}}',
        b"[" * 5000,
        pubsub(None),
        pubsub(["ada@example.com"]),
        pubsub("x" * 400),
        pubsub(""),
    ],
)
async def test_what_google_signed_is_not_sent_again(here: PushHouse, body: bytes) -> None:
    """Whatever it is: a message that nobody can read would come for a week."""
    await here.watched(1, Channel.GMAIL)

    answer = await post(here, GMAIL, content=body, headers=signed())

    assert (answer.status_code, len(here.hints)) == (204, 0)
    assert here.outcomes == [("gmail", "unknown")]


async def test_a_wrong_secret_looks_like_an_unknown_id(here: PushHouse) -> None:
    """A stranger does not learn which ids there are, and hints at nothing."""
    calendar, _ = await here.watched(1, Channel.GOOGLE_CALENDAR)
    mail, _ = await here.watched(3, Channel.MICROSOFT_MAIL)

    answers = [
        await post(here, CALENDAR, headers=over(calendar.remote_id, "wrong")),
        await post(here, CALENDAR, headers=over("unknown", "wrong")),
        await post(here, CALENDAR, headers=over(calendar.remote_id, "")),
        await post(here, MICROSOFT, json={"value": [entry(mail.remote_id, "wrong")]}),
        await post(here, MICROSOFT, json={"value": [entry("unknown", "wrong")]}),
        await post(here, MICROSOFT, json={"value": [entry(mail.remote_id, None)]}),
    ]

    assert [answer.status_code for answer in answers] == [204] * 3 + [202] * 3
    assert {answer.content for answer in answers} == {b""}
    assert len(here.hints) == 0
    assert {outcome for _, outcome in here.outcomes} == {"unknown"}


async def test_a_secret_of_another_workspace_opens_nothing(here: PushHouse) -> None:
    """Whoever knows one watch's secret hints at that one alone, by whichever address."""
    own, secret = await here.watched(1, Channel.GOOGLE_CALENDAR)
    other, _ = await here.watched(2, Channel.GOOGLE_CALENDAR)
    third, _ = await here.watched(4, Channel.MICROSOFT_MAIL)
    assert own.workspace_id != other.workspace_id

    await post(here, CALENDAR, headers=over(other.remote_id, secret))
    await post(here, MICROSOFT, json={"value": [entry(third.remote_id, secret)]})
    await post(here, MICROSOFT, json={"value": [entry(own.remote_id, secret)]})

    assert len(here.hints) == 0


@pytest.mark.parametrize(
    "token",
    [
        "<script>alert(1)</script>",
        "a&b",
        'a"b',
        "a'b",
        "a\r\nset-cookie: x=1",
        "a\nb",
        "a\x00b",
        "ü",
        "x" * 1025,
        "",
    ],
)
async def test_no_other_token_is_repeated(here: PushHouse, token: str) -> None:
    """Marks, new lines, other letters and long ones are no tokens of Graph's."""
    answer = await post(here, MICROSOFT, params={"validationToken": token})

    assert (answer.status_code, answer.content) == (202, b"")
    assert "set-cookie" not in answer.headers
    assert here.outcomes == [("microsoft", "unknown")]


async def test_two_tokens_are_none(here: PushHouse) -> None:
    """Nobody chooses which of them is repeated."""
    answer = await post(here, f"{MICROSOFT}?validationToken=a&validationToken=b")

    assert (answer.status_code, answer.content) == (202, b"")


@pytest.mark.parametrize("path", [GMAIL, MICROSOFT])
async def test_a_huge_body_is_refused(here: PushHouse, path: str) -> None:
    """Before it is read where it says so, and while it comes where it does not."""

    async def endless() -> object:
        for _ in range(1000):
            yield b" " * 1024

    told = await post(here, path, content=b" " * 300_000, headers=signed())
    hidden = await post(here, path, content=endless(), headers=signed())

    assert [told.status_code, hidden.status_code] == [413, 413]


@pytest.mark.parametrize(
    "body",
    [b"", b"null", b'{"value": 7}', b'{"value": [7, null, {}]}', b"{", b"[" * 5000, b"\xff\xfe"],
)
async def test_what_is_no_notification_is_nothing(here: PushHouse, body: bytes) -> None:
    """It is answered as every other one, and breaks nothing."""
    answer = await post(here, MICROSOFT, content=body)

    assert (answer.status_code, answer.content) == (202, b"")


async def test_one_body_asks_for_few_subscriptions(here: PushHouse) -> None:
    """What comes after the first hundred ids is not looked up."""
    watch, secret = await here.watched(1, Channel.MICROSOFT_MAIL)
    invented = [entry(str(number), "x") for number in range(100)]

    await post(here, MICROSOFT, json={"value": [*invented, entry(watch.remote_id, secret)]})

    assert len(here.hints) == 0


async def test_a_flood_of_replays_is_one_hint(here: PushHouse) -> None:
    """Whoever listened in on one notification sends it a thousand times for nothing."""
    watch, secret = await here.watched(1, Channel.GOOGLE_CALENDAR)

    async with open_http(here.house) as http:
        for _ in range(1000):
            await http.post(CALENDAR, headers=over(watch.remote_id, secret))

    assert len(here.hints) == 1


@pytest.mark.parametrize("path", PATHS)
async def test_whoever_often_comes_in_vain_is_turned_away(path: str) -> None:
    """By network, for a while, before anything is looked up: a good secret that is new waits."""
    here = PushHouse(policy=FEW)
    watch, secret = await here.watched(1, Channel.GOOGLE_CALENDAR)
    body = json.dumps({"value": [entry("unknown", "x")]})

    async with open_http(here.house) as http:
        answers = [await http.post(path, content=body) for _ in range(5)]
        barred = await http.post(CALENDAR, headers=over(watch.remote_id, secret))
        here.house.clock.advance(int(barred.headers["retry-after"]))
        later = await http.post(CALENDAR, headers=over(watch.remote_id, secret))

    assert [answer.status_code for answer in answers[3:]] == [429, 429]
    assert (barred.status_code, later.status_code, len(here.hints)) == (429, 204, 1)


async def test_strangers_keep_nobody_out_who_is_known() -> None:
    """Behind a proxy all have one address: what was believed before, and what is signed, passes."""
    here = PushHouse(policy=FEW)
    calendar, first = await here.watched(1, Channel.GOOGLE_CALENDAR)
    mail, second = await here.watched(3, Channel.MICROSOFT_MAIL)
    gmail, _ = await here.watched(5, Channel.GMAIL)
    told = {"value": [entry(mail.remote_id, second)]}

    async with open_http(here.house) as http:
        await http.post(CALENDAR, headers=over(calendar.remote_id, first))
        await http.post(MICROSOFT, json=told)
        strangers = [await http.post(CALENDAR, headers=over("unknown", "x")) for _ in range(5)]
        answers = [
            await http.post(CALENDAR, headers=over(calendar.remote_id, first)),
            await http.post(MICROSOFT, json=told),
            await http.post(GMAIL, content=pubsub(gmail.address), headers=signed()),
            await http.post(CALENDAR, headers=over(calendar.remote_id, "x")),
        ]

    assert strangers[-1].status_code == 429
    assert [answer.status_code for answer in answers] == [204, 202, 204, 429]
    assert len(here.hints) == 3


async def test_providers_are_not_counted_as_strangers() -> None:
    """However much they tell, as long as it is known here."""
    here = PushHouse(policy=FEW)
    watch, secret = await here.watched(1, Channel.GOOGLE_CALENDAR)

    async with open_http(here.house) as http:
        answers = [
            await http.post(CALENDAR, headers=over(watch.remote_id, secret)) for _ in range(20)
        ]

    assert {answer.status_code for answer in answers} == {204}


async def test_notifications_are_counted(here: PushHouse) -> None:
    """By provider and by what became of them; no id is in the metrics."""
    watch, secret = await here.watched(1, Channel.GOOGLE_CALENDAR)

    async with open_http(here.house) as http:
        await http.post(CALENDAR, headers=over(watch.remote_id, secret))
        await http.post(CALENDAR, headers=over("unknown", secret))
        metrics = (await http.get("/metrics")).text

    counted = [line for line in metrics.splitlines() if line.startswith(NAME)]
    assert len(counted) == 2
    for line, outcome in zip(sorted(counted), ("taken", "unknown"), strict=True):
        assert line.endswith(" 1.0")
        assert f'outcome="{outcome}"' in line
        assert 'provider="google-calendar"' in line
    assert watch.remote_id not in metrics
