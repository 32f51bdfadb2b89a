"""Functions: draft, publish, roll back, delete."""

import asyncio

import pytest

from drivers.limits import CEILINGS, Limits
from drivers.memory import MemoryDriver
from drivers.port import Artifact, ArtifactKey, Deployment, GuestError, Isolation, OutcomeKind
from runner.call import Selector
from runner.errors import (
    CodeRejected,
    CursorRefused,
    DefinitionRefused,
    DeploymentError,
    FunctionExists,
    FunctionUnknown,
    VersionUnknown,
    VersionUnpublished,
)
from runner.function import ConcurrencyRefused, Definition, NameRefused, RateLimit, RateLimitRefused
from sanderling.access.errors import Forbidden
from sanderling.access.principal import Role
from sanderling.kernel.events import FunctionPublished
from support.river import ECHO, River

BAD_CODE = Definition("# outcome: bad_code")


class ListeningDriver(MemoryDriver):
    """A memory driver that remembers what it was told to forget."""

    def __init__(self) -> None:
        """Remember nothing."""
        saturated = Deployment(OutcomeKind.SATURATED, detail="The queue is full.")
        super().__init__(rejections={"busy": saturated})
        self.forgotten: list[ArtifactKey] = []

    async def delete(self, key: ArtifactKey) -> None:
        """Remember and forget."""
        self.forgotten.append(key)
        await super().delete(key)


@pytest.fixture
def driver() -> ListeningDriver:
    """Return a driver that listens."""
    return ListeningDriver()


@pytest.fixture
def river(driver: ListeningDriver) -> River:
    """Return the river over that driver."""
    return River(driver=driver)


async def test_a_new_function_has_a_draft_and_nothing_live(river: River) -> None:
    """Creating keeps the draft; callers get nothing before the first publish."""
    caller = await river.caller()

    function = await river.functions.create(caller.principal, "echo", Definition(ECHO))

    assert function == await river.functions.get(caller.principal, "echo")
    assert (function.live_version, function.latest_version) == (None, 0)
    with pytest.raises(VersionUnpublished):
        await river.call(caller)


async def test_publishing_counts_from_one_and_is_announced(river: River) -> None:
    """Each new definition is the next version; the bus hears of it."""
    caller = await river.caller()
    news: list[FunctionPublished] = []
    river.bus.subscribe(FunctionPublished, news.append)

    first = await river.publish(caller)
    await river.functions.save_draft(caller.principal, "echo", Definition(ECHO + "#"))
    second = await river.functions.publish(caller.principal, "echo")

    assert (first.number, second.number) == (1, 2)
    assert [(event.version, event.digest) for event in news] == [
        (1, first.digest),
        (2, second.digest),
    ]
    page = await river.functions.versions(caller.principal, "echo")
    assert page.rows == (second, first)


async def test_the_same_definition_is_the_same_version(river: River) -> None:
    """Publishing what is already a version makes that one live and adds none."""
    caller = await river.caller()
    first = await river.publish(caller)
    await river.functions.save_draft(caller.principal, "echo", Definition(ECHO + "#"))
    await river.functions.publish(caller.principal, "echo")
    await river.functions.save_draft(caller.principal, "echo", Definition(ECHO))

    again = await river.functions.publish(caller.principal, "echo")

    assert again == first
    function = await river.functions.get(caller.principal, "echo")
    assert (function.live_version, function.latest_version) == (1, 2)


async def test_rejected_code_is_kept_as_draft_and_not_published(river: River) -> None:
    """People may save what does not run yet; publishing says where it fails and changes nothing."""
    caller = await river.caller()
    first = await river.publish(caller)
    await river.functions.save_draft(caller.principal, "echo", BAD_CODE)

    with pytest.raises(CodeRejected) as caught:
        await river.functions.publish(caller.principal, "echo")

    assert (caught.value.facts["line"], caught.value.facts["column"]) == (1, 1)
    function = await river.functions.get(caller.principal, "echo")
    assert function.draft == BAD_CODE
    assert function.live_version == first.number
    assert (await river.functions.versions(caller.principal, "echo")).rows == (first,)


async def test_the_report_of_rejected_code_carries_the_hint() -> None:
    """Line, column and hint of the driver's report are facts of the refusal."""
    error = GuestError("SyntaxError", "no imports", line=3, column=7, hint="Use `json`.")
    rejected = Deployment(OutcomeKind.BAD_CODE, error=error)
    river = River(driver=MemoryDriver(rejections={"import os": rejected}))
    caller = await river.caller()

    with pytest.raises(CodeRejected) as caught:
        await river.publish(caller, definition=Definition("import os"))

    assert caught.value.deployment == rejected
    assert caught.value.facts == {
        "reason": "no imports",
        "line": 3,
        "column": 7,
        "hint": "Use `json`.",
    }


async def test_a_driver_that_cannot_tell_is_no_verdict_on_the_code(river: River) -> None:
    """When the driver is busy nothing is published, and the code is not blamed."""
    caller = await river.caller()

    with pytest.raises(DeploymentError) as caught:
        await river.publish(caller, definition=Definition("busy"))

    assert caught.value.facts == {"reason": "The queue is full.", "outcome": "saturated"}
    assert (await river.functions.get(caller.principal, "echo")).live_version is None


