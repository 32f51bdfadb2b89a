"""Google and Microsoft as `sanderling dev providers` plays them, ended by their process id."""

import subprocess
import tempfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx2

from sanderling.cli.demo.failure import DemoFailed
from sanderling.cli.demo.instance import environment_for
from sanderling.cli.demo.process import announcement, command, stop, tail

_TIMEOUT_S = 30.0
OWNER = "ada@example.com"
RAISED: Mapping[str, str] = {
    "GMAIL_QUOTA_UNITS_PER_MINUTE": "1200000",
    "MICROSOFT_GRAPH_QUOTA_REQUESTS_PER_TEN_MINUTES": "1000000",
}
"""With the real quotas 1,000 messages of Gmail take five minutes."""


@dataclass(frozen=True, slots=True)
class Load:
    """How much the owner has, at each provider."""

    messages: int
    events: int


@dataclass(frozen=True, slots=True)
class Providers:
    """Providers that are played now: their addresses by name, and what points a server at them."""

    urls: Mapping[str, str]
    settings: Mapping[str, str]

    def deliver(self, provider: str, subject: str) -> None:
        """Let a letter come in the owner's mailbox."""
        url = f"{self.urls[provider]}/_simulator/people/{OWNER}/messages"
        self._ask("POST", url, json={"subject": subject})

    def consent(self, address: str) -> None:
        """Open the address at which the owner consents, and go wherever it leads."""
        self._ask("GET", address)

    @staticmethod
    def _ask(method: str, url: str, json: Mapping[str, str] | None = None) -> None:
        try:
            with httpx2.Client(
                follow_redirects=True, timeout=_TIMEOUT_S, trust_env=False
            ) as client:
                client.request(method, url, json=json).raise_for_status()
        except httpx2.HTTPError as error:
            where = urlsplit(url).path
            raise DemoFailed(f"{method} {where}: {type(error).__name__}") from error


@contextmanager
def playing_providers(load: Load, server_url: str) -> Generator[Providers]:
    """Yield providers that send people back to `server_url`; afterwards nothing of them is left.

    Raises:
        DemoFailed: they did not start, or did not stop cleanly.

    """
    with tempfile.TemporaryDirectory(prefix="sanderling-providers-") as folder:
        errors = Path(folder) / "providers.log"
        words = ("--messages", str(load.messages), "--events", str(load.events))
        with errors.open("wb") as log:
            process = subprocess.Popen(  # noqa: S603 - our own command with our own words.
                command("dev", "providers", "--port", "0", "--json", *words),
                env=environment_for(Path(folder)),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
            )
        with process:
            try:
                played = announcement("the simulated providers", process, errors)["providers"]
                settings = {
                    name: value for each in played for name, value in each["settings"].items()
                }
                yield Providers(
                    {each["name"]: each["base_url"] for each in played},
                    {
                        **RAISED,
                        **{name: _back(name, settings[name], server_url) for name in settings},
                    },
                )
            except BaseException:
                stop(process)
                raise
            if status := stop(process):
                raise DemoFailed(f"the simulated providers ended with {status}\n{tail(errors)}")


def _back(name: str, value: str, server_url: str) -> str:
    """Return a setting, with the way back leading to `server_url`."""
    return f"{server_url}{urlsplit(value).path}" if name.endswith("_CALLBACK_URL") else value
