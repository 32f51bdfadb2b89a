"""A process starts with what is stored, else with the last good copy, else not at all."""

from pathlib import Path

import pytest

from config.errors import ConfigRejected
from config.sources import start
from config.stored import HistoryEntry, StoredBody
from config.variables import LogLevel
from sanderling.kernel.errors import StoreUnavailableError
from support.desk import Desk
from support.follower import Process


@pytest.fixture
def process(tmp_path: Path) -> Process:
    """Return a process of an instance in which nothing is stored."""
    return Process(Desk(), tmp_path)


async def test_a_start_without_the_store_uses_the_last_good_copy(
    process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Secrets included, the process starts as it ran before, and catches up later."""
    await process.desk.set(LOG_LEVEL="ERROR", EMAIL_SMTP_USER="u", EMAIL_SMTP_PASSWORD="hunter2")
    await process.begin()

    async def away() -> StoredBody:
        raise StoreUnavailableError(reason="gone")

    with monkeypatch.context() as patched:
        patched.setattr(process.desk.store, "read_body", away)
        begun = await start(process.sources)
    settings = begun.snapshot.settings
    assert (begun.revision, begun.snapshot.revision) == (None, 1)
    assert settings.log_level is LogLevel.ERROR
    assert settings.smtp_password is not None
    assert settings.smtp_password.get_secret_value() == "hunter2"

    await process.desk.set(LOG_LEVEL="DEBUG")
    live = await process.begin()
    assert live.snapshot.revision == 2


async def test_a_process_that_does_not_last_leaves_no_copy(process: Process) -> None:
    """Commands read settings and write nothing beside the database."""
    await process.desk.set(LOG_LEVEL="ERROR")

    begun = await start(process.sources)

    assert begun.snapshot.revision == 1
    assert process.sources.last_good.load() is None


async def test_a_start_with_neither_store_nor_copy_is_refused(
    process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Running by other settings than those that were chosen would be worse than not running."""

    async def away() -> StoredBody:
        raise StoreUnavailableError(reason="gone")

    monkeypatch.setattr(process.desk.store, "read_body", away)

    with pytest.raises(StoreUnavailableError):
        await start(process.sources)


async def test_a_start_with_an_invalid_body_uses_the_last_good_copy(process: Process) -> None:
    """What was refused while running is refused at the start as well; the reason is kept."""
    await process.desk.set(LOG_LEVEL="ERROR")
    await process.begin()
    entry = HistoryEntry(2, process.desk.clock.now(), "somebody", "by hand")
    await process.desk.store.append(StoredBody(2, {"LOG_LEVEL": "LOUD"}), entry)

    begun = await start(process.sources)

    assert (begun.revision, begun.snapshot.revision) == (2, 1)
    assert begun.snapshot.settings.log_level is LogLevel.ERROR
    assert "LOG_LEVEL" in begun.why


async def test_a_start_with_an_invalid_body_and_no_copy_is_refused(process: Process) -> None:
    """Nobody's functions run by settings that nobody chose."""
    entry = HistoryEntry(1, process.desk.clock.now(), "somebody", "by hand")
    await process.desk.store.append(StoredBody(1, {"LOG_LEVEL": "LOUD"}), entry)

    with pytest.raises(ConfigRejected, match="LOG_LEVEL"):
        await start(process.sources)
