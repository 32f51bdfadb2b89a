"""A running process follows its settings, and a call never fails because they change."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from config.edit import Edit
from config.layers import Layers
from config.loader import build_snapshot
from config.snapshot import Snapshot
from drivers.limits import Limits
from drivers.port import OutcomeKind
from runner.call import CallRecord, CallRequest
from runner.errors import RateLimited
from runner.function import Definition
from sanderling.kernel.errors import Failure
from sanderling.kernel.units import MIB
from sanderling.wiring import Runtime, open_runtime
from sanderling.wiring.configuration import label_process
from support.ministack import KEY_ID, REGION, run_ministack
from support.ministack import SECRET as MINISTACK_SECRET

SOURCE = "def handler(event, context):\n    return sum(range(event))\n"
SECRET = "0123456789abcdef0123456789abcdef"
IN_FLIGHT = 200


async def recorded(runtime: Runtime) -> list[CallRecord]:
    """Return every call in the history, each of which is there once."""
    principal = await runtime.services.gate.authenticate(runtime.operator)
    records, cursor = list[CallRecord](), None
    while True:
        page = await runtime.services.calls.list(principal, limit=100, cursor=cursor)
        records += page.rows
        cursor = page.next_cursor
        if cursor is None:
            assert len({record.id for record in records}) == len(records)
            return records


class Tally:
    """Counts how calls ended, and lets the test wait for more of them."""

    def __init__(self) -> None:
        """Start at nothing."""
        self.seen: Counter[str] = Counter()
        self._news = asyncio.Event()

    def add(self, word: str) -> None:
        """Count one call."""
        self.seen[word] += 1
        self._news.set()

    async def wait_more(self, count: int, word: str) -> None:
        """Return when that many more calls have ended so."""
        goal = self.seen[word] + count
        async with asyncio.timeout(100):
            while self.seen[word] < goal:
                self._news.clear()
                await self._news.wait()


def snapshot(home: Path, **values: str) -> Snapshot:
    """Return what a process knows before it reads the database."""
    found = {"APP_SECRET": SECRET, "CONFIG_POLL_INTERVAL_MS": "100", **values}
    layers = Layers(arguments={"SANDERLING_HOME": str(home)}, environment=found)
    return build_snapshot(layers, rules=())


@asynccontextmanager
async def serving(home: Path, **values: str) -> AsyncGenerator[Runtime]:
    """Yield a process that lasts, and so follows its settings."""
    async with open_runtime(
        snapshot(home, **values), process="test", label=label_process("serve")
    ) as runtime:
        yield runtime


async def change(runtime: Runtime, **values: str | None) -> int:
    """Change settings, wait until they are in force, and return the revision."""
    entry = await runtime.services.configuration.change(Edit(values, "operator"))
    assert entry is not None
    words = await runtime.services.configuration.wait_in_force(entry.revision, timeout_s=30)
    assert words
    return entry.revision


async def publish(runtime: Runtime, name: str, definition: Definition) -> None:
    """Create and publish a function as the operator."""
    principal = await runtime.services.gate.authenticate(runtime.operator)
    await runtime.services.functions.create(principal, name, definition)
    await runtime.services.functions.publish(principal, name)


async def call(runtime: Runtime, name: str, event_json: bytes = b"10") -> str:
    """Return the outcome's word, or the code of the refusal."""
    request = CallRequest(runtime.operator, name, event_json, runtime.services.ids.request())
    try:
        report = await runtime.services.pipeline.call(request)
    except Failure as failure:
        return failure.code
    return report.record.outcome.kind


