"""What a function at AWS is going through decides what a deployment does next."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from drivers.aws_lambda.blueprint import MANAGED_BY, NAMESPACE, OURS, Blueprint, blueprint_of
from drivers.aws_lambda.clients import Clients, Connection
from drivers.aws_lambda.control import Control
from drivers.aws_lambda.faults import Fault, Refused
from drivers.aws_lambda.settings import LambdaSettings
from drivers.port import OutcomeKind
from support.artifacts import an_artifact
from support.aws_errors import ClientError
from support.guest_programs import ECHO

SETTINGS = LambdaSettings(region="eu-central-1", role="arn:aws:iam::1:role/functions")
TAGS = {MANAGED_BY: OURS, NAMESPACE: SETTINGS.namespace}


GONE = ClientError(404, "ResourceNotFoundException")
TAKEN = ClientError(409, "ResourceConflictException", "Function already exist: x")


@dataclass
class ControlPlane:
    """Tells of one function `states` in turn, the last for ever; notes what else it is asked."""

    blueprint: Blueprint
    states: list[str | ClientError]
    creations: list[ClientError | None] = field(default_factory=list[ClientError | None])
    done: list[str] = field(default_factory=list[str])

    def get_function(self, **_: str) -> dict[str, Any]:
        """Tell the next state."""
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        if isinstance(state, ClientError):
            raise state
        asked = self.blueprint.request(SETTINGS)
        setup = {name: asked[name] for name in ("Handler", "Role", "Runtime")}
        about = {**setup, "State": state, "CodeSha256": self.blueprint.bundle.sha256}
        return {"Configuration": about, "Tags": TAGS}

    def create_function(self, **_: object) -> dict[str, Any]:
        """Make it, or say why not."""
        self.done.append("create")
        error = self.creations.pop(0) if self.creations else None
        if error is not None:
            raise error
        return {}

    def delete_function(self, **_: str) -> dict[str, Any]:
        """Remove it."""
        self.done.append("delete")
        return {}


def ensure(*states: str | ClientError, creations: tuple[ClientError, ...] = ()) -> ControlPlane:
    """Return a control plane after a deployment that met these states."""
    plane = ControlPlane(blueprint_of(an_artifact(ECHO.source), SETTINGS), [*states], [*creations])
    deploy(plane)
    return plane


def deploy(plane: ControlPlane, *, ticks_s: float = 0.0) -> bool:
    """Deploy on `plane`, with `ticks_s` between two looks at the clock."""
    now_s = iter(range(10_000))
    control = Control(
        Connection(SETTINGS, connect=lambda _: Clients(plane, plane, (ClientError,))),
        SETTINGS,
        pause=lambda _: None,
        now_s=lambda: next(now_s) * ticks_s,
    )
    return control.ensure(plane.blueprint, within_s=60.0)


def refused(act: Callable[[], object]) -> Fault:
    """Return why `act` was refused."""
    with pytest.raises(Refused) as caught:
        act()
    return caught.value.fault


@pytest.mark.parametrize("state", ["Active", "Inactive"])
def test_a_function_that_is_there_is_not_touched(state: str) -> None:
    """An idle one is woken by its first call."""
    assert ensure(state).done == []


def test_a_new_function_is_waited_for() -> None:
    """It is made once and looked at until it is active."""
    assert ensure(GONE, "Pending", "Pending", "Active").done == ["create"]


def test_a_function_that_somebody_else_makes_is_waited_for() -> None:
    """Who loses the race asks again, also while AWS does not tell of it yet."""
    plane = ensure(GONE, GONE, "Pending", "Active", creations=(TAKEN, TAKEN))

    assert plane.done == ["create", "create"]


def test_a_function_that_failed_is_made_anew() -> None:
    """AWS mends none by itself, so it is removed first."""
    assert ensure("Failed", GONE, "Pending", "Active").done == ["delete", "create"]


def test_a_function_that_fails_again_and_again_is_given_up() -> None:
    """Two more are made, not one after another for ever, and the reason is told."""
    blueprint = blueprint_of(an_artifact(ECHO.source), SETTINGS)
    plane = ControlPlane(blueprint, ["Failed", GONE, "Failed", GONE, "Failed"])

    fault = refused(lambda: deploy(plane))

    assert (fault.kind, fault.code) == (OutcomeKind.PLATFORM_ERROR, "FunctionFailed")
    assert plane.done == ["delete", "create"] * 2


@pytest.mark.parametrize("state", ["Pending", "Deleting", "Deactivated"])
def test_a_function_that_never_gets_ready_is_given_up_in_time(state: str) -> None:
    """Whatever AWS is at with it, the wait ends."""
    plane = ControlPlane(blueprint_of(an_artifact(ECHO.source), SETTINGS), [state])

    fault = refused(lambda: deploy(plane, ticks_s=10.0))

    assert (fault.kind, fault.code) == (OutcomeKind.PLATFORM_ERROR, "DeploymentLate")
    assert plane.done == []


def test_every_page_of_the_list_is_read() -> None:
    """AWS lists fifty at a time, of all namespaces; those of ours come from every page."""

    class Pages:
        def list_functions(self, **asked: str) -> dict[str, Any]:
            number = int(asked.get("Marker", "0"))
            names = [f"sanderling-fn_{number}-000000000000", f"other-{number}"]
            page: dict[str, Any] = {"Functions": [{"FunctionName": each} for each in names]}
            return page | ({"NextMarker": str(number + 1)} if number < 2 else {})

    connection = Connection(SETTINGS, connect=lambda _: Clients(Pages(), None, (ClientError,)))

    names = [each.name for each in Control(connection, SETTINGS).list_all()]

    assert names == [f"sanderling-fn_{number}-000000000000" for number in range(3)]
