"""Whatever happens on the way, what is kept of a calendar comes to be what the provider holds."""

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from support.calendar_convergence import CalendarConvergence

EXAMPLES = 50


@pytest.mark.slow
def test_both_sides_come_to_be_equal() -> None:
    """After edits, faults, deaths and expired cursors nothing is lost, stale or left over."""
    run_state_machine_as_test(
        CalendarConvergence, settings=settings(max_examples=EXAMPLES, stateful_step_count=25)
    )
