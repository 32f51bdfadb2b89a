"""Judges what the kernel offers: itself, Landlock, seccomp, namespaces, Yama."""

import re

from drivers.guest.layers import LANDLOCK
from drivers.guest.syscalls import MACHINES
from drivers.local.doctor.trial import Trial
from drivers.local.settings import LocalSettings
from sanderling.kernel.findings import Finding, Standing

_TOPIC = "kernel"
_LANDLOCK_SINCE = (5, 13)
# What each ABI was the first to have.
_LANDLOCK_STEPS = (
    (2, "moving files between folders"),
    (3, "truncating files"),
    (4, "TCP ports"),
    (5, "control calls to devices"),
    (6, "signals and abstract sockets"),
)
_NEEDED_ACTIONS = ("kill_process", "errno")
_ALLOWED = "allowed"


def check_kernel(release: str) -> Finding:
    """Warn of a kernel older than Landlock; what counts is what is proven below."""
    numbers = re.match(r"(\d+)\.(\d+)", release)
    if numbers is None or tuple(map(int, numbers.groups())) >= _LANDLOCK_SINCE:
        return Finding(_TOPIC, "kernel", Standing.OK, f"Linux {release}", value=release)
    advice = "Use a kernel of 5.13 or later."
    detail = f"Linux {release} is older than Landlock"
    return Finding(_TOPIC, "kernel", Standing.WARNING, detail, advice, release)


def check_architecture(machine: str) -> Finding:
    """Fail on a machine for which the filters have no numbers."""
    if machine in MACHINES:
        return Finding(_TOPIC, "architecture", Standing.OK, machine, value=machine)
    advice = f"Use {' or '.join(MACHINES)}."
    detail = f"{machine or 'an unknown machine'} is not supported"
    return Finding(_TOPIC, "architecture", Standing.FAILED, detail, advice, machine)


def check_landlock(abi: int, settings: LocalSettings) -> Finding:
    """Fail without Landlock unless that was accepted; warn where rights are missing from it."""
    name = "landlock_abi"
    if abi < 1:
        is_waived = LANDLOCK in settings.may_miss
        standing = Standing.WARNING if is_waived else Standing.FAILED
        detail = "there is no Landlock" + (", as you accepted" if is_waived else "")
        advice = "Use a kernel of 5.13 or later with landlock among its security modules" + (
            "." if is_waived else ", or accept it missing: SANDBOX_ACCEPT_MISSING=landlock."
        )
        return Finding(_TOPIC, name, standing, detail, advice, abi)
    missing = [what for since, what in _LANDLOCK_STEPS if abi < since]
    if missing:
        detail = f"ABI {abi} does not cover {', '.join(missing)}; there seccomp stands alone"
        advice = "A kernel of 6.12 or later has all of them."
        return Finding(_TOPIC, name, Standing.WARNING, detail, advice, abi)
    return Finding(_TOPIC, name, Standing.OK, f"ABI {abi}", value=abi)


def check_actions(trial: Trial) -> Finding:
    """Fail where a filter cannot end a process or refuse a call."""
    known = list(trial.actions)
    if trial.problem:
        return Finding(_TOPIC, "seccomp_actions", Standing.WARNING, trial.problem)
    missing = [name for name in _NEEDED_ACTIONS if name not in known]
    if missing:
        advice = "Use a kernel with seccomp filters, and a container profile that allows them."
        detail = f"filters cannot {', '.join(missing)}"
        return Finding(_TOPIC, "seccomp_actions", Standing.FAILED, detail, advice, [*known])
    return Finding(_TOPIC, "seccomp_actions", Standing.OK, ", ".join(known), value=[*known])


def check_namespaces(trial: Trial) -> list[Finding]:
    """Tell each kind that was tried; none of them is required."""
    return [
        Finding(
            _TOPIC,
            f"{kind}_namespace",
            Standing.INFO,
            answer if answer.startswith(_ALLOWED) else f"refused ({answer}); it is not required",
            value=answer,
        )
        for kind, answer in trial.namespaces.items()
    ]


def check_yama(scope: int | None) -> Finding:
    """Tell who may trace whom; workers cannot be traced either way."""
    if scope is None:
        detail = "there is no Yama; workers are undumpable, so nobody but root can trace them"
        return Finding(_TOPIC, "yama", Standing.INFO, detail)
    return Finding(_TOPIC, "yama", Standing.INFO, f"ptrace_scope is {scope}", value=scope)
