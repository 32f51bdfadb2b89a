"""`sanderling secrets`: how the secrets of this home are sealed."""

import asyncio
from typing import TYPE_CHECKING

from sanderling.cli.exits import Exit
from sanderling.cli.options import AsJSON, Home
from sanderling.cli.terminal_text import visible

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

    from config.rewrap import Rewrapped
    from sanderling.kernel.jsontext import JSON


def rewrap(*, home: Home = None, as_json: AsJSON = False) -> int:
    """Seal every secret anew with APP_SECRET; needs the earlier ones in APP_SECRET_PREVIOUS."""
    from sanderling.cli.screen import Screen  # noqa: PLC0415 - keeps --help quick.

    done = asyncio.run(_rewrap(home))
    value: dict[str, JSON] = {
        "revisions": done.revisions,
        "accounts": done.accounts,
        "sealed": done.sealed,
        "current": done.current,
        "unreadable": list(done.unreadable),
    }
    Screen(as_json=as_json).show(value, lambda terminal: _show(terminal, done))
    return Exit.NOT_PROVEN if done.unreadable else Exit.OK


async def _rewrap(home: "Path | None") -> "Rewrapped":
    from config.loader import load_snapshot  # noqa: PLC0415 - as above.
    from config.rewrap import rewrap as seal_anew  # noqa: PLC0415 - as above.
    from sanderling.cli.screen import log_quietly  # noqa: PLC0415 - as above.
    from sanderling.store import SQLConfigStore, reseal_tokens  # noqa: PLC0415 - as above.
    from sanderling.wiring.foundation import open_foundation  # noqa: PLC0415 - as above.
    from sanderling.wiring.sealer import sealer_of  # noqa: PLC0415 - as above.

    log_quietly()
    settings = load_snapshot(home=home).settings
    sealer = sealer_of(settings)
    async with open_foundation(settings) as foundation:
        done = await seal_anew(SQLConfigStore(foundation.database), sealer)
        return done.plus(await reseal_tokens(foundation.database, sealer))


def _show(terminal: "Console", done: "Rewrapped") -> None:
    terminal.print(
        f"Looked at {done.revisions} revisions of the settings and the tokens of {done.accounts} "
        f"accounts: sealed {done.sealed} secrets anew, {done.current} were sealed with APP_SECRET "
        "already."
    )
    for place in done.unreadable:
        terminal.print(f"  cannot be read: {visible(place)}", style="red")
    if done.unreadable:
        terminal.print(
            "Add the APP_SECRET that they were sealed with to APP_SECRET_PREVIOUS and run this "
            "again, or set them anew; accounts are connected again."
        )
    else:
        terminal.print("APP_SECRET_PREVIOUS is not needed any more.", style="green")
