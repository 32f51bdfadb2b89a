"""`sanderling serve`: the HTTP API."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sanderling.cli.options import AsJSON, Home

if TYPE_CHECKING:
    from sanderling.wiring.server import Face


def serve(
    *,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int | None,
        typer.Option(
            min=0, max=65535, help="Port; 0 takes a free one.", show_default="NODE_PORT, else 3000"
        ),
    ] = None,
    with_worker: Annotated[
        bool,
        typer.Option(
            "--with-worker/--without-worker",
            help="Whether it also does the work of a worker: queued calls, record events, jobs.",
        ),
    ] = True,
    home: Home = None,
    as_json: AsJSON = False,
) -> int:
    """Serve the HTTP API until SIGTERM or Ctrl-C; calls in flight finish first."""
    from sanderling.wiring.server import API, API_ALONE  # noqa: PLC0415 - keeps --help quick.

    face = API if with_worker else API_ALONE
    return serve_as(face, host=host, port=port, home=home, as_json=as_json)


def serve_as(face: "Face", *, host: str, port: int | None, home: Path | None, as_json: bool) -> int:
    """Serve with a face until a signal; without a port on the one of the settings."""
    from config.loader import load_snapshot  # noqa: PLC0415 - keeps --help quick.
    from sanderling.logs import configure_logs  # noqa: PLC0415 - as above.
    from sanderling.wiring import server  # noqa: PLC0415 - as above.

    snapshot = load_snapshot(home=home)
    settings = snapshot.settings
    configure_logs(level=settings.log_level, form=settings.log_format)

    def announce(url: str) -> None:
        line = json.dumps({"listening": url}) if as_json else f"Listening on {url}"
        sys.stdout.write(line + "\n")
        sys.stdout.flush()

    server.serve(
        snapshot,
        host=host,
        port=settings.node_port if port is None else port,
        announce=announce,
        face=face,
    )
    return 0
