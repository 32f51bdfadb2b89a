"""What systems tell of their records is kept, each on its own."""

from typing import Any

import pytest

from runner.triggers.errors import RecordEventRefused
from runner.triggers.record_events import MOST_IN_BATCH, RecordEvents
from sanderling.access.errors import Forbidden
from sanderling.access.permission import Permission, Verdict
from sanderling.access.principal import Principal, Role
from sanderling.kernel.events import RecordChanged, RecordOperation
from sanderling.kernel.jsontext import InvalidJSON
from support.mailroom import Mailroom
from support.triggers import a_change


async def test_each_event_of_a_batch_stands_alone() -> None:
    """New, known and refused events are told apart, and new ones are announced."""
    room = Mailroom()
    caller = await room.caller()
    here = caller.principal.workspace_id
    heard: list[RecordChanged] = []
    room.river.bus.subscribe(RecordChanged, heard.append)
    changes = [
        a_change("one", workspace_id=here),
        a_change("b a d", workspace_id=here),
        a_change("one", workspace_id=here),
        a_change("two", workspace_id=here),
    ]

    answers = await room.events.announce(caller.principal, changes)

    assert [answer for answer in answers if isinstance(answer, bool)] == [True, False, True]
    assert isinstance(answers[1], RecordEventRefused)
    assert [change.event_id for change in heard] == ["one", "two"]


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        ({"event_id": ""}, "id"),
        ({"event_id": "a b"}, "id"),
        ({"event_id": "x" * 129}, "id"),
        ({"event_id": "\N{SNOWMAN}"}, "id"),
        ({"event_id": "a\0"}, "id"),
        ({"object": "*"}, "object"),
        ({"object": "a.b"}, "object"),
        ({"object": ""}, "object"),
        ({"record_id": ""}, "record_id"),
        ({"record_id": "a\0"}, "record_id"),
        ({"record_id": "x" * 129}, "record_id"),
        ({"updated_fields": ("a b",)}, "updated_fields"),
        ({"updated_fields": tuple(f"f{n}" for n in range(501))}, "updated_fields"),
        ({"operation": RecordOperation.CREATED}, "updated_fields"),
        ({"after": "x" * 1_100_000}, "bytes"),
    ],
)
async def test_what_cannot_be_kept_is_refused(changed: dict[str, Any], word: str) -> None:
    """The refusal says which part does not fit, and nothing of the record."""
    room = Mailroom()
    caller = await room.caller()

    answer = await room.announce(caller, **{"event_id": "evt_1", **changed})

    assert isinstance(answer, RecordEventRefused)
    assert word in str(answer)


async def test_a_change_that_is_no_json_is_refused() -> None:
    """Lone surrogates and the like never reach the outbox."""
    room = Mailroom()
    caller = await room.caller()

    assert isinstance(await room.announce(caller, after={"name": "\ud800"}), InvalidJSON)


@pytest.mark.parametrize("count", [0, MOST_IN_BATCH + 1])
async def test_a_batch_has_bounds(count: int) -> None:
    """Nothing at all, or more than fits, is refused as a whole."""
    room = Mailroom()
    caller = await room.caller()
    change = a_change(workspace_id=caller.principal.workspace_id)

    with pytest.raises(RecordEventRefused):
        await room.events.announce(caller.principal, [change] * count)


async def test_a_member_may_announce() -> None:
    """Who may call functions may also tell of what calls them."""
    room = Mailroom()
    member = await room.river.caller(Role.MEMBER)

    assert await room.announce(member) is True


async def test_who_does_not_hold_the_permission_is_refused() -> None:
    """Nothing is kept then."""
    room = Mailroom()
    caller = await room.caller()

    class Nothing:
        def decide(self, principal: Principal, permission: Permission) -> Verdict:
            return Verdict(is_allowed=False, reason=f"{principal.role} lacks {permission}")

    events = RecordEvents(room.outbox, room.clock, room.river.bus, Nothing())
    change = a_change(workspace_id=caller.principal.workspace_id)

    with pytest.raises(Forbidden):
        await events.announce(caller.principal, [change])
    assert await room.outbox.count_waiting() == 0
