"""What the demo shows of sync: two accounts brought in, and a function called for each message."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sanderling.cli.demo.caller import Caller
from sanderling.cli.demo.failure import DemoFailed
from sanderling.cli.demo.providers import OWNER, Load, Providers
from sanderling.kernel.clock import SystemClock

FUNCTION = "find-invoices"
_SOURCE = """\
def handler(event, context):
    subject = event["properties"]["after"]["subject"] or ""
    return {"subject": subject, "is_invoice": "Invoice " in subject}
"""
_ENOUGH_S = 300.0
_PAUSE_S = 0.25
_SAMPLES = 2
_UNDER_WAY = ("waiting", "running")
_LONG_AGO = "2000-01-01T00:00:00Z"
_LETTER = "Invoice 4711 for the demo"

Advance = Callable[[str, int, int | None], None]
"""Is told what goes on, how much of it is done by now, and of how much where that is known."""


@dataclass(slots=True)
class _Arrivals:
    """Adds up what slices brought in, by channel; lists of slices show the latest alone."""

    seen: dict[tuple[str, str], int] = field(default_factory=dict[tuple[str, str], int])

    def look(self, streams: list[dict[str, Any]]) -> None:
        """Note the slices of an account's streams."""
        for stream in streams:
            channel = stream["channel"]
            brings = "import" if _is_mail(channel) else "list"
            for each in stream["slices"]:
                if each["phase"] == brings:
                    self.seen[channel, each["began_at"]] = each["items"]

    def of(self, channel: str) -> int:
        """Return how much came in by a channel."""
        return sum(items for (name, _), items in self.seen.items() if name == channel)

    @property
    def total(self) -> int:
        """How much came in at all."""
        return sum(self.seen.values())


class SyncScene:
    """Connect, import, call, and see a letter arrive."""

    def __init__(self, caller: Caller, providers: Providers, load: Load) -> None:
        """Show it on the caller's server, whose providers have `load` each."""
        self._caller = caller
        self._providers = providers
        self._load = load
        self._clock = SystemClock()
        self._calls: dict[str, dict[str, Any]] = {}

    def run(self, advance: Advance) -> dict[str, Any]:
        """Return what was synced, and what the function made of it.

        Raises:
            DemoFailed: an account was not connected, or something did not come in time.

        """
        began_ns = self._clock.monotonic_ns()
        self._deploy()
        accounts = {name: self._connect(name) for name in self._providers.urls}
        arrivals = _Arrivals()
        self._until(lambda: self._is_imported(accounts, arrivals, advance), "the first sync")
        self._providers.deliver("google", _LETTER)
        asked = self._caller.post(f"/v1/accounts/{accounts['google']}/sync-now", None)
        self._caller.must(202, asked)
        self._until(lambda: self._has_arrived(advance), "the letter that arrived meanwhile")
        self._until(lambda: self._is_all_called(advance), "the calls of the function")
        took_s = (self._clock.monotonic_ns() - began_ns) / 1e9
        invoices = self._invoices()
        return {
            "channels": {
                stream["channel"]: arrivals.of(stream["channel"])
                for account_id in accounts.values()
                for stream in self._streams(account_id)
            },
            "took_s": round(took_s, 1),
            "calls": len(self._calls),
            "invoices": len(invoices),
            "samples": invoices[:_SAMPLES],
            "arrived": _LETTER,
        }

    def _deploy(self) -> None:
        self._caller.create(FUNCTION, _SOURCE, isolation="function")
        self._caller.publish(FUNCTION)
        watch = {"kind": "record", "event_name": "message.created"}
        trigger = {"function": FUNCTION, "settings": watch}
        self._caller.must(201, self._caller.post("/v1/triggers", trigger))

    def _connect(self, provider: str) -> str:
        asked = {"provider": provider, "email": OWNER}
        address = self._caller.must(201, self._caller.post("/v1/accounts", asked)).body["address"]
        self._providers.consent(address)
        for account in self._caller.get("/v1/accounts")["items"]:
            if account["provider"] == provider:
                account_id: str = account["id"]
                return account_id
        raise DemoFailed(f"the account at {provider} was not connected")

    def _streams(self, account_id: str) -> list[dict[str, Any]]:
        streams: list[dict[str, Any]] = self._caller.get(f"/v1/accounts/{account_id}")["streams"]
        return streams

    def _is_imported(self, accounts: dict[str, str], arrivals: _Arrivals, advance: Advance) -> bool:
        streams = [each for account in accounts.values() for each in self._streams(account)]
        arrivals.look(streams)
        whole = len(accounts) * (self._load.messages + self._load.events)
        advance("messages and events synced", arrivals.total, whole)
        return all(self._is_resting(stream) for stream in streams)

    def _is_resting(self, stream: dict[str, Any]) -> bool:
        if stream["status"] == "parked":
            raise DemoFailed(f"{stream['channel']}: {stream['detail']}")
        is_later = datetime.fromisoformat(stream["next_due_at"]) > self._clock.now()
        is_idle = stream["phase"] == "list" and not stream["is_running"]
        return is_idle and is_later and stream["last_success_at"] is not None

    def _look_at_calls(self, advance: Advance, since: str) -> None:
        for call in self._caller.lines("/v1/calls/export", function=FUNCTION, since=since):
            if call["outcome"] != "ok":
                raise DemoFailed(f"{FUNCTION} ended {call['outcome']}: {call['detail']}")
            self._calls[call["id"]] = call
        advance("calls of a function made", len(self._calls), None)

    def _invoices(self) -> list[str]:
        results = [call["result"] for call in self._calls.values()]
        return [result["subject"] for result in results if result["is_invoice"]]

    def _has_arrived(self, advance: Advance) -> bool:
        self._look_at_calls(advance, self._latest())
        return _LETTER in self._invoices()

    def _is_all_called(self, advance: Advance) -> bool:
        # What came before the letter was queued before it, so the queue knows of everything.
        is_over = not any(
            self._caller.get(f"/v1/executions?function={FUNCTION}&status={status}&limit=1")["items"]
            for status in _UNDER_WAY
        )
        # Calls are kept as they end, so one that began early may be among the last.
        self._look_at_calls(advance, _LONG_AGO if is_over else self._latest())
        return is_over

    def _latest(self) -> str:
        return max((call["started_at"] for call in self._calls.values()), default=_LONG_AGO)

    def _until(self, is_done: Callable[[], bool], what: str) -> None:
        began_ns = self._clock.monotonic_ns()
        while not is_done():
            if (self._clock.monotonic_ns() - began_ns) / 1e9 > _ENOUGH_S:
                raise DemoFailed(f"{what} did not end within {_ENOUGH_S:.0f} s")
            asyncio.run(self._clock.wait_s(_PAUSE_S))


def _is_mail(channel: str) -> bool:
    return channel in {"gmail", "microsoft-mail"}