async def test_limits_change_while_running_and_what_was_counted_stays(tmp_path: Path) -> None:
    """A rule that is the same goes on counting; another one holds from the change on."""
    async with serving(
        tmp_path,
        SERVERLESS_TYPE="DISABLED",
        API_RATE_LIMITING_SHORT_LIMIT="6",
        API_RATE_LIMITING_SHORT_TTL_IN_MS="1h",
        API_RATE_LIMITING_LONG_TTL_IN_MS="1h",
    ) as runtime:
        gate = runtime.services.gate
        principal = await gate.authenticate(runtime.operator)
        for _ in range(4):
            await gate.limit(gate.api_rules(principal))

        await change(runtime, API_RATE_LIMITING_LONG_LIMIT="50")

        (short, long) = (await gate.limit(gate.api_rules(principal))).states
        assert (short.remaining, long.rule.burst) == (1, 50)
        await gate.limit(gate.api_rules(principal))
        with pytest.raises(RateLimited) as refused:
            await gate.limit(gate.api_rules(principal))
        assert refused.value.facts["limit"] == 6


async def test_log_level_changes_while_running(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """From the change on, lines of the new level are written."""
    async with serving(tmp_path, SERVERLESS_TYPE="DISABLED", LOG_LEVEL="ERROR") as runtime:
        await change(runtime, EMAIL_FROM_NAME="somebody")
        assert "config.applied" not in capsys.readouterr().err

        await change(runtime, LOG_LEVEL="INFO")

        assert "config.applied" in capsys.readouterr().err


async def test_what_is_stored_counts_from_the_start(tmp_path: Path) -> None:
    """The next start, also of a command that does not last, goes by the database."""
    async with serving(tmp_path, SERVERLESS_TYPE="LOCAL", SANDBOX_SPARES="1") as runtime:
        await change(
            runtime, SERVERLESS_TYPE="DISABLED", EMAIL_SMTP_USER="u", EMAIL_SMTP_PASSWORD="p"
        )

    async with open_runtime(snapshot(tmp_path), process="test") as runtime:
        assert runtime.driver.name == "disabled"
        assert "configuration" not in runtime.services.readiness
        assert await runtime.services.configuration.acknowledgements() == ()


@pytest.mark.slow
@pytest.mark.timeout(400)  # 200 processes at a time, on whatever machine there is.
async def test_turning_functions_off_and_on_under_load_fails_no_call_for_another_reason(
    tmp_path: Path,
) -> None:
    """With 200 calls in flight, each one ends ok or disabled, whichever driver it met."""
    plenty = "1000000"
    limits = Limits(memory_bytes=16 * MIB, wall_s=30.0)
    async with serving(
        tmp_path,
        SERVERLESS_TYPE="LOCAL",
        SANDBOX_MEMORY_BUDGET_MB=str(16 * IN_FLIGHT),
        SANDBOX_QUEUE_LIMIT=str(IN_FLIGHT),
        SANDBOX_QUEUE_WAIT_MS="100s",
        API_RATE_LIMITING_SHORT_LIMIT=plenty,
        API_RATE_LIMITING_LONG_LIMIT=plenty,
        SERVERLESS_FUNCTION_EXEC_THROTTLE_LIMIT=plenty,
    ) as runtime:
        await publish(runtime, "sum", Definition(SOURCE, limits=limits))
        tally = Tally()
        is_over = False

        async def keep_calling() -> None:
            while not is_over:
                word = await call(runtime, "sum")
                tally.add(word)
                if word == OutcomeKind.DISABLED:
                    # A caller who is turned away at once would otherwise call without a pause.
                    await asyncio.sleep(0.01)

        callers = [asyncio.create_task(keep_calling()) for _ in range(IN_FLIGHT)]
        await tally.wait_more(IN_FLIGHT, OutcomeKind.OK)
        await change(runtime, SERVERLESS_TYPE="DISABLED")
        await tally.wait_more(IN_FLIGHT, OutcomeKind.DISABLED)
        await change(runtime, SERVERLESS_TYPE="LOCAL")
        await tally.wait_more(IN_FLIGHT, OutcomeKind.OK)
        is_over = True
        await asyncio.gather(*callers)

    assert set(tally.seen) == {OutcomeKind.OK, OutcomeKind.DISABLED}


@pytest.mark.slow
@pytest.mark.timeout(400)  # An emulator with eight environments, on whatever machine there is.
async def test_moving_to_lambda_and_back_under_load_costs_no_call(tmp_path: Path) -> None:
    """Every call has exactly one outcome, and it is ok on the one driver or on the other."""
    plenty, callers_at_once = "1000000", 4
    with run_ministack() as ministack:
        async with serving(
            tmp_path,
            SERVERLESS_TYPE="LOCAL",
            SERVERLESS_LAMBDA_REGION=REGION,
            SERVERLESS_LAMBDA_ROLE=ministack.role,
            SERVERLESS_LAMBDA_ENDPOINT_URL=ministack.endpoint_url,
            SERVERLESS_LAMBDA_ACCESS_KEY_ID=KEY_ID,
            SERVERLESS_LAMBDA_SECRET_ACCESS_KEY=MINISTACK_SECRET,
            API_RATE_LIMITING_SHORT_LIMIT=plenty,
            API_RATE_LIMITING_LONG_LIMIT=plenty,
            SERVERLESS_FUNCTION_EXEC_THROTTLE_LIMIT=plenty,
        ) as runtime:
            await publish(runtime, "sum", Definition(SOURCE, limits=Limits(wall_s=30.0)))
            tally, started = Tally(), Counter[str]()
            is_over = False

            async def keep_calling() -> None:
                while not is_over:
                    started["calls"] += 1
                    word = await call(runtime, "sum")
                    tally.add(f"{word} on {runtime.driver.name}")
                    tally.add("calls")

            callers = [asyncio.create_task(keep_calling()) for _ in range(callers_at_once)]
            await tally.wait_more(callers_at_once, "ok on local")
            await change(runtime, SERVERLESS_TYPE="LAMBDA")
            await tally.wait_more(2 * callers_at_once, "ok on lambda")
            await change(runtime, SERVERLESS_TYPE="LOCAL")
            await tally.wait_more(callers_at_once, "ok on local")
            is_over = True
            await asyncio.gather(*callers)

    async with serving(tmp_path) as later:
        records = await recorded(later)
    assert set(tally.seen) == {"ok on local", "ok on lambda", "calls"}
    assert tally.seen["calls"] == started["calls"] == len(records)
    assert {record.outcome.kind for record in records} == {OutcomeKind.OK}
    assert {record.outcome.driver for record in records} == {"local", "lambda"}


@pytest.mark.slow
@pytest.mark.timeout(400)  # Three drivers start on an emulator, on whatever machine there is.
async def test_another_role_makes_another_driver_and_one_of_no_use_changes_nothing(
    tmp_path: Path,
) -> None:
    """A new role has functions of its own; what cannot be reached leaves the old ones serving."""
    with run_ministack() as ministack:
        async with serving(
            tmp_path,
            SERVERLESS_TYPE="LAMBDA",
            SERVERLESS_LAMBDA_REGION=REGION,
            SERVERLESS_LAMBDA_ROLE=ministack.role,
            SERVERLESS_LAMBDA_ENDPOINT_URL=ministack.endpoint_url,
            SERVERLESS_LAMBDA_ACCESS_KEY_ID=KEY_ID,
            SERVERLESS_LAMBDA_SECRET_ACCESS_KEY=MINISTACK_SECRET,
        ) as runtime:
            configuration = runtime.services.configuration
            await publish(runtime, "sum", Definition(SOURCE))
            first = await call(runtime, "sum")

            await change(runtime, SERVERLESS_LAMBDA_ROLE=f"{ministack.role}-2")
            moved = await call(runtime, "sum")
            entry = await configuration.change(
                Edit({"SERVERLESS_LAMBDA_ENDPOINT_URL": "http://127.0.0.1:1"}, "operator")
            )
            assert entry is not None
            with pytest.raises(Failure) as refused:
                await configuration.wait_in_force(entry.revision, timeout_s=60)
            kept = await call(runtime, "sum")
        listed = ministack.client("lambda").list_functions()["Functions"]

    roles = [each["Role"] for each in listed if "-fn_" in each["FunctionName"]]
    assert (first, moved, kept) == ("ok", "ok", "ok")
    assert sorted(roles) == [ministack.role, f"{ministack.role}-2"]
    assert MINISTACK_SECRET not in str(refused.value)
