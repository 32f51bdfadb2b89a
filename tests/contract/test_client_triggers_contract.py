"""What the Python client keeps about triggers, over HTTP and in this process."""

from collections.abc import AsyncGenerator

import pytest

from runner.errors import CursorRefused, FunctionUnknown
from runner.triggers.errors import TriggerRefused, TriggerUnknown
from sanderling.access.errors import Forbidden
from sanderling.access.principal import Role
from sanderling.api.errors import RequestInvalid
from sanderling.client.triggers import cron_settings, http_settings, record_settings
from support.clients import WAYS, Setting, open_setting, publish

MISSING = "trg_" + "0" * 26


@pytest.fixture(params=WAYS)
async def setting(request: pytest.FixtureRequest) -> AsyncGenerator[Setting]:
    """Yield a house with a published function, reached in each way."""
    async with open_setting(request.param) as found:
        await publish(found.admin, "echo", "x")
        yield found


async def test_a_trigger_is_made_and_shown(setting: Setting) -> None:
    """Every setting that was asked for is shown, and so is what was left out."""
    asked = http_settings(
        "/orders/:id",
        method="PUT",
        is_auth_required=False,
        forwarded_request_headers=["x-signature"],
        reply="response",
    )

    made = await setting.admin.triggers.create("echo", asked, is_enabled=False)
    shown = await setting.admin.triggers.get(made.id)

    assert made == shown
    assert shown.settings.model_dump() == asked
    assert (shown.function, shown.kind, shown.position) == ("echo", "http", 1)
    assert (shown.is_enabled, shown.shadowed_by) == (False, None)


async def test_a_trigger_that_is_never_reached_says_so(setting: Setting) -> None:
    """A pattern that stands before it and takes all its requests is named."""
    triggers = setting.admin.triggers
    first = await triggers.create("echo", http_settings("/*rest", method="GET"))
    other = await triggers.create("echo", http_settings("/a", method="POST"))
    made = await triggers.create("echo", http_settings("/a", method="GET"))

    moved = await triggers.move(made.id, before=first.id)
    await triggers.move(made.id, before=None)
    await triggers.disable(first.id)
    alone = await triggers.get(made.id)

    assert (other.shadowed_by, made.shadowed_by) == (None, first.id)
    assert (moved.shadowed_by, moved.position) == (None, 1)
    assert alone.shadowed_by is None


async def test_a_schedule_shows_when_it_runs_next(setting: Setting) -> None:
    """Its settings come back, with the next five runs while it is enabled."""
    triggers = setting.admin.triggers
    asked = cron_settings(
        "0 9 1 1 *",
        zone="Asia/Tokyo",
        catch_up="all",
        catch_up_most=3,
        overlap="queue",
        jitter_s=60,
        payload={"a": [1, None]},
    )

    made = await triggers.create("echo", asked)
    off = await triggers.disable(made.id)
    listed = await triggers.list(kind="cron")

    assert made.settings.model_dump() == asked
    assert [(run.month, run.day, run.hour) for run in made.next_runs] == [(1, 1, 0)] * 5
    assert [run.year - made.next_runs[0].year for run in made.next_runs] == [0, 1, 2, 3, 4]
    assert made.course is not None
    assert (made.course.missed, made.course.overlapped, made.course.last_run_at) == (0, 0, None)
    assert off.next_runs == []
    assert [row.id for row in listed.items] == [made.id]


async def test_a_schedule_that_never_runs_is_refused(setting: Setting) -> None:
    """The refusal names the setting."""
    for bad, field in (
        (cron_settings("0 0 30 2 *"), "expression"),
        (cron_settings("* * * * *", zone="Mars/Olympus"), "zone"),
        (cron_settings("* * * * *", jitter_s=-1), "jitter_s"),
    ):
        with pytest.raises(TriggerRefused) as caught:
            await setting.admin.triggers.create("echo", bad)
        assert caught.value.facts["field"] == field


