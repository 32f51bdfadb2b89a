"""Over the real adapters, what a database keeps of an account comes to be what its provider holds.

Processes end between any two steps and within transactions, are replaced while they still work,
and find the database held by others.
"""

import pytest

from support.keeping import Keeping, SQLKeeping
from support.lasting_remote import MortalDatabase, opened
from support.simulated_convergence import KINDS, SimulatedConvergence, search


class LastingConvergence(SimulatedConvergence):
    """Keep what is brought in in a database."""

    url: str
    database: MortalDatabase

    def make_keeping(self) -> Keeping:
        """Return the database, in which there is nothing yet."""
        self.database = self.run(opened(self.url))
        return SQLKeeping(self.database)

    def close(self) -> None:
        """Close the database too."""
        self.run(self.database.close())
        super().close()


def machine(kind: str, url: str) -> type[LastingConvergence]:
    """Return what is run for a kind of channel, in a migrated database."""
    return type("Machine", (LastingConvergence,), {"kind": kind, "url": url})


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_what_lasts_comes_to_be_equal(kind: str, sqlite_url: str) -> None:
    """After edits, faults, deaths and expired cursors nothing is lost, stale or left over."""
    search(machine(kind, sqlite_url), examples=4, steps=6)


@pytest.mark.nightly
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("kind", KINDS)
def test_what_lasts_comes_to_be_equal_in_long_runs(kind: str, database_url: str) -> None:
    """The same with more and longer runs, in each kind of database."""
    search(machine(kind, database_url), examples=60, steps=20)
