"""What every transport of the Python client keeps, over HTTP and in this process."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

import pytest

from drivers.limits import LimitRefused
from drivers.memory import Handler, Scripted
from drivers.port import Deployment, GuestError, LimitHit, Outcome, OutcomeKind, TraceLine
from runner.errors import (
    CallUnknown,
    CodeRejected,
    CursorRefused,
    DefinitionRefused,
    FunctionExists,
    FunctionUnknown,
    RateLimited,
    VersionUnknown,
    VersionUnpublished,
)
from runner.function import NameRefused, RateLimit, RateLimitRefused
from sanderling.access.errors import Forbidden, KeyUnknown
from sanderling.access.principal import BearerKey, Role
from sanderling.api import create_app
from sanderling.api.errors import RequestInvalid
from sanderling.client import Sanderling
from sanderling.client.in_process_transport import InProcessTransport, Instance
from sanderling.kernel.errors import Failure
from sanderling.kernel.jsontext import JSON, InvalidJSON
from support.loopback import serving
from support.services import POLICY, House, build_house

REJECTED = Deployment(
    OutcomeKind.BAD_CODE,
    error=GuestError(
        type="SyntaxError",
        message="`import` is not allowed",
        trace=(TraceLine(2, "handler", "import os"),),
        line=2,
        column=5,
        hint="Leave it out.",
    ),
)


def _fail(_event: JSON, _context: Mapping[str, JSON]) -> JSON:
    message = "no such lead"
    raise ValueError(message)


def _too_slow(_event: JSON, _context: Mapping[str, JSON]) -> JSON:
    raise Scripted(OutcomeKind.TIMEOUT, limit=LimitHit("wall_s", 5.0, 5.01), detail="Too slow.")


HANDLERS: Mapping[str, Handler] = {"fail": _fail, "slow": _too_slow}
NO_CODE_RAN = (
    OutcomeKind.DISABLED,
    OutcomeKind.SATURATED,
    OutcomeKind.THROTTLED,
    OutcomeKind.NOT_DEPLOYED,
    OutcomeKind.MISCONFIGURED,
    OutcomeKind.PLATFORM_ERROR,
)


class Opening(Protocol):
    """Makes a client on a house, with a key."""

    def __call__(self, key: str) -> AbstractAsyncContextManager[Sanderling]:
        """Return the client, not entered yet."""
        ...


@dataclass(frozen=True)
class Setting:
    """A house and the way in; `admin` is entered already."""

    house: House
    opening: Opening
    admin: Sanderling
    stack: AsyncExitStack = field(repr=False)

    async def client(self, *, role: Role = Role.ADMIN, elsewhere: bool = False) -> Sanderling:
        """Return a further client with a key of its own."""
        workspace_id = self.house.other_workspace_id if elsewhere else self.house.workspace_id
        key = await self.house.key(role, workspace_id=workspace_id)
        return await self.stack.enter_async_context(self.opening(key))


def _in_process(house: House, key: str) -> Sanderling:
    instance = Instance(house.services, BearerKey(key))
    return Sanderling(transport=InProcessTransport(nullcontext(instance)))


@pytest.fixture(params=["http", "in_process"])
async def setting(request: pytest.FixtureRequest) -> AsyncGenerator[Setting]:
    """Yield a house of two workspaces, reached in each way."""
    policy = replace(POLICY, function_default=RateLimit(1000, 1000))
    house = build_house(handlers=HANDLERS, rejections={"bad": REJECTED}, policy=policy)
    async with AsyncExitStack() as stack:
        opening: Opening
        if request.param == "http":
            url = await stack.enter_async_context(serving(create_app(house.services)))
            opening = lambda key: Sanderling(url, key=key)  # noqa: E731 - one of two openings.
        else:
            opening = partial(_in_process, house)
        admin = await stack.enter_async_context(opening(await house.key()))
        yield Setting(house, opening, admin, stack)


async def _publish(client: Sanderling, name: str, source: str) -> None:
    await client.functions.create(name, source)
    await client.functions.publish(name)


def _timeless(outcome: Outcome) -> Outcome:
    return replace(outcome, duration_s=0.0)


async def test_a_call_returns_the_handlers_result(setting: Setting) -> None:
    """The event goes in and the result comes out, as JSON values."""
    await _publish(setting.admin, "echo", "anything")
    event: JSON = {"name": "Ada", "tags": ["a", None, 1.5, "☃"], "deep": {"er": [[]]}}

    outcome = await setting.admin.call("echo", event)

    assert (outcome.kind, outcome.result, outcome.driver) == (OutcomeKind.OK, event, "memory")


async def test_an_event_left_out_is_null(setting: Setting) -> None:
    """A call without an event is a call with null."""
    await _publish(setting.admin, "echo", "anything")

    outcome = await setting.admin.call("echo")

    assert outcome.result is None


async def test_a_user_error_is_an_outcome(setting: Setting) -> None:
    """What user code raises comes back as a value, never as an exception."""
    await _publish(setting.admin, "fails", "fail")

    outcome = await setting.admin.call("fails", {})

    assert _timeless(outcome) == Outcome(
        OutcomeKind.USER_ERROR, driver="memory", error=GuestError("ValueError", "no such lead")
    )


async def test_limit_and_detail_of_an_outcome_come_through(setting: Setting) -> None:
    """The limit that ended a call is told with its numbers."""
    await _publish(setting.admin, "slow", "slow")

    outcome = await setting.admin.call("slow", {}, timeout_s=1.5)

    assert _timeless(outcome) == Outcome(
        OutcomeKind.TIMEOUT,
        driver="memory",
        limit=LimitHit("wall_s", 5.0, 5.01),
        detail="Too slow.",
    )


@pytest.mark.parametrize("kind", NO_CODE_RAN)
async def test_an_outcome_without_a_run_is_a_value_too(setting: Setting, kind: OutcomeKind) -> None:
    """Saturated, disabled and their like are outcomes, not refusals."""
    await _publish(setting.admin, "away", f"# outcome: {kind}")

    outcome = await setting.admin.call("away", {})

    assert (outcome.kind, outcome.detail, outcome.driver) == (
        kind,
        "Scripted by the source.",
        "memory",
    )


async def test_an_event_above_the_functions_limit_is_an_outcome(setting: Setting) -> None:
    """`payload_too_large` carries the limit."""
    await setting.admin.functions.create("small", "x", limits={"event_bytes": 10})
    await setting.admin.functions.publish("small")

    outcome = await setting.admin.call("small", "x" * 20)

    assert outcome.kind is OutcomeKind.PAYLOAD_TOO_LARGE
    assert outcome.limit is not None
    assert (outcome.limit.name, outcome.limit.allowed) == ("event_bytes", 10)


async def test_draft_and_numbered_versions_can_be_called(setting: Setting) -> None:
    """`version` chooses what runs."""
    await _publish(setting.admin, "grows", "fail")
    await setting.admin.functions.save_draft("grows", "echo")

    draft = await setting.admin.call("grows", 1, version="draft")
    live = await setting.admin.call("grows", 1)
    first = await setting.admin.call("grows", 1, version=1)

    assert [draft.kind, live.kind, first.kind] == ["ok", "user_error", "user_error"]


async def test_a_function_is_shown_as_it_was_written(setting: Setting) -> None:
    """Every part of a definition comes back."""
    made = await setting.admin.functions.create(
        "whole",
        "def handler(event, context): ...",
        limits={"wall_s": 2.5, "memory_bytes": 1000},
        isolation="function",
        rate_limit=RateLimit(10, 1000),
    )

    found = await setting.admin.functions.get("whole")

    assert made == found
    assert (found.live_version, found.latest_version) == (None, 0)
    assert (found.draft.limits.wall_s, found.draft.limits.memory_bytes) == (2.5, 1000)
    assert (found.draft.isolation, found.draft.source[:3]) == ("function", "def")
    assert found.draft.rate_limit is not None
    assert found.draft.rate_limit.ttl_ms == 1000


async def test_publishing_twice_is_one_version_and_rolling_back_makes_it_live(
    setting: Setting,
) -> None:
    """Versions are counted by what they hold, and none is lost."""
    functions = setting.admin.functions
    await _publish(setting.admin, "grows", "one")
    again = await functions.publish("grows")
    await functions.save_draft("grows", "two")
    second = await functions.publish("grows")

    back = await functions.rollback("grows", 1)

    assert (again.number, second.number, back.number) == (1, 2, 1)
    assert (await functions.get("grows")).live_version == 1
    assert [row.number for row in (await functions.versions("grows")).items] == [2, 1]
    assert (await functions.version("grows", 2)).source == "two"


async def test_lists_are_paged(setting: Setting) -> None:
    """`next_cursor` continues after a page and is None at the end."""
    for name in ("a", "b", "c"):
        await setting.admin.functions.create(name, "x")

    first = await setting.admin.functions.list(limit=2)
    second = await setting.admin.functions.list(limit=2, cursor=first.next_cursor)

    assert [row.name for row in (*first.items, *second.items)] == ["a", "b", "c"]
    assert second.next_cursor is None


async def test_calls_are_listed_and_shown(setting: Setting) -> None:
    """A call can be looked up with what went in and what came out."""
    await _publish(setting.admin, "echo", "x")
    await _publish(setting.admin, "fails", "fail")
    await setting.admin.call("echo", {"n": 1})
    await setting.admin.call("fails", 2)

    listed = await setting.admin.calls.list()
    failed = await setting.admin.calls.list(function="fails", outcome="user_error")
    shown = await setting.admin.calls.get(listed.items[-1].id)

    assert [row.function for row in listed.items] == ["fails", "echo"]
    assert [row.function for row in failed.items] == ["fails"]
    assert (shown.event, shown.result, shown.outcome) == ({"n": 1}, {"n": 1}, OutcomeKind.OK)


async def test_calls_are_listed_by_time(setting: Setting) -> None:
    """`since` is inclusive and `until` exclusive."""
    await _publish(setting.admin, "echo", "x")
    await setting.admin.call("echo", 1)
    now = setting.house.clock.now()
    later = now + timedelta(seconds=1)

    here = await setting.admin.calls.list(since=now, until=later)
    earlier = await setting.admin.calls.list(until=now)

    assert (len(here.items), len(earlier.items)) == (1, 0)


async def test_deleting_keeps_the_calls(setting: Setting) -> None:
    """A deleted function is gone, what it did is not."""
    await _publish(setting.admin, "echo", "x")
    await setting.admin.call("echo", 1)

    await setting.admin.functions.delete("echo")

    with pytest.raises(FunctionUnknown):
        await setting.admin.functions.get("echo")
    assert len((await setting.admin.calls.list()).items) == 1


@dataclass(frozen=True)
class Refused:
    """Something that is refused, the class and some of its facts."""

    kind: type[Failure]
    facts: Mapping[str, object] = field(default_factory=dict[str, object])


async def _refusal_of(setting: Setting, what: str) -> Failure:
    """Do what is refused and return the refusal."""
    admin, functions = setting.admin, setting.admin.functions
    await _publish(admin, "echo", "x")
    await functions.create("fresh", "x")
    await functions.create("bad", "bad")
    deeds: dict[str, Callable[[], Awaitable[object]]] = {
        "unknown": lambda: admin.call("nope", {}),
        "no name": lambda: admin.call("../echo/versions", {}),
        "unpublished": lambda: admin.call("fresh", {}),
        "no such version": lambda: admin.call("echo", {}, version=7),
        "odd version": lambda: admin.call("echo", {}, version="newest"),
        "no time": lambda: admin.call("echo", {}, timeout_s=0),
        "nan": lambda: admin.call("echo", float("nan")),
        "exists": lambda: functions.create("echo", "x"),
        "name": lambda: functions.create("Not A Name", "x"),
        "limit": lambda: functions.create("new", "x", limits={"wall_s": 1000}),
        "unknown limit": lambda: functions.create("new", "x", limits={"wall": 1}),
        "isolation": lambda: functions.create("new", "x", isolation="none"),
        "rate": lambda: functions.create("new", "x", rate_limit=RateLimit(0, 1000)),
        "nul": lambda: functions.create("new", "a\0b"),
        "rejected": lambda: functions.publish("bad"),
        "rollback": lambda: functions.rollback("echo", 7),
        "version": lambda: functions.version("echo", 7),
        "cursor": lambda: functions.list(cursor="!"),
        "page": lambda: functions.list(limit=101),
        "no call": lambda: admin.calls.get("call_" + "0" * 26),
        "no call id": lambda: admin.calls.get("../functions"),
        "naive": lambda: admin.calls.list(since=datetime(2026, 1, 1)),  # noqa: DTZ001 - the case.
    }
    with pytest.raises(Failure) as caught:
        await deeds[what]()
    return caught.value


@pytest.mark.parametrize(
    ("what", "refused"),
    [
        ("unknown", Refused(FunctionUnknown, {"name": "nope"})),
        ("no name", Refused(FunctionUnknown, {"name": "../echo/versions"})),
        ("unpublished", Refused(VersionUnpublished, {"name": "fresh"})),
        ("no such version", Refused(VersionUnknown, {"name": "echo", "number": 7})),
        ("odd version", Refused(RequestInvalid)),
        ("no time", Refused(RequestInvalid)),
        ("nan", Refused(InvalidJSON)),
        ("exists", Refused(FunctionExists, {"name": "echo"})),
        ("name", Refused(NameRefused, {"name": "Not A Name"})),
        ("limit", Refused(LimitRefused, {"name": "wall_s", "asked": 1000, "ceiling": 60})),
        ("unknown limit", Refused(RequestInvalid)),
        ("isolation", Refused(RequestInvalid)),
        ("rate", Refused(RateLimitRefused, {"limit": 0})),
        ("nul", Refused(DefinitionRefused)),
        ("rejected", Refused(CodeRejected, {"line": 2, "column": 5, "hint": "Leave it out."})),
        ("rollback", Refused(VersionUnknown, {"number": 7})),
        ("version", Refused(VersionUnknown, {"number": 7})),
        ("cursor", Refused(CursorRefused)),
        ("page", Refused(RequestInvalid)),
        ("no call", Refused(CallUnknown, {"call_id": "call_" + "0" * 26})),
        ("no call id", Refused(CallUnknown, {"call_id": "../functions"})),
        ("naive", Refused(RequestInvalid)),
    ],
)
async def test_refusals_are_the_same_classes_with_the_same_facts(
    setting: Setting, what: str, refused: Refused
) -> None:
    """Who handles refusals need not know where the functions run."""
    refusal = await _refusal_of(setting, what)

    assert type(refusal) is refused.kind
    assert {name: refusal.facts[name] for name in refused.facts} == refused.facts


async def test_the_drivers_report_comes_with_rejected_code(setting: Setting) -> None:
    """Line, column, hint and trace lead to the place in the source."""
    refusal = await _refusal_of(setting, "rejected")

    assert isinstance(refusal, CodeRejected)
    assert refusal.deployment == REJECTED


async def test_a_rate_limit_tells_how_long_to_wait(setting: Setting) -> None:
    """A refused call says which rule refused it and when it would be admitted."""
    await setting.admin.functions.create("rare", "x", rate_limit=RateLimit(1, 60_000))
    await setting.admin.functions.publish("rare")
    await setting.admin.call("rare")

    with pytest.raises(RateLimited) as caught:
        await setting.admin.call("rare")

    assert (caught.value.resets_in_s, caught.value.facts["rule"]) == (60.0, "function-executions")


async def test_a_member_cannot_write(setting: Setting) -> None:
    """A role that does not hold a permission is told which one."""
    member = await setting.client(role=Role.MEMBER)

    with pytest.raises(Forbidden) as caught:
        await member.functions.create("mine", "x")

    assert caught.value.facts["permission"] == "functions.write"


async def test_an_unknown_key_opens_nothing(setting: Setting) -> None:
    """A well-formed key that nobody made is refused at the first request."""
    stranger = build_house()
    key = await stranger.key(workspace_id=stranger.services.ids.workspace())
    async with setting.opening(key) as client:
        with pytest.raises(KeyUnknown):
            await client.functions.list()


async def test_another_workspace_sees_nothing(setting: Setting) -> None:
    """A key of one workspace neither finds nor lists what another one has."""
    await _publish(setting.admin, "echo", "x")
    await setting.admin.call("echo", 1)
    other = await setting.client(elsewhere=True)
    call_id = (await setting.admin.calls.list()).items[0].id

    with pytest.raises(FunctionUnknown):
        await other.call("echo", 1)
    with pytest.raises(CallUnknown):
        await other.calls.get(call_id)
    assert (await other.functions.list()).items == []
    assert (await other.calls.list()).items == []
