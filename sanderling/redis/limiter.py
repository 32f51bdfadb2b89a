"""The limiter of all processes together: one script in Redis for each request.

The arithmetic is that of `sanderling.metering.gcra`, on the time of Redis. When Redis is away, or
does not answer in time, this process decides alone: see `sanderling.metering.local_share`.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from types import TracebackType
from typing import Final, Self

from sanderling.kernel.clock import Clock
from sanderling.metering.gcra import Decision, Mark, admission_of, decide, early_us
from sanderling.metering.local_share import LocalShare
from sanderling.metering.ports import Admission, LimiterStatistics, Rule, Scope, WhenAway
from sanderling.redis.endpoint import encode_command
from sanderling.redis.link import ANSWER_S, Link, Probe, error_words

PREFIX: Final = "sanderling"

_SCRIPT: Final = files("sanderling.redis").joinpath("gcra.lua").read_text()
_SCRIPT_ID: Final = hashlib.sha1(_SCRIPT.encode(), usedforsecurity=False).hexdigest()
_PROBE: Final = Rule("probe", "probe", burst=1, period_us=1, tag="probe")
_MAX_KNOWN: Final = 1024
_MAX_COST: Final = 2**26


@dataclass(frozen=True, slots=True)
class _Question:
    """What is asked about `rules`: all of a command but time, cost and patience."""

    rules: tuple[Rule, ...]
    keys: tuple[str, ...]
    numbers: tuple[str, ...]
    usual: bytes
    is_any_strict: bool

    def command(self, words: tuple[str, str], asked: tuple[str, str, str]) -> bytes:
        return encode_command([*words, str(len(self.keys)), *self.keys, *asked, *self.numbers])


_BY_ID: Final = ("EVALSHA", _SCRIPT_ID)
_BY_TEXT: Final = ("EVAL", _SCRIPT)
_USUAL: Final = ("", "1", "0")


def _question(rules: tuple[Rule, ...]) -> _Question:
    keys = tuple(redis_key(rule) for rule in rules)
    numbers = tuple(
        str(number) for rule in rules for number in (rule.burst, rule.period_us, rule.ahead_us)
    )
    bare = _Question(rules, keys, numbers, b"", any(_is_strict(rule) for rule in rules))
    return _Question(rules, keys, numbers, bare.command(_BY_ID, _USUAL), bare.is_any_strict)


def _is_strict(rule: Rule) -> bool:
    return rule.when_away is WhenAway.STRICT


def redis_key(rule: Rule) -> str:
    """Return where the mark of `rule` is kept; all keys of a tag are on one node of a cluster."""
    return f"{PREFIX}:{{{rule.tag or rule.key}}}:limit:{rule.key}"


class RedisLimiter:
    """Limit the callers of every process that shares one Redis.

    A decision is one round trip, answered by Redis or, within the wait that `answer_s` allows
    (twice that, where Redis has forgotten the script), by this process. One event loop owns it.
    """

    def __init__(
        self,
        url: str,
        *,
        clock: Clock,
        jitter: Callable[[], float],
        processes: Callable[[], int] = lambda: 1,
        answer_s: float = ANSWER_S,
        time_us: Callable[[], int] | None = None,
    ) -> None:
        """Count in the Redis at `url`, below keys that begin with `sanderling:`.

        `processes` tells how many share the limits, for when Redis is away. `time_us` takes the
        place of the time of Redis: for tests alone, who also wait for no key to be forgotten.

        Raises:
            RedisURLRefused: it is not the URL of a Redis.

        """
        self._time_us = time_us
        probe = _question((_PROBE,)).command(_BY_TEXT, _USUAL)
        self._link = Link(
            url, Probe(probe, _makes_sense), clock=clock, jitter=jitter, answer_s=answer_s
        )
        self._local = LocalShare(clock, processes)
        self._known: dict[int, _Question] = {}
        self._decisions: Counter[Scope] = Counter()

    async def __aenter__(self) -> Self:
        """Connect; a Redis that is away is tried again later and is no fault."""
        await self._link.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the connection."""
        await self._link.__aexit__(kind, error, traceback)

    @property
    def why_away(self) -> str:
        """Why this process counts alone, in a few words; empty while it does not."""
        return self._link.why_away

    def statistics(self) -> LimiterStatistics:
        """Return what was decided since the start, and whether Redis is away."""
        return LimiterStatistics(dict(self._decisions), self._link.is_away)

    async def acquire(
        self, rules: Sequence[Rule], *, cost: int = 1, patience_us: int = 0
    ) -> Admission:
        """Take `cost` from every rule, or from none; the keys differ and share one tag."""
        if not rules:
            return Admission(is_admitted=True, states=(), scope=Scope.INSTANCE)
        question = self._known.get(id(rules))
        if question is None or question.rules is not rules:
            question = self._learn(rules)
        line = await self._ask(question, cost, patience_us)
        if line is None:
            admission = self._local.acquire_nowait(rules, cost=cost, patience_us=patience_us)
        else:
            admission = _admission(question.rules, line, cost, patience_us)
            if question.is_any_strict:
                self._local.remember(question.rules, cost=cost)
        self._decisions[admission.scope] += 1
        return admission

    def _learn(self, rules: Sequence[Rule]) -> _Question:
        """Return the question, and remember it while the same tuple of rules comes again."""
        question = _question(tuple(rules))
        if question.rules is rules:
            if len(self._known) >= _MAX_KNOWN:
                self._known.clear()
            # The question holds the tuple, so no other one gets its id.
            self._known[id(rules)] = question
        return question

    async def _ask(self, question: _Question, cost: int, patience_us: int) -> bytes | None:
        asked = _USUAL
        command = question.usual
        if cost != 1 or patience_us or self._time_us is not None:
            now_us = "" if self._time_us is None else str(self._time_us())
            # More than any burst is refused alike, and would not be exact in the script.
            asked = (now_us, str(min(cost, _MAX_COST + 1)), str(patience_us))
            command = question.command(_BY_ID, asked)
        answer = self._link.ask(command)
        line = None if answer is None else await answer
        if line is not None and line.startswith(b"-NOSCRIPT"):
            answer = self._link.ask(question.command(_BY_TEXT, asked))
            line = None if answer is None else await answer
        if line is None or line.startswith(b"+"):
            return line
        self._link.give_up(error_words(line))
        return None


def _decoded(line: bytes) -> tuple[bool, int, tuple[Mark, ...]]:
    """Return whether a request was admitted, when, and the marks after it.

    Raises:
        ValueError: our script did not say this.

    """
    flag, now_us, *texts = line.split(b" ")
    if flag not in {b"+0", b"+1"}:
        raise ValueError(flag)
    marks: list[Mark] = []
    for text in texts:
        us, _, part = text.partition(b":")
        marks.append((int(us), int(part)))
    return flag == b"+1", int(now_us), tuple(marks)


def _makes_sense(line: bytes) -> bool:
    try:
        return len(_decoded(line)[2]) == 1
    except ValueError:
        return False


def _admission(rules: tuple[Rule, ...], line: bytes, cost: int, patience_us: int) -> Admission:
    is_admitted, now_us, marks = _decoded(line)
    if is_admitted:
        early = [early_us(rule, mark, now_us) for rule, mark in zip(rules, marks, strict=True)]
        decision = Decision(marks, early_us=max(0, *early))
    else:
        # The marks did not move, so deciding again finds whose wait is the longest.
        decision = decide(rules, marks, now_us, cost, patience_us)
    return admission_of(rules, decision, now_us, Scope.INSTANCE)
