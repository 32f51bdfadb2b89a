"""The client's transport over HTTP.

Executions are sent once: when the connection breaks after that, nobody here knows whether the
code ran. Requests that only read are sent again, at most twice, when the connection breaks.
"""

from collections.abc import AsyncIterator, Mapping
from types import TracebackType
from typing import Final, Self, TypeVar
from urllib.parse import urlsplit

import httpx2
from pydantic import BaseModel, ValidationError

from drivers.limits import CEILINGS
from drivers.port import Outcome, OutcomeKind
from runner.call import Selector, Trigger
from runner.call_filter import CallFilter
from runner.errors import OutcomeUnreadableError
from runner.outcome_json import outcome_from_json
from runner.replays import AskedReplay
from sanderling.api.call_filter_words import filter_query
from sanderling.api.call_models import CallPage, CallShown
from sanderling.api.function_models import (
    AskedDraft,
    AskedFunction,
    FunctionPage,
    ShownFunction,
    ShownVersion,
    VersionPage,
)
from sanderling.api.problem_kinds import problem_code
from sanderling.api.replays import SAME
from sanderling.client.errors import (
    AnswerUnreadableError,
    ServerUnreachableError,
    URLRefused,
)
from sanderling.client.http_accounts import HTTPAccounts
from sanderling.client.http_executions import HTTPExecutions
from sanderling.client.http_jobs import HTTPJobs
from sanderling.client.http_records import HTTPRecords
from sanderling.client.http_settings import HTTPSettings
from sanderling.client.http_triggers import HTTPTriggers
from sanderling.client.refusal import failure_from
from sanderling.client.transport import AskedCall, PagePlace
from sanderling.kernel.clock import Clock, SystemClock
from sanderling.kernel.jsontext import JSON, InvalidJSON, decode, encode

CONNECT_TIMEOUT_S: Final = 5.0
ANSWER_TIMEOUT_S: Final = 30.0
CALL_TIMEOUT_S: Final = CEILINGS["wall_s"] + 15
"""The longest call, and time to queue and to answer."""

RETRY_AFTER_S: Final = (0.1, 0.5)
"""How long to wait before each further attempt to read."""

_JSON: Final = {"content-type": "application/json"}
_ANSWER_TIMEOUT: Final = httpx2.Timeout(ANSWER_TIMEOUT_S, connect=CONNECT_TIMEOUT_S)
_FIRST_FAILURE: Final = 400

Shown = TypeVar("Shown", bound=BaseModel)
Query = Mapping[str, str]


