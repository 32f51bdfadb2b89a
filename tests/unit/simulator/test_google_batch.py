"""The simulated batch endpoint answers part by part, and fails part by part."""

import json
import re

import pytest

from sanderling.simulator.core.exchange import Answer, Asked
from sanderling.simulator.core.faults import FaultKind
from support.google import Google

_PART = re.compile(
    rb"--batch_simulated\r\nContent-Type: application/http\r\n"
    rb"(?:Content-ID: <response-(\S+)>\r\n)?\r\n"
    rb"HTTP/1.1 (\d+) [^\r]+\r\n(?:[^\r]+\r\n)+\r\n(.*?)\r\n(?=--batch_simulated)",
    re.DOTALL,
)


def _batch(
    google: Google, ids: list[str], *, authorization: str | None = None, host: str = ""
) -> Answer:
    lines = [
        f"--b\r\nContent-Type: application/http\r\nContent-ID: <item{at}>\r\n\r\n"
        f"GET {host}/gmail/v1/users/me/messages/{identity}?format=minimal HTTP/1.1\r\n\r\n"
        for at, identity in enumerate(ids)
    ]
    body = "\r\n".join([*lines, "--b--"]).encode()
    headers = {
        "authorization": authorization or f"Bearer {google.token}",
        "content-type": 'multipart/mixed; boundary="b"',
    }
    return google.site.answer(Asked("POST", "/batch/gmail/v1", (), headers, body))


def _parts(answer: Answer) -> list[tuple[str, int, str | None]]:
    """Return the Content-ID, the status and the message's id of each part."""
    assert answer.status == 200
    found = _PART.findall(answer.body)
    return [
        (content_id.decode(), int(status), json.loads(body).get("id"))
        for content_id, status, body in found
    ]


@pytest.fixture
def google() -> Google:
    """Return somebody with ten messages."""
    return Google(mails=10)


@pytest.fixture
def ids(google: Google) -> list[str]:
    """Return the ids of the messages."""
    found = google.mailbox("messages", includeSpamTrash="true")["messages"]
    return [item["id"] for item in found]


def test_each_part_has_an_answer_of_its_own(google: Google, ids: list[str]) -> None:
    """What is there comes with 200, what is not with 404, each under the name of its request."""
    parts = _parts(_batch(google, [*ids[:2], "ff"]))

    assert parts == [("item0", 200, ids[0]), ("item1", 200, ids[1]), ("item2", 404, None)]


def test_parts_may_name_their_host(google: Google, ids: list[str]) -> None:
    """A whole address is answered as its path is."""
    named = _batch(google, ids[:2], host="https://gmail.googleapis.com")

    assert named == _batch(google, ids[:2])


def test_every_part_is_paid_for(google: Google, ids: list[str]) -> None:
    """A batch saves round trips, not units."""
    google.world.meter.reset()

    _batch(google, ids)

    assert google.world.meter.units == {"gmail.users.messages.get": 200}


def test_parts_are_as_strict_as_requests(google: Google, ids: list[str]) -> None:
    """A void token makes each part 401, the batch itself is carried out."""
    parts = _parts(_batch(google, ids[:2], authorization="Bearer void"))

    assert [status for _, status, _ in parts] == [401, 401]


def test_a_hundred_parts_are_the_most(google: Google, ids: list[str]) -> None:
    """One more is refused as a whole; so is a body without parts or boundary."""
    assert len(_parts(_batch(google, ids * 10))) == 100
    assert _batch(google, ids * 10 + ids[:1]).status == 400
    assert _batch(google, []).status == 400
    assert google.ask("POST", "/batch/gmail/v1", b"").status == 400


def test_a_cold_client_with_many_parts_is_slowed_down(google: Google, ids: list[str]) -> None:
    """Where quota is enforced, parts beyond fifty are refused although units are left."""
    google.world.meter.units_per_min = 100_000

    statuses = [status for _, status, _ in _parts(_batch(google, ids * 10))]

    assert statuses == [200] * 50 + [429] * 50


@pytest.mark.parametrize(
    ("kind", "statuses"),
    [
        (FaultKind.PART_429, [429, 200, 200]),
        (FaultKind.PART_404, [404, 200, 200]),
        (FaultKind.PART_500, [500, 200, 200]),
    ],
)
def test_one_part_can_fail(
    google: Google, ids: list[str], kind: FaultKind, statuses: list[int]
) -> None:
    """The others are as they would be."""
    google.world.faults.script([kind])

    assert [status for _, status, _ in _parts(_batch(google, ids[:3]))] == statuses


def test_parts_can_be_lost_doubled_and_mixed(google: Google, ids: list[str]) -> None:
    """Names still tell which answer is whose."""
    kinds = [FaultKind.PART_MISSING, FaultKind.PART_DUPLICATED, FaultKind.PARTS_SHUFFLED]
    google.world.faults.script(kinds)

    lost, doubled, mixed = (_parts(_batch(google, ids)) for _ in kinds)

    whole = _parts(_batch(google, ids))
    assert (len(lost), len(doubled), len(mixed)) == (9, 11, 10)
    assert set(lost) < set(whole) == set(doubled) == set(mixed)
    assert mixed != whole