async def test_rolling_back_makes_an_older_version_live(river: River) -> None:
    """Callers get the older version at once; the draft and the newer version stay."""
    caller = await river.caller()
    first = await river.publish(caller)
    await river.functions.save_draft(caller.principal, "echo", Definition("# outcome: crashed"))
    await river.functions.publish(caller.principal, "echo")

    version = await river.functions.rollback(caller.principal, "echo", 1)

    assert version == first
    assert (await river.call(caller)).record.version == 1
    assert (await river.functions.version(caller.principal, "echo", 2)).number == 2


@pytest.mark.parametrize("number", [0, -1, 2, 2**70])
async def test_there_is_no_rolling_back_to_what_never_was(river: River, number: int) -> None:
    """A number that is no version is refused, and the live version stays."""
    caller = await river.caller()
    await river.publish(caller)

    with pytest.raises(VersionUnknown):
        await river.functions.rollback(caller.principal, "echo", number)

    assert (await river.functions.get(caller.principal, "echo")).live_version == 1


async def test_deleting_removes_versions_here_and_from_the_driver(
    river: River, driver: ListeningDriver
) -> None:
    """A deleted function cannot be called by any number, and its calls stay readable."""
    caller = await river.caller()
    version = await river.publish(caller)
    report = await river.call(caller)

    await river.functions.delete(caller.principal, "echo")

    assert version.artifact_key in driver.forgotten
    with pytest.raises(FunctionUnknown):
        await river.call(caller, version=1)
    with pytest.raises(FunctionUnknown):
        await river.functions.delete(caller.principal, "echo")
    assert await river.calls.get(caller.principal, report.record.id) == report.record


async def test_a_name_can_be_used_again_after_deleting(river: River) -> None:
    """A new function of an old name starts at version 1 with its own code."""
    caller = await river.caller()
    await river.publish(caller)
    await river.call(caller)
    await river.functions.delete(caller.principal, "echo")

    await river.publish(caller, definition=Definition("# outcome: crashed"))

    report = await river.call(caller)
    assert (report.record.version, report.record.outcome.kind) == (1, OutcomeKind.CRASHED)


async def test_a_tried_draft_is_forgotten_when_it_changes(
    river: River, driver: ListeningDriver
) -> None:
    """What the driver keeps of an old draft is freed, but not the live version."""
    caller = await river.caller()
    live = await river.publish(caller)
    tried = Definition(ECHO + "# trying\n")
    await river.functions.save_draft(caller.principal, "echo", tried)
    await river.call(caller, version=Selector.DRAFT)

    await river.functions.save_draft(caller.principal, "echo", tried)
    await river.functions.save_draft(caller.principal, "echo", Definition(ECHO))

    expected = ArtifactKey(live.workspace_id, live.function_id, tried.digest)
    assert driver.forgotten == [expected]


async def test_a_published_draft_is_kept(river: River, driver: ListeningDriver) -> None:
    """Who went back from a bad version and mends it may still be called by its number."""
    caller = await river.caller()
    await river.publish(caller)
    await river.functions.save_draft(caller.principal, "echo", Definition(ECHO + "# bad\n"))
    await river.functions.publish(caller.principal, "echo")
    await river.functions.rollback(caller.principal, "echo", 1)

    await river.functions.save_draft(caller.principal, "echo", Definition(ECHO + "# good\n"))

    assert driver.forgotten == []


async def test_a_name_is_taken_once_in_a_workspace(river: River) -> None:
    """Two functions of one workspace cannot share a name; two workspaces can."""
    caller = await river.caller()
    stranger = await river.caller(workspace_id=river.elsewhere)
    await river.functions.create(caller.principal, "echo", Definition(ECHO))

    with pytest.raises(FunctionExists):
        await river.functions.create(caller.principal, "echo", Definition(ECHO))

    await river.functions.create(stranger.principal, "echo", Definition(ECHO))


@pytest.mark.parametrize("name", ["", "Echo", "1st", "a" * 64, "a b", "a\n", "é"])
async def test_a_bad_name_is_refused(river: River, name: str) -> None:
    """A name that is not one makes no function and finds none."""
    caller = await river.caller()

    with pytest.raises(NameRefused):
        await river.functions.create(caller.principal, name, Definition(ECHO))
    with pytest.raises(FunctionUnknown):
        await river.functions.get(caller.principal, name)


