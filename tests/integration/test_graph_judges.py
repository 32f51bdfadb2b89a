"""Graph's metadata finds nothing wrong with the simulated Graph, nor with what we ask of it."""

import pytest

from jobs.providers.microsoft.calendar import PAGE_SIZE
from jobs.providers.microsoft.methods import METHODS
from jobs.sync.items import Message
from jobs.sync.provider import Upserted, Wanted
from sanderling.simulator.core.exchange import Answer, Asked
from sanderling.simulator.core.faults import FaultKind
from sanderling.simulator.microsoft.scopes import ALLOWING
from support.graph_judge import GraphJudge
from support.graph_metadata import graph_metadata
from support.graph_rules import Rules
from support.listener import Listener, subscription_to
from support.microsoft import (
    IMMUTABLE,
    Microsoft,
    changed,
    events_after,
    events_of,
    scanned,
)
from support.simulated import START, letter, plan

pytestmark = pytest.mark.slow

INBOX = frozenset({"inbox"})
WINDOW = "startDateTime=2026-06-01T00:00:00Z&endDateTime=2027-06-01T00:00:00Z"
BRACES = ("folder", "message", "file", "event")


@pytest.fixture
def judge() -> GraphJudge:
    """Return a judge who has heard nothing yet."""
    return GraphJudge()


async def _read_mail(microsoft: Microsoft, prefer: str) -> None:
    get, mailbox = microsoft.get, microsoft.person.mailbox
    folders, _ = await microsoft.walked("/v1.0/me/mailFolders/delta", prefer=prefer)
    await get("/v1.0/me/mailFolders?$top=3", prefer=prefer)
    await get("/v1.0/me/mailFolders/inbox/childFolders", prefer=prefer)
    walk = "/v1.0/me/mailFolders/{}/messages/delta"
    for folder in folders:
        await get(f"/v1.0/me/mailFolders/{folder['id']}", prefer=prefer)
        _, link = await microsoft.walked(walk.format(folder["id"]), prefer=prefer)
        mail = mailbox.add(letter("Grüße"), places=INBOX)
        mailbox.place(mail.number, add=frozenset({"archive"}), remove=INBOX)
        await microsoft.walked(link, prefer=prefer)
        mailbox.delete(mail.number)
    for path in ("messages?$top=200", "mailFolders/inbox/messages?$top=5&$skip=3"):
        listed = await get(f"/v1.0/me/{path}", prefer=prefer)
    listed = await get("/v1.0/me/messages?$top=200", prefer=prefer)
    for message in listed["value"]:
        path = f"/v1.0/me/messages/{message['id']}"
        await get(f"{path}?$expand=attachments($select=id,name)", prefer=prefer)
        files = await get(f"{path}/attachments", prefer=prefer)
        for file in files["value"]:
            await get(f"{path}/attachments/{file['id']}", prefer=prefer)
            await microsoft.ask(f"{path}/attachments/{file['id']}/$value", prefer=prefer)


async def _read_calendar(microsoft: Microsoft, prefer: str) -> None:
    get = microsoft.get
    await get("/v1.0/me/calendar", prefer=prefer)
    await get("/v1.0/me/calendars", prefer=prefer)
    await get(f"/v1.0/me/calendarView?{WINDOW}&$top=50", prefer=prefer)
    events, _ = await microsoft.walked(f"/v1.0/me/calendarView/delta?{WINDOW}", prefer=prefer)
    for event in events:
        await get(f"/v1.0/me/events/{event['id']}", prefer=prefer)
        if event.get("type") == "seriesMaster":
            await get(f"/v1.0/me/events/{event['id']}/instances?{WINDOW}", prefer=prefer)


