"""The doctor's judgements: what fails, what warns, and that each says what to do."""

import resource

import pytest

from drivers.local.cgroups import CgroupLayout, Cgroups
from drivers.local.doctor import kernel, resources, versions
from drivers.local.doctor.surroundings import Hint
from drivers.local.doctor.trial import Trial
from drivers.local.footprint import needed_bytes
from drivers.local.settings import LocalSettings
from sanderling.kernel.findings import Standing
from sanderling.kernel.units import MIB

SETTINGS = LocalSettings()
WAIVING = LocalSettings(accept_missing=frozenset({"landlock"}))


@pytest.mark.parametrize(
    ("version", "standing"),
    [
        ((3, 11, 14), Standing.WARNING),
        ((3, 12, 9), Standing.WARNING),
        ((3, 13, 1), Standing.WARNING),
        ((3, 13, 2), Standing.OK),
        ((3, 14, 0), Standing.OK),
    ],
)
def test_except_star_confusion_is_a_warning_and_never_more(
    version: tuple[int, int, int], standing: Standing
) -> None:
    """Releases that the advisory names are told; none of them stops anything."""
    finding = versions.check_patch_level(version)

    assert finding.standing is standing
    assert "CVE-2025-22153" in finding.detail
    assert bool(finding.advice) is (standing is Standing.WARNING)


@pytest.mark.parametrize(
    ("version", "standing"),
    [
        (None, Standing.FAILED),
        ("8.5", Standing.FAILED),
        ("odd", Standing.FAILED),
        ("9.0", Standing.OK),
        ("10.1", Standing.OK),
    ],
)
def test_old_restricted_python_fails(version: str | None, standing: Standing) -> None:
    """Below 9 there are known ways out."""
    finding = versions.check_restricted_python(version)

    assert finding.standing is standing
    assert bool(finding.advice) is (standing is Standing.FAILED)


@pytest.mark.parametrize(
    ("abi", "settings", "standing"),
    [
        (0, SETTINGS, Standing.FAILED),
        (0, WAIVING, Standing.WARNING),
        (1, SETTINGS, Standing.WARNING),
        (5, SETTINGS, Standing.WARNING),
        (6, SETTINGS, Standing.OK),
        (9, SETTINGS, Standing.OK),
    ],
)
def test_landlock_by_its_abi(abi: int, settings: LocalSettings, standing: Standing) -> None:
    """None fails unless accepted; less than all of it warns."""
    finding = kernel.check_landlock(abi, settings)

    assert (finding.standing, finding.value) == (standing, abi)
    assert bool(finding.advice) is (standing is not Standing.OK)


def test_what_an_older_landlock_lacks_is_named() -> None:
    """The warning lists what came later than the ABI that is there."""
    detail = kernel.check_landlock(4, SETTINGS).detail

    assert "control calls to devices, signals and abstract sockets" in detail
    assert "TCP" not in detail


@pytest.mark.parametrize(
    ("release", "standing"),
    [("5.12.19", "warning"), ("5.13.0", "ok"), ("6.18.44-fc", "ok"), ("odd", "ok")],
)
def test_kernel_older_than_landlock_is_a_warning(release: str, standing: str) -> None:
    """The release is a hint; what counts is what is proven."""
    assert kernel.check_kernel(release).standing == standing


def test_a_machine_without_numbers_fails() -> None:
    """The filters know two machines."""
    assert kernel.check_architecture("aarch64").standing is Standing.OK
    assert kernel.check_architecture("riscv64").standing is Standing.FAILED


def test_seccomp_that_cannot_kill_fails() -> None:
    """Both answers that the filters give are needed."""
    assert kernel.check_actions(Trial(actions=("kill_process", "errno"))).standing is Standing.OK
    assert kernel.check_actions(Trial(actions=("errno",))).standing is Standing.FAILED
    assert kernel.check_actions(Trial(problem="it did not run")).standing is Standing.WARNING


