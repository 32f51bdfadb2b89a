"""JSON batches: up to twenty requests in one, of which each is answered for itself."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus

from jobs.providers.answer import Answer, Fields, fields_of, list_of, text_of
from jobs.providers.http import Ask, ProviderHTTP
from jobs.providers.microsoft.methods import BATCH_PATH, ROOT

MOST = 20
"""Graph runs four of them at once for a mailbox, which is all that a mailbox may have at once."""


@dataclass(frozen=True, slots=True)
class Part:
    """One request to read something."""

    path: str
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


class Batches:
    """Ask in batches on behalf of one account, one batch after the other."""

    def __init__(self, http: ProviderHTTP) -> None:
        """Ask over `http`."""
        self._http = http

    async def ask(self, parts: Sequence[Part]) -> list[Answer | None]:
        """Return the answer to each part, at most twenty, in their order; None where it is missing.

        Answers come in any order, and some twice. A token that a part was refused for is
        refreshed, and that part's answer is missing.

        Raises:
            ProviderFault: the batch as a whole was refused.

        """
        requests = [
            {
                "id": str(place),
                "method": "GET",
                "url": part.path.removeprefix(ROOT),
                "headers": dict(part.headers),
            }
            for place, part in enumerate(parts)
        ]
        content = json.dumps({"requests": requests}).encode()
        headers = {"content-type": "application/json"}
        ask = Ask("POST", BATCH_PATH, units=len(parts), headers=headers, content=content)
        answered = {
            text_of(one, "id"): _answer(one)
            for one in list_of(await self._http.fields(ask), "responses")
        }
        found = [answered.get(str(place)) for place in range(len(parts))]
        if any(one is not None and one.status == HTTPStatus.UNAUTHORIZED for one in found):
            await self._http.renew_token()
        return [
            None if one is None or one.status == HTTPStatus.UNAUTHORIZED else one for one in found
        ]


def _answer(fields: Fields) -> Answer:
    status = fields.get("status")
    headers = {
        name.lower(): value
        for name, value in fields_of(fields, "headers").items()
        if isinstance(value, str)
    }
    body = json.dumps(fields.get("body")).encode()
    return Answer(status if isinstance(status, int) else 0, headers, body)
