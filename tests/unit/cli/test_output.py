"""What commands write replaces nothing that is there."""

import resource
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
import typer

from sanderling.cli.output import require_new, write_new, write_out


def test_a_file_is_written_whole(tmp_path: Path) -> None:
    """With every byte as it is."""
    write_new(tmp_path / "a", b"\x00\r\n")

    assert (tmp_path / "a").read_bytes() == b"\x00\r\n"


def write_anew(file: Path) -> None:
    """Write other bytes than were there."""
    write_new(file, b"new")


@pytest.mark.parametrize("write", [require_new, write_anew])
@pytest.mark.parametrize("kind", ["file", "folder", "link", "broken link"])
def test_what_is_there_stays(tmp_path: Path, kind: str, write: Callable[[Path], None]) -> None:
    """Also where a link leads elsewhere, or to nothing yet."""
    place, elsewhere = tmp_path / "place", tmp_path / "elsewhere"
    match kind:
        case "file":
            place.write_bytes(b"old")
        case "folder":
            place.mkdir()
        case "link":
            elsewhere.write_bytes(b"old")
            place.symlink_to(elsewhere)
        case _:
            place.symlink_to(elsewhere)
    before = {each: each.read_bytes() for each in tmp_path.iterdir() if each.is_file()}

    with pytest.raises(typer.BadParameter, match="already"):
        write(place)

    assert before == {each: each.read_bytes() for each in tmp_path.iterdir() if each.is_file()}


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    """And none is made."""
    with pytest.raises(typer.BadParameter, match="no such file"):
        write_new(tmp_path / "none" / "a", b"x")

    assert list(tmp_path.iterdir()) == []


def test_nothing_of_a_file_is_left_that_could_not_be_written(tmp_path: Path) -> None:
    """A disk that is full, which is a bound on this process here, leaves no half of it."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        with pytest.raises(typer.BadParameter, match="too large"):
            write_new(tmp_path / "a", bytes(5000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, before)

    assert list(tmp_path.iterdir()) == []


class _Terminal:
    def isatty(self) -> bool:
        return True


def test_a_terminal_is_not_steered_by_strangers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Their bytes go into files and pipes alone."""
    monkeypatch.setattr("sys.stdout", _Terminal())

    with pytest.raises(typer.BadParameter, match="terminal"):
        write_out(b"\x1b[2J")