async def _subscribe(microsoft: Microsoft) -> None:
    microsoft.world.post.outside = Listener().transport
    subscription = subscription_to("me/messages", microsoft.clock)
    made = await microsoft.ask("/v1.0/subscriptions", method="POST", given=subscription)
    one = f"/v1.0/subscriptions/{made.json()['id']}"
    until = {"expirationDateTime": subscription["expirationDateTime"]}
    for method, given in (("GET", None), ("PATCH", until), ("DELETE", None), ("DELETE", None)):
        await microsoft.ask(one, method=method, given=given)


async def test_every_answer_is_as_graph_describes_it(judge: GraphJudge) -> None:
    """No unknown property, word or form, for every method and either kind of ids."""
    microsoft = Microsoft(mails=60, meetings=40)
    microsoft.person.agenda.add(plan("RRULE:FREQ=WEEKLY;COUNT=4"), at=START)
    microsoft.site.on_served = judge

    await microsoft.get("/v1.0/me")
    for prefer in (IMMUTABLE, 'outlook.body-content-type="text"'):
        await _read_mail(microsoft, prefer)
        await _read_calendar(microsoft, prefer)

    await _subscribe(microsoft)

    assert sorted({*judge.wrong}) == []
    # Messages are listed by two methods of one name: of the mailbox and of a folder.
    assert len(judge.heard) == len(ALLOWING) + 1


async def test_every_refusal_has_graphs_form(judge: GraphJudge) -> None:
    """Faults with a status of their own, unknown ids, cursors and tokens are told in its words."""
    microsoft = Microsoft(mails=3)
    _, link = await microsoft.walked("/v1.0/me/mailFolders/inbox/messages/delta")
    microsoft.world.expire_cursors()
    microsoft.site.on_served = judge
    kinds = [kind for kind in FaultKind if kind.value[-3:] in {"403", "429", "500", "503"}]
    microsoft.world.faults.script(kinds)

    answers = [await microsoft.ask("/v1.0/me") for _ in kinds]
    answers.append(await microsoft.ask("/v1.0/me/messages/nothing"))
    answers.append(await microsoft.ask(link))
    answers.append(await microsoft.ask("/v1.0/me/messages?$select=nothing"))
    microsoft.world.oauth.void(microsoft.token)
    answers.append(await microsoft.ask("/v1.0/me"))

    assert sorted({*judge.wrong}) == []
    assert {answer.status_code for answer in answers} >= {400, 401, 404, 410, 429, 503}


