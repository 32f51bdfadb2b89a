"""Exit codes tell every end of a command apart."""

from drivers.errors import DriverError
from drivers.port import OutcomeKind
from runner.errors import FunctionUnknown, RateLimited
from sanderling.cli.exits import EXIT_MEANINGS, OUTCOME_EXITS, Exit, exit_for


def test_every_outcome_has_a_code_of_its_own() -> None:
    """No two outcomes share a code, none is forgotten, and none is taken by something else."""
    codes = list(OUTCOME_EXITS.values())

    assert set(OutcomeKind) == set(OUTCOME_EXITS)
    assert sorted(set(codes)) == sorted(codes)
    assert {Exit.OK} == {Exit(code) for code in codes if code in set(Exit)}


def test_every_exit_is_explained() -> None:
    """What the docs list is what there is."""
    assert set(Exit) == set(EXIT_MEANINGS)


def test_failures_map_to_refused_limited_and_fault() -> None:
    """A refusal, a rate limit and a fault end differently."""
    limited = RateLimited(rule="api", limit=1, window_s=1, resets_in_s=1)

    assert exit_for(FunctionUnknown(name="x")) is Exit.REFUSED
    assert exit_for(limited) is Exit.RATE_LIMITED
    assert exit_for(DriverError(driver="local", reason="no")) is Exit.FAULT
