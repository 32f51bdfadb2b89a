"""Time zones without a file system."""

import datetime as dt
import os
from importlib import resources
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from drivers.guest.language.facades import zones
from support.language import returned, run_lines


def test_zone_converts_like_the_real_one() -> None:
    """Offsets, names and arithmetic across summer time equal the library's."""
    value = returned(
        "import datetime",
        "from zoneinfo import ZoneInfo",
        "berlin = datetime.datetime(2024, 7, 1, 12, tzinfo=ZoneInfo('Europe/Berlin'))",
        "return [berlin.astimezone(ZoneInfo('America/New_York')).isoformat(), berlin.tzinfo.key,",
        "        str(berlin.tzinfo), (berlin + datetime.timedelta(days=180)).isoformat(),",
        "        berlin.tzname()]",
    )

    theirs = dt.datetime(2024, 7, 1, 12, tzinfo=ZoneInfo("Europe/Berlin"))
    assert value == [
        theirs.astimezone(ZoneInfo("America/New_York")).isoformat(),
        "Europe/Berlin",
        "Europe/Berlin",
        (theirs + dt.timedelta(days=180)).isoformat(),
        "CEST",
    ]


def test_no_file_is_opened_for_a_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    """A zone that was never used before comes out of memory."""
    returned("from zoneinfo import ZoneInfo", "return ZoneInfo('UTC').key")

    def refuse(*args: object, **kwargs: object) -> None:
        raise PermissionError(args)

    monkeypatch.setattr(os, "open", refuse)
    monkeypatch.setattr("builtins.open", refuse)
    monkeypatch.setattr("io.open", refuse)

    assert (
        returned("from zoneinfo import ZoneInfo", "return ZoneInfo('Pacific/Tahiti').key")
        == "Pacific/Tahiti"
    )


@pytest.mark.parametrize(
    "key", ["'No/Where'", "'../../etc/passwd'", "'/etc/localtime'", "''", "'Europe'"]
)
def test_unknown_zone_is_a_key_error(key: str) -> None:
    """Keys are looked up in a table, so nothing else can be named."""
    value = returned(
        "from zoneinfo import ZoneInfo, ZoneInfoNotFoundError",
        "try:",
        f"    ZoneInfo({key})",
        "except KeyError as e:",
        "    return isinstance(e, ZoneInfoNotFoundError)",
    )

    assert value is True


def test_moments_with_a_zone_can_be_copied() -> None:
    """A deep copy keeps the zone, as it does outside."""
    assert returned(
        "import copy",
        "from datetime import datetime",
        "from zoneinfo import ZoneInfo",
        "kept = [datetime(2024, 7, 1, 12, tzinfo=ZoneInfo('Europe/Berlin'))]",
        "return [copy.deepcopy(kept) == kept, copy.deepcopy(kept)[0].isoformat()]",
    ) == [True, "2024-07-01T12:00:00+02:00"]


def test_zone_key_has_to_be_text() -> None:
    """A key that is no text is a TypeError."""
    assert run_lines("from zoneinfo import ZoneInfo", "ZoneInfo(5)").says.startswith("TypeError")


def test_zones_are_read_from_the_folder_of_the_package() -> None:
    """The host's tzdata package serves, and every zone of it is there afterwards."""
    folder = str(resources.files("tzdata").joinpath("zoneinfo"))

    count = zones.load_zones(folder)

    assert count >= 590
    names = returned(
        "from zoneinfo import available_timezones", "return sorted(available_timezones())"
    )
    assert "Europe/Berlin" in names


def test_other_files_are_no_zones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only files of the right format are taken, by their path below the folder."""
    monkeypatch.setattr(zones, "_blobs", {})
    (tmp_path / "A").mkdir()
    (tmp_path / "A" / "Nowhere").write_bytes(b"TZif2")
    (tmp_path / "tzdata.zi").write_text("# text")

    after = zones.load_zones(str(tmp_path))

    assert after == 1
