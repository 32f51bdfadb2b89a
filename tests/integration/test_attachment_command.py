"""The command that keeps an attachment, against a server."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from jobs.accounts.account import AccountStatus
from jobs.streams.stream import AccountId
from sanderling.api import create_app
from sanderling.cli.exits import Exit
from support.came_in import MINE, account_of, bring_messages, message_id
from support.command import CommandLine, Ended
from support.loopback import serving
from support.services import House, build_house

pytestmark = pytest.mark.slow


class Desk:
    """Runs the command in a folder of its own."""

    def __init__(self, house: House, folder: Path, url: str, key: str) -> None:
        """Ask the server at `url`."""
        self.house = house
        self.folder = folder
        settings = {"SANDERLING_URL": url, "SANDERLING_API_KEY": key}
        self._command = CommandLine(folder / "home", folder, settings)

    async def run(self, *words: str) -> Ended:
        """Run it beside the server of this process."""
        return await asyncio.to_thread(
            self._command.run, "messages", "attachment", message_id("a"), *words
        )


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncGenerator[Desk]:
    """Yield a server into whose accounts a message with one attachment came."""
    house = build_house()
    await bring_messages(house.doorstep, account_of(house.workspace_id), "a")
    async with serving(create_app(house.services)) as url:
        yield Desk(house, tmp_path, url, await house.key())


async def test_it_is_kept_under_its_own_name_and_never_written_over(desk: Desk) -> None:
    """Asked for again it says that the file is there, and the provider is not asked."""
    first = await desk.run("1", "--json")
    (desk.folder / "a.pdf").write_bytes(b"mine now")
    second = await desk.run("1")
    third = await desk.run("1", "--output", "a.pdf")

    assert (first.status, first.json) == (Exit.OK, {"file": "a.pdf", "size_bytes": 6})
    assert [second.status, third.status] == [Exit.USAGE, Exit.USAGE]
    assert "already" in second.err
    assert (desk.folder / "a.pdf").read_bytes() == b"mine now"


async def test_it_goes_where_it_is_told(desk: Desk) -> None:
    """To another file, or as it is into a pipe."""
    kept = await desk.run("1", "-o", "other.bin")
    piped = await desk.run("1", "-o", "-")

    assert kept.status == Exit.OK
    assert "Kept other.bin (6 B)." in kept.out
    assert (desk.folder / "other.bin").read_bytes() == b"%PDF-1"
    assert piped.out == "%PDF-1"


async def test_a_refusal_leaves_no_file_and_says_what_to_do(desk: Desk) -> None:
    """A paused account is resumed, and then asked again."""
    await desk.house.doorstep.store.change(AccountId(MINE), AccountStatus.PAUSED)

    ended = await desk.run("1")
    told = await desk.run("1", "--json")

    assert ended.status == Exit.REFUSED
    assert f"sanderling accounts resume {MINE}" in ended.err
    assert told.json["error"]["code"] == "account_stopped"
    assert [each.name for each in desk.folder.iterdir() if each.is_file()] == []
