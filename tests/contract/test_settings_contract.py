"""What the Python client keeps about settings, over HTTP and in this process."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from dataclasses import dataclass

import pytest

from config.errors import (
    ConfigConflict,
    ConfigRejected,
    EnvironmentOnlyVariable,
    RevisionNotInForce,
    RevisionUnknown,
    VariableUnknown,
)
from config.stored import Change
from sanderling.access.errors import Forbidden
from sanderling.access.principal import Role
from sanderling.api.errors import RequestInvalid
from sanderling.client import Sanderling
from support.clients import WAYS, Setting, open_setting


@dataclass(frozen=True)
class Administered:
    """A setting, and a client of a server administrator."""

    setting: Setting
    client: Sanderling


@pytest.fixture(params=WAYS)
async def here(request: pytest.FixtureRequest) -> AsyncGenerator[Administered]:
    """Yield a house with its server administrator, reached in each way."""
    async with open_setting(request.param) as setting, AsyncExitStack() as stack:
        key = await setting.house.key(Role.MEMBER, is_server_admin=True)
        yield Administered(setting, await stack.enter_async_context(setting.opening(key)))


async def test_a_change_is_shown_with_its_source(here: Administered) -> None:
    """What was set is what is shown, and the revision is that of the change."""
    settings = here.client.settings

    made = await settings.change({"LOG_LEVEL": "DEBUG", "AUTH_PASSWORD_ENABLED": False})
    shown = await settings.show()

    assert (made.revision, shown.revision, shown.is_changeable) == (1, 1, True)
    found = {item.name: (item.value, item.source) for item in shown.items}
    assert found["LOG_LEVEL"] == ("DEBUG", "database")
    assert found["AUTH_PASSWORD_ENABLED"] == ("false", "database")


async def test_a_check_keeps_nothing(here: Administered) -> None:
    """It tells what would change, in the words of the history."""
    found = await here.client.settings.check({"LOG_LEVEL": "DEBUG"})

    assert [(each.name, each.before, each.after) for each in found.changes] == [
        ("LOG_LEVEL", None, "DEBUG")
    ]
    assert (await here.client.settings.show()).revision == 0


async def test_history_and_rollback(here: Administered) -> None:
    """Going back is a new revision; who did it and why is told."""
    settings = here.client.settings
    await settings.change({"LOG_LEVEL": "DEBUG"}, reason="look")
    await settings.change({"LOG_LEVEL": "ERROR"})

    made = await settings.rollback(1, base=2, reason="too quiet")
    page = await settings.history(limit=2)
    rest = await settings.history(before=page.next_before)

    assert made.revision == 3
    assert [each.revision for each in (*page.items, *rest.items)] == [3, 2, 1]
    assert [each.reason for each in (*page.items, *rest.items)] == ["too quiet", "", "look"]
    assert page.items[0].changed_by.startswith("key_")
    again = await settings.rollback(1)
    assert (again.revision, again.made) == (3, None)


async def test_a_conflict_brings_both_values(here: Administered) -> None:
    """The second of two people sees what is in force and what it asked for."""
    await here.client.settings.change({"LOG_LEVEL": "DEBUG"}, base=0)

    with pytest.raises(ConfigConflict) as caught:
        await here.client.settings.change({"LOG_LEVEL": "ERROR"}, base=0)

    assert caught.value.conflicts == (Change("LOG_LEVEL", "DEBUG", "ERROR"),)
    assert (caught.value.facts["base"], caught.value.facts["head"]) == (0, 1)


async def test_what_is_wrong_is_told_in_full(here: Administered) -> None:
    """Every problem comes through, and names its variable."""
    with pytest.raises(ConfigRejected) as caught:
        await here.client.settings.change({"LOG_LEVEL": "LOUD", "LOG_FORMAT": "ODD"})

    assert [problem.name for problem in caught.value.problems] == ["LOG_LEVEL", "LOG_FORMAT"]
    assert str(caught.value).count("is not valid") == 2


async def test_other_refusals_keep_their_class(here: Administered) -> None:
    """A program tells them apart without reading sentences."""
    settings = here.client.settings
    with pytest.raises(VariableUnknown):
        await settings.change({"LOG_LEVLE": "DEBUG"})
    with pytest.raises(EnvironmentOnlyVariable):
        await settings.change({"DATABASE_URL": "x"})
    with pytest.raises(RevisionUnknown):
        await settings.rollback(7)
    with pytest.raises(RevisionUnknown):
        await settings.wait_in_force(7)
    with pytest.raises(RequestInvalid):
        await settings.change({"LOG_LEVEL": "DEBUG"}, base=-1)
    with pytest.raises(RequestInvalid):
        await settings.history(limit=0)


async def test_what_processes_say_is_waited_for(here: Administered) -> None:
    """A refusal of one process ends the wait, with its reason."""
    desk = here.setting.house.desk
    await here.client.settings.change({"LOG_LEVEL": "DEBUG"})
    await desk.says("p1", 1, 1)
    live = await here.client.settings.wait_in_force(1)
    assert [each.id for each in live.items] == ["p1"]

    await desk.says("p2", 1, 0, why="The disk is full.")

    with pytest.raises(RevisionNotInForce) as caught:
        await here.client.settings.wait_in_force(1, timeout_s=60)
    assert "The disk is full" in caught.value.waiting[0]
    listed = await here.client.settings.processes()
    assert [(each.id, each.state) for each in listed.items] == [
        ("p1", "applied"),
        ("p2", "refused"),
    ]


async def test_an_admin_of_a_workspace_is_turned_away(here: Administered) -> None:
    """Nothing of the server is shown to whoever is no administrator there."""
    settings = here.setting.admin.settings
    for attempt in (
        settings.show,
        settings.history,
        settings.processes,
        lambda: settings.change({"LOG_LEVEL": "DEBUG"}),
        lambda: settings.check({"LOG_LEVEL": "DEBUG"}),
        lambda: settings.rollback(0),
        lambda: settings.wait_in_force(0),
    ):
        with pytest.raises(Forbidden):
            await attempt()
    assert await here.setting.house.desk.stored() == {}
