"""What people may do with triggers."""

import pytest

from runner.errors import FunctionUnknown
from runner.triggers.errors import TriggerRefused, TriggerUnknown
from runner.triggers.memory import MemoryTriggerStore
from runner.triggers.ports import TriggerFilter
from runner.triggers.triggers import Triggers
from sanderling.access.errors import Forbidden
from sanderling.access.principal import Role
from sanderling.access.roles import RolePermissions
from sanderling.kernel.events import TriggersChanged
from support.river import Caller, River
from support.triggers import QUEUED, ROUTE, WATCH


class Workbench:
    """A river with triggers, an admin and a function."""

    def __init__(self) -> None:
        """Begin without anything."""
        self.river = River()
        river = self.river
        self.triggers = Triggers(
            MemoryTriggerStore(river.store),
            river.store,
            river.ids,
            river.clock,
            river.bus,
            RolePermissions(),
        )
        self.heard: list[TriggersChanged] = []
        river.bus.subscribe(TriggersChanged, self.heard.append)

    async def admin(self) -> Caller:
        """Return an admin with the function `echo`."""
        caller = await self.river.caller()
        await self.river.publish(caller)
        return caller


async def test_a_trigger_is_made_changed_and_deleted() -> None:
    """Each change is kept, and announced once it is."""
    bench = Workbench()
    admin = (await bench.admin()).principal

    made = await bench.triggers.create(admin, "echo", ROUTE)
    await bench.triggers.change(admin, made.id, QUEUED)
    await bench.triggers.disable(admin, made.id)
    changed = await bench.triggers.get(admin, made.id)
    await bench.triggers.enable(admin, made.id)
    await bench.triggers.delete(admin, made.id)

    assert (changed.settings, changed.is_enabled, changed.function_name) == (QUEUED, False, "echo")
    assert (await bench.triggers.list(admin)).rows == ()
    assert bench.heard == [TriggersChanged(admin.workspace_id)] * 5


async def test_a_trigger_is_put_before_another() -> None:
    """The list shows the new order."""
    bench = Workbench()
    admin = (await bench.admin()).principal
    first = await bench.triggers.create(admin, "echo", ROUTE)
    second = await bench.triggers.create(admin, "echo", QUEUED)

    moved = await bench.triggers.move(admin, second.id, before=first.id)

    assert moved.position == 1
    listed = (await bench.triggers.list(admin)).rows
    assert [trigger.id for trigger in listed] == [second.id, first.id]
    with pytest.raises(TriggerUnknown):
        await bench.triggers.move(admin, second.id, before="trg_" + "0" * 26)


async def test_the_kind_of_a_trigger_stays() -> None:
    """What waits for requests does not turn into what waits for records."""
    bench = Workbench()
    admin = (await bench.admin()).principal
    made = await bench.triggers.create(admin, "echo", ROUTE)

    with pytest.raises(TriggerRefused, match="http"):
        await bench.triggers.change(admin, made.id, WATCH)


@pytest.mark.parametrize("word", ["", "echo", "trg_short", "\0", "\ud800", "call_" + "0" * 26])
async def test_what_is_no_id_is_unknown(word: str) -> None:
    """Nothing odd reaches the store."""
    bench = Workbench()
    admin = (await bench.admin()).principal

    with pytest.raises(TriggerUnknown):
        await bench.triggers.get(admin, word)


@pytest.mark.parametrize("name", ["missing", "\0", "Echo"])
async def test_a_function_that_is_not_there_gets_no_trigger(name: str) -> None:
    """A name that cannot be is as unknown as one that is not."""
    bench = Workbench()
    admin = (await bench.admin()).principal

    with pytest.raises(FunctionUnknown):
        await bench.triggers.create(admin, name, ROUTE)
    assert (await bench.triggers.list(admin, matching=TriggerFilter(function=name))).rows == ()


async def test_a_member_sees_triggers_and_changes_none() -> None:
    """Reading needs `functions.read`, changing `functions.write`."""
    bench = Workbench()
    admin = (await bench.admin()).principal
    member = (await bench.river.caller(Role.MEMBER)).principal
    made = await bench.triggers.create(admin, "echo", ROUTE)

    assert made == await bench.triggers.get(member, made.id)
    assert (await bench.triggers.list(member)).rows == (made,)
    for attempt in (
        bench.triggers.create(member, "echo", ROUTE),
        bench.triggers.change(member, made.id, QUEUED),
        bench.triggers.enable(member, made.id),
        bench.triggers.disable(member, made.id),
        bench.triggers.move(member, made.id, before=None),
        bench.triggers.delete(member, made.id),
    ):
        with pytest.raises(Forbidden):
            await attempt


async def test_another_workspace_has_triggers_of_its_own() -> None:
    """An admin elsewhere neither sees nor changes them."""
    bench = Workbench()
    admin = (await bench.admin()).principal
    stranger = (await bench.river.caller(workspace_id=bench.river.elsewhere)).principal
    made = await bench.triggers.create(admin, "echo", ROUTE)

    assert (await bench.triggers.list(stranger)).rows == ()
    with pytest.raises(TriggerUnknown):
        await bench.triggers.delete(stranger, made.id)
    with pytest.raises(FunctionUnknown):
        await bench.triggers.create(stranger, "echo", ROUTE)