@pytest.mark.parametrize(
    "draft",
    [
        Definition("x" * (int(CEILINGS["source_bytes"]) + 1)),
        Definition("é" * (int(CEILINGS["source_bytes"]) // 2 + 1)),
        Definition("a\0b"),
        Definition("'\ud800'"),
        Definition(ECHO, isolation=Isolation.NONE),
    ],
    ids=["large", "large-in-bytes", "nul", "surrogate", "isolation"],
)
async def test_a_definition_that_cannot_be_kept_is_refused(river: River, draft: Definition) -> None:
    """Neither a new function nor a draft takes it, and what was there stays."""
    caller = await river.caller()
    await river.functions.create(caller.principal, "echo", Definition(ECHO))

    with pytest.raises(DefinitionRefused):
        await river.functions.create(caller.principal, "other", draft)
    with pytest.raises(DefinitionRefused):
        await river.functions.save_draft(caller.principal, "echo", draft)

    assert (await river.functions.get(caller.principal, "echo")).draft == Definition(ECHO)


async def test_work_in_progress_above_its_own_limit_is_kept(river: River) -> None:
    """A draft may outgrow the limit it would be published under, up to the ceiling."""
    caller = await river.caller()
    draft = Definition(ECHO, limits=Limits(source_bytes=1))

    function = await river.functions.create(caller.principal, "echo", draft)

    assert function.draft == draft


@pytest.mark.parametrize(
    ("limit", "ttl_ms"), [(0, 1000), (-1, 1000), (1, 0), (10_000_001, 1), (1, 2_592_000_001)]
)
def test_a_rate_limit_that_cannot_be_counted_is_refused(limit: int, ttl_ms: int) -> None:
    """Limits are positive and within what the arithmetic holds exactly."""
    with pytest.raises(RateLimitRefused):
        RateLimit(limit, ttl_ms)


@pytest.mark.parametrize("concurrency", [0, -1, 100_001])
def test_a_concurrency_that_is_none_is_refused(concurrency: int) -> None:
    """A function without a cap of its own leaves it out; none can be shut by it."""
    with pytest.raises(ConcurrencyRefused):
        Definition(ECHO, concurrency=concurrency)


def test_without_a_concurrency_a_version_stays_the_one_it_was() -> None:
    """A definition of an earlier release keeps its digest, and a cap makes another version."""
    assert Definition(ECHO).digest == Definition(ECHO, concurrency=None).digest
    assert Definition(ECHO).digest != Definition(ECHO, concurrency=1).digest


async def test_a_member_reads_and_does_not_write(river: River) -> None:
    """Every change is refused to a member, and nothing changes; reading is not."""
    admin, member = await river.caller(), await river.caller(Role.MEMBER)
    version = await river.publish(admin)
    functions, principal = river.functions, member.principal

    for change in (
        lambda: functions.create(principal, "other", Definition(ECHO)),
        lambda: functions.save_draft(principal, "echo", Definition("")),
        lambda: functions.publish(principal, "echo"),
        lambda: functions.rollback(principal, "echo", 1),
        lambda: functions.delete(principal, "echo"),
        lambda: functions.delete(principal, "unknown"),
    ):
        with pytest.raises(Forbidden):
            await change()

    function = await functions.get(principal, "echo")
    assert (await functions.list(principal)).rows == (function,)
    assert await functions.version(principal, "echo", 1) == version
    assert (await functions.versions(principal, "echo")).rows == (version,)


async def test_a_principal_sees_and_changes_nothing_of_another_workspace(river: River) -> None:
    """Every use-case answers a stranger as if the function did not exist."""
    owner = await river.caller()
    stranger = (await river.caller(workspace_id=river.elsewhere)).principal
    await river.publish(owner)
    before = await river.functions.get(owner.principal, "echo")
    functions = river.functions

    for attempt in (
        lambda: functions.get(stranger, "echo"),
        lambda: functions.save_draft(stranger, "echo", Definition("")),
        lambda: functions.publish(stranger, "echo"),
        lambda: functions.versions(stranger, "echo"),
        lambda: functions.version(stranger, "echo", 1),
        lambda: functions.rollback(stranger, "echo", 1),
        lambda: functions.delete(stranger, "echo"),
    ):
        with pytest.raises(FunctionUnknown):
            await attempt()

    assert (await functions.list(stranger)).rows == ()
    assert await functions.get(owner.principal, "echo") == before


async def test_lists_are_paged(river: River) -> None:
    """Following the cursor gives every function once, by name; a foreign cursor is refused."""
    caller = await river.caller()
    names = sorted(f"f{index}" for index in range(5))
    for name in reversed(names):
        await river.functions.create(caller.principal, name, Definition(ECHO))

    seen: list[str] = []
    page = await river.functions.list(caller.principal, limit=2)
    seen.extend(function.name for function in page.rows)
    while page.next_cursor is not None:
        page = await river.functions.list(caller.principal, limit=2, cursor=page.next_cursor)
        seen.extend(function.name for function in page.rows)

    assert seen == names
    with pytest.raises(CursorRefused):
        await river.functions.list(caller.principal, cursor="nonsense")


async def test_publishing_has_a_time_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """A driver that never answers publishes nothing, and the author is told so."""

    class SilentDriver(MemoryDriver):
        """Never answers."""

        async def deploy(self, artifact: Artifact) -> Deployment:
            """Wait for ever."""
            await asyncio.Event().wait()
            return await super().deploy(artifact)

    monkeypatch.setattr("runner.functions.DEPLOY_TIMEOUT_S", 0)
    river = River(driver=SilentDriver())
    caller = await river.caller()

    with pytest.raises(DeploymentError):
        await river.publish(caller)

    assert (await river.functions.get(caller.principal, "echo")).live_version is None
