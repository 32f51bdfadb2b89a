"""What people are told about their code by the real driver: places, causes, limits, logs."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from drivers.limits import Limits
from drivers.local import LocalDriver, LocalSettings
from drivers.port import Isolation, LimitHit, Outcome, OutcomeKind
from sanderling.kernel.units import MIB
from support.artifacts import an_artifact, an_invocation

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.slow,
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def driver() -> AsyncIterator[LocalDriver]:
    """Return one driver for the module."""
    async with LocalDriver(LocalSettings(spares=2)) as started:
        yield started


def handler_of(*lines: str) -> str:
    """Return a source whose handler has these lines."""
    return "def handler(event, context):\n" + "".join(f"    {line}\n" for line in lines)


async def call(
    driver: LocalDriver,
    source: str,
    *,
    limits: Limits | None = None,
    isolation: Isolation = Isolation.CALL,
) -> Outcome:
    """Deploy `source` and call it once."""
    artifact = an_artifact(source, limits=limits, isolation=isolation)
    deployment = await driver.deploy(artifact)
    assert deployment.kind is OutcomeKind.OK, deployment
    return await driver.invoke(an_invocation(artifact))


async def test_columns_count_characters_of_the_users_line(driver: LocalDriver) -> None:
    """Text before the place that takes several bytes each does not move the carets."""
    outcome = await call(driver, handler_of("s = 'é\U0001f600'; return s + len(s)"))

    assert outcome.error is not None
    (step,) = outcome.error.trace
    assert step.column is not None
    assert step.end_column is not None
    assert step.text[step.column - 1 : step.end_column - 1] == "s + len(s)"
    assert (outcome.error.line, outcome.error.column) == (2, step.column)
    assert outcome.error.end_column == step.end_column


async def test_causes_come_with_their_lines(driver: LocalDriver) -> None:
    """What was named by `from` is told with the line that failed."""
    outcome = await call(
        driver,
        handler_of(
            "try:",
            "    return event['price']",
            "except TypeError as error:",
            "    raise ValueError('no price') from error",
        ),
    )

    assert outcome.error is not None
    (cause,) = outcome.error.causes
    assert (cause.type, cause.is_explicit) == ("TypeError", True)
    (step,) = cause.trace
    assert step.text[(step.column or 0) - 1 : (step.end_column or 0) - 1] == "event['price']"


async def test_the_longest_error_is_told_and_breaks_nothing(driver: LocalDriver) -> None:
    """Long names, long messages, all steps and all causes fit into one frame."""
    name = "\U00020000" * 150
    outcome = await call(
        driver,
        f"class {name}(ValueError):\n"
        "    pass\n"
        f"def {name}x(n, error):\n"
        "    if n:\n"
        f"        return {name}x(n - 1, error)\n"
        f"    raise {name}('\\x01' * 5000) from error\n"
        + handler_of(
            "error = None",
            "for n in range(6):",
            "    try:",
            f"        {name}x(30, error)",
            f"    except {name} as e:",
            "        error = e",
            "raise error",
        ),
    )

    assert outcome.kind is OutcomeKind.USER_ERROR, outcome.detail
    assert outcome.error is not None
    assert len(outcome.error.message) == 2000
    assert len(outcome.error.trace) == 20
    assert len(outcome.error.causes) == 4
    assert [len(cause.trace) for cause in outcome.error.causes] == [8] * 4


async def test_all_problems_of_a_source_are_told(driver: LocalDriver) -> None:
    """A rejection names every problem, up to a bound, and the longest fits into one frame."""
    name = "_" + "\U00020000" * 2000
    source = "".join(f"{name}{n} = 1\n" for n in range(30)) + handler_of("return 1")

    deployment = await driver.deploy(an_artifact(source))

    assert deployment.kind is OutcomeKind.BAD_CODE
    assert deployment.error is not None, deployment
    assert [problem.line for problem in deployment.error.problems] == list(range(1, 21))
    first = deployment.error.problems[0]
    assert (first.line, first.column) == (deployment.error.line, deployment.error.column)
    assert len(first.text) == 400
    assert first.end_column == len(name) + 2


@pytest.mark.parametrize(
    ("source", "limits", "hit"),
    [
        (handler_of("return '" + "x" * 500 + "'"), Limits(source_bytes=100), ("source_bytes", 543)),
        (handler_of("return [" + "1," * 500 + "]"), Limits(ast_nodes=100), ("ast_nodes", 508)),
        (handler_of("return " + "-" * 60 + "1"), Limits(ast_depth=50), ("ast_depth", 64)),
    ],
)
async def test_a_source_beyond_a_limit_says_which_and_how_far(
    driver: LocalDriver, source: str, limits: Limits, hit: tuple[str, int | None]
) -> None:
    """Rejections for size come with what was allowed and what was counted."""
    deployment = await driver.deploy(an_artifact(source, limits=limits))

    name, observed = hit
    assert deployment.kind is OutcomeKind.BAD_CODE
    assert deployment.limit == LimitHit(name, getattr(limits, name), observed)


async def test_a_function_above_the_budget_says_so_in_numbers() -> None:
    """A memory limit that no worker can have is told with the budget."""
    async with LocalDriver(LocalSettings(spares=1, memory_budget_bytes=1 << 20)) as driver:
        deployment = await driver.deploy(an_artifact(handler_of("return 1")))

    assert deployment.kind is OutcomeKind.MISCONFIGURED
    assert deployment.limit == LimitHit("memory_budget_bytes", 1 << 20, 64 << 20)


@pytest.mark.parametrize("isolation", [Isolation.CALL, Isolation.FUNCTION])
@pytest.mark.parametrize(
    ("work", "limits", "name"),
    [
        ("while True: pass", Limits(wall_s=5.0, cpu_s=0.2), "cpu_s"),
        ("while True: pass", Limits(wall_s=0.3, cpu_s=5.0), "wall_s"),
        ("import time; time.sleep(50)", Limits(wall_s=0.3), "wall_s"),
        ("sum(range(10 ** 12))", Limits(wall_s=0.3, cpu_s=5.0), "wall_s"),
    ],
)
async def test_a_call_that_is_ended_keeps_its_log(
    driver: LocalDriver, isolation: Isolation, work: str, limits: Limits, name: str
) -> None:
    """The first lines are there to the last, and the limit is told with numbers."""
    source = handler_of("for n in range(64): print(n)", work)

    outcome = await call(driver, source, limits=limits, isolation=isolation)

    assert outcome.kind is OutcomeKind.TIMEOUT
    assert outcome.logs == "".join(f"{n}\n" for n in range(64))
    assert outcome.limit is not None
    assert (outcome.limit.name, outcome.limit.allowed) == (name, getattr(limits, name))
    assert outcome.limit.observed is not None
    assert outcome.limit.observed >= outcome.limit.allowed - 0.01


@pytest.mark.parametrize("isolation", [Isolation.CALL, Isolation.FUNCTION])
async def test_a_long_log_of_a_call_that_is_ended_loses_its_last_piece_at_most(
    driver: LocalDriver, isolation: Isolation
) -> None:
    """Of more than 64 lines everything but the last 4096 characters is kept, without a hole."""
    source = handler_of("for n in range(5000): print(n)", "while True: pass")

    outcome = await call(driver, source, limits=Limits(cpu_s=0.3), isolation=isolation)

    whole = "".join(f"{n}\n" for n in range(5000))
    assert outcome.kind is OutcomeKind.TIMEOUT
    assert whole.startswith(outcome.logs)
    assert len(outcome.logs) > len(whole) - 4096


async def test_a_log_beyond_its_limit_is_cut_and_counted(driver: LocalDriver) -> None:
    """What does not fit is counted to the byte, also when the call is ended."""
    source = handler_of("for n in range(100): print('x' * 99)", "raise ValueError('end')")

    outcome = await call(driver, source, limits=Limits(log_bytes=1000))

    assert len(outcome.logs) == 1000
    assert outcome.logs_dropped_bytes == 9000
    assert outcome.error is not None
    assert outcome.error.message == "end"


@pytest.mark.parametrize(
    ("source", "event", "memory_bytes"),
    [
        (handler_of("return len(event)"), "x" * (5 * MIB), 4 * MIB),
        (handler_of("return len(event)"), "x" * (5 * MIB), 8 * MIB),
        # As text of one byte for a character it fits, in UTF-8 and in its frame it does not.
        (handler_of("return ['é' * 1000] * 2500"), None, 17 * MIB // 2),
        (handler_of(*(f"x{n} = 'a{n}'" for n in range(10_000))), None, MIB),
    ],
    ids=["an event too long", "an event twice too long", "a result too long", "code too long"],
)
async def test_memory_for_code_event_and_result_is_the_functions(
    driver: LocalDriver, source: str, event: str | None, memory_bytes: int
) -> None:
    """A worker that cannot even hold its request or its answer ran out of memory; no crash."""
    limits = Limits(memory_bytes=memory_bytes, event_bytes=6 * MIB, result_bytes=6 * MIB)
    artifact = an_artifact(source, limits=limits)
    await driver.deploy(artifact)

    outcome = await driver.invoke(an_invocation(artifact, event))

    assert outcome.kind is OutcomeKind.OUT_OF_MEMORY
    assert outcome.limit == LimitHit("memory_bytes", memory_bytes, None)
