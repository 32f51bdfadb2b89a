"""Providers that answer from a list, for tests of what asks them."""

import asyncio
from collections.abc import AsyncGenerator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime

import httpx2

from jobs.accounts.tokens import MemoryTokens
from jobs.providers.answer import Answer, retry_after_s
from jobs.providers.http import FaultReader, Lane, ProviderHTTP, open_client
from jobs.providers.quota import MemoryQuota
from jobs.sync.faults import Defect, ProviderFault, RateLimited
from sanderling.kernel.clock import VirtualClock

ACCOUNT = "acc_1"
BASE_URL = "https://provider.test/base"


@dataclass
class Script:
    """Answers to give in turn, and the requests that came."""

    answers: list[httpx2.Response | Exception] = field(
        default_factory=list[httpx2.Response | Exception]
    )
    asked: list[httpx2.Request] = field(default_factory=list[httpx2.Request])

    def then(
        self,
        status: int = 200,
        /,
        json: object = None,
        *,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> "Script":
        """Answer one more request."""
        if content is None:
            answer = httpx2.Response(status, headers=headers, json=json)
        else:
            answer = httpx2.Response(status, headers=headers, content=content)
        self.answers.append(answer)
        return self

    def fails(self, error: Exception) -> "Script":
        """Let the connection of one more request fail."""
        self.answers.append(error)
        return self

    async def handle(self, request: httpx2.Request) -> httpx2.Response:
        """Give the next answer."""
        await asyncio.sleep(0)
        self.asked.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    @property
    def tokens(self) -> list[str]:
        """What each request came in with."""
        return [request.headers["authorization"] for request in self.asked]


def fault_of(answer: Answer, now: datetime) -> ProviderFault:
    """Know one kind of refusal, and call everything else a defect."""
    if answer.status == 429:
        return RateLimited(retry_after_s=retry_after_s(answer.headers, now))
    return Defect(str(answer.status))


@dataclass
class Desk:
    """One account's way to a provider, with everything that it uses."""

    http: ProviderHTTP
    lane: Lane
    script: Script
    tokens: MemoryTokens
    quota: MemoryQuota
    clock: VirtualClock


@asynccontextmanager
async def scripted(
    renewed: Iterable[str] = ("second",), *, reads: FaultReader = fault_of
) -> AsyncGenerator[Desk]:
    """Yield a way to a provider that answers by a script."""
    script, tokens, quota, clock = Script(), MemoryTokens(), MemoryQuota(), VirtualClock()
    tokens.grant(ACCOUNT, "first", *renewed)
    async with open_client(BASE_URL, transport=httpx2.MockTransport(script.handle)) as client:
        lane = Lane(client, tokens, quota, clock, reads)
        yield Desk(ProviderHTTP(lane, ACCOUNT), lane, script, tokens, quota, clock)
