"""`sanderling init`: make a home that is ready to serve."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sanderling.cli.options import AsJSON, Home
from sanderling.cli.terminal_text import visible

if TYPE_CHECKING:
    from rich.console import Console

    from sanderling.kernel.jsontext import JSON

FIRST_KEY = "first"


@dataclass(frozen=True, slots=True)
class Prepared:
    """What `init` found or made; `key` is the text of the first key, only when it was made now."""

    home: Path
    made: tuple[str, ...]
    key: str | None = None


def init(*, home: Home = None, as_json: AsJSON = False) -> int:
    """Make the home: folder, .env with APP_SECRET, database, first admin key."""
    from sanderling.cli.screen import Screen  # noqa: PLC0415 - keeps --help quick.

    prepared = asyncio.run(prepare(home))
    value: dict[str, JSON] = {
        "home": str(prepared.home),
        "made": list(prepared.made),
        "key": prepared.key,
    }
    Screen(as_json=as_json).show(value, lambda terminal: _show(terminal, prepared))
    return 0


async def prepare(home: Path | None) -> Prepared:
    """Make what is missing in `home` and change nothing that is there.

    Raises:
        ConfigRejected: a setting in its .env file cannot be used.
        HomeUnusableError: the folder cannot be made or written.
        StoreUnavailableError: the database is away.

    """
    from config.layers import resolve_home  # noqa: PLC0415 - keeps --help quick.
    from config.loader import load_snapshot  # noqa: PLC0415 - as above.
    from sanderling.access.principal import Role  # noqa: PLC0415 - as above.
    from sanderling.cli.screen import log_quietly  # noqa: PLC0415 - as above.
    from sanderling.wiring.foundation import open_foundation  # noqa: PLC0415 - as above.
    from sanderling.wiring.home import open_home, write_env_file  # noqa: PLC0415 - as above.

    log_quietly()
    folder = resolve_home(home)
    made = ["home"] if open_home(folder) else []
    if write_env_file(folder):
        made.append(".env")
    async with open_foundation(load_snapshot(home=folder).settings) as foundation:
        workspace_id = foundation.default_workspace_id
        if await foundation.keys.list(workspace_id):
            return Prepared(folder, tuple(made))
        key = await foundation.keys.create(
            workspace_id, name=FIRST_KEY, role=Role.ADMIN, is_server_admin=True
        )
        return Prepared(folder, (*made, "key"), key.text)


def _show(terminal: "Console", prepared: Prepared) -> None:
    home = visible(str(prepared.home))
    if not prepared.made:
        terminal.print(f"All is in place in {home}; nothing was changed.")
        return
    terminal.print(f"Ready in {home}: made {', '.join(prepared.made)}.", style="green")
    if prepared.key:
        terminal.print("\nYour first API key, an administrator's. It is shown only now:\n")
        terminal.print(f"  {prepared.key}\n", style="bold")
    terminal.print("Next: sanderling serve", style="dim")
