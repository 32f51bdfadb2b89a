"""What goes wrong: kinds of faults, by rate with a seed or by script for the n-th request."""

from collections import Counter
from collections.abc import Iterable, Mapping
from enum import StrEnum
from random import Random
from typing import Any


class Point(StrEnum):
    """What kind of request a route answers; it decides which faults can strike."""

    ITEM = "item"
    PAGE = "page"
    BATCH = "batch"
    PART = "part"
    NOTICE = "notice"
    """What the provider sends by itself; no request that anybody makes."""
    TOKEN = "token"  # noqa: S105 - the word, not a token.
    FREE = "free"
    """Nothing ever goes wrong: pages for people, and the control door."""


class FaultKind(StrEnum):
    """One way in which providers fail."""

    RESET_BEFORE = "reset-before"
    """The connection breaks and nothing was done."""
    RESET_AFTER = "reset-after"
    """The connection breaks after it was done."""
    UNAUTHORIZED = "unauthorized"
    """401, and the access token is void from then on."""
    RATE_403 = "rate-403"
    USER_RATE_403 = "user-rate-403"
    QUOTA_403 = "quota-403"
    DAILY_403 = "daily-403"
    PERMISSION_403 = "permission-403"
    POLICY_403 = "policy-403"
    RATE_429_SECONDS = "rate-429-seconds"
    RATE_429_DATE = "rate-429-date"
    RATE_429 = "rate-429"
    """429 without a word of when to come again."""
    ERROR_500 = "error-500"
    ERROR_502 = "error-502"
    ERROR_503 = "error-503"
    HTML = "html"
    """200 with a page for people, as of a proxy."""
    TRUNCATED = "truncated"
    """200 with half of its JSON."""
    DRIP = "drip"
    """The answer comes slowly."""
    PART_429 = "part-429"
    PART_404 = "part-404"
    PART_500 = "part-500"
    PART_MISSING = "part-missing"
    PART_DUPLICATED = "part-duplicated"
    PARTS_SHUFFLED = "parts-shuffled"
    PAGE_DUPLICATE = "page-duplicate"
    """The last item of a page comes again on the next."""
    PAGE_EMPTY = "page-empty"
    """A page without items that has a next one."""
    CURSOR_EXPIRED = "cursor-expired"
    """Every cursor that was given out is void, also between two pages."""
    NOTICE_DROPPED = "notice-dropped"
    """It is never sent."""
    NOTICE_DOUBLED = "notice-doubled"
    NOTICE_LATE = "notice-late"
    INVALID_GRANT = "invalid-grant"
    """The refresh token is refused, this once."""


_REQUESTS = frozenset({Point.ITEM, Point.PAGE, Point.BATCH})
_STRIKES: Mapping[FaultKind, frozenset[Point]] = {
    **dict.fromkeys(FaultKind, _REQUESTS),
    **dict.fromkeys(
        (
            *(FaultKind.RESET_BEFORE, FaultKind.RESET_AFTER, FaultKind.ERROR_500),
            *(FaultKind.ERROR_503, FaultKind.HTML, FaultKind.TRUNCATED, FaultKind.DRIP),
        ),
        _REQUESTS | {Point.TOKEN},
    ),
    **dict.fromkeys(
        (FaultKind.PART_429, FaultKind.PART_404, FaultKind.PART_500),
        frozenset({Point.PART}),
    ),
    **dict.fromkeys(
        (FaultKind.PART_MISSING, FaultKind.PART_DUPLICATED, FaultKind.PARTS_SHUFFLED),
        frozenset({Point.BATCH}),
    ),
    **dict.fromkeys(
        (FaultKind.PAGE_DUPLICATE, FaultKind.PAGE_EMPTY, FaultKind.CURSOR_EXPIRED),
        frozenset({Point.PAGE}),
    ),
    **dict.fromkeys(
        (FaultKind.NOTICE_DROPPED, FaultKind.NOTICE_DOUBLED, FaultKind.NOTICE_LATE),
        frozenset({Point.NOTICE}),
    ),
    FaultKind.INVALID_GRANT: frozenset({Point.TOKEN}),
}


def strikes(kind: FaultKind, point: Point) -> bool:
    """Claim that this kind can happen to such a request."""
    return point in _STRIKES[kind]


class Faults:
    """Decide for each request what goes wrong with it: the script first, then the rates.

    The same seed, rates and requests give the same faults. One event loop owns it.
    """

    def __init__(self, rates: Mapping[FaultKind, float] | None = None, *, seed: int = 0) -> None:
        """Start with these rates, each from 0 to 1."""
        self.struck: Counter[FaultKind] = Counter()
        self.requests = 0
        self._script: dict[int, FaultKind] = {}
        self.set_rates(rates or {}, seed=seed)

    @property
    def rates(self) -> Mapping[FaultKind, float]:
        """The share of requests that each kind strikes."""
        return self._rates

    def set_rates(self, rates: Mapping[FaultKind, float], *, seed: int = 0) -> None:
        """Replace all rates and begin drawing anew.

        Raises:
            ValueError: a rate is not between 0 and 1.

        """
        if any(not 0 <= rate <= 1 for rate in rates.values()):
            raise ValueError("a rate is between 0 and 1")
        self._rates = dict(rates)
        self._random = Random(seed)  # noqa: S311 - faults are repeatable, not secret.

    def script(self, kinds: Iterable[FaultKind | None], *, after: int = 0) -> None:
        """Let the next requests fail so, one kind each; None and whatever follows is left alone.

        The first `after` requests are left alone. It replaces the script before. A kind that
        cannot strike its request is used up without effect; a kind of a batch's parts strikes
        the first part.
        """
        start = self.requests + 1 + after
        self._script = {start + at: kind for at, kind in enumerate(kinds) if kind is not None}

    def clear(self) -> None:
        """Let nothing go wrong from now on."""
        self._script = {}
        self._rates = {}

    def draw(self, point: Point) -> FaultKind | None:
        """Count a request and return what strikes it."""
        if point is Point.FREE:
            return None
        self.requests += 1
        scripted = self._script.pop(self.requests, None)
        if scripted is not None:
            possible = strikes(scripted, point) or (
                point is Point.BATCH and strikes(scripted, Point.PART)
            )
            return self._count(scripted) if possible else None
        return self._by_rate(point)

    def draw_part(self) -> FaultKind | None:
        """Return what strikes one part of a batch, by rate."""
        return self._by_rate(Point.PART)

    def draw_notice(self) -> FaultKind | None:
        """Return what strikes one notice, by rate."""
        return self._by_rate(Point.NOTICE)

    def _by_rate(self, point: Point) -> FaultKind | None:
        for kind, rate in self._rates.items():
            if strikes(kind, point) and self._random.random() < rate:
                return self._count(kind)
        return None

    def _count(self, kind: FaultKind) -> FaultKind:
        self.struck[kind] += 1
        return kind

    def pick(self, count: int) -> int:
        """Return which of `count` things a fault strikes."""
        return self._random.randrange(count)

    def shuffled(self, items: list[Any]) -> list[Any]:
        """Return the items in another order."""
        mixed = list(items)
        self._random.shuffle(mixed)
        return mixed
