"""The driver starts only behind proven walls, and nothing can be taken away unseen."""

import os

import pytest

from drivers.errors import DriverError
from drivers.guest.layers import LAYERS
from drivers.local import LayerState, LocalDriver, LocalSettings, probe
from drivers.local.settings import Experiment
from drivers.port import OutcomeKind
from support.artifacts import an_artifact, an_invocation
from support.guest_programs import ECHO
from support.sandbox import children_of, descendants_of, open_descriptors, status_of
from support.unprivileged import python_for_everyone, run_as_nobody

pytestmark = pytest.mark.slow


def without(*layers: str, accept: frozenset[str] = frozenset()) -> LocalSettings:
    """Return settings under which these layers are left out."""
    return LocalSettings(accept_missing=accept, experiment=Experiment(removed=frozenset(layers)))


@pytest.mark.parametrize("layer", LAYERS)
async def test_the_driver_refuses_to_start_without(layer: str) -> None:
    """Each layer that is knocked out is noticed, named, and nothing is left running."""
    descriptors = open_descriptors()
    children = children_of(os.getpid())

    with pytest.raises(DriverError) as refused:
        async with LocalDriver(without(layer)):
            pass

    assert f"the layer {layer} is not proven" in refused.value.detail
    assert children_of(os.getpid()) == children
    assert open_descriptors() == descriptors


@pytest.mark.parametrize("layer", sorted(set(LAYERS) - {"landlock"}))
async def test_no_layer_but_landlock_can_be_waived(layer: str) -> None:
    """Accepting another layer missing changes nothing: the driver refuses."""
    with pytest.raises(DriverError):
        async with LocalDriver(without(layer, accept=frozenset(LAYERS))):
            pass


async def test_a_waived_landlock_is_told_in_every_outcome() -> None:
    """Without Landlock, and with the operator's word for it, calls run and say so."""
    artifact = an_artifact(ECHO.source)

    async with LocalDriver(without("landlock", accept=frozenset({"landlock"}))) as driver:
        await driver.deploy(artifact)
        outcome = await driver.invoke(an_invocation(artifact, 1))
        capabilities = driver.capabilities()

    assert outcome.kind is OutcomeKind.OK
    assert outcome.waived == ("landlock",)
    assert "landlock" not in outcome.layers
    assert capabilities.waived == ("landlock",)


async def test_a_waiver_that_is_not_needed_is_not_told() -> None:
    """Where Landlock stands, accepting it missing waives nothing."""
    async with LocalDriver(LocalSettings(accept_missing=frozenset({"landlock"}))) as driver:
        assert driver.capabilities().waived == ()
        assert driver.capabilities().layers[: len(LAYERS)] == LAYERS


async def test_processes_of_the_sandbox_hold_no_privilege() -> None:
    """The kernel itself says so: not root, no capability, no new ones, filtered."""
    others = set(descendants_of(os.getpid()))  # such as the database of another test.
    async with LocalDriver(LocalSettings()) as driver:
        # With the compiler's zygote and that of functions that import.
        await driver.deploy(an_artifact(f"import math\n{ECHO.source}"))
        below = set(descendants_of(os.getpid())) - others
        found = [status for pid in below if (status := status_of(pid))]

    assert len(below) >= LocalSettings().spares + 1
    for status in found:
        assert "0" not in status["Uid"].split()
        assert {status[name] for name in ("CapInh", "CapPrm", "CapEff", "CapAmb")} == {"0" * 16}
        assert status["NoNewPrivs"] == "1"
        assert status["Seccomp"] == "2"


async def test_the_probe_proves_every_layer_here() -> None:
    """The doctor's report lists each layer as proven, with how."""
    report = await probe(LocalSettings())

    assert report.required_ok
    assert [layer.name for layer in report.layers] == list(LAYERS)
    assert {layer.state for layer in report.layers} == {LayerState.PROVEN}
    assert all(layer.how for layer in report.layers)
    assert report.landlock_abi >= 1


@pytest.mark.parametrize("layer", ["language", "landlock", "seccomp"])
async def test_the_probe_names_a_missing_layer(layer: str) -> None:
    """A layer that is knocked out is missing in the report, which is then not fine."""
    report = await probe(without(layer))

    states = {found.name: found.state for found in report.layers}
    assert states[layer] is LayerState.MISSING
    assert not report.required_ok


async def test_the_probe_tells_a_waiver() -> None:
    """A waived layer is told apart from one that is missing."""
    report = await probe(without("landlock", accept=frozenset({"landlock"})))

    states = {found.name: found.state for found in report.layers}
    assert states["landlock"] is LayerState.WAIVED
    assert report.required_ok


async def test_an_interpreter_that_does_not_start_is_told() -> None:
    """A wrong interpreter makes the driver refuse, soon and without leftovers."""
    with pytest.raises(DriverError):
        async with LocalDriver(LocalSettings(python="/bin/true")):
            pass


UNPRIVILEGED = """
import asyncio, sys
sys.path[:0] = sys.argv[1:2]
from drivers.local import LocalDriver, LocalSettings
from drivers.port import Artifact, ArtifactKey, Invocation

async def main():
    async with LocalDriver(LocalSettings()) as driver:
        key = ArtifactKey("ws", "fn", "digest")
        source = "def handler(event, context):\\n    return event + 1\\n"
        print((await driver.deploy(Artifact(key, source))).kind)
        outcome = await driver.invoke(Invocation("call", key, b"41"))
        print(outcome.kind, outcome.result, *outcome.layers)

asyncio.run(main())
"""


@pytest.mark.skipif(os.getuid() != 0, reason="the whole suite runs unprivileged already")
def test_it_works_for_a_user_without_any_privilege() -> None:
    """A user without root, capabilities or groups gets every wall, as in a plain container."""
    python = python_for_everyone()
    if python is None:
        pytest.skip("no interpreter of this version is open to other users")

    ended = run_as_nobody(python, UNPRIVILEGED)

    assert ended.stdout.startswith(f"ok\nok 42 {' '.join(LAYERS)}"), ended.stderr