async def test_we_ask_what_graph_describes(judge: GraphJudge) -> None:
    """Each method that our providers use is a path of the metadata, with options that it has."""
    microsoft = Microsoft(mails=90, meetings=60)
    microsoft.site.on_served = judge
    mailbox, agenda = microsoft.person.mailbox, microsoft.person.agenda
    # Series of more dates than a page holds.
    for _ in range(2 * PAGE_SIZE // 400 + 1):
        agenda.add(plan("RRULE:FREQ=DAILY;COUNT=400"), at=START)
    async with microsoft.mail() as mail:
        folders = [each for each in await mail.folders() if each.is_synced]
        for folder in folders:
            items, cursor = await scanned(mail, folder.remote_id)
            mailbox.add(letter(), places=INBOX)
            await changed(mail, folder.remote_id, cursor)
            wanted = [Wanted(one.remote_id) for one in items if isinstance(one, Upserted)]
            for fetched in (await mail.fetch(wanted)).values():
                assert isinstance(fetched, Message)
                for file in fetched.attachments:
                    await mail.attachment(fetched.remote_id, file.remote_id)
    async with microsoft.calendar() as calendar:
        page = await calendar.scan("primary", None)
    async with microsoft.calendar() as calendar:
        # Whoever carries a walk on has not heard of the series that its dates belong to.
        await calendar.scan("primary", page.next_page)
        events, cursor = await events_of(calendar)
        for meeting in list(agenda.meetings.values()):
            agenda.edit(meeting.number, meeting.plan, at=microsoft.clock.now())
        await events_after(calendar, events, cursor)

    assert sorted({*judge.wrong}) == []
    used = {method.at(**dict.fromkeys(BRACES, "x")).removeprefix("/v1.0") for method in METHODS}
    described = {_described(path) for path in used}
    assert judge.heard == described


def _described(path: str) -> str:
    raw = "/$value" if path.endswith("/$value") else ""
    operation = graph_metadata().reading(path.removesuffix(raw) if raw else path)
    assert operation is not None, path
    return f"{operation.path}{raw}"


def test_a_judge_of_answers_is_strict() -> None:
    """What Graph would not answer is found, so that finding nothing means something."""
    metadata = graph_metadata()
    rules = Rules(metadata)
    message, walk, window = (
        metadata.reading(path)
        for path in ("/me/messages/x", "/me/mailFolders/x/messages/delta", "/me/calendarView/delta")
    )
    assert message is not None
    assert walk is not None
    assert window is not None
    context = {"@odata.context": "c"}

    def wrong(value: dict[str, object]) -> list[str]:
        return rules.wrong_with_answer(message, {**context, **value})

    assert wrong({"subject": "x", "importance": "low", "from": {"emailAddress": {}}}) == []
    assert wrong({"surprise": 1})
    assert wrong({"isRead": "true"})
    assert wrong({"importance": "urgent"})
    assert wrong({"sentDateTime": "2026-12-01T09:00:00"})
    assert wrong({"toRecipients": {}})
    assert wrong({"toRecipients": [{"email": "a@b"}]})
    assert wrong({"@odata.type": "#microsoft.graph.event"})
    assert wrong({"@odata.surprise": 1})
    assert wrong(
        {"attachments": [{"@odata.type": "#microsoft.graph.fileAttachment", "size": 2**31}]}
    )
    assert rules.wrong_with_answer(message, {"id": "x"})
    page = {**context, "value": [{"id": "x"}]}
    assert rules.wrong_with_answer(walk, {**page, "@odata.nextLink": "n"}) == []
    assert rules.wrong_with_answer(walk, page)
    assert rules.wrong_with_answer(walk, {**page, "@odata.nextLink": "n", "@odata.deltaLink": "d"})
    removed = {"id": "x", "@removed": {"reason": "bored"}}
    assert rules.wrong_with_answer(walk, {**context, "value": [removed], "@odata.nextLink": "n"})
    assert rules.wrong_with_refusal({"error": {"code": "x"}})
    assert rules.wrong_with_refusal({"error": {"code": "x", "message": "m", "reason": "r"}})
    assert wrong({"attachments": [{"size": True}]})
    assert len(rules.wrong_with_request(window, (("startDateTime", "yesterday"),))) == 2
    subscription = metadata.reading("/subscriptions/x")
    assert subscription is not None
    assert rules.wrong_with_body(subscription, {"changeType": "created", "url": "https://a"})


@pytest.mark.parametrize(
    "query",
    [
        (("$skiptokens", "x"),),
        (("$top", "-1"),),
        (("$top", "1"), ("$top", "1")),
        (("$select", "id,nothing"),),
        (("$expand", "nothing"),),
        (("$expand", "attachments($select=nothing)"),),
    ],
)
def test_a_judge_of_requests_is_strict(query: tuple[tuple[str, str], ...]) -> None:
    """Options that Graph has not, or not so, are found."""
    metadata = graph_metadata()
    walk = metadata.reading("/me/mailFolders/x/messages/delta")

    assert walk is not None
    assert Rules(metadata).wrong_with_request(walk, query)


def test_a_judge_looks_into_batches(judge: GraphJudge) -> None:
    """A part of a batch is judged as a request of its own."""
    body = b'{"requests": [{"id": "1", "method": "GET", "url": "/me/nothing"}]}'
    answer = Answer(200, b'{"responses": [{"id": "1", "status": 200, "body": {}}]}')

    judge(Asked("POST", "/v1.0/$batch", body=body), answer)

    assert judge.wrong == ["/v1.0/me/nothing is no path"]
