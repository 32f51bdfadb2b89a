"""Decides how wanted messages are fetched with the fewest units."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from jobs.providers.google.methods import MESSAGE, THREAD, Method
from jobs.sync.bounds import is_fit
from jobs.sync.provider import Wanted

THREAD_PAYS_FROM = THREAD.units // MESSAGE.units + 1
"""How many wanted messages of one thread cost more alone than the whole thread does."""


@dataclass(frozen=True, slots=True)
class Fetch:
    """One request: a message, or a thread of which several messages are wanted."""

    method: Method
    remote_id: str
    message_ids: tuple[str, ...]

    @property
    def path(self) -> str:
        """Where it is asked for."""
        return f"{self.method.path}{quote(self.remote_id, safe='')}?format=full"


def plan(wanted: Sequence[Wanted]) -> list[Fetch]:
    """Return the requests that bring all of `wanted`, each message once, in their order."""
    threads: dict[str | None, list[str]] = {}
    for one in {one.remote_id: one for one in wanted}.values():
        threads.setdefault(one.thread_id, []).append(one.remote_id)
    requests: list[Fetch] = []
    for thread_id, ids in threads.items():
        if thread_id and is_fit(thread_id) and len(ids) >= THREAD_PAYS_FROM:
            requests.append(Fetch(THREAD, thread_id, tuple(ids)))
        else:
            requests.extend(map(single, ids))
    return requests


def single(message_id: str) -> Fetch:
    """Return the request for one message."""
    return Fetch(MESSAGE, message_id, (message_id,))
