"""Pages that are not as they must be are asked for again, and ids that are not fit name nothing."""

import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import httpx2
import pytest

from jobs.accounts.tokens import MemoryTokens
from jobs.providers.answer import Answer, AnswerOutOfBounds, count_of
from jobs.providers.google.batch import batch_answers
from jobs.providers.google.calendar import GoogleCalendars
from jobs.providers.google.mail import GmailProviders
from jobs.providers.google.message import version_of
from jobs.providers.http import Lane, open_client
from jobs.providers.microsoft.batch import Batches, Part
from jobs.providers.microsoft.calendar import GraphCalendarProviders
from jobs.providers.microsoft.mail import GraphMailProvider, GraphMailProviders
from jobs.providers.page import MAX_ITEMS, id_of, items_of
from jobs.providers.quota import MemoryQuota
from jobs.sync.bounds import is_fit, stand_in
from jobs.sync.faults import CursorExpired, Temporary
from jobs.sync.provider import AccountRef, Page
from sanderling.kernel.clock import VirtualClock
from sanderling.kernel.ids import WorkspaceId
from support.providers import ACCOUNT, Desk, Script, fault_of, scripted
from support.simulated import START

HOST = "https://graph.test"
PATH = "/v1.0/me/mailFolders/x/messages/delta?$skiptoken=a"
WALK = f"2026-11 {PATH}"
NEXT, DELTA = "@odata.nextLink", "@odata.deltaLink"
Turn = Callable[[Lane, AsyncExitStack], Awaitable[Page[Any]]]
REF = AccountRef(ACCOUNT, WorkspaceId("ws_1"), "ada@example.com")


async def _gmail_scan(lane: Lane, stack: AsyncExitStack) -> Page[Any]:
    mail = await stack.enter_async_context(GmailProviders(lane).open(REF))
    return await mail.scan("", "here")


async def _gmail_changes(lane: Lane, stack: AsyncExitStack) -> Page[Any]:
    mail = await stack.enter_async_context(GmailProviders(lane).open(REF))
    return await mail.changes("", "7", "here")


async def _google_scan(lane: Lane, stack: AsyncExitStack) -> Page[Any]:
    calendar = await stack.enter_async_context(GoogleCalendars(lane).open(REF))
    return await calendar.scan("primary", "here")


async def _graph_scan(lane: Lane, stack: AsyncExitStack) -> Page[Any]:
    mail = await stack.enter_async_context(GraphMailProviders(lane).open(REF))
    return await mail.scan("x", PATH)


async def _graph_window(lane: Lane, stack: AsyncExitStack) -> Page[Any]:
    calendar = await stack.enter_async_context(GraphCalendarProviders(lane).open(REF))
    return await calendar.scan("primary", WALK)


TURNS: list[tuple[Turn, str, dict[str, object]]] = [
    (_gmail_scan, "messages", {"nextPageToken": "here"}),
    (_gmail_changes, "history", {"nextPageToken": "here", "historyId": "9"}),
    (_google_scan, "items", {"nextPageToken": "here"}),
    (_graph_scan, "value", {NEXT: f"{HOST}{PATH}", "value": []}),
    (_graph_window, "value", {NEXT: f"{HOST}{PATH}", "value": []}),
]
each_turn = pytest.mark.parametrize(("turn", "member", "page"), TURNS)


@pytest.fixture
def script() -> Script:
    """Return what the provider answers."""
    return Script()


@pytest.fixture
async def lane(script: Script) -> AsyncGenerator[Lane]:
    """Yield the way to it."""
    tokens = MemoryTokens()
    tokens.grant(ACCOUNT, "first", "second")
    async with open_client(HOST, transport=httpx2.MockTransport(script.handle)) as client:
        yield Lane(client, tokens, MemoryQuota(), VirtualClock(START), fault_of)


async def _turned(turn: Turn, lane: Lane) -> Page[Any]:
    async with AsyncExitStack() as stack:
        return await turn(lane, stack)


@each_turn
async def test_a_page_that_leads_to_itself_is_no_progress(
    script: Script, lane: Lane, turn: Turn, member: str, page: dict[str, object]
) -> None:
    """It would be asked for without any pause, and for ever."""
    script.then(json={member: [], **page})

    with pytest.raises(Temporary, match="itself"):
        await _turned(turn, lane)


