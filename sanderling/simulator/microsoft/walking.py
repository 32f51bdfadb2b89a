"""Walks through a collection page by page: nextLink until the last one, which has a deltaLink."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from sanderling.simulator.core.exchange import Answer
from sanderling.simulator.core.faults import FaultKind
from sanderling.simulator.microsoft import errors
from sanderling.simulator.microsoft.cursor import Cursors, Round
from sanderling.simulator.microsoft.gate import Ask, Value

_KNOWN = frozenset({"$select", "$skiptoken", "$deltatoken", "startDateTime", "endDateTime"})


@dataclass(frozen=True, slots=True)
class Entry:
    """One item of a walk; the key says where it stands in it, and never changes."""

    key: str
    render: Callable[[], Value]


@dataclass(frozen=True, slots=True)
class Kept:
    """A collection that is walked: its name, its epoch and the number of its last change."""

    name: str
    epoch: int
    seq: int


@dataclass(frozen=True, slots=True)
class Walker:
    """Begin walks of one kind, carry them on and answer their pages."""

    cursors: Cursors
    context: str
    default_size: int = 10
    most: int = 1000

    def walk(self, ask: Ask, kept: Kept) -> Round:
        """Return the walk that a request begins or carries on.

        Raises:
            Refused: its token is not good, or it asks for what a walk has not.

        """
        asked, owner = ask.asked, ask.person.email
        unknown = {name for name, _ in asked.query} - _KNOWN
        if unknown:
            message = f"The query parameter '{min(unknown)}' is not supported with change tracking."
            raise errors.bad_request("ErrorInvalidUrlQuery", message)
        fresh = f"{asked.base_url}{asked.path}"
        skip, delta = asked.one("$skiptoken"), asked.one("$deltatoken")
        if delta == "latest":
            message = "The deltatoken 'latest' is not supported for this resource."
            raise errors.bad_request("ErrorInvalidUrlQuery", message)
        token = skip or delta
        if not token:
            generation = self.cursors.generation(owner, kept.name)
            return Round(owner, kept.name, kept.epoch, generation, kept.seq, query=asked.query)
        walk = self.cursors.read(
            token, owner=owner, collection=kept.name, epoch=kept.epoch, fresh=fresh
        )
        return walk if skip else replace(walk, until=kept.seq)

    def answer(self, ask: Ask, walk: Round, entries: Iterable[Entry]) -> Answer:
        """Answer with the page of a walk through these entries, in the order of their keys."""
        ordered = sorted(entries, key=lambda entry: entry.key)
        left = [entry for entry in ordered if entry.key > walk.after]
        again = [entry for entry in ordered if entry.key == walk.repeat]
        fault = ask.asked.fault
        if fault is FaultKind.PAGE_EMPTY:
            return self._page(ask, [], walk)
        size = ask.page_size(self.default_size, self.most)
        page = left[:size]
        last = page[-1].key if page else walk.after
        repeat = last if fault is FaultKind.PAGE_DUPLICATE and page else ""
        more = len(left) > size or bool(repeat)
        following = replace(walk, after=last, repeat=repeat) if more else None
        return self._page(ask, [*again, *page], following, walk)

    def _page(
        self, ask: Ask, page: list[Entry], following: Round | None, ended: Round | None = None
    ) -> Answer:
        value: Value = {"value": [entry.render() for entry in page]}
        if following is not None:
            value["@odata.nextLink"] = ask.link(skiptoken=self.cursors.written(following))
        elif ended is not None:
            generation = self.cursors.next_generation(ended.owner, ended.collection)
            delta = replace(
                ended, generation=generation, since=ended.until, until=0, after="", repeat=""
            )
            value["@odata.deltaLink"] = ask.link(deltatoken=self.cursors.written(delta))
        return ask.answer(self.context, value)


def paged(ask: Ask, context: str, rows: Sequence[Callable[[], Value]]) -> Answer:
    """Answer with the part of a list that `$top` and `$skip` name."""
    top, skip = ask.number("$top", 10, 1000), ask.number("$skip", 0, 10**9)
    body: Value = {"value": [render() for render in rows[skip : skip + top]]}
    if len(rows) > skip + top:
        rest = [(name, value) for name, value in ask.asked.query if name != "$skip"]
        text = urlencode([*rest, ("$skip", str(skip + top))], safe="$,:")
        body["@odata.nextLink"] = f"{ask.asked.base_url}{ask.asked.path}?{text}"
    return ask.answer(context, body)
