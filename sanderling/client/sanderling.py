"""The client that people write against."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self, Unpack

from drivers.port import Outcome
from runner.call import Trigger
from runner.function import RateLimit
from sanderling.access.api_key import parse_key
from sanderling.api.call_models import CallPage, CallShown
from sanderling.api.function_models import (
    AskedDraft,
    AskedFunction,
    AskedRollback,
    FunctionPage,
    ShownFunction,
    ShownVersion,
    VersionPage,
)
from sanderling.client.accounts import Accounts
from sanderling.client.asked import (
    asked_body,
    asked_call,
    known_call_id,
    known_name,
    known_number,
    page_place,
)
from sanderling.client.asked_calls import CallFilters, call_filter
from sanderling.client.asked_replay import KEPT, Kept, asked_replay
from sanderling.client.executions import Executions
from sanderling.client.http_transport import HTTPTransport
from sanderling.client.in_process_transport import InProcessTransport
from sanderling.client.jobs import Jobs
from sanderling.client.records import CalendarEvents, Contacts, Messages
from sanderling.client.settings import ServerSettings
from sanderling.client.transport import Transport
from sanderling.client.triggers import Triggers
from sanderling.kernel.jsontext import JSON

MANY = 50


def _draft(
    source: str,
    limits: Mapping[str, float] | None,
    isolation: str,
    rate_limit: RateLimit | None,
    concurrency: int | None,
    *,
    is_idempotent: bool,
) -> dict[str, object]:
    own = rate_limit and {"limit": rate_limit.limit, "ttl_ms": rate_limit.ttl_ms}
    return {
        "source": source,
        "limits": dict(limits or {}),
        "isolation": isolation,
        "rate_limit": own,
        "concurrency": concurrency,
        "is_idempotent": is_idempotent,
    }


class Functions:
    """What can be done with functions."""

    def __init__(self, transport: Transport) -> None:
        """Work over `transport`."""
        self._transport = transport

    async def create(  # noqa: PLR0913 - each is a part of the draft.
        self,
        name: str,
        source: str,
        *,
        limits: Mapping[str, float] | None = None,
        isolation: str = "call",
        rate_limit: RateLimit | None = None,
        concurrency: int | None = None,
        is_idempotent: bool = False,
    ) -> ShownFunction:
        """Create a function with its first draft; nothing is live yet.

        `limits` are named as in `drivers.limits.Limits`; what is left out has its default. With
        `is_idempotent` a queued call may be tried again after its code began.
        """
        draft = _draft(
            source, limits, isolation, rate_limit, concurrency, is_idempotent=is_idempotent
        )
        members = {**draft, "name": name}
        return await self._transport.create_function(asked_body(AskedFunction, members))

    async def save_draft(  # noqa: PLR0913 - each is a part of the draft.
        self,
        name: str,
        source: str,
        *,
        limits: Mapping[str, float] | None = None,
        isolation: str = "call",
        rate_limit: RateLimit | None = None,
        concurrency: int | None = None,
        is_idempotent: bool = False,
    ) -> ShownFunction:
        """Replace the draft as a whole; what is left out has its default again."""
        draft = _draft(
            source, limits, isolation, rate_limit, concurrency, is_idempotent=is_idempotent
        )
        asked = asked_body(AskedDraft, draft)
        return await self._transport.save_draft(known_name(name), asked)

    async def get(self, name: str) -> ShownFunction:
        """Return one function with its draft."""
        return await self._transport.get_function(known_name(name))

    async def list(self, *, limit: int = MANY, cursor: str | None = None) -> FunctionPage:
        """Return functions by name; `next_cursor` of one page continues with the next."""
        return await self._transport.list_functions(page_place(limit, cursor))

    async def delete(self, name: str) -> None:
        """Delete a function with its versions; its calls stay."""
        await self._transport.delete_function(known_name(name))

    async def publish(self, name: str) -> ShownVersion:
        """Make the draft a version that is live; the same definition is the same version."""
        return await self._transport.publish(known_name(name))

    async def rollback(self, name: str, version: int) -> ShownVersion:
        """Make an earlier version live; the draft stays as it is."""
        asked = asked_body(AskedRollback, {"version": version})
        return await self._transport.roll_back(known_name(name), asked.version)

    async def version(self, name: str, number: int) -> ShownVersion:
        """Return one version with its source."""
        known = known_number(number, place="path")
        return await self._transport.get_version(known_name(name), known)

    async def versions(
        self, name: str, *, limit: int = MANY, cursor: str | None = None
    ) -> VersionPage:
        """Return the versions of a function, newest first."""
        return await self._transport.list_versions(known_name(name), page_place(limit, cursor))


class Calls:
    """What can be seen of calls."""

    def __init__(self, transport: Transport) -> None:
        """Work over `transport`."""
        self._transport = transport

    async def get(self, call_id: str) -> CallShown:
        """Return one call with its event, result and logs."""
        return await self._transport.get_call(known_call_id(call_id))

    async def list(
        self, *, limit: int = MANY, cursor: str | None = None, **filters: Unpack[CallFilters]
    ) -> CallPage:
        """Return calls, newest first, without events, results and logs."""
        return await self._transport.list_calls(call_filter(filters), page_place(limit, cursor))

    async def export_lines(self, **filters: Unpack[CallFilters]) -> AsyncIterator[bytes]:
        """Yield each call as `get` has it, as one line of JSON, newest first.

        No more than a page is held at a time. Calls that are made meanwhile are not among them.
        """
        async for line in self._transport.export_calls(call_filter(filters)):
            yield line

    async def export(self, **filters: Unpack[CallFilters]) -> AsyncIterator[CallShown]:
        """Yield each call as `get` returns it, newest first, as `export_lines` does."""
        async for line in self.export_lines(**filters):
            yield CallShown.model_validate_json(line, extra="ignore")

    async def replay(
        self,
        call_id: str,
        *,
        event: "JSON | Kept" = KEPT,
        version: str | int = "live",
        timeout_s: float | None = None,
    ) -> Outcome:
        """Make a kept call again and return what happened.

        It is a new call, which `list(replay_of=call_id)` finds. It gets the event that is kept, or
        `event` in its place. `version` is live, same for the very code that ran, draft or a
        number.

        Raises:
            ReplayRefused: the event is not kept as it was, or that code is gone.
            Refusal: the call was turned away before any code ran.
            Fault: the server, or the instance, cannot be reached.

        """
        asked = asked_replay(known_call_id(call_id), event, version=version, timeout_s=timeout_s)
        return await self._transport.replay_call(asked)


class Sanderling:
    """Call functions, and manage them.

    With a `url` it speaks HTTP to a server and needs a `key`. Without one it opens the instance
    in `home` inside this process, as its operator, or as whoever has `key`. Refusals are raised
    as the same classes in both. Enter it once; one event loop owns it.
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        key: str | None = None,
        home: Path | None = None,
        transport: Transport | None = None,
    ) -> None:
        """Prepare; nothing is opened before the client is entered. A `transport` goes first.

        Raises:
            KeyMalformed: the key's shape or checksum is wrong.
            URLRefused: the URL is not that of a server.

        """
        if key is not None:
            parse_key(key)
        if transport is None:
            transport = _in_process(home, key) if url is None else HTTPTransport(url, key)
        self._transport = transport
        self.functions = Functions(transport)
        self.calls = Calls(transport)
        self.triggers = Triggers(transport.triggers)
        self.executions = Executions(transport.executions)
        self.accounts = Accounts(transport.accounts)
        self.messages = Messages(transport.records)
        self.calendar_events = CalendarEvents(transport.records)
        self.contacts = Contacts(transport.records)
        self.jobs = Jobs(transport.jobs)
        self.settings = ServerSettings(transport.settings)

    def __repr__(self) -> str:
        """Show where it leads, never the key."""
        return f"Sanderling({self._transport!r})"

    async def __aenter__(self) -> Self:
        """Open the connection, or the instance in this process."""
        await self._transport.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close it; what runs in this process finishes first."""
        await self._transport.__aexit__(kind, error, traceback)

    async def call(
        self,
        name: str,
        event: JSON = None,
        *,
        version: str | int | None = None,
        timeout_s: float | None = None,
        trigger: str = Trigger.API,
        idempotency_key: str | None = None,
    ) -> Outcome:
        """Run one call of a function and return what happened.

        `version` is live (the default), draft or a number. `timeout_s` shortens the function's
        own limit. `trigger` says what makes the call: `workflow` for a workflow engine, whose runs
        have limits of their own and may wait in line. A call is never made twice: when the
        connection breaks after it was sent, the outcome is `unknown_outcome`. With an
        `idempotency_key` the same call may then be asked for again: within a day it is made once,
        and answered alike.

        Raises:
            Refusal: the call was turned away before any code ran.
            Fault: the server, or the instance, cannot be reached.

        """
        asked = asked_call(
            name,
            event,
            version=version,
            timeout_s=timeout_s,
            trigger=trigger,
            idempotency_key=idempotency_key,
        )
        return await self._transport.call(asked)


def _in_process(home: Path | None, key: str | None) -> Transport:
    # Only who runs functions in this process loads what that needs.
    from sanderling.client.opening import open_instance  # noqa: PLC0415 - as said above.

    return InProcessTransport(open_instance(home, key))
