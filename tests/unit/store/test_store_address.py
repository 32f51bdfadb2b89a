"""Which database URLs are taken, and that none of them is ever shown."""

import pytest

from sanderling.store.address import parse_address
from sanderling.store.errors import DatabaseURLRefused


@pytest.mark.parametrize(
    ("url", "path"),
    [("sqlite:///data/x.db", "data/x.db"), ("sqlite:////var/lib/x.db", "/var/lib/x.db")],
)
def test_a_sqlite_url_names_a_file(url: str, path: str) -> None:
    """Three slashes are a relative path, four an absolute one."""
    address = parse_address(url)

    assert address.is_sqlite
    assert path == str(address.path)


@pytest.mark.parametrize("scheme", ["postgresql", "postgres"])
def test_a_postgresql_url_keeps_its_parts(scheme: str) -> None:
    """Both names of the scheme mean the same, and options are passed on."""
    address = parse_address(f"{scheme}://ann:p%40ss@db.example:5433/crm?sslmode=require")

    assert not address.is_sqlite
    expected = "postgresql+psycopg://ann:p%40ss@db.example:5433/crm?sslmode=require"
    assert expected == address.waiting.render_as_string(hide_password=False)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "sanderling.db",
        "sqlite://",
        "sqlite:///",
        "sqlite:///:memory:",
        "sqlite:///file:x?mode=memory",
        "sqlite:///x.db?mode=ro",
        "sqlite://host/x.db",
        "sqlite+pysqlite:///x.db",
        "mysql://ann:hunter2@db.example/crm",
        "postgresql+asyncpg://ann:hunter2@db.example/crm",
        "postgresql://ann:hunter2@db.example",
        "postgresql://ann:hunter2@db.example:port/crm",
    ],
)
def test_another_url_is_refused(url: str) -> None:
    """The refusal says why and shows neither password nor host."""
    with pytest.raises(DatabaseURLRefused) as refused:
        parse_address(url)

    shown = f"{refused.value} {refused.value.facts} {refused.value.__cause__}"
    assert "hunter2" not in shown
    assert "db.example" not in shown


def test_an_address_does_not_show_itself() -> None:
    """What reaches a log by accident holds no part of the URL."""
    assert "hunter2" not in repr(parse_address("postgresql://ann:hunter2@db.example/crm"))
