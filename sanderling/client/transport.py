"""The port between what people write and where it happens."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

from drivers.port import Outcome
from runner.call import Selector, Trigger
from runner.call_filter import CallFilter
from runner.replays import AskedReplay
from sanderling.api.call_models import CallPage, CallShown
from sanderling.api.function_models import (
    AskedDraft,
    AskedFunction,
    FunctionPage,
    ShownFunction,
    ShownVersion,
    VersionPage,
)
from sanderling.client.accounts_transport import AccountsTransport
from sanderling.client.executions_transport import ExecutionsTransport
from sanderling.client.jobs_transport import JobsTransport
from sanderling.client.records_transport import RecordsTransport
from sanderling.client.settings_transport import SettingsTransport
from sanderling.client.triggers_transport import TriggersTransport


@dataclass(frozen=True, slots=True)
class AskedCall:
    """One call, checked: `event_json` is strict JSON."""

    function: str
    event_json: bytes
    version: Selector | int = Selector.LIVE
    timeout_s: float | None = None
    trigger: Trigger = Trigger.API
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True)
class PagePlace:
    """Which part of a list is wanted."""

    limit: int
    cursor: str | None


class Transport(Protocol):
    """Carry what is asked to the use-cases and bring back what they say.

    Every implementation passes `tests/contract/test_client_contract.py`: same values, same
    refusals. What it is given was checked: names are names, limits are in range. When the other
    side is away every method raises a `Fault`, except that a call which may have begun ends in
    `unknown_outcome`.
    """

    @property
    def settings(self) -> SettingsTransport:
        """What can be done with the settings of the server."""
        ...

    @property
    def triggers(self) -> TriggersTransport:
        """What can be done with triggers."""
        ...

    @property
    def accounts(self) -> AccountsTransport:
        """What can be done with connected accounts."""
        ...

    @property
    def records(self) -> RecordsTransport:
        """What came in through connected accounts."""
        ...

    @property
    def jobs(self) -> JobsTransport:
        """What can be done with the jobs of the worker."""
        ...

    @property
    def executions(self) -> ExecutionsTransport:
        """What can be done with queued calls."""
        ...

    async def __aenter__(self) -> Self:
        """Open what is needed."""
        ...

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close it."""
        ...

    async def call(self, asked: AskedCall) -> Outcome:
        """Run one call and return what happened; never twice."""
        ...

    async def create_function(self, asked: AskedFunction) -> ShownFunction:
        """Create a function with its first draft."""
        ...

    async def save_draft(self, name: str, asked: AskedDraft) -> ShownFunction:
        """Replace a draft."""
        ...

    async def get_function(self, name: str) -> ShownFunction:
        """Return one function."""
        ...

    async def list_functions(self, place: PagePlace) -> FunctionPage:
        """Return functions by name."""
        ...

    async def delete_function(self, name: str) -> None:
        """Delete a function with its versions."""
        ...

    async def publish(self, name: str) -> ShownVersion:
        """Make the draft a version that is live."""
        ...

    async def roll_back(self, name: str, number: int) -> ShownVersion:
        """Make an earlier version live."""
        ...

    async def get_version(self, name: str, number: int) -> ShownVersion:
        """Return one version."""
        ...

    async def list_versions(self, name: str, place: PagePlace) -> VersionPage:
        """Return versions, newest first."""
        ...

    async def get_call(self, call_id: str) -> CallShown:
        """Return one call."""
        ...

    async def list_calls(self, matching: CallFilter, place: PagePlace) -> CallPage:
        """Return calls, newest first."""
        ...

    def export_calls(self, matching: CallFilter) -> AsyncIterator[bytes]:
        """Yield each call as one line of JSON, newest first, without holding them."""
        ...

    async def replay_call(self, asked: AskedReplay) -> Outcome:
        """Make a kept call again and return what happened; never twice."""
        ...
