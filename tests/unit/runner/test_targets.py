"""Targets: what this process changes is seen at once, what another changes within a second."""

import asyncio

import pytest

from runner.call import Selector
from runner.errors import FunctionUnknown
from runner.function import Definition, Function
from runner.memory import MemoryFunctionStore
from runner.ports import FunctionStore
from sanderling.kernel.ids import WorkspaceId
from support.river import ECHO, River

OTHER = Definition("# outcome: crashed")


class SlowStore(MemoryFunctionStore):
    """A store that counts questions and can hold an answer back after having read it."""

    def __init__(self) -> None:
        """Answer at once."""
        super().__init__()
        self.asked = 0
        self.answers = asyncio.Event()
        self.answers.set()

    async def find_function(self, workspace_id: WorkspaceId, name: str) -> Function | None:
        """Read now, answer when told to."""
        self.asked += 1
        answers = self.answers
        found = await super().find_function(workspace_id, name)
        await answers.wait()
        return found

    def hold_back(self) -> asyncio.Event:
        """Return what lets the answers out that are asked for until `answer_at_once`."""
        self.answers = asyncio.Event()
        return self.answers

    def answer_at_once(self) -> None:
        """Answer those who ask from now on."""
        self.answers = asyncio.Event()
        self.answers.set()


@pytest.fixture
def store() -> SlowStore:
    """Return a store that can be held back."""
    return SlowStore()


@pytest.fixture
def river(store: SlowStore) -> River:
    """Return the river over that store."""

    def use(_store: FunctionStore) -> FunctionStore:
        return store

    return River(store=use)


async def test_a_target_is_remembered_for_a_second(river: River, store: SlowStore) -> None:
    """Calls within a second ask the store once."""
    await river.publish(await river.caller())
    asked = store.asked

    for _ in range(10):
        await river.targets.find(river.here, "echo", Selector.LIVE)
        river.clock.advance(0.1)
    await river.targets.find(river.here, "echo", Selector.LIVE)

    assert store.asked - asked == 2


async def test_callers_at_once_ask_once(river: River, store: SlowStore) -> None:
    """Many first callers share one reading."""
    await river.publish(await river.caller())
    asked = store.asked

    found = await asyncio.gather(
        *(river.targets.find(river.here, "echo", Selector.LIVE) for _ in range(20))
    )

    assert len(set(found)) == 1
    assert store.asked - asked == 1


async def test_each_own_write_is_seen_at_once(river: River) -> None:
    """Publish, roll back, save and delete take effect on the very next call here."""
    caller = await river.caller()
    seen: list[int | None] = []

    async def look(version: Selector = Selector.LIVE) -> str:
        target = await river.targets.find(river.here, "echo", version)
        seen.append(target.version)
        return target.key.digest

    await river.publish(caller)
    first = await look()
    await look(Selector.DRAFT)
    await river.functions.save_draft(caller.principal, "echo", OTHER)
    draft = await look(Selector.DRAFT)
    await river.functions.publish(caller.principal, "echo")
    second = await look()
    await river.functions.rollback(caller.principal, "echo", 1)
    third = await look()
    await river.functions.delete(caller.principal, "echo")

    with pytest.raises(FunctionUnknown):
        await look()
    assert seen == [1, None, None, 2, 1]
    assert (draft, first) == (second, third)


async def test_a_reading_that_began_before_a_publish_is_not_kept(
    river: River, store: SlowStore
) -> None:
    """A slow answer from before a publish neither stays nor is shared with who asks after it."""
    caller = await river.caller()
    await river.publish(caller)
    await river.functions.save_draft(caller.principal, "echo", OTHER)
    held_back = store.hold_back()
    early = asyncio.create_task(river.targets.find(river.here, "echo", Selector.LIVE))
    await asyncio.sleep(0)
    store.answer_at_once()
    await river.functions.publish(caller.principal, "echo")

    meanwhile = await river.targets.find(river.here, "echo", Selector.LIVE)
    held_back.set()
    old = await early
    later = await river.targets.find(river.here, "echo", Selector.LIVE)

    assert (old.version, meanwhile.version, later.version) == (1, 2, 2)


async def test_what_another_process_publishes_is_seen_within_a_second(
    river: River, store: SlowStore
) -> None:
    """Without any news of it, a second later the new version is called."""
    caller = await river.caller()
    version = await river.publish(caller)
    await river.targets.find(river.here, "echo", Selector.LIVE)
    definition = Definition(ECHO + "# changed\n")
    await store.add_version(
        type(version)(
            version.function_id, river.here, 0, definition, definition.digest, river.clock.now()
        )
    )

    before = await river.targets.find(river.here, "echo", Selector.LIVE)
    river.clock.advance(1)
    after = await river.targets.find(river.here, "echo", Selector.LIVE)

    assert (before.version, after.version) == (1, 2)


async def test_memory_is_bounded(river: River, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many functions are called, only so many targets are held."""
    caller = await river.caller()
    monkeypatch.setattr("runner.target.MAX_TARGETS", 10)
    for index in range(25):
        await river.publish(caller, f"echo-{index}")
        await river.targets.find(river.here, f"echo-{index}", Selector.LIVE)

        assert len(river.targets) <= 10
