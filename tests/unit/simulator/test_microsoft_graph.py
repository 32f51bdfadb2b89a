"""The simulated Graph is as strict as the real one."""

import json

import pytest

from sanderling.simulator.core.exchange import Asked
from sanderling.simulator.microsoft import ids
from support.microsoft import HOST, IMMUTABLE, Microsoft
from support.simulated import letter

INBOX = frozenset({"inbox"})
DELTA = "/v1.0/me/mailFolders/inbox/messages/delta"


async def test_only_the_newest_delta_links_are_good() -> None:
    """One that is several generations old is 410, and says where to begin again."""
    microsoft = Microsoft(mails=3)
    _, first = await microsoft.walked(DELTA)
    link = first
    for _ in range(3):
        _, link = await microsoft.walked(link)
    still = await microsoft.ask(first)
    _, link = await microsoft.walked(link)
    late = await microsoft.ask(first)

    assert still.status_code == 200
    assert (late.status_code, late.json()["error"]["code"]) == (410, "SyncStateNotFound")
    assert late.headers["location"] == f"{HOST}{DELTA}"


async def test_a_link_is_good_for_its_own_folder_alone() -> None:
    """Another folder's token, and one that was never given out, are 400."""
    microsoft = Microsoft(mails=3)
    _, link = await microsoft.walked(DELTA)
    for wrong in (link.replace("inbox", "archive"), f"{DELTA}?$deltatoken=nonsense"):
        response = await microsoft.ask(wrong)
        assert response.status_code == 400
        assert response.json()["error"]["code"] == "ErrorInvalidSyncStateData"


@pytest.mark.parametrize("query", ["$deltatoken=latest", "$top=5", "$select=noSuchProperty"])
async def test_what_delta_does_not_know_is_refused(query: str) -> None:
    """Nothing is silently left out."""
    microsoft = Microsoft(mails=1)
    microsoft.person.mailbox.add(letter(), places=INBOX)

    assert (await microsoft.ask(f"{DELTA}?{query}")).status_code == 400


async def test_pages_are_as_large_as_preferred() -> None:
    """Ten items without a preference."""
    microsoft = Microsoft(mails=60)
    plain = await microsoft.get(DELTA)
    preferred = await microsoft.get(DELTA, prefer="odata.maxpagesize=3")

    assert (len(plain["value"]), len(preferred["value"])) == (10, 3)


async def test_a_selection_goes_on_through_the_whole_walk() -> None:
    """The token carries it, and the next pages need not say it again."""
    microsoft = Microsoft(mails=60)
    items, link = await microsoft.walked(f"{DELTA}?$select=isRead")
    microsoft.person.mailbox.add(letter(), places=INBOX)
    (added,), _ = await microsoft.walked(link)

    for one in (*items, added):
        assert {name for name in one if "@" not in name} == {"id", "isRead"}


async def test_what_was_deleted_is_told_with_a_reason() -> None:
    """An item is removed, and no more is said of it."""
    microsoft = Microsoft()
    gone = microsoft.person.mailbox.add(letter(), places=INBOX)
    _, link = await microsoft.walked(DELTA)
    microsoft.person.mailbox.delete(gone.number)
    items, _ = await microsoft.walked(link)

    removed = {
        "id": ids.message_id(microsoft.person, gone.number),
        "@removed": {"reason": "deleted"},
    }
    assert items == [removed]


async def test_delta_of_folders_tells_of_new_and_removed_ones() -> None:
    """All of them the first time, and then what changed."""
    microsoft = Microsoft()
    everything, link = await microsoft.walked("/v1.0/me/mailFolders/delta")
    made = microsoft.office.folders(microsoft.person).add("Trips")
    microsoft.office.remove_folder(microsoft.person, "projects")
    changed, _ = await microsoft.walked(link)

    assert "Projects" in {one["displayName"] for one in everything}
    assert changed[0]["id"] == ids.folder_id(microsoft.person, made.key)
    assert changed[1]["@removed"] == {"reason": "deleted"}


