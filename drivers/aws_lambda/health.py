"""Says whether calls would be served, and what calls have cost so far."""

import time
from collections.abc import Callable, Mapping

from drivers.aws_lambda.bill import Bill
from drivers.aws_lambda.faults import Fault
from drivers.aws_lambda.runner import Runner
from drivers.port import Health, HealthState, OutcomeKind

_FRESH_S = 30.0
_DOWN = frozenset({OutcomeKind.MISCONFIGURED, OutcomeKind.NOT_DEPLOYED})


class Rights:
    """Remember for a while whether AWS let us call; asking costs a request, though no money."""

    def __init__(self, runner: Runner, *, now_s: Callable[[], float] = time.monotonic) -> None:
        """Ask by way of `runner`."""
        self._runner = runner
        self._now_s = now_s
        self._asked_at_s: float | None = None
        self._fault: Fault | None = None

    def note(self, fault: Fault) -> None:
        """Take what a call met, so that health tells of a missing permission at once.

        Anything else may be wrong with that one event or function alone, whose author would then
        have the whole driver down; so it is found out anew.
        """
        if fault.kind is not OutcomeKind.MISCONFIGURED:
            return
        if fault.permission:
            self._fault, self._asked_at_s = fault, self._now_s()
        else:
            self._asked_at_s = None

    async def health(self, numbers: Mapping[str, float]) -> Health:
        """Return how the driver is."""
        now_s = self._now_s()
        if self._asked_at_s is None or now_s - self._asked_at_s > _FRESH_S:
            self._fault = await self._runner.try_rights()
            self._asked_at_s = now_s
        if self._fault is None:
            return Health(HealthState.OK, numbers=numbers)
        state = HealthState.DOWN if self._fault.kind in _DOWN else HealthState.DEGRADED
        return Health(state, (self._fault.detail,), numbers)


class Ledger:
    """Sum up what AWS billed, where it tells."""

    def __init__(self, architecture: str) -> None:
        """Count at the prices of `architecture`."""
        self._architecture = architecture
        self._cold = 0
        self._billed_s = 0.0
        self._init_s = 0.0
        self._cost = 0.0

    def note(self, bill: Bill | None, *, is_cold: bool) -> None:
        """Add one call."""
        self._cold += is_cold
        if bill is not None:
            self._billed_s += bill.billed_s
            self._init_s += bill.init_s or 0.0
            self._cost += bill.cost(self._architecture)

    def numbers(self) -> dict[str, float]:
        """Return the sums; `cost_usd` at list prices."""
        return {
            "cold_calls": self._cold,
            "billed_s": self._billed_s,
            "init_s": self._init_s,
            "cost_usd": self._cost,
        }
