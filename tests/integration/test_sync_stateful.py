"""Whatever happens on the way, what a database keeps comes to be what the provider holds.

Processes end between any two steps and within transactions, and are replaced by others while they
still work.
"""

import shutil
from itertools import count
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from support.calendar_convergence import CalendarConvergence
from support.lasting_remote import LastingCalendarWorld, LastingWorld, MortalDatabase, opened
from support.mail_convergence import MailConvergence
from support.remote import World
from support.remote_calendar import CalendarWorld

_numbers = count(1)


class Lasting(RuleBasedStateMachine):
    """Have a fresh file for each example."""

    template: Path
    folder: Path

    def fresh(self) -> str:
        """Return the URL of a migrated, empty file."""
        return f"sqlite:///{shutil.copy(self.template, self.folder / f'{next(_numbers)}.db')}"


class LastingMail(Lasting, MailConvergence):
    """Keep mail in a database."""

    database: MortalDatabase

    def make_world(self) -> World:
        """Return an account whose mail is kept in a file."""
        self.database = self.run(opened(self.fresh()))
        return LastingWorld(self.database, is_whole=self.is_whole)

    def teardown(self) -> None:
        """End in calm, and close the file."""
        try:
            self.quiesce()
        finally:
            self.run(self.database.close())
            self.runner.close()


class LastingCalendar(Lasting, CalendarConvergence):
    """Keep a calendar in a database."""

    database: MortalDatabase

    def make_world(self) -> CalendarWorld:
        """Return an account whose calendar is kept in a file."""
        self.database = self.run(opened(self.fresh()))
        return LastingCalendarWorld(self.database)

    def teardown(self) -> None:
        """End in calm, and close the file."""
        try:
            self.quiesce()
        finally:
            self.run(self.database.close())
            self.runner.close()


FEW = settings(max_examples=3, stateful_step_count=8, deadline=None)
MANY = settings(max_examples=40, stateful_step_count=25, deadline=None)
KINDS: dict[str, tuple[type[Lasting], bool]] = {
    "whole": (LastingMail, True),
    "folders": (LastingMail, False),
    "calendar": (LastingCalendar, False),
}


def machine(kind: str, template: Path, folder: Path) -> type[Lasting]:
    """Return what is run for a kind of channel."""
    base, is_whole = KINDS[kind]
    chosen = {"template": template, "folder": folder, "is_whole": is_whole}
    return type("Machine", (base,), chosen)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_both_sides_come_to_be_equal(kind: str, sqlite_template: Path, tmp_path: Path) -> None:
    """After edits, faults, deaths and expired cursors nothing is lost, stale or left over."""
    run_state_machine_as_test(machine(kind, sqlite_template, tmp_path), settings=FEW)


@pytest.mark.nightly
@pytest.mark.parametrize("kind", KINDS)
def test_both_sides_come_to_be_equal_always(
    kind: str, sqlite_template: Path, tmp_path: Path
) -> None:
    """They do in many more ways to get there."""
    run_state_machine_as_test(machine(kind, sqlite_template, tmp_path), settings=MANY)
