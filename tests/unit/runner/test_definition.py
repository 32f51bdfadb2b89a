"""What makes a version has one digest, today and tomorrow."""

from drivers.limits import Limits
from runner.function import Definition


def test_a_later_limit_left_alone_does_not_rename_what_was_published() -> None:
    """A definition from before `capability_calls` keeps the digest it had then."""
    before = "9f524d9a8d11d74ff28308e88d10320cf752515f3da02dfbbb223f6b4a2e677e"

    assert Definition("x").digest == before


def test_a_later_limit_that_is_set_makes_another_version() -> None:
    """Two definitions that differ in it are two versions."""
    other = Definition("x", limits=Limits(capability_calls=51))

    assert other.digest != Definition("x").digest


def test_a_later_member_that_is_set_makes_another_version() -> None:
    """A function that declares itself idempotent is another version than one that does not."""
    assert Definition("x", is_idempotent=True).digest != Definition("x").digest
