"""`sanderling worker`: what is done without anybody waiting for it."""

from typing import Annotated

import typer

from sanderling.cli.options import AsJSON, Home
from sanderling.cli.serve import serve_as


def worker(
    *,
    host: Annotated[str, typer.Option(help="Address for health and metrics.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port for them; 0 takes a free one.")
    ] = 3001,
    home: Home = None,
    as_json: AsJSON = False,
) -> int:
    """Run queued calls, record events and jobs until SIGTERM or Ctrl-C; what runs may finish."""
    from sanderling.wiring.server import WORKER  # noqa: PLC0415 - keeps --help quick.

    return serve_as(WORKER, host=host, port=port, home=home, as_json=as_json)
