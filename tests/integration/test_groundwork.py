"""A process that began without its database makes it ready before anybody uses it."""

from pathlib import Path

import pytest

from config.edit import Edit
from config.layers import Layers
from config.loader import build_snapshot
from config.snapshot import Snapshot
from drivers.port import HealthState
from sanderling.kernel.errors import StoreUnavailableError
from sanderling.store import open_database
from sanderling.wiring import open_runtime
from sanderling.wiring.configuration import label_process
from support.waiting import until

SECRET = "0123456789abcdef0123456789abcdef"


def snapshot(home: Path, **values: str) -> Snapshot:
    """Return what a process knows before it reads the database."""
    found = {"APP_SECRET": SECRET, "SERVERLESS_TYPE": "DISABLED", **values}
    return build_snapshot(
        Layers(arguments={"SANDERLING_HOME": str(home)}, environment=found), rules=()
    )


def lose_database(home: Path) -> Path:
    """Put a folder in the place of its file, which not even root can open as one; return it."""
    for left in home.glob("sanderling.db*"):
        left.unlink()
    file = home / "sanderling.db"
    file.mkdir()
    return file


async def leave_copy(home: Path) -> None:
    """Let a process run by revision 1, so that it keeps a copy."""
    async with open_runtime(snapshot(home), process="test", label=label_process("serve")) as opened:
        configuration = opened.services.configuration
        await configuration.change(Edit({"LOG_LEVEL": "DEBUG"}, "operator"))
        await configuration.wait_in_force(1, timeout_s=30)
        await until((home / "config.last-good").is_file)


async def test_a_database_that_comes_back_empty_is_migrated_first(tmp_path: Path) -> None:
    """Nobody meets missing tables; the file is for its owner alone, with a default workspace."""
    await leave_copy(tmp_path)
    file = lose_database(tmp_path)
    words: set[str] = set()

    async with open_runtime(
        snapshot(tmp_path), process="test", label=label_process("serve")
    ) as opened:
        with pytest.raises(StoreUnavailableError):
            _ = opened.operator
        with pytest.raises(StoreUnavailableError, match="file"):
            await opened.workspaces.list()
        health = await opened.services.readiness["database"]()
        assert health.state is HealthState.DOWN

        file.rmdir()

        async def is_there() -> bool:
            try:
                found = await opened.workspaces.list()
            except StoreUnavailableError as away:
                words.add(away.detail)
                return False
            return [workspace.id for workspace in found] == [opened.default_workspace_id]

        await until(is_there)
        assert not [word for word in words if "tables" in word]
        assert file.stat().st_mode & 0o777 == 0o600
        principal = await opened.services.gate.authenticate(opened.operator)
        await opened.services.functions.list(principal)


async def test_settings_from_the_environment_alone_need_the_database(tmp_path: Path) -> None:
    """A copy from before says nothing about them, so the process does not begin."""
    await leave_copy(tmp_path)
    lose_database(tmp_path)
    alone = snapshot(tmp_path, IS_CONFIG_VARIABLES_IN_DB_ENABLED="false")

    with pytest.raises(StoreUnavailableError):
        async with open_runtime(alone, process="test", label=label_process("serve")):
            pass


async def test_a_command_does_not_begin_without_the_database(tmp_path: Path) -> None:
    """Only a process that lasts can wait for it; whoever looks at a command wants to know now."""
    await leave_copy(tmp_path)
    lose_database(tmp_path)

    with pytest.raises(StoreUnavailableError):
        async with open_runtime(snapshot(tmp_path), process="test"):
            pass


async def test_a_database_that_a_later_release_migrated_stays_held(tmp_path: Path) -> None:
    """Readiness names the reason, and nothing is read or written by a schema we do not know."""
    await leave_copy(tmp_path)
    async with (
        open_database(f"sqlite:///{tmp_path / 'sanderling.db'}") as database,
        database.write() as connection,
    ):
        await connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    file, aside = tmp_path / "sanderling.db", tmp_path / "aside"
    file.rename(aside)
    file.mkdir()

    async with open_runtime(
        snapshot(tmp_path), process="test", label=label_process("serve")
    ) as opened:
        file.rmdir()
        aside.rename(file)

        async def is_told() -> bool:
            health = await opened.services.readiness["database"]()
            return "9999" in " ".join(health.reasons)

        await until(is_told)
        with pytest.raises(StoreUnavailableError, match="9999"):
            await opened.workspaces.list()
