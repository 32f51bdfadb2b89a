"""What every transport of the Python client refuses, in the same words in both ways."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import pytest

from drivers.limits import LimitRefused
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
from runner.function import ConcurrencyRefused, NameRefused, RateLimit, RateLimitRefused
from sanderling.access.errors import Forbidden, KeyUnknown
from sanderling.access.principal import Role
from sanderling.api.errors import RequestInvalid
from sanderling.kernel.errors import Failure
from sanderling.kernel.jsontext import InvalidJSON
from support.clients import REJECTED, WAYS, Setting, open_setting, publish
from support.services import build_house


@pytest.fixture(params=WAYS)
async def setting(request: pytest.FixtureRequest) -> AsyncGenerator[Setting]:
    """Yield a house of two workspaces, reached in each way."""
    async with open_setting(request.param) as found:
        yield found


@dataclass(frozen=True)
class Refused:
    """Something that is refused, the class and some of its facts."""

    kind: type[Failure]
    facts: Mapping[str, object] = field(default_factory=dict[str, object])


async def _refusal_of(setting: Setting, what: str) -> Failure:
    """Do what is refused and return the refusal."""
    admin, functions = setting.admin, setting.admin.functions
    await publish(admin, "echo", "x")
    await functions.create("fresh", "x")
    await functions.create("bad", "bad")
    deeds: dict[str, Callable[[], Awaitable[object]]] = {
        "unknown": lambda: admin.call("nope", {}),
        "no name": lambda: admin.call("../echo/versions", {}),
        "unpublished": lambda: admin.call("fresh", {}),
        "no such version": lambda: admin.call("echo", {}, version=7),
        "odd version": lambda: admin.call("echo", {}, version="newest"),
        "no trigger": lambda: admin.call("echo", {}, trigger="nobody"),
        "no time": lambda: admin.call("echo", {}, timeout_s=0),
        "nan": lambda: admin.call("echo", float("nan")),
        "exists": lambda: functions.create("echo", "x"),
        "name": lambda: functions.create("Not A Name", "x"),
        "limit": lambda: functions.create("new", "x", limits={"wall_s": 1000}),
        "unknown limit": lambda: functions.create("new", "x", limits={"wall": 1}),
        "isolation": lambda: functions.create("new", "x", isolation="none"),
        "rate": lambda: functions.create("new", "x", rate_limit=RateLimit(0, 1000)),
        "concurrency": lambda: functions.create("new", "x", concurrency=0),
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
        ("no trigger", Refused(RequestInvalid)),
        ("nan", Refused(InvalidJSON)),
        ("exists", Refused(FunctionExists, {"name": "echo"})),
        ("name", Refused(NameRefused, {"name": "Not A Name"})),
        ("limit", Refused(LimitRefused, {"name": "wall_s", "asked": 1000, "ceiling": 60})),
        ("unknown limit", Refused(RequestInvalid)),
        ("isolation", Refused(RequestInvalid)),
        ("rate", Refused(RateLimitRefused, {"limit": 0})),
        ("concurrency", Refused(ConcurrencyRefused, {"concurrency": 0})),
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
    await publish(setting.admin, "echo", "x")
    await setting.admin.call("echo", 1)
    other = await setting.client(elsewhere=True)
    call_id = (await setting.admin.calls.list()).items[0].id

    with pytest.raises(FunctionUnknown):
        await other.call("echo", 1)
    with pytest.raises(CallUnknown):
        await other.calls.get(call_id)
    assert (await other.functions.list()).items == []
    assert (await other.calls.list()).items == []
