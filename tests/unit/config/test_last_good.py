"""The copy of the last good settings is private, whole, and never taken for what it is not."""

import secrets
import stat
from pathlib import Path

import pytest

from config.last_good import LastGoodFile
from config.memory import MemorySealer
from config.ports import SecretPlace
from config.stored import StoredBody
from sanderling.vault import ClosedSealer

BODY = StoredBody(7, {"LOG_LEVEL": "ERROR", "EMAIL_SMTP_HOST": "mail.example.org", "N": "é\n"})


@pytest.fixture
def sealer() -> MemorySealer:
    """Return a sealer that lasts for one test."""
    return MemorySealer(secrets.randbits)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a place in a folder that is not there yet."""
    return tmp_path / "home" / "config.last-good"


def test_a_body_comes_back_as_it_was_kept(path: Path, sealer: MemorySealer) -> None:
    """The newest one takes the place of the one before."""
    kept = LastGoodFile(path, sealer)
    kept.save(StoredBody(6, {}))
    kept.save(BODY)

    assert kept.load() == BODY


def test_the_file_is_for_its_owner_alone_and_holds_no_value(
    path: Path, sealer: MemorySealer
) -> None:
    """Neither other users nor a backup of the folder learn a host name, let alone a secret."""
    LastGoodFile(path, sealer).save(BODY)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) & 0o077 == 0
    assert b"mail.example.org" not in path.read_bytes()
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_without_a_copy_there_is_none(path: Path, sealer: MemorySealer) -> None:
    """A first start is no fault."""
    assert LastGoodFile(path, sealer).load() is None


@pytest.mark.parametrize("found", [b"", b"{}", b"\xff", b'{"revision": 1, "values": {}}'])
def test_what_does_not_open_is_as_good_as_none(
    path: Path, sealer: MemorySealer, found: bytes
) -> None:
    """Whoever can write to the folder cannot give us settings of their own."""
    path.parent.mkdir()
    path.write_bytes(found)

    assert LastGoodFile(path, sealer).load() is None


def test_a_copy_of_another_key_is_as_good_as_none(path: Path, sealer: MemorySealer) -> None:
    """A copy from before APP_SECRET was replaced does not open."""
    LastGoodFile(path, sealer).save(BODY)

    assert LastGoodFile(path, MemorySealer(secrets.randbits)).load() is None


def test_a_secret_that_was_sealed_for_elsewhere_is_no_copy(
    path: Path, sealer: MemorySealer
) -> None:
    """A sealed value out of the database cannot be passed off as a whole body."""
    sealed = sealer.seal('{"revision": 9, "values": {}}', SecretPlace("config", "X", "value"))
    path.parent.mkdir()
    path.write_text(sealed)

    assert LastGoodFile(path, sealer).load() is None


def test_a_folder_that_cannot_be_written_costs_nothing_else(
    tmp_path: Path, sealer: MemorySealer
) -> None:
    """The copy is an aid; without it the process goes on."""
    (tmp_path / "file").touch()
    kept = LastGoodFile(tmp_path / "file" / "copy", sealer)

    kept.save(BODY)

    assert kept.load() is None


def test_a_link_in_the_place_of_the_copy_is_replaced_and_not_followed(
    path: Path, tmp_path: Path, sealer: MemorySealer
) -> None:
    """Nobody gets another file of ours overwritten."""
    target = tmp_path / "precious"
    target.write_text("as it was")
    path.parent.mkdir()
    path.symlink_to(target)

    LastGoodFile(path, sealer).save(BODY)

    assert target.read_text() == "as it was"
    assert not path.is_symlink()


def test_without_a_key_nothing_is_written(path: Path) -> None:
    """Settings never lie about in the clear."""
    LastGoodFile(path, ClosedSealer("APP_SECRET is not set")).save(BODY)

    assert not path.exists()
