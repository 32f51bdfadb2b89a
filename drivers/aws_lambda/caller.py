"""Carries requests to functions, and tries again only what is known not to have run.

Guarantee: a request whose answer was lost is sent once more only if whoever made it said that
running it twice does no harm. It relies on a client that never sends anything again by itself.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

from drivers.aws_lambda.bill import read_tail
from drivers.aws_lambda.clients import Connection
from drivers.aws_lambda.faults import Fault, Refused, fault_of, lost
from drivers.aws_lambda.settings import LambdaSettings
from drivers.port import OutcomeKind
from sanderling.kernel.units import MIB

CLOSING = "The driver is closing."
"""What is told to whoever comes too late."""

_ACTION = "lambda:InvokeFunction"
_FIRST_PAUSE_S = 0.05
_MOST_PAUSE_S = 2.0
# AWS hands on some bytes less than this, and no more.
_MOST_ANSWER_BYTES = 7 * MIB


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent to one function; `tenant` goes only to one that is isolated by tenant.

    An answer that is not there after `patience_s` seconds counts as lost; without that the client
    decides, which waits for the longest of all functions.
    """

    name: str
    payload: bytes
    tenant: str = ""
    is_idempotent: bool = False
    is_dry: bool = False
    patience_s: float | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a function answered; `error` is AWS's word when it did not end well."""

    payload: bytes
    error: str
    log_tail: str


@dataclass(slots=True)
class Tally:
    """Counts since the start."""

    calls: int = 0
    retries: int = 0
    waiting: int = 0
    busy: int = 0


class Caller:
    """Send requests from threads, at most so many at once; one event loop owns it."""

    def __init__(
        self,
        connection: Connection,
        settings: LambdaSettings,
        *,
        wait: Callable[[float], Awaitable[object]] = asyncio.sleep,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """Use the clients of `connection`; `wait` passes the time between two attempts."""
        self._connection = connection
        self._settings = settings
        self._wait = wait
        self._now_s = now_s
        self._gate = asyncio.Semaphore(settings.concurrency)
        self._threads = ThreadPoolExecutor(settings.concurrency, "sanderling-lambda")
        self._is_closed = False
        self.tally = Tally()

    async def close(self) -> None:
        """Return once no request is under way; what would be sent again is not."""
        self._is_closed = True
        await asyncio.to_thread(self._threads.shutdown)

    def abandon(self) -> None:
        """Wait for no request that is under way, and begin no other."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def send(self, request: Request) -> Answer | Fault:
        """Return the answer to `request`, or why there is none."""
        began_s, attempts = self._now_s(), 0
        unknown: Fault | None = None
        while True:
            attempts += 1
            got = await self._attempt(request)
            if isinstance(got, Answer):
                return got
            if not got.is_unexecuted:
                unknown = got
            pause_s = _pause_s(got, attempts)
            is_late = self._now_s() - began_s + pause_s > self._settings.retry_s
            if is_late or not _may_go_again(got, request):
                # Whatever became of later attempts, an earlier one may have run.
                return unknown or got
            self.tally.retries += 1
            await self._wait(pause_s)

    async def _attempt(self, request: Request) -> Answer | Fault:
        if not await self._take_seat():
            detail = f"Too many calls at once: all {self._settings.concurrency} places are taken."
            return Fault(OutcomeKind.SATURATED, "Saturated", detail, retry_after_s=1.0)
        if self._is_closed:
            self._leave_seat()
            return Fault(OutcomeKind.PLATFORM_ERROR, "Closing", CLOSING)
        loop = asyncio.get_running_loop()
        future = self._threads.submit(self._post, request)

        def leave(_: "Future[Answer | Fault]") -> None:
            # Whoever was cancelled leaves the request behind; its place is free when it is over.
            loop.call_soon_threadsafe(self._leave_seat)

        future.add_done_callback(leave)
        try:
            async with asyncio.timeout(request.patience_s):
                return await asyncio.wrap_future(future)
        except TimeoutError:
            return lost("NoAnswer")

    async def _take_seat(self) -> bool:
        if self._gate.locked():
            if self.tally.waiting >= self._settings.queue_limit:
                return False
            self.tally.waiting += 1
            try:
                async with asyncio.timeout(self._settings.queue_wait_s):
                    await self._gate.acquire()
            except TimeoutError:
                return False
            finally:
                self.tally.waiting -= 1
        else:
            await self._gate.acquire()
        self.tally.busy += 1
        return True

    def _leave_seat(self) -> None:
        self.tally.busy -= 1
        self._gate.release()

    def _post(self, request: Request) -> Answer | Fault:
        try:
            return self._posted(request)
        except Refused as refused:
            # There are no credentials or no clients to send it with.
            return refused.fault

    def _posted(self, request: Request) -> Answer | Fault:
        clients = self._connection.clients
        asked: dict[str, Any] = {"FunctionName": request.name, "Payload": request.payload}
        asked |= {"InvocationType": "DryRun"} if request.is_dry else {"LogType": "Tail"}
        if request.tenant:
            asked["TenantId"] = request.tenant
        try:
            told = clients.invoke.invoke(**asked)
            payload = _read(told["Payload"])
        except clients.errors as error:
            fault = fault_of(error, _ACTION)
            # Refused for its signature, so nothing ran and other credentials may do.
            is_renewed = fault.is_expired and self._connection.renew(clients)
            return replace(fault, may_pass=True) if is_renewed else fault
        if payload is None:
            return _endless()
        return Answer(payload, told.get("FunctionError", ""), read_tail(told.get("LogResult")))


def _read(body: Any) -> bytes | None:
    """Return all of a body of boto3; None if it is larger than AWS hands on, and was left there."""
    payload: bytes = body.read(_MOST_ANSWER_BYTES)
    # Reading once more finds the end, and whether it came too soon.
    if not body.read(1):
        return payload
    body.close()
    return None


def _endless() -> Fault:
    detail = (
        "What answers is larger than anything of AWS Lambda, and was not read to its end. "
        "The function may have run, perhaps to its end."
    )
    return Fault(OutcomeKind.UNKNOWN_OUTCOME, "AnswerTooLarge", detail, is_unexecuted=False)


def _may_go_again(fault: Fault, request: Request) -> bool:
    if fault.is_unexecuted:
        return fault.may_pass
    return request.is_idempotent and fault.kind is OutcomeKind.UNKNOWN_OUTCOME


def _pause_s(fault: Fault, attempts: int) -> float:
    most_s = min(_MOST_PAUSE_S, _FIRST_PAUSE_S * 2**attempts)
    # All of the time is drawn, so that those who were turned away together come back apart.
    drawn_s = random.uniform(0, most_s)  # noqa: S311 - it spreads waiting.
    return max(fault.retry_after_s or 0.0, drawn_s)
