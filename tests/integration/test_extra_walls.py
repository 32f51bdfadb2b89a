"""Namespaces are entered where that is allowed; where not, the driver starts all the same."""

import asyncio
import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from drivers.guest.layers import CGROUP, EXTRAS, LAYERS, NAMESPACES, PROVEN
from drivers.guest.syscalls import MACHINES, NUMBERS
from drivers.local import LayerState, LocalDriver, LocalSettings, SandboxReport, probe
from drivers.local.cgroups import read_cgroups
from drivers.local.machine import Machine
from drivers.local.settings import Experiment, ExtraWall
from drivers.local.workergroup import WorkerGroup
from drivers.port import OutcomeKind
from support.artifacts import an_artifact, an_invocation
from support.guest_programs import ECHO
from support.sandbox import descendants_of, page_of
from support.unprivileged import python_for_everyone, run_as_nobody

pytestmark = pytest.mark.slow

ALLOW, KILL_PROCESS, ERRNO = 0x7FFF0000, 0x80000000, 0x00050000


def extras_of(report: SandboxReport) -> dict[str, LayerState]:
    """Return how each extra wall stands."""
    return {extra.name: extra.state for extra in report.extras}


async def skip_without_namespaces() -> None:
    """Skip where this machine allows no namespaces to this user."""
    report = await probe(LocalSettings())
    if extras_of(report)[NAMESPACES] is not LayerState.PROVEN:
        pytest.skip(f"namespaces: {report.extras[0].how}")


async def test_extra_walls_are_reported_and_never_required() -> None:
    """Each extra wall has its line, with how it was proven or why it is not available."""
    report = await probe(LocalSettings())

    assert report.required_ok
    assert [extra.name for extra in report.extras] == list(EXTRAS)
    assert set(extras_of(report).values()) <= {LayerState.PROVEN, LayerState.UNAVAILABLE}
    assert all(extra.how and not extra.is_required for extra in report.extras)


@pytest.mark.parametrize("extra", EXTRAS)
async def test_the_driver_starts_without(extra: str) -> None:
    """An extra wall that is knocked out is not available, and calls run behind the others."""
    settings = LocalSettings(experiment=Experiment(removed=frozenset({extra})))
    artifact = an_artifact(ECHO.source)

    report = await probe(settings)
    async with LocalDriver(settings) as driver:
        await driver.deploy(artifact)
        outcome = await driver.invoke(an_invocation(artifact, 1))

    assert extras_of(report)[extra] is LayerState.UNAVAILABLE
    assert report.required_ok
    assert outcome.kind is OutcomeKind.OK
    assert outcome.layers[: len(LAYERS)] == LAYERS
    assert extra not in outcome.layers


async def test_extra_walls_can_be_switched_off() -> None:
    """Switched off, neither is tried, and the report says so."""
    report = await probe(LocalSettings(namespaces=ExtraWall.OFF, cgroup=ExtraWall.OFF))

    assert extras_of(report) == dict.fromkeys(EXTRAS, LayerState.UNAVAILABLE)
    assert all("switched off" in extra.how for extra in report.extras)


async def test_proven_namespaces_are_in_every_outcome() -> None:
    """Where they stand, outcomes and capabilities list them after the required layers."""
    await skip_without_namespaces()
    artifact = an_artifact(ECHO.source)

    async with LocalDriver(LocalSettings()) as driver:
        await driver.deploy(artifact)
        outcome = await driver.invoke(an_invocation(artifact, 1))

    assert outcome.kind is OutcomeKind.OK
    assert outcome.layers[: len(LAYERS) + 1] == (*LAYERS, NAMESPACES)
    assert outcome.layers == driver.capabilities().layers


@pytest.mark.skipif(os.getuid() != 0, reason="only root may look at the namespaces of workers")
async def test_workers_live_in_namespaces_of_their_own() -> None:
    """The kernel itself says so: network, mounts, ipc and names are others than ours."""
    await skip_without_namespaces()
    others = set(descendants_of(os.getpid()))
    async with LocalDriver(LocalSettings()) as driver:
        await driver.deploy(an_artifact(ECHO.source))  # the compiler's zygote is ready then, too.
        below = set(descendants_of(os.getpid())) - others
        seen = [places for pid in below if (places := namespaces_of(pid))]

    ours = namespaces_of(os.getpid())
    assert len(seen) >= LocalSettings().spares
    for theirs in seen:
        assert {kind for kind, place in theirs.items() if ours[kind] == place}.isdisjoint(
            {"net", "mnt", "ipc", "uts"}
        )