@each_turn
@pytest.mark.parametrize("items", ["none", {}, 7, ["x"], [None], [[]]])
async def test_a_page_of_something_else_is_not_read_as_empty(
    script: Script, lane: Lane, turn: Turn, member: str, page: dict[str, object], items: object
) -> None:
    """A scan that ended with such a page would have everything removed."""
    ending = {"nextSyncToken": "s", "historyId": "9", DELTA: f"{HOST}/v1.0/x?$deltatoken=d"}
    assert page
    script.then(json={**ending, member: items})

    with pytest.raises(Temporary):
        await _turned(turn, lane)


@each_turn
@pytest.mark.parametrize("token", [7, ["x"], "a\x00b", "a b", "é", "x" * 20_000, "\ud800"])
async def test_a_page_that_leads_to_nowhere_is_not_the_last(
    script: Script, lane: Lane, turn: Turn, member: str, page: dict[str, object], token: object
) -> None:
    """What comes after it would be taken for gone."""
    (name, *_) = page
    ending = {"nextSyncToken": "s", "historyId": "9", DELTA: f"{HOST}/v1.0/x?$deltatoken=d"}
    body: dict[str, object] = {**ending, member: None, name: token}
    body[member] = list[object]()
    script.then(content=json.dumps(body).encode())

    with pytest.raises(Temporary, match="nowhere"):
        await _turned(turn, lane)


@pytest.mark.parametrize("link", ["x?y", "http://[?y", f"{HOST}/v1.0/x", "mailto:a@b?c=d"])
async def test_a_link_without_path_or_question_is_not_the_last(
    script: Script, lane: Lane, link: str
) -> None:
    """Graph's links have both."""
    script.then(json={"value": [], NEXT: link, DELTA: f"{HOST}/v1.0/x?$deltatoken=d"})

    with pytest.raises(Temporary, match="nowhere"):
        await _turned(_graph_scan, lane)


async def test_a_link_to_a_foreign_host_is_followed_at_our_own(script: Script, lane: Lane) -> None:
    """A token goes to the address that was configured, whatever a page says."""
    script.then(json={"value": [], NEXT: "https://elsewhere.test/v1.0/x?y=https://a.test"})
    script.then(json={"value": [], DELTA: "https://elsewhere.test//b.test/x?z"})
    async with GraphMailProviders(lane).open(REF) as mail:
        first = await mail.scan("x", None)
        second = await mail.scan("x", first.next_page)
        script.then(json={"value": [], DELTA: f"{HOST}/v1.0/x?z"})
        await mail.changes("x", second.cursor or "", None)

    assert {asked.url.host for asked in script.asked} == {"graph.test"}


@pytest.mark.parametrize("cursor", ["@elsewhere.test/x?y", ".elsewhere.test/x?y", ":1/x?y"])
async def test_a_cursor_of_something_else_gets_no_token(
    script: Script, lane: Lane, cursor: str
) -> None:
    """What is kept as a cursor leads to the provider's own address, or nowhere."""
    async with GraphMailProviders(lane).open(REF) as mail:
        with pytest.raises(Temporary):
            await mail.changes("x", cursor, None)

    assert script.asked == []


@pytest.mark.parametrize("cursor", ["", "x", "2026-13x /v1.0/x?y", "0-0 /x?y", "99999-1 /x?y", "7"])
async def test_a_cursor_of_another_kind_is_expired(lane: Lane, cursor: str) -> None:
    """A calendar begins anew where its cursor tells of no month."""
    async with GraphCalendarProviders(lane).open(REF) as calendar:
        with pytest.raises(CursorExpired):
            await calendar.changes("primary", cursor, None)


async def test_folders_without_end_end(script: Script, lane: Lane) -> None:
    """Whoever names a further page of folders each time is not followed for ever."""
    for each in range(200):
        script.then(json={"value": [{"id": f"f{each}"}], NEXT: f"{HOST}/v1.0/x?{each}"})
    async with GraphMailProviders(lane).open(REF) as mail:
        with pytest.raises(Temporary, match="without end"):
            await mail.folders()

    assert len(script.asked) == 100


