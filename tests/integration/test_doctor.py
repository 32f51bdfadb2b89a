"""The doctor tries this very machine, and tells what it cannot try."""

from pathlib import Path

import pytest

from drivers.guest.namespaces import NAMESPACES
from drivers.local import LocalDriver, LocalSettings, examine, measure
from drivers.local.doctor.trial import try_out
from sanderling.kernel.findings import Finding, Standing
from support.machine_tree import a_machine
from support.sandbox import open_descriptors

pytestmark = pytest.mark.slow


def our_namespaces() -> dict[str, Path]:
    """Return the namespaces that this process is in."""
    return {entry.name: entry.readlink() for entry in Path("/proc/self/ns").iterdir()}


def named(findings: tuple[Finding, ...]) -> dict[str, Finding]:
    """Return the findings by name, each of which is there once."""
    by_name = {finding.name: finding for finding in findings}
    assert len(by_name) == len(findings)
    return by_name


async def test_everything_is_looked_at() -> None:
    """Each part of the machine that a sandbox leans on has its finding here."""
    found = named(await examine(LocalSettings()))

    assert {
        *("python_patch", "RestrictedPython", "kernel", "architecture", "landlock_abi"),
        *("seccomp_actions", "yama", "user", "capabilities", "container", "gvisor", "cgroup"),
        *("open_files", "processes", "memory", "spares", "queue", "memory_budget"),
        *(f"{kind}_namespace" for kind in NAMESPACES),
    } <= set(found)
    assert Standing.FAILED not in {finding.standing for finding in found.values()}
    assert all(finding.detail for finding in found.values())
    assert all(finding.advice for finding in found.values() if finding.standing == "warning")


async def test_a_machine_without_any_page_is_examined_all_the_same(tmp_path: Path) -> None:
    """No file below /proc or /sys has to be there."""
    found = named(await examine(LocalSettings(), a_machine(tmp_path)))

    assert found["memory"].standing is Standing.INFO
    assert found["container"].value == []
    assert (found["cgroup"].value, found["yama"].value) == ("none", None)


async def test_a_trial_that_cannot_run_is_told() -> None:
    """An interpreter that is not there leaves an explanation and no descriptor."""
    descriptors = open_descriptors()

    trial = await try_out(LocalSettings(python="/nowhere/python"))

    assert "did not run" in trial.problem
    assert open_descriptors() == descriptors


async def test_a_trial_changes_nothing_here() -> None:
    """What is tried is tried in a process of its own: our namespaces stay what they were."""
    before = our_namespaces()

    trial = await try_out(LocalSettings())

    assert set(trial.namespaces) == set(NAMESPACES)
    assert "kill_process" in trial.actions
    assert before == our_namespaces()


async def test_calls_and_forks_are_timed_and_not_judged() -> None:
    """Both kinds of calls and a fork have a figure, and nothing stays deployed or running."""
    descriptors = open_descriptors()
    async with LocalDriver(LocalSettings()) as driver:
        found = named(tuple(await measure(driver, LocalSettings())))

    assert set(found) == {"one_shot_call", "warm_call", "fork"}
    assert {finding.standing for finding in found.values()} == {Standing.INFO}
    assert all(isinstance(one.value, float) and one.value > 0 for one in found.values())
    assert open_descriptors() == descriptors


async def test_a_fork_that_cannot_be_had_has_no_figure() -> None:
    """Timing a sandbox that does not start finds nothing, and says nothing of it."""
    async with LocalDriver(LocalSettings()) as driver:
        found = named(tuple(await measure(driver, LocalSettings(python="/bin/true"))))

    assert "fork" not in found