async def test_triggers_are_listed_in_their_order(setting: Setting) -> None:
    """Lists are filtered and paged, and end."""
    triggers = setting.admin.triggers
    for settings in (http_settings("/a"), record_settings("*.*"), http_settings("/b")):
        await triggers.create("echo", settings)

    first = await triggers.list(limit=2)
    second = await triggers.list(limit=2, cursor=first.next_cursor)
    watching = await triggers.list(function="echo", kind="record")

    assert [row.position for row in (*first.items, *second.items)] == [1, 2, 3]
    assert second.next_cursor is None
    assert [row.kind for row in watching.items] == ["record"]
    assert (await triggers.list(function="other")).items == []


async def test_a_trigger_is_changed_switched_and_deleted(setting: Setting) -> None:
    """Settings are replaced as a whole; the switch is apart from them."""
    triggers = setting.admin.triggers
    made = await triggers.create("echo", record_settings("company.updated", updated_fields=["a"]))

    off = await triggers.disable(made.id)
    changed = await triggers.change(made.id, record_settings("person.*"))
    on = await triggers.enable(made.id)
    await triggers.delete(made.id)

    assert (off.is_enabled, changed.is_enabled, on.is_enabled) == (False, False, True)
    assert changed.settings.model_dump() == record_settings("person.*")
    with pytest.raises(TriggerUnknown):
        await triggers.get(made.id)


async def test_changes_of_records_are_announced(setting: Setting) -> None:
    """Each has a result of its own: new, known, or refused with a problem."""
    event = {
        "id": "evt_1",
        "object": "company",
        "operation": "created",
        "record_id": "1",
        "happened_at": "2026-01-01T00:00:00Z",
        "after": {"name": "Acme"},
    }
    member = await setting.client(role=Role.MEMBER)

    answer = await member.triggers.announce([event, event, {**event, "id": "two words"}])

    assert [item.is_known for item in answer.items] == [False, True, False]
    problems = [item.problem and item.problem["type"] for item in answer.items]
    assert problems == [None, None, "urn:sanderling:problem:record-event-refused"]
    with pytest.raises(RequestInvalid):
        await member.triggers.announce([{"id": "evt_2"}])


async def test_refusals_are_the_same_classes_in_both_ways(setting: Setting) -> None:
    """Who handles refusals need not know where the functions run."""
    triggers = setting.admin.triggers
    made = await triggers.create("echo", http_settings("/a"))
    refused: list[tuple[type[Exception], object]] = [
        (TriggerRefused, triggers.create("echo", http_settings("/a//b"))),
        (TriggerRefused, triggers.create("echo", record_settings("company"))),
        (TriggerRefused, triggers.change(made.id, record_settings("*.*"))),
        (RequestInvalid, triggers.create("echo", http_settings("/a", method="TRACE"))),
        (RequestInvalid, triggers.create("echo", {"kind": "cron"})),
        (RequestInvalid, triggers.list(kind="odd")),
        (RequestInvalid, triggers.list(function="No Name")),
        (RequestInvalid, triggers.list(limit=0)),
        (CursorRefused, triggers.list(cursor="!")),
        (FunctionUnknown, triggers.create("missing", http_settings("/a"))),
        (TriggerUnknown, triggers.get(MISSING)),
        (TriggerUnknown, triggers.get("../functions")),
        (TriggerUnknown, triggers.move(made.id, before=MISSING)),
        (TriggerUnknown, triggers.delete(MISSING)),
    ]

    for kind, deed in refused:
        with pytest.raises(kind) as caught:
            await deed  # type: ignore[misc] # pyright: ignore[reportGeneralTypeIssues] - coroutines of several results.
        assert caught.type is kind


async def test_a_member_sees_triggers_and_changes_none(setting: Setting) -> None:
    """A role that does not hold a permission is told which one."""
    made = await setting.admin.triggers.create("echo", http_settings("/a"))
    member = await setting.client(role=Role.MEMBER)

    assert made == await member.triggers.get(made.id)
    with pytest.raises(Forbidden) as caught:
        await member.triggers.disable(made.id)

    assert caught.value.facts["permission"] == "functions.write"


async def test_a_deleted_function_takes_its_triggers_with_it(setting: Setting) -> None:
    """Nothing is left that could call what is gone."""
    await setting.admin.triggers.create("echo", http_settings("/a"))

    await setting.admin.functions.delete("echo")

    assert (await setting.admin.triggers.list()).items == []
