"""Calls: what a workspace sees of its own history."""

import pytest

from runner.call_filter import CallFilter
from runner.calls import Calls
from runner.errors import CallUnknown
from sanderling.access.errors import Forbidden
from sanderling.access.permission import Permission, Verdict
from sanderling.access.principal import Principal
from support.river import River


class Nobody:
    """Allows nothing."""

    def decide(self, principal: Principal, permission: Permission) -> Verdict:
        """Say no."""
        return Verdict(is_allowed=False, reason=f"{principal.role} may not {permission}")


async def test_calls_are_found_by_what_is_asked_for(river: River) -> None:
    """Filters narrow the list; a name or word that cannot be has no calls."""
    caller = await river.caller()
    await river.publish(caller)
    record = (await river.call(caller)).record

    async def find(matching: CallFilter) -> int:
        return len((await river.calls.list(caller.principal, matching=matching)).rows)

    assert await find(CallFilter()) == 1
    assert await find(CallFilter(function="echo", outcomes=frozenset({"ok"}))) == 1
    assert await find(CallFilter(since=record.started_at)) == 1
    assert await find(CallFilter(until=record.started_at)) == 0
    assert await find(CallFilter(function="other")) == 0
    assert await find(CallFilter(function="no name\0")) == 0
    assert await find(CallFilter(outcomes=frozenset({"great"}))) == 0


@pytest.mark.parametrize("call_id", ["", "nonsense", "call_\0", "call_" + "0" * 26])
async def test_an_unknown_call_is_refused(river: River, call_id: str) -> None:
    """An id of nobody's call, or no id at all, finds nothing."""
    caller = await river.caller()

    with pytest.raises(CallUnknown):
        await river.calls.get(caller.principal, call_id)


async def test_a_call_of_another_workspace_is_unknown(river: River) -> None:
    """A stranger who knows the id still sees nothing."""
    owner = await river.caller()
    stranger = await river.caller(workspace_id=river.elsewhere)
    await river.publish(owner)
    record = (await river.call(owner)).record

    with pytest.raises(CallUnknown):
        await river.calls.get(stranger.principal, record.id)

    assert (await river.calls.list(stranger.principal)).rows == ()


async def test_calls_are_for_who_may_read_them(river: River) -> None:
    """Without `calls.read` neither one call nor the list is shown."""
    caller = await river.caller()
    calls = Calls(river.call_log, Nobody())

    with pytest.raises(Forbidden):
        await calls.list(caller.principal)
    with pytest.raises(Forbidden):
        await calls.get(caller.principal, "call_" + "0" * 26)


@pytest.fixture
def river() -> River:
    """Return a river of its own."""
    return River()
