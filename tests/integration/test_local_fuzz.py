"""Programs out of a grammar, through the real driver: nothing but documented outcomes, ever."""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from drivers.limits import Limits
from drivers.local import LocalDriver, LocalSettings
from drivers.port import CodeProblem, Deployment, Isolation, Outcome, OutcomeKind, TraceLine
from sanderling.kernel.units import MIB
from support.artifacts import an_artifact, an_invocation
from support.guest_grammar import program

pytestmark = pytest.mark.asyncio(loop_scope="module")

FEW = 150
MANY = 20_000
AT_ONCE = 4
LIMITS = Limits(wall_s=5.0, cpu_s=0.5, memory_bytes=32 * MIB, result_bytes=4096, log_bytes=4096)
ENDS = {
    OutcomeKind.OK,
    OutcomeKind.USER_ERROR,
    OutcomeKind.BAD_RESULT,
    OutcomeKind.TIMEOUT,
    OutcomeKind.OUT_OF_MEMORY,
    OutcomeKind.RESULT_TOO_LARGE,
    OutcomeKind.CRASHED,
}
NATIVE = "The worker was ended by SIGSEGV before it answered."
"""How the interpreter itself ends when C code recurses without end; the sandbox page says so."""

OURS = re.compile(r"_getattr_|_write_|_writeattr_|_aug[gs]et_|_super_|__metaclass__|drivers\.")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def driver() -> AsyncIterator[LocalDriver]:
    """Return one driver for all programs."""
    async with LocalDriver(LocalSettings(spares=AT_ONCE)) as started:
        yield started


def misplaced(places: tuple[TraceLine | CodeProblem, ...], source: str) -> list[object]:
    """Return the places that do not lie in the source."""
    lines = source.split("\n")
    wrong: list[object] = []
    for place in places:
        line = place.line or 1
        column, end_column = place.column or 1, place.end_column or 2
        text = lines[line - 1] if line <= len(lines) else ""
        is_inside = column <= len(text) + 1 and column < end_column <= len(text) + 1
        if place.text != text[:400].rstrip() or not (is_inside or place.column is None):
            wrong.append(place)
    return wrong


def flaw_of_deployment(deployment: Deployment, source: str) -> str:
    """Return what is wrong with a rejection; nothing for a good one."""
    error = deployment.error
    if deployment.kind is not OutcomeKind.BAD_CODE or error is None or not error.problems:
        return f"undocumented: {deployment}"
    placed = tuple(each for each in error.problems if each.line is not None and each.end_column)
    if wrong := misplaced(placed, source):
        return f"misplaced: {wrong}"
    return "" if all(problem.message for problem in error.problems) else f"silent: {error}"


def flaw_of_call(outcome: Outcome, source: str) -> str:
    """Return what is wrong with an outcome; nothing for a documented one."""
    if outcome.kind not in ENDS:
        return f"undocumented: {outcome}"
    if outcome.kind is OutcomeKind.CRASHED and outcome.detail != NATIVE:
        return f"crashed: {outcome.detail}"
    if outcome.kind is OutcomeKind.TIMEOUT and outcome.limit is None:
        return "a timeout without its limit"
    error = outcome.error
    if error is None:
        return ""
    steps = (*error.trace, *(step for cause in error.causes for step in cause.trace))
    if wrong := misplaced(steps, source):
        return f"misplaced: {wrong}"
    return f"leaked: {error.message}" if OURS.search(error.message) else ""


async def run(driver: LocalDriver, seed: int, ends: Counter[str]) -> str:
    """Run one program, twice where its process is reused, and return what is wrong with it."""
    source = program(seed)
    isolation = Isolation.FUNCTION if seed % 2 else Isolation.CALL
    artifact = an_artifact(source, limits=LIMITS, isolation=isolation)
    deployment = await driver.deploy(artifact)
    ends[deployment.kind] += 1
    if deployment.kind is not OutcomeKind.OK:
        return flaw_of_deployment(deployment, source)
    flaw = ""
    for _ in range(2 if isolation is Isolation.FUNCTION else 1):
        outcome = await driver.invoke(an_invocation(artifact, {"k": [1, "é", None]}))
        ends[f"call {outcome.kind}"] += 1
        flaw = flaw or flaw_of_call(outcome, source)
    await driver.delete(artifact.key)
    return flaw


async def run_all(driver: LocalDriver, seeds: range) -> tuple[dict[int, str], Counter[str]]:
    """Run the programs of these numbers and return the flaws and how they ended."""
    flaws: dict[int, str] = {}
    ends: Counter[str] = Counter()
    numbers = iter(seeds)

    async def work() -> None:
        for seed in numbers:
            if flaw := await run(driver, seed, ends):
                flaws[seed] = flaw

    await asyncio.gather(*(work() for _ in range(AT_ONCE)))
    return flaws, ends


@pytest.mark.slow
async def test_programs_end_as_documented(driver: LocalDriver) -> None:
    """Some programs, in both isolations."""
    flaws, ends = await run_all(driver, range(FEW))

    assert flaws == {}, ends
    assert ends["call ok"] > 0
    assert ends["bad_code"] > 0


@pytest.mark.nightly
@pytest.mark.timeout(1700)
async def test_many_programs_end_as_documented(driver: LocalDriver) -> None:
    """Very many programs, in both isolations; the driver is as well at the end as before."""
    flaws, ends = await run_all(driver, range(FEW, FEW + MANY))

    assert flaws == {}, ends
    assert sum(ends[kind] for kind in ("ok", "bad_code")) == MANY
    assert (await driver.health()).reasons == ()