class HTTPTransport:
    """Speak to a server; connections are kept and shared between tasks of one event loop."""

    def __init__(self, url: str, key: str | None, *, clock: Clock | None = None) -> None:
        """Lead to `url` with an API key; proxies and netrc of the environment are left out.

        Raises:
            URLRefused: it is not the URL of a server.

        """
        self._server = _server(url)
        self._clock = clock or SystemClock()
        headers = {"accept": "application/json, application/problem+json"}
        if key is not None:
            headers["authorization"] = f"Bearer {key}"
        self._http = httpx2.AsyncClient(
            base_url=url,
            headers=headers,
            timeout=_ANSWER_TIMEOUT,
            trust_env=False,
            follow_redirects=False,
        )

    @property
    def settings(self) -> HTTPSettings:
        """What can be done with the settings of the server."""
        return HTTPSettings(self)

    @property
    def triggers(self) -> HTTPTriggers:
        """What can be done with triggers."""
        return HTTPTriggers(self)

    @property
    def accounts(self) -> HTTPAccounts:
        """What can be done with connected accounts."""
        return HTTPAccounts(self)

    @property
    def records(self) -> HTTPRecords:
        """What came in through connected accounts."""
        return HTTPRecords(self)

    @property
    def jobs(self) -> HTTPJobs:
        """What can be done with the jobs of the worker."""
        return HTTPJobs(self)

    @property
    def executions(self) -> HTTPExecutions:
        """What can be done with queued calls."""
        return HTTPExecutions(self)

    def __repr__(self) -> str:
        """Show host and port, never the key."""
        return f"HTTPTransport({self._server!r})"

    async def __aenter__(self) -> Self:
        """Open nothing yet: the first request connects."""
        await self._http.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close every connection."""
        await self._http.__aexit__(kind, error, traceback)

    async def call(self, asked: AskedCall) -> Outcome:
        """Send one call, once."""
        query: dict[str, str] = {}
        if asked.version is not Selector.LIVE:
            query["version"] = str(asked.version)
        if asked.timeout_s is not None:
            query["timeout_s"] = repr(float(asked.timeout_s))
        if asked.trigger is not Trigger.API:
            query["trigger"] = asked.trigger
        path = f"/v1/functions/{asked.function}/executions"
        return await self._run(path, query, asked.event_json, key=asked.idempotency_key)

    async def replay_call(self, asked: AskedReplay) -> Outcome:
        """Send one replay, once."""
        version = SAME if asked.version is None else str(asked.version)
        body = b'{"version":%b' % encode(int(version) if version.isdigit() else version)
        if asked.event_json is not None:
            body += b',"event":%b' % asked.event_json
        query = {} if asked.timeout_s is None else {"timeout_s": repr(float(asked.timeout_s))}
        return await self._run(f"/v1/calls/{asked.call_id}/replay", query, body + b"}")

    async def export_calls(self, matching: CallFilter) -> AsyncIterator[bytes]:
        """Yield each line as it comes."""
        try:
            async with self._http.stream(
                "GET", "/v1/calls/export", params=filter_query(matching)
            ) as response:
                if response.status_code >= _FIRST_FAILURE:
                    await response.aread()
                    raise failure_from(self._document(response))
                rest = b""
                async for chunk in response.aiter_bytes():
                    *lines, rest = (rest + chunk).split(b"\n")
                    for line in lines:
                        yield line
        except httpx2.TransportError as error:
            raise self._unreachable(error) from error

    async def _run(
        self, path: str, query: Query, body: bytes, *, key: str | None = None
    ) -> Outcome:
        try:
            response = await self._http.post(
                path,
                params=query,
                content=body,
                headers=_JSON | _key_header(key),
                timeout=httpx2.Timeout(CALL_TIMEOUT_S, connect=CONNECT_TIMEOUT_S),
            )
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout) as error:
            raise self._unreachable(error) from error
        except httpx2.TransportError as error:
            return _unknown_outcome(type(error).__name__)
        document = self._document(response)
        if response.status_code >= _FIRST_FAILURE and not _is_outcome(document):
            raise failure_from(document)
        try:
            return outcome_from_json(document)
        except OutcomeUnreadableError as error:
            raise self._unreadable(error.detail) from error

    async def create_function(self, asked: AskedFunction) -> ShownFunction:
        """Create a function with its first draft."""
        return await self.write("POST", "/v1/functions", ShownFunction, asked)

    async def save_draft(self, name: str, asked: AskedDraft) -> ShownFunction:
        """Replace a draft."""
        return await self.write("PUT", f"/v1/functions/{name}/draft", ShownFunction, asked)

    async def get_function(self, name: str) -> ShownFunction:
        """Return one function."""
        return await self.read(f"/v1/functions/{name}", ShownFunction)

    async def list_functions(self, place: PagePlace) -> FunctionPage:
        """Return functions by name."""
        return await self.read("/v1/functions", FunctionPage, _page_query(place))

    async def delete_function(self, name: str) -> None:
        """Delete a function with its versions."""
        await self.remove(f"/v1/functions/{name}")

    async def publish(self, name: str) -> ShownVersion:
        """Make the draft a version that is live."""
        return await self.write("POST", f"/v1/functions/{name}/versions", ShownVersion)

    async def roll_back(self, name: str, number: int) -> ShownVersion:
        """Make an earlier version live."""
        body = encode({"version": number})
        response = await self._send("POST", f"/v1/functions/{name}/rollback", body=body)
        return self._shown(response, ShownVersion)

    async def get_version(self, name: str, number: int) -> ShownVersion:
        """Return one version."""
        return await self.read(f"/v1/functions/{name}/versions/{number}", ShownVersion)

    async def list_versions(self, name: str, place: PagePlace) -> VersionPage:
        """Return versions, newest first."""
        path = f"/v1/functions/{name}/versions"
        return await self.read(path, VersionPage, _page_query(place))

    async def get_call(self, call_id: str) -> CallShown:
        """Return one call."""
        return await self.read(f"/v1/calls/{call_id}", CallShown)

    async def list_calls(self, matching: CallFilter, place: PagePlace) -> CallPage:
        """Return calls, newest first."""
        query = _page_query(place) | filter_query(matching)
        return await self.read("/v1/calls", CallPage, query)

    async def read(self, path: str, model: type[Shown], query: Query | None = None) -> Shown:
        """Return what is at `path`; asked again, at most twice, when the connection breaks."""
        for wait_s in RETRY_AFTER_S:
            try:
                return self._shown(await self._send("GET", path, query=query), model)
            except ServerUnreachableError:
                await self._clock.wait_s(wait_s)
        return self._shown(await self._send("GET", path, query=query), model)

    async def write(
        self, method: str, path: str, model: type[Shown], asked: BaseModel | None = None
    ) -> Shown:
        """Send `asked` once and return the answer."""
        body = None if asked is None else encode(asked.model_dump(mode="json"))
        return self._shown(await self._send(method, path, body=body), model)

    async def read_patiently(
        self, path: str, model: type[Shown], query: Query, *, wait_s: float
    ) -> Shown:
        """Return what is at `path`, which may be told only after `wait_s` seconds."""
        return self._shown(await self._send("GET", path, query=query, wait_s=wait_s), model)

    async def read_bytes(self, path: str, *, wait_s: float) -> tuple[Mapping[str, str], bytes]:
        """Return the headers and the bytes of what is at `path`, which may take `wait_s`; once."""
        response = await self._send("GET", path, wait_s=wait_s)
        return response.headers, response.content

    async def send_body(self, path: str, model: type[Shown], body: bytes | None) -> Shown:
        """Send `body`, which is JSON, once and return the answer."""
        return self._shown(await self._send("POST", path, body=body), model)

    async def remove(self, path: str) -> None:
        """Delete what is at `path`, once."""
        await self._send("DELETE", path)

    async def _send(
        self,
        method: str,
        path: str,
        *,
        body: bytes | None = None,
        query: Query | None = None,
        wait_s: float = 0.0,
    ) -> httpx2.Response:
        headers = None if body is None else _JSON
        timeout = httpx2.Timeout(ANSWER_TIMEOUT_S + wait_s, connect=CONNECT_TIMEOUT_S)
        try:
            response = await self._http.request(
                method, path, content=body, params=query, headers=headers, timeout=timeout
            )
        except httpx2.TransportError as error:
            raise self._unreachable(error) from error
        if response.status_code >= _FIRST_FAILURE:
            raise failure_from(self._document(response))
        return response

    def _document(self, response: httpx2.Response) -> dict[str, JSON]:
        try:
            document = decode(response.content)
        except InvalidJSON as error:
            reason = f"status {response.status_code}, and no JSON"
            raise self._unreadable(reason) from error
        if not isinstance(document, dict):
            raise self._unreadable(f"status {response.status_code}, and no JSON object")
        return document

    def _shown(self, response: httpx2.Response, model: type[Shown]) -> Shown:
        try:
            # A newer server may tell more than this client knows.
            return model.model_validate_json(response.content, extra="ignore")
        except ValidationError as error:
            count = error.error_count()
            reason = f"status {response.status_code}, {count} members of another kind"
            raise self._unreadable(reason) from None

    def _unreachable(self, error: httpx2.TransportError) -> ServerUnreachableError:
        reason = str(error) or type(error).__name__
        return ServerUnreachableError(server=self._server, reason=reason)

    def _unreadable(self, reason: str) -> AnswerUnreadableError:
        return AnswerUnreadableError(server=self._server, reason=reason)


def _server(url: str) -> str:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise URLRefused(reason="it cannot be read") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise URLRefused(reason="it does not start with http:// or https:// and a host")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise URLRefused(reason="it has a user, a query or a fragment")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return host if port is None else f"{host}:{port}"


def _page_query(place: PagePlace) -> dict[str, str]:
    query = {"limit": str(place.limit)}
    if place.cursor is not None:
        query["cursor"] = place.cursor
    return query


def _key_header(key: str | None) -> dict[str, str]:
    return {} if key is None else {"idempotency-key": key}


def _is_outcome(document: Mapping[str, JSON]) -> bool:
    """Claim that a problem is that of a call whose code did not run: an outcome, no refusal."""
    return problem_code(str(document.get("type"))) in set(OutcomeKind)


def _unknown_outcome(reason: str) -> Outcome:
    return Outcome(
        OutcomeKind.UNKNOWN_OUTCOME,
        driver="unknown",
        detail=(
            f"The connection broke after the call was sent ({reason}); it may have run. "
            "Look at the function's calls before you call it again."
        ),
    )
