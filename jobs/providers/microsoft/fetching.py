"""Fetches messages in batches, each of which may be refused for itself."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from urllib.parse import quote

from jobs.providers.answer import Answer, AnswerOutOfBounds
from jobs.providers.microsoft.batch import MOST, Batches, Part
from jobs.providers.microsoft.faults import fault_of
from jobs.providers.microsoft.message import EXPAND, LEAST, SELECT, read_message
from jobs.providers.microsoft.methods import MESSAGE
from jobs.sync.faults import CursorExpired, ItemGone, ProviderFault, RateLimited, Temporary
from jobs.sync.provider import Deferred, Fetched, Gone, Wanted
from sanderling.kernel.clock import Clock

_PREFER = {"prefer": 'IdType="ImmutableId", outlook.body-content-type="text"'}
_TOO_LARGE = "it is too large or too deep to be read"
_WHOLE = f"{SELECT}&$expand={EXPAND}"
_WITHOUT_BODY = SELECT.replace(",body", "")


@dataclass(frozen=True, slots=True)
class Fetching:
    """Fetch messages of one account, one batch after the other."""

    batches: Batches
    clock: Clock

    async def fetch(self, wanted: Sequence[Wanted]) -> dict[str, Fetched]:
        """Return what became of each message, as far as it was asked for.

        Once the mailbox asks us to wait, the rest is left for the next time.
        """
        found: dict[str, Fetched] = {}
        ids = list(dict.fromkeys(each.remote_id for each in wanted))
        for start in range(0, len(ids), MOST):
            found |= await self._some(ids[start : start + MOST])
            if any(_is_throttled(one) for one in found.values()):
                break
        return found

    async def _some(self, ids: list[str]) -> dict[str, Fetched]:
        """Return what became of at most twenty messages."""
        parts = [Part(_path(each, _WHOLE), _PREFER) for each in ids]
        try:
            answers = await self.batches.ask(parts)
        except AnswerOutOfBounds:
            return await self._smaller(ids)
        return {
            remote_id: self._read(remote_id, answer)
            for remote_id, answer in zip(ids, answers, strict=True)
        }

    async def _smaller(self, ids: list[str]) -> dict[str, Fetched]:
        """Return what became of messages that are too large together."""
        if len(ids) > 1:
            middle = len(ids) // 2
            return {**await self._some(ids[:middle]), **await self._some(ids[middle:])}
        for select in (_WITHOUT_BODY, ",".join(LEAST)):
            try:
                (answer,) = await self.batches.ask([Part(_path(ids[0], select), _PREFER)])
            except AnswerOutOfBounds:
                continue
            return {ids[0]: self._read(ids[0], answer, parse_error=_TOO_LARGE)}
        return {ids[0]: Deferred(AnswerOutOfBounds("not even a message's place can be read"))}

    def _read(
        self, remote_id: str, answer: Answer | None, *, parse_error: str | None = None
    ) -> Fetched:
        if answer is None:
            return Deferred(Temporary("a part of a batch was not answered"))
        if not answer.is_success:
            return self._refused(answer)
        try:
            message = read_message(answer.fields(), parse_error=parse_error)
        except ProviderFault as fault:
            return Deferred(fault)
        return replace(message, remote_id=remote_id)

    def _refused(self, answer: Answer) -> Gone | Deferred:
        fault = fault_of(answer, self.clock.now())
        # What is gone for one item is no word about a cursor: none was shown.
        return Gone() if isinstance(fault, (ItemGone, CursorExpired)) else Deferred(fault)


def _is_throttled(fetched: Fetched) -> bool:
    return isinstance(fetched, Deferred) and isinstance(fetched.fault, RateLimited)


def _path(remote_id: str, select: str) -> str:
    return f"{MESSAGE.at(message=quote(remote_id, safe=''))}?$select={select}"