def namespaces_of(pid: int) -> dict[str, str]:
    """Return the namespaces that a process is in; none when it has ended."""
    try:
        return {entry.name: str(entry.readlink()) for entry in Path(f"/proc/{pid}/ns").iterdir()}
    except (FileNotFoundError, ProcessLookupError):
        return {}


ENTERING = """
import json, os, socket, sys
from drivers.guest.namespaces import enter_namespaces
def reach(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError as error:
        return type(error).__name__
    return "reached"
import encodings.idna
port = int(sys.argv[1])
told = {"before": reach(port)}
try:
    told["kinds"] = enter_namespaces()
except OSError as error:
    told["refused"] = str(error)
else:
    told |= {"after": reach(port), "root": os.listdir("/"), "here": os.getcwd()}
    for path in ("/proc/self", "/etc/hostname", "../etc/hostname"):
        told[path] = os.path.exists(path)
    try:
        os.mkdir("/made")
    except OSError as error:
        told["mkdir"] = error.errno
sys.stdout.write(json.dumps(told))
"""


def told_by(program: str, *words: str) -> Any:
    """Return what a program in a process of its own printed as JSON."""
    done = subprocess.run(
        [sys.executable, "-c", program, *words],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_inside_there_is_no_network_and_no_file() -> None:
    """A listener on loopback is reached before and not after; the root is empty and stays so."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        told = told_by(ENTERING, str(listener.getsockname()[1]))

    assert told["before"] == "reached"
    if "refused" in told:
        pytest.skip(told["refused"])
    assert told["after"] != "reached"
    assert (told["root"], told["here"]) == ([], "/")
    assert not any(told[path] for path in ("/proc/self", "/etc/hostname", "../etc/hostname"))
    assert "mkdir" in told


# A filter that answers unshare with a verdict of ours, and allows everything else.
FILTERED = """
import asyncio, ctypes, json, struct, sys
number, verdict = int(sys.argv[1]), int(sys.argv[2])
steps = [(0x20, 0, 0, 0), (0x15, 0, 1, number), (0x06, 0, 0, verdict), (0x06, 0, 0, 0x7FFF0000)]
code = b"".join(struct.pack("=HBBI", *step) for step in steps)
kept = ctypes.create_string_buffer(code, len(code))
head = struct.pack("HxxxxxxP", len(steps), ctypes.addressof(kept))
libc = ctypes.CDLL(None, use_errno=True)
assert libc.prctl(38, 1, 0, 0, 0) == 0
assert libc.prctl(22, 2, head, 0, 0) == 0
from drivers.local import LocalDriver, LocalSettings, probe
async def main():
    report = await probe(LocalSettings())
    async with LocalDriver(LocalSettings()) as driver:
        layers = driver.capabilities().layers
    return {"layers": layers, "how": report.extras[0].how, "ok": report.required_ok}
sys.stdout.write(json.dumps(asyncio.run(main())))
"""


@pytest.mark.parametrize(
    ("verdict", "reason"),
    [
        (ERRNO | 1, "Operation not permitted"),
        (ERRNO | 28, "No space left on device"),
        (ERRNO | 38, "Function not implemented"),
        (ERRNO | 22, "Invalid argument"),
        (KILL_PROCESS, "ended with status"),
    ],
)
def test_a_refusal_is_told_and_stops_nothing(verdict: int, reason: str) -> None:
    """Whatever refuses namespaces, and be it by killing, the driver starts and says why not."""
    number = NUMBERS["unshare"][MACHINES.index(os.uname().machine)]

    told = told_by(FILTERED, str(number), str(verdict))

    assert told["ok"]
    assert tuple(told["layers"][: len(LAYERS)]) == LAYERS
    assert NAMESPACES not in told["layers"]
    assert told["how"].startswith("not available: ")
    assert reason in told["how"]


UNPRIVILEGED = """
import asyncio, json, os, sys
sys.path[:0] = sys.argv[1:2]
from drivers.local import LocalDriver, LocalSettings, probe
from drivers.port import Artifact, ArtifactKey

def status_of(pid):
    try:
        lines = open(f"/proc/{pid}/status").read().splitlines()
    except OSError:
        return {}
    return dict(line.split(":\\t", 1) for line in lines if ":\\t" in line)

async def main():
    report = await probe(LocalSettings())
    async with LocalDriver(LocalSettings()) as driver:
        # The compiler's zygote is ready once something was compiled.
        key = ArtifactKey("ws", "fn", "digest")
        await driver.deploy(Artifact(key, "def handler(event, context):\\n    return event\\n"))
        found = {pid: status_of(pid) for pid in os.listdir("/proc") if pid.isdigit()}
        zygotes = {pid for pid, one in found.items() if one.get("PPid") == str(os.getpid())}
        below = [one for pid, one in found.items() if pid in zygotes or one.get("PPid") in zygotes]
        layers = driver.capabilities().layers
    names = ("Uid", "CapInh", "CapPrm", "CapEff", "CapAmb", "NoNewPrivs", "Seccomp")
    held = [[one[name] for name in names] for one in below if one]
    return {"layers": layers, "how": report.extras[0].how, "held": held}

sys.stdout.write(json.dumps(asyncio.run(main())))
"""


@pytest.mark.skipif(os.getuid() != 0, reason="the whole suite runs unprivileged already")
def test_a_user_namespace_leaves_no_capability_behind() -> None:
    """Without root a user namespace serves, and its capabilities are gone from every process."""
    python = python_for_everyone()
    if python is None:
        pytest.skip("no interpreter of this version is open to other users")

    ended = run_as_nobody(python, UNPRIVILEGED)

    assert ended.returncode == 0, ended.stderr
    told = json.loads(ended.stdout)
    if NAMESPACES not in told["layers"]:
        pytest.skip(told["how"])
    assert told["how"].startswith("user, ")
    assert len(told["held"]) >= LocalSettings().spares + 1
    for uid, *capabilities, no_new_privileges, seccomp in told["held"]:
        assert "0" not in uid.split()
        assert set(capabilities) == {"0" * 16}
        assert (no_new_privileges, seccomp) == ("1", "2")


async def test_no_module_of_the_way_out_stays_in_workers() -> None:
    """What enters namespaces is not kept: workers fork without it."""
    source = "def handler(event, context):\n    import sys\n    return sorted(sys.modules)\n"
    artifact = an_artifact(source)
    async with LocalDriver(LocalSettings(experiment=Experiment(is_raw=True))) as driver:
        await driver.deploy(artifact)
        outcome = await driver.invoke(an_invocation(artifact))

    assert isinstance(outcome.result, list)
    assert "drivers.guest.worker" in outcome.result
    assert f"drivers.guest.{NAMESPACES}" not in outcome.result


async def test_the_group_of_workers_is_real_where_it_can_be_had() -> None:
    """Where a tree of version 2 is delegated to us, every process of the sandbox is in it."""
    report = await probe(LocalSettings())
    (group,) = [extra for extra in report.extras if extra.name == CGROUP]
    if group.state is not LayerState.PROVEN:
        pytest.skip(group.how)

    async with LocalDriver(LocalSettings()) as driver:
        below = descendants_of(os.getpid())
        places = [page_of(pid, "cgroup") for pid in below]
        assert driver.capabilities().layers[-1] == CGROUP

    assert any("/sanderling-" in place for place in places)
    assert "memory.max" in group.how


class GroupWithoutControllers(WorkerGroup):
    """A group of version 2 that can be had wherever a tree is writable, and that limits nothing."""

    needed = ()

    def limits(self, *, has_cpu: bool) -> dict[str, str]:  # noqa: ARG002 - the original asks for it.
        """Return no limit."""
        return {}


def our_groups() -> list[Path]:
    """Return the groups that this process made and that are still there."""
    tree = read_cgroups(Machine()).folder
    assert tree is not None
    name = f"sanderling-{os.getpid()}-*"
    return [*Path(tree).glob(name), *Path(tree).parent.glob(name)]


async def test_a_real_group_takes_its_members_and_goes_with_them() -> None:
    """The kernel itself says who is inside; once they have ended the group is gone."""
    group = GroupWithoutControllers(LocalSettings())
    group.open()
    if "not available: it was not tried" not in group.proof.how:
        pytest.skip(group.proof.how)
    sleeping = await asyncio.create_subprocess_exec(sys.executable, "-c", "input()", stdin=-1)
    try:
        group.admit(sleeping.pid)
        lines = page_of(sleeping.pid, "cgroup").splitlines()
        made = our_groups()
    finally:
        sleeping.kill()
        await sleeping.wait()
    await group.close()

    (place,) = [line.removeprefix("0::") for line in lines if line.startswith("0::")]
    assert group.proof.state == PROVEN
    assert f"/sanderling-{os.getpid()}-" in place
    assert len(made) == 1
    assert our_groups() == []
