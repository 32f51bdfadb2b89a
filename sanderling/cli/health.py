"""`sanderling health`: whether a server can serve, for people and for container probes."""

import http.client
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from sanderling.cli.exits import Exit
from sanderling.cli.options import URL, AsJSON, Timeout

if TYPE_CHECKING:
    from rich.console import Console

    from sanderling.kernel.jsontext import JSON

_HERE = "http://127.0.0.1:3000"
_WITHIN_S = 4.0
_MOST_BYTES = 1 << 20
_STYLES: Mapping[str, str] = {"ok": "green", "degraded": "yellow"}


def health(
    *,
    url: URL = None,
    timeout: Timeout = None,
    as_json: AsJSON = False,
) -> int:
    """Ask a server whether it can serve, by default at port 3000 of this machine."""
    from sanderling.cli.screen import Screen  # noqa: PLC0415 - keeps the probe quick.

    answer = _ask(url or _HERE, _WITHIN_S if timeout is None else timeout)
    state = str(answer.get("state", "down"))
    Screen(as_json=as_json).show(answer, lambda terminal: _show(terminal, state, answer))
    return Exit.OK if state in _STYLES else Exit.NOT_PROVEN


def _ask(url: str, timeout_s: float) -> "dict[str, JSON]":
    try:
        found: JSON = json.loads(_get(url, timeout_s))
    except (OSError, http.client.HTTPException, ValueError) as error:
        # The library's texts may quote the URL, and with it a password.
        return {"state": "down", "reason": f"nothing answers there: {type(error).__name__}"}
    if not isinstance(found, dict):
        return {"state": "down", "reason": "what answers there is no Sanderling"}
    return {"state": found.get("state", "down"), "parts": found.get("parts", {})}


def _get(url: str, timeout_s: float) -> bytes:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("not the URL of a server")
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname, parts.port, timeout=timeout_s)
    try:
        connection.request("GET", f"{parts.path.rstrip('/')}/health/ready")
        return connection.getresponse().read(_MOST_BYTES)
    finally:
        connection.close()


def _show(terminal: "Console", state: str, answer: "dict[str, JSON]") -> None:
    from sanderling.cli.terminal_text import visible  # noqa: PLC0415 - keeps the probe quick.

    terminal.print(f"The server is {visible(state)}.", style=_STYLES.get(state, "red"))
    if "reason" in answer:
        terminal.print(visible(str(answer["reason"])))
    parts = answer.get("parts")
    for name, part in parts.items() if isinstance(parts, dict) else ():
        reasons = part.get("reasons") if isinstance(part, dict) else None
        for reason in reasons if isinstance(reasons, list) else ():
            terminal.print(f"{visible(name)}: {visible(str(reason))}")
