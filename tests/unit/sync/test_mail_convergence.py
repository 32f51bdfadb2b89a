"""Whatever happens on the way, what is kept of a mailbox comes to be what the provider holds."""

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from support.mail_convergence import MailConvergence

EXAMPLES = 50


@pytest.mark.slow
@pytest.mark.parametrize("is_whole", [True, False], ids=["whole", "folders"])
def test_both_sides_come_to_be_equal(is_whole: bool) -> None:  # noqa: FBT001 - a parameter of the test.
    """After edits, faults, deaths and expired cursors nothing is lost, stale or left over."""
    machine = type("Machine", (MailConvergence,), {"is_whole": is_whole})

    run_state_machine_as_test(
        machine, settings=settings(max_examples=EXAMPLES, stateful_step_count=25)
    )