async def test_folders_are_found_by_their_well_known_names() -> None:
    """Children are listed within their parent alone."""
    microsoft = Microsoft()
    inbox = await microsoft.get("/v1.0/me/mailFolders/inbox")
    top = await microsoft.get("/v1.0/me/mailFolders?$top=50")
    children = await microsoft.get("/v1.0/me/mailFolders/inbox/childFolders")

    assert (inbox["displayName"], inbox["childFolderCount"]) == ("Inbox", 1)
    assert "Projects" not in {one["displayName"] for one in top["value"]}
    assert [one["displayName"] for one in children["value"]] == ["Projects"]


async def test_more_than_twenty_requests_make_no_batch() -> None:
    """Neither do two of the same id."""
    microsoft = Microsoft()
    for names in ([str(number) for number in range(21)], ["1", "1"], []):
        requests = [{"id": name, "method": "GET", "url": "/me"} for name in names]
        response = await microsoft.ask("/v1.0/$batch", method="POST", given={"requests": requests})
        assert response.status_code == 400


async def test_parts_are_answered_out_of_order_each_for_itself() -> None:
    """A part that is wrong has its own status."""
    microsoft = Microsoft()
    urls = ["/me", "/me/messages/unknown", "/me/nothing", *["/me"] * 9]
    requests = [{"id": str(place), "method": "GET", "url": url} for place, url in enumerate(urls)]
    response = await microsoft.ask("/v1.0/$batch", method="POST", given={"requests": requests})

    responses = response.json()["responses"]
    assert [one["id"] for one in responses] != [one["id"] for one in requests]
    statuses = {one["id"]: one["status"] for one in responses}
    assert [statuses[str(place)] for place in range(3)] == [200, 404, 400]


async def test_a_fifth_request_at_once_is_too_many() -> None:
    """Four are let in for a mailbox; whoever asks for more at the same time is refused."""
    microsoft = Microsoft(mails=1)
    asked = Asked("GET", "/v1.0/me", headers={"authorization": f"Bearer {microsoft.token}"})
    microsoft.world.present[microsoft.token] = 4
    let_in = microsoft.site.answer(asked)
    microsoft.world.present[microsoft.token] = 5
    refused = microsoft.site.answer(asked)

    assert let_in.status == 200
    assert refused.status == 429
    assert json.loads(refused.body)["error"]["code"] == "MailboxConcurrency"


async def test_requests_on_their_way_are_counted_until_they_are_answered() -> None:
    """Once all are answered, nobody is left."""
    microsoft = Microsoft(mails=1)
    await microsoft.get("/v1.0/me")

    assert microsoft.world.present[microsoft.token] == 0


async def test_a_token_that_nobody_gave_is_refused() -> None:
    """It is 401 in Graph's words."""
    microsoft = Microsoft()
    microsoft.token = "made-up"
    response = await microsoft.ask("/v1.0/me")

    assert response.status_code == 401
    assert response.json()["error"]["code"] == "InvalidAuthenticationToken"


async def test_text_is_plain_where_that_is_preferred() -> None:
    """Otherwise it is HTML."""
    microsoft = Microsoft()
    added = microsoft.person.mailbox.add(letter(), places=INBOX)
    path = f"/v1.0/me/messages/{ids.message_id(microsoft.person, added.number)}"
    plain = await microsoft.get(path, prefer='outlook.body-content-type="text"')
    rich = await microsoft.get(path, prefer=IMMUTABLE)

    assert plain["body"] == {"contentType": "text", "content": "Text"}
    assert rich["body"]["contentType"] == "html"


async def test_lists_come_in_pages_to_the_end() -> None:
    """Each message once."""
    microsoft = Microsoft(mails=25)
    path, found = "/v1.0/me/messages?$select=id&$top=10", list[str]()
    while path:
        page = await microsoft.get(path)
        found += [one["id"] for one in page["value"]]
        path = page.get("@odata.nextLink", "")

    assert len(found) == len(set(found)) == 25
