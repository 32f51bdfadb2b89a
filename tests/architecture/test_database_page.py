"""The page on the database says what the code does."""

from pathlib import Path

import pytest

from sanderling.kernel.units import MIB
from sanderling.store import CallLogBounds, DatabaseLimits, faults
from sanderling.store.schema import metadata

PAGE = (Path(__file__).parents[2] / "docs/reference/database.md").read_text()

REASONS = sorted(value for name, value in vars(faults).items() if name.isupper() and name[0] != "_")


@pytest.mark.parametrize("table", sorted(metadata.tables))
def test_each_table_is_listed_with_its_columns(table: str) -> None:
    """Whoever reads the tables with another tool finds every column on the page."""
    columns = ", ".join(f"`{column.name}`" for column in metadata.tables[table].columns)

    assert any(
        line.startswith(f"| `{table}` |") and line.endswith(f"| {columns} |")
        for line in PAGE.splitlines()
    )


@pytest.mark.parametrize("reason", REASONS)
def test_each_reason_is_explained(reason: str) -> None:
    """Every reason that a fault may give is on the page, word for word."""
    assert f"\n| {reason} | " in PAGE


def test_the_bounds_are_those_of_the_code() -> None:
    """Every wait and every bound on the page is the default."""
    limits, bounds = DatabaseLimits(), CallLogBounds()
    expected = [
        f"| to connect | {limits.connect_s:g} s |",
        f"| for a lock or a free connection | {limits.lock_s:g} s |",
        f"| for one statement on PostgreSQL | {limits.statement_s:g} s |",
        f"| for a whole transaction | {limits.transaction_s:g} s |",
        f"| for a health check | {limits.probe_s:g} s |",
        f"| for another process that migrates | {limits.migration_s:g} s |",
        f"writes to SQLite | {limits.connections} |",
        f"{bounds.flush_after_s} s after the first record, or when {bounds.flush_records} records",
        f"or {bounds.flush_bytes // MIB} MiB wait.",
        f"At most {bounds.most_records} records or {bounds.most_bytes // MIB} MiB wait",
    ]

    assert [line for line in expected if line not in PAGE] == []
