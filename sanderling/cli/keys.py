"""`sanderling keys`: API keys, made and ended on this machine."""

import asyncio
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from sanderling.cli.options import AsJSON, Home
from sanderling.cli.quantity import parse_duration_s
from sanderling.cli.terminal_text import visible

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from rich.console import Console

    from sanderling.access.keys import NewKey
    from sanderling.access.ports import StoredKey
    from sanderling.kernel.ids import WorkspaceId
    from sanderling.kernel.jsontext import JSON
    from sanderling.wiring.foundation import Foundation


Result = TypeVar("Result")


class RoleChoice(StrEnum):
    """What a key may do in its workspace."""

    ADMIN = "admin"
    MEMBER = "member"


Workspace = Annotated[
    str | None,
    typer.Option(metavar="NAME|ID", help="Workspace of the key.", show_default="the first one"),
]


def create(  # noqa: PLR0913 - each option of the command is one parameter.
    name: Annotated[str, typer.Argument(metavar="NAME", help="What people will know it by.")],
    *,
    role: Annotated[RoleChoice, typer.Option(help="Its role.")] = RoleChoice.MEMBER,
    server_admin: Annotated[
        bool, typer.Option("--server-admin", help="It may also administer the whole server.")
    ] = False,
    expires: Annotated[
        str, typer.Option(metavar="30d|never", help="How long it works, such as 12h or 30d.")
    ] = "never",
    workspace: Workspace = None,
    home: Home = None,
    as_json: AsJSON = False,
) -> int:
    """Make an API key and show it once."""
    from sanderling.access.principal import Role  # noqa: PLC0415 - keeps --help quick.
    from sanderling.cli.screen import Screen  # noqa: PLC0415 - as above.

    lifetime = lifetime_of(expires)

    async def make(foundation: "Foundation", workspace_id: "WorkspaceId") -> "NewKey":
        return await foundation.keys.create(
            workspace_id,
            name=name,
            role=Role(role.value),
            is_server_admin=server_admin,
            lifetime=lifetime,
        )

    key = asyncio.run(_on_foundation(home, workspace, make))
    Screen(as_json=as_json).show(
        {**key_json(key.stored), "key": key.text}, lambda terminal: _show_new(terminal, key)
    )
    return 0


def show_list(*, workspace: Workspace = None, home: Home = None, as_json: AsJSON = False) -> int:
    """List API keys, oldest first; their secrets are kept nowhere."""
    from sanderling.cli.screen import Screen, table_view  # noqa: PLC0415 - keeps --help quick.

    async def read(
        foundation: "Foundation", workspace_id: "WorkspaceId"
    ) -> "tuple[tuple[StoredKey, ...], datetime]":
        return await foundation.keys.list(workspace_id), foundation.clock.now()

    keys, now = asyncio.run(_on_foundation(home, workspace, read))
    rows = [
        (
            key.id,
            key.name,
            _role(key),
            f"…{key.hint}",
            _state(key, now),
            f"{key.created_at.astimezone():%Y-%m-%d %H:%M}",
        )
        for key in keys
    ]
    columns = ("id", "name", "role", "ends in", "state", "created")
    view = table_view("API keys", columns, rows, empty="There are no API keys.")
    Screen(as_json=as_json).show({"items": [key_json(key) for key in keys]}, view)
    return 0


def revoke(
    key_id: Annotated[str, typer.Argument(metavar="ID", help="Id of the key, from `keys list`.")],
    *,
    workspace: Workspace = None,
    home: Home = None,
    as_json: AsJSON = False,
) -> int:
    """End an API key for good."""
    from sanderling.cli.screen import Screen  # noqa: PLC0415 - keeps --help quick.

    async def end(foundation: "Foundation", workspace_id: "WorkspaceId") -> None:
        await foundation.keys.revoke(workspace_id, key_id)

    asyncio.run(_on_foundation(home, workspace, end))
    Screen(as_json=as_json).show(
        {"revoked": key_id},
        lambda terminal: terminal.print(f"Revoked {visible(key_id)}; it works 2 s longer at most."),
    )
    return 0


def lifetime_of(words: str) -> timedelta | None:
    """Return how long a key is to work; None for `never`.

    Raises:
        typer.BadParameter: it is neither `never` nor a duration.

    """
    if words == "never":
        return None
    try:
        return timedelta(seconds=parse_duration_s(words))
    except (ValueError, OverflowError) as error:
        raise typer.BadParameter("write `never`, 12h or 30d", param_hint="--expires") from error


def key_json(key: "StoredKey") -> "dict[str, JSON]":
    """Return a key as JSON, without its digest."""
    return {
        "id": key.id,
        "workspace_id": key.workspace_id,
        "name": key.name,
        "role": key.role.value,
        "is_server_admin": key.is_server_admin,
        "hint": key.hint,
        "created_at": _moment(key.created_at),
        "expires_at": _moment(key.expires_at) if key.expires_at else None,
        "revoked_at": _moment(key.revoked_at) if key.revoked_at else None,
    }


async def _on_foundation(
    home: "Path | None",
    workspace: str | None,
    work: "Callable[[Foundation, WorkspaceId], Awaitable[Result]]",
) -> "Result":
    from config.loader import load_snapshot  # noqa: PLC0415 - keeps --help quick.
    from sanderling.cli.screen import log_quietly  # noqa: PLC0415 - as above.
    from sanderling.wiring.foundation import open_foundation  # noqa: PLC0415 - as above.

    log_quietly()
    async with open_foundation(load_snapshot(home=home).settings) as foundation:
        return await work(foundation, await _workspace_id(foundation, workspace))


async def _workspace_id(foundation: "Foundation", words: str | None) -> "WorkspaceId":
    if words is None:
        return foundation.default_workspace_id
    found = [one.id for one in await foundation.workspaces.list() if words in {one.id, one.name}]
    if len(found) != 1:
        reason = "names no workspace" if not found else "names several; use an id"
        raise typer.BadParameter(f"{words!r} {reason}", param_hint="--workspace")
    return found[0]


def _moment(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def _role(key: "StoredKey") -> str:
    return f"{key.role.value}, server admin" if key.is_server_admin else key.role.value


def _state(key: "StoredKey", now: datetime) -> str:
    if key.revoked_at:
        return f"revoked {key.revoked_at.date().isoformat()}"
    if key.expires_at is None:
        return "works"
    verb = "expired" if key.expires_at <= now else "works until"
    return f"{verb} {key.expires_at.date().isoformat()}"


def _show_new(terminal: "Console", key: "NewKey") -> None:
    terminal.print(f"Made {key.stored.id}. It is shown only now:\n", style="green")
    terminal.print(f"  {key.text}\n", style="bold")
