"""Fetches messages in batches, and says of each what became of it."""

from collections.abc import Sequence
from urllib.parse import quote

from jobs.providers.answer import Answer, AnswerOutOfBounds, Fields, list_of, text_of
from jobs.providers.google.batch import CONTENT_TYPE, batch_answers, batch_body
from jobs.providers.google.faults import fault_of
from jobs.providers.google.message import read_message
from jobs.providers.google.methods import BATCH_PATH, MESSAGE, THREAD
from jobs.providers.google.plan import Fetch, plan, single
from jobs.providers.google.window import Windows
from jobs.providers.http import Ask, ProviderHTTP
from jobs.sync.faults import ItemGone, ProviderFault, QuotaSpent, RateLimited, Temporary
from jobs.sync.items import Message
from jobs.sync.provider import Deferred, Fetched, Gone, Wanted
from sanderling.kernel.clock import Clock
from sanderling.kernel.units import MIB

MAX_BATCH_BYTES = 64 * MIB

_UNAUTHORIZED = 401


class Fetching:
    """Fetch messages of one account, one batch after another."""

    def __init__(
        self,
        http: ProviderHTTP,
        clock: Clock,
        windows: Windows,
        *,
        max_batch_bytes: int = MAX_BATCH_BYTES,
    ) -> None:
        """Ask over `http` in batches as large as `windows` allows."""
        self._http = http
        self._clock = clock
        self._windows = windows
        self._account_id = http.account_id
        self._max_batch_bytes = max_batch_bytes

    async def fetch(self, wanted: Sequence[Wanted]) -> dict[str, Fetched]:
        """Return what became of each message that the provider spoke of.

        Raises:
            ProviderFault: nothing could be fetched; once something was, the rest is left out.

        """
        waiting = plan(wanted)
        found: dict[str, Fetched] = {}
        while waiting:
            size = self._windows.size(self._account_id)
            batch, waiting = waiting[:size], waiting[size:]
            try:
                waiting += await self._fetch_batch(batch, found)
            except AnswerOutOfBounds:
                waiting = await self._smaller(batch, found) + waiting
            except ProviderFault as fault:
                if isinstance(fault, RateLimited) and not isinstance(fault, QuotaSpent):
                    self._windows.narrow(self._account_id)
                if not found:
                    raise
                return found
        return found

    async def _fetch_batch(self, batch: list[Fetch], found: dict[str, Fetched]) -> list[Fetch]:
        """Put what came into `found`, and return what is to be asked for in another way."""
        ask = Ask(
            "POST",
            BATCH_PATH,
            units=sum(fetch.method.units for fetch in batch),
            headers={"content-type": CONTENT_TYPE},
            content=batch_body([fetch.path for fetch in batch]),
            max_bytes=self._max_batch_bytes,
        )
        answers = batch_answers(await self._http.send(ask), len(batch))
        again: list[Fetch] = []
        for number, answer in answers.items():
            again += await self._take(batch[number], answer, found)
        if any(answer.status == _UNAUTHORIZED for answer in answers.values()):
            await self._http.renew_token()
        if any(_is_rate(one) for fetch in batch for one in map(found.get, fetch.message_ids)):
            self._windows.narrow(self._account_id)
        else:
            self._windows.widen(self._account_id)
        if not answers:
            raise Temporary("no part of a batch was answered")
        return again

    async def _take(self, fetch: Fetch, answer: Answer, found: dict[str, Fetched]) -> list[Fetch]:
        try:
            told = _messages(fetch, self._read(answer))
        except AnswerOutOfBounds:
            return await self._smaller([fetch], found)
        except ItemGone:
            if fetch.method is THREAD:
                return list(map(single, fetch.message_ids))
            told = {fetch.remote_id: Gone()}
        except ProviderFault as fault:
            told = dict.fromkeys(fetch.message_ids, Deferred(fault))
        found.update(told)
        # A message may have left its thread: it is gone when it is not found by its own id.
        return [single(one) for one in fetch.message_ids if one not in told]

    def _read(self, answer: Answer) -> Fields:
        if answer.status == _UNAUTHORIZED:
            raise Temporary("a part of a batch refused the token")
        if not answer.is_success:
            raise fault_of(answer, self._clock.now())
        return answer.fields()

    async def _smaller(self, batch: list[Fetch], found: dict[str, Fetched]) -> list[Fetch]:
        """Return how to ask for less at once; the last resort is a message of labels alone."""
        if len(batch) > 1:
            self._windows.narrow(self._account_id)
            half = (len(batch) + 1) // 2
            # The window may be wider than half of this batch, so the halves are asked for here.
            return await self._halves(batch[:half], batch[half:], found)
        if batch[0].method is THREAD:
            return list(map(single, batch[0].message_ids))
        found[batch[0].remote_id] = await self._head(batch[0].remote_id)
        return []

    async def _halves(
        self, first: list[Fetch], second: list[Fetch], found: dict[str, Fetched]
    ) -> list[Fetch]:
        again: list[Fetch] = []
        for half in (first, second):
            try:
                again += await self._fetch_batch(half, found)
            except AnswerOutOfBounds:
                again += await self._smaller(half, found)
        return again

    async def _head(self, message_id: str) -> Fetched:
        path = f"{MESSAGE.path}{quote(message_id, safe='')}"
        for form in ("metadata", "minimal"):
            ask = Ask("GET", path, units=MESSAGE.units, params={"format": form})
            try:
                fields = await self._http.fields(ask)
            except ItemGone:
                return Gone()
            except AnswerOutOfBounds:
                continue
            return read_message(fields, parse_error="it is too large or too deep to be read")
        return Deferred(AnswerOutOfBounds("not even the labels of a message can be read"))


def _messages(fetch: Fetch, fields: Fields) -> dict[str, Fetched]:
    told = list_of(fields, "messages") if fetch.method is THREAD else [fields]
    messages: list[Message] = [
        read_message(one) for one in told if text_of(one, "id") in fetch.message_ids
    ]
    if not messages and fetch.method is MESSAGE:
        raise Temporary("a message came without its id")
    return {message.remote_id: message for message in messages}


def _is_rate(fetched: Fetched | None) -> bool:
    return isinstance(fetched, Deferred) and isinstance(fetched.fault, RateLimited)