def test_namespaces_are_told_and_never_judged() -> None:
    """Each kind carries what the attempt met."""
    found = kernel.check_namespaces(Trial(namespaces={"user": "EPERM", "mount": "allowed"}))

    assert [(one.name, one.value) for one in found] == [
        ("user_namespace", "EPERM"),
        ("mount_namespace", "allowed"),
    ]
    assert {one.standing for one in found} == {Standing.INFO}


def test_root_is_a_warning() -> None:
    """Workers give root up; the server does not."""
    root, held = resources.check_identity({"Uid": "0\t0\t0\t0", "CapEff": "00000000a80425fb"})
    user, none = resources.check_identity({"Uid": "1000\t1000", "CapEff": "0" * 16})

    assert (root.standing, root.value) == (Standing.WARNING, 0)
    assert (user.standing, user.value) == (Standing.OK, 1000)
    assert (held.value, none.value) == ("a80425fb", "0")


def test_an_unknown_user_is_no_fault() -> None:
    """Where the kernel's page is hidden, nothing is claimed."""
    user, _ = resources.check_identity({})

    assert (user.standing, user.value) == (Standing.OK, None)


def test_hints_name_their_place() -> None:
    """A guess never stands without the place that it comes from."""
    finding = resources.check_hints("container", (Hint("Docker", "/.dockerenv"),))

    assert finding.detail == "Docker (seen in /.dockerenv)"


@pytest.mark.parametrize("layout", CgroupLayout)
def test_every_layout_of_groups_has_words(layout: CgroupLayout) -> None:
    """No group is required, whatever is mounted."""
    finding = resources.check_cgroups(Cgroups(layout))

    assert (finding.standing, finding.value) == (Standing.INFO, layout.value)


def test_tight_limits_are_warnings_with_what_to_do() -> None:
    """A limit that everything we start inherits is told before it is met."""
    tight = {"RLIMIT_NOFILE": 64, "RLIMIT_NPROC": 8, "RLIMIT_AS": MIB, "RLIMIT_CPU": 60}
    found = {one.name: one for one in resources.check_rlimits(tight, SETTINGS)}

    assert set(found) == {"open_files", "processes", "rlimit_as", "rlimit_cpu"}
    assert {one.standing for one in found.values()} == {Standing.WARNING}
    assert all(one.advice for one in found.values())


def test_no_limits_are_fine() -> None:
    """Unlimited is enough, and so is a system that does not know a limit."""
    names = ("RLIMIT_NOFILE", "RLIMIT_NPROC", "RLIMIT_AS")
    unlimited: dict[str, int] = dict.fromkeys(names, resource.RLIM_INFINITY)

    for limits in (unlimited, {}):
        found = resources.check_rlimits(limits, SETTINGS)
        assert {one.standing for one in found} == {Standing.OK}


@pytest.mark.parametrize(
    ("group_bytes", "physical_bytes", "standing"),
    [
        (None, None, Standing.INFO),
        (None, 64 * 1024 * MIB, Standing.OK),
        (512 * MIB, 64 * 1024 * MIB, Standing.WARNING),
        (64 * 1024 * MIB, 1024 * MIB, Standing.WARNING),
    ],
)
def test_less_memory_than_promised_is_a_warning(
    group_bytes: int | None, physical_bytes: int | None, standing: Standing
) -> None:
    """The smaller of container and machine counts against all that the sandbox may take."""
    cgroups = Cgroups(CgroupLayout.V2, memory_limit_bytes=group_bytes, memory_limit_file="max")

    finding = resources.check_memory(cgroups, physical_bytes, SETTINGS)

    assert finding.standing is standing
    assert bool(finding.advice) is (standing is Standing.WARNING)


def test_the_budget_is_part_of_what_is_needed() -> None:
    """Raising the budget raises what is compared with the memory that is there."""
    larger = LocalSettings(memory_budget_bytes=SETTINGS.memory_budget_bytes + MIB)

    assert needed_bytes(larger) - needed_bytes(SETTINGS) == MIB
