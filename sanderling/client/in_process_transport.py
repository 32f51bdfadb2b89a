"""The client's transport without a server: the use-cases, in this process."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from drivers.port import Outcome
from runner.answer import answer_json
from runner.call import CallRequest
from runner.call_filter import CallFilter
from runner.executions.once import Replayed
from runner.outcome_json import outcome_from_json, outcome_json
from runner.replays import AskedReplay
from sanderling.access.permission import Permission
from sanderling.access.principal import Credential, Principal
from sanderling.api.call_json import page_json, record_json
from sanderling.api.call_models import CallPage, CallShown
from sanderling.api.function_models import (
    AskedDraft,
    AskedFunction,
    FunctionPage,
    ShownFunction,
    ShownVersion,
    VersionPage,
)
from sanderling.api.services import Services
from sanderling.client.in_process_accounts import InProcessAccounts
from sanderling.client.in_process_executions import InProcessExecutions
from sanderling.client.in_process_jobs import InProcessJobs
from sanderling.client.in_process_records import InProcessRecords
from sanderling.client.in_process_settings import InProcessSettings
from sanderling.client.in_process_triggers import InProcessTriggers
from sanderling.client.transport import AskedCall, PagePlace
from sanderling.kernel.jsontext import decode

READ = Permission.FUNCTIONS_READ
WRITE = Permission.FUNCTIONS_WRITE
CALLS_READ = Permission.CALLS_READ


@dataclass(frozen=True, slots=True)
class Instance:
    """An instance that runs in this process, and who works on it."""

    services: Services
    credential: Credential


class InProcessTransport:
    """Work on the use-cases themselves, past the same gate as over HTTP."""

    _services: Services
    _credential: Credential

    def __init__(self, opening: AbstractAsyncContextManager[Instance]) -> None:
        """Enter and leave `opening` together with this transport."""
        self._opening = opening

    @property
    def settings(self) -> InProcessSettings:
        """What can be done with the settings of the server."""
        return InProcessSettings(lambda: self._services.configuration, self._admit)

    @property
    def triggers(self) -> InProcessTriggers:
        """What can be done with triggers."""
        return InProcessTriggers(lambda: self._services, self._admit)

    @property
    def accounts(self) -> InProcessAccounts:
        """What can be done with connected accounts."""
        return InProcessAccounts(lambda: self._services.accounts, self._admit)

    @property
    def records(self) -> InProcessRecords:
        """What came in through connected accounts."""
        return InProcessRecords(lambda: self._services, self._admit)

    @property
    def jobs(self) -> InProcessJobs:
        """What can be done with the jobs of the worker."""
        return InProcessJobs(lambda: self._services.jobs, self._admit)

    @property
    def executions(self) -> InProcessExecutions:
        """What can be done with queued calls."""
        return InProcessExecutions(lambda: self._services, self._admit)

    def __repr__(self) -> str:
        """Say no more than where it runs."""
        return "InProcessTransport()"

    async def __aenter__(self) -> Self:
        """Open the instance."""
        instance = await self._opening.__aenter__()
        self._services, self._credential = instance.services, instance.credential
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the instance once its calls are finished and kept."""
        await self._opening.__aexit__(kind, error, traceback)

    async def _admit(self, permission: Permission) -> Principal:
        admitted = await self._services.gate.admit(self._credential, permission)
        return admitted.principal

    async def call(self, asked: AskedCall) -> Outcome:
        """Run one call."""
        request = CallRequest(
            credential=self._credential,
            function=asked.function,
            event_json=asked.event_json,
            request_id=self._services.ids.request(),
            version=asked.version,
            timeout_s=asked.timeout_s,
            trigger=asked.trigger,
        )
        if asked.idempotency_key is not None:
            made = await self._services.once.call(request, asked.idempotency_key)
            told = made.answer if isinstance(made, Replayed) else answer_json(made)
            return outcome_from_json(decode(told))
        report = await self._services.pipeline.call(request)
        # Through the form it has on the wire: both transports then round and spell alike.
        return outcome_from_json(outcome_json(report.record.outcome))

    async def create_function(self, asked: AskedFunction) -> ShownFunction:
        """Create a function with its first draft."""
        principal = await self._admit(WRITE)
        made = await self._services.functions.create(principal, asked.name, asked.definition())
        return ShownFunction.of(made)

    async def save_draft(self, name: str, asked: AskedDraft) -> ShownFunction:
        """Replace a draft."""
        principal = await self._admit(WRITE)
        saved = await self._services.functions.save_draft(principal, name, asked.definition())
        return ShownFunction.of(saved)

    async def get_function(self, name: str) -> ShownFunction:
        """Return one function."""
        principal = await self._admit(READ)
        return ShownFunction.of(await self._services.functions.get(principal, name))

    async def list_functions(self, place: PagePlace) -> FunctionPage:
        """Return functions by name."""
        principal = await self._admit(READ)
        page = await self._services.functions.list(
            principal, limit=place.limit, cursor=place.cursor
        )
        return FunctionPage.of(page)

    async def delete_function(self, name: str) -> None:
        """Delete a function with its versions."""
        await self._services.functions.delete(await self._admit(WRITE), name)

    async def publish(self, name: str) -> ShownVersion:
        """Make the draft a version that is live."""
        principal = await self._admit(WRITE)
        return ShownVersion.of(await self._services.functions.publish(principal, name))

    async def roll_back(self, name: str, number: int) -> ShownVersion:
        """Make an earlier version live."""
        principal = await self._admit(WRITE)
        return ShownVersion.of(await self._services.functions.rollback(principal, name, number))

    async def get_version(self, name: str, number: int) -> ShownVersion:
        """Return one version."""
        principal = await self._admit(READ)
        return ShownVersion.of(await self._services.functions.version(principal, name, number))

    async def list_versions(self, name: str, place: PagePlace) -> VersionPage:
        """Return versions, newest first."""
        principal = await self._admit(READ)
        page = await self._services.functions.versions(
            principal, name, limit=place.limit, cursor=place.cursor
        )
        return VersionPage.of(page)

    async def get_call(self, call_id: str) -> CallShown:
        """Return one call."""
        principal = await self._admit(CALLS_READ)
        record = await self._services.calls.get(principal, call_id)
        return CallShown.model_validate_json(record_json(record))

    async def replay_call(self, asked: AskedReplay) -> Outcome:
        """Make a kept call again."""
        report = await self._services.replays.replay(
            self._credential, asked, request_id=self._services.ids.request()
        )
        return outcome_from_json(outcome_json(report.record.outcome))

    async def export_calls(self, matching: CallFilter) -> AsyncIterator[bytes]:
        """Yield each call as one line."""
        principal = await self._admit(CALLS_READ)
        async with self._services.exports.open(principal, matching) as pages:
            async for page in pages:
                for record in page:
                    yield record_json(record)

    async def list_calls(self, matching: CallFilter, place: PagePlace) -> CallPage:
        """Return calls, newest first."""
        page = await self._services.calls.list(
            await self._admit(CALLS_READ),
            matching=matching,
            limit=place.limit,
            cursor=place.cursor,
        )
        return CallPage.model_validate_json(page_json(page))
