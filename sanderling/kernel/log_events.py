"""Every event that is logged, and what it means; the docs and a test read this table."""

from collections.abc import Mapping

LOG_EVENTS: Mapping[str, str] = {
    "driver.failed": "The driver could not start; calls get an outcome that says so.",
    "library.reported": "A library wrote a log line of its own; `logger` and `message` tell.",
    "server.started": "The server accepts requests.",
    "server.stopped": "The server finished its calls and closed what it held.",
}
