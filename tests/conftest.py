"""What tests of several folders share."""

import itertools
import logging
import shutil
from collections.abc import AsyncGenerator, Generator
from pathlib import Path

import pytest
import structlog

from sanderling.store import Database, open_database
from support.databases import migrate_now
from support.postgres import PostgresServer, run_postgres
from support.redis import RedisServer, run_redis

_numbers = itertools.count()

_TRUNCATE = """
DO $$
DECLARE
    written text;
BEGIN
    SELECT string_agg(oid::regclass::text, ', ') INTO written FROM pg_class
    WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
        AND relname <> 'alembic_version' AND pg_relation_size(oid) > 0;
    IF written IS NOT NULL THEN
        EXECUTE 'TRUNCATE ' || written || ' CASCADE';
    END IF;
END $$
"""
"""Empties the tables that have a page: the others are as they were made, and take longest."""


@pytest.fixture(autouse=True)
def log_lines_stay() -> Generator[None]:
    """Put back how log lines are made: a server within a test changes it for the whole process."""
    root = logging.getLogger()
    was_configured, before = structlog.is_configured(), structlog.get_config()
    handlers, level = list(root.handlers), root.level
    yield
    structlog.reset_defaults()
    if was_configured:
        structlog.configure(**before)
    root.setLevel(level)
    # Those of pytest itself come and go with the phases of a test.
    root.handlers[:] = [one for one in root.handlers if one in handlers or _is_of_pytest(one)]


def _is_of_pytest(handler: logging.Handler) -> bool:
    return type(handler).__module__.startswith("_pytest.")


@pytest.fixture(scope="session")
def postgres() -> Generator[PostgresServer]:
    """Yield one PostgreSQL server for the whole run."""
    with run_postgres() as server:
        yield server


@pytest.fixture(scope="session")
def postgres_shared(postgres: PostgresServer) -> Generator[str]:
    """Yield the name of a migrated PostgreSQL database that tests use one after another."""
    with postgres.database() as name:
        migrate_now(postgres.url(name))
        yield name


@pytest.fixture(scope="session")
def redis_shared() -> Generator[RedisServer]:
    """Yield one Redis server for the whole run."""
    with run_redis() as server:
        yield server


@pytest.fixture
def redis(redis_shared: RedisServer) -> Generator[RedisServer]:
    """Yield a Redis server that runs; a test may stop it."""
    yield redis_shared
    redis_shared.start_again()


@pytest.fixture
def fresh_key() -> str:
    """Return a key under which nothing was counted yet in any Redis."""
    return f"key-{next(_numbers)}"


@pytest.fixture(scope="session")
def redis_cluster() -> Generator[RedisServer]:
    """Yield one Redis Cluster of a single node for the whole run."""
    with run_redis(is_cluster=True) as server:
        yield server


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a migrated, empty SQLite file to copy."""
    path = tmp_path_factory.mktemp("template") / "sanderling.db"
    migrate_now(f"sqlite:///{path}")
    return path


@pytest.fixture
def postgres_url(postgres: PostgresServer, postgres_shared: str) -> str:
    """Return the URL of a migrated, empty PostgreSQL database."""
    postgres.execute(_TRUNCATE, database=postgres_shared)
    return postgres.url(postgres_shared)


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """Return the URL of a migrated, empty SQLite file."""
    return f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'sanderling.db')}"


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    """Return the URL of a migrated, empty database of each kind in turn."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
async def database(database_url: str) -> AsyncGenerator[Database]:
    """Yield a migrated, empty database of each kind in turn."""
    async with open_database(database_url) as opened:
        yield opened