async def test_series_without_end_end(script: Script, lane: Lane) -> None:
    """Nor are the dates of a series that has further ones on each page."""
    series = {"id": "s", "type": "seriesMaster", "subject": "S"}
    script.then(json={"value": [series], DELTA: f"{HOST}/v1.0/x?d"})
    for each in range(1001):
        script.then(json={"value": [], NEXT: f"{HOST}/v1.0/x?{each}"})
    async with GraphCalendarProviders(lane).open(REF) as calendar:
        with pytest.raises(Temporary, match="without end"):
            await calendar.changes("primary", WALK, None)

    assert len(script.asked) == 1001


@pytest.mark.parametrize(
    "value",
    ["", ".", "..", "a b", "a\x00", "é", "\ud800", "a\r\nGET /x", "x" * 1025, 7, None, ["a"], {}],
)
def test_an_id_that_is_not_fit_names_nothing(value: object) -> None:
    """It would be refused by the database, or name something else in an address."""
    told = id_of({"id": value})

    assert not is_fit(told)
    assert told == (stand_in(value) if isinstance(value, str) and value else "")


@pytest.mark.parametrize("value", ["a", "...", "AAMk=", "a/../b", "<x@y>", "x" * 1024])
def test_an_id_is_taken_as_it_is(value: str) -> None:
    """Slashes and dots within it are quoted where it is asked for."""
    assert id_of({"id": value}) == value


@pytest.mark.parametrize(
    ("value", "count"), [(7, 7), (10**400, 2**53), (-1, 0), (True, 0), ("7", 0)]
)
def test_a_count_is_a_number_that_a_database_holds(value: object, count: int) -> None:
    """Sizes beyond all measure are cut, and what is no number counts nothing."""
    assert count_of({"size": value}, "size") == count


def test_a_page_of_far_more_than_was_asked_for_is_out_of_bounds() -> None:
    """What comes of one answer is bounded, however small its items are."""
    with pytest.raises(AnswerOutOfBounds):
        items_of({"value": [{"id": "x"}] * (MAX_ITEMS + 1)}, "value")


def test_parts_without_end_are_left_unread() -> None:
    """A batch of one request is answered by a few parts at most."""
    part = b"--b\r\nContent-ID: <response-item-0>\r\n\r\nHTTP/1.1 200 OK\r\n\r\n%d\r\n"
    body = b"".join(part % each for each in range(100)) + b"--b--"

    answers = batch_answers(Answer(200, {"content-type": "x; boundary=b"}, body), 1)

    assert answers[0].body == b"6"


@pytest.mark.parametrize("history_id", ["x", "-1", "٣", "9" * 25, None, {}, ""])
def test_a_history_id_that_is_no_number_is_the_lowest(history_id: object) -> None:
    """Nothing is newer than whatever has a version."""
    assert version_of(history_id) == version_of("0")


async def test_a_part_that_is_nested_to_the_limit_spoils_no_other() -> None:
    """Wherever the stack ends, a batch is answered, or refused with a name."""
    for depth in (*range(850, 1000, 7), 5000):
        body = f"{'[' * depth}{']' * depth}"
        text = f'{{"responses": [{{"id": "0", "status": 200, "body": {body}}}]}}'
        async with scripted() as desk:
            answers = await _batched(desk, text)
        assert answers is None or answers[0] is None or answers[0].status == 200


async def _batched(desk: Desk, text: str) -> list[Answer | None] | None:
    desk.script.then(content=text.encode())
    try:
        return await Batches(desk.http).ask([Part("/v1.0/me")])
    except AnswerOutOfBounds:
        return None


async def test_a_folder_that_is_a_step_of_a_path_is_not_followed(
    script: Script, lane: Lane
) -> None:
    """`..` for an id would have another part of the account asked for."""
    script.then(json={"value": [{"id": ".."}, {"id": "a/.."}], DELTA: f"{HOST}/v1.0/x?d"})
    roles = [{"id": f"{each}", "status": 404, "body": None} for each in range(20)]
    script.then(json={"responses": roles})
    script.then(json={"value": [], DELTA: f"{HOST}/v1.0/x?d"})
    async with GraphMailProviders(lane).open(REF) as mail:
        (folder,) = [each for each in await mail.folders() if is_fit(each.remote_id)]
        assert isinstance(mail, GraphMailProvider)
        await mail.scan(folder.remote_id, None)

    assert script.asked[-1].url.raw_path.startswith(b"/v1.0/me/mailFolders/a%2F../messages/delta")
