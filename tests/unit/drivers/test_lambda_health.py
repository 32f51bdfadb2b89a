"""The driver is down when all calls would fail, and not because one did."""

from typing import cast

import pytest

from drivers.aws_lambda.faults import Fault
from drivers.aws_lambda.health import Rights
from drivers.aws_lambda.runner import Runner
from drivers.port import HealthState, OutcomeKind

UNREADABLE = Fault(OutcomeKind.MISCONFIGURED, "InvalidRequestContentException", "Unreadable.")
DENIED = Fault(OutcomeKind.MISCONFIGURED, "AccessDenied", "Denied.", permission="lambda:Invoke")


class Asked:
    """Stands for the runner, of which only the rights are asked."""

    def __init__(self, fault: Fault | None = None) -> None:
        """Answer with `fault`."""
        self.count = 0
        self._fault = fault

    async def try_rights(self) -> Fault | None:
        """Answer."""
        self.count += 1
        return self._fault


@pytest.mark.parametrize(
    ("found", "state"), [(None, HealthState.OK), (UNREADABLE, HealthState.DOWN)]
)
async def test_what_one_call_met_is_found_out_anew(found: Fault | None, state: HealthState) -> None:
    """An event that AWS cannot read says nothing of other calls; credentials that end do."""
    runner = Asked(found)
    rights = Rights(cast("Runner", runner), now_s=lambda: 100.0)
    await rights.health({})

    rights.note(UNREADABLE)
    condition = await rights.health({})

    assert (condition.state, runner.count) == (state, 2)


async def test_a_missing_permission_is_told_at_once() -> None:
    """Nobody has to be asked again, and its name is there."""
    runner = Asked()
    rights = Rights(cast("Runner", runner), now_s=lambda: 100.0)
    await rights.health({})

    rights.note(DENIED)
    condition = await rights.health({})

    assert (condition.state, condition.reasons, runner.count) == (
        HealthState.DOWN,
        ("Denied.",),
        1,
    )
