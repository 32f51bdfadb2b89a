"""The words that say which calls are meant; a client reads them without a web framework."""

from drivers.port import OutcomeKind
from runner.call import Selector
from runner.call_filter import FAILED, FAILURES, CallFilter
from sanderling.api.page_bounds import MAX_NUMBER


def outcomes_of(words: str) -> frozenset[str]:
    """Return the outcomes that `words` name: with commas between them, `failed` for all but ok.

    Raises:
        ValueError: one of them is no outcome.

    """
    found: set[str] = set()
    for word in words.split(","):
        if word == FAILED:
            found |= FAILURES
        elif word in set(OutcomeKind):
            found.add(word)
        else:
            raise ValueError("it is not an outcome, or several with commas between them")
    return frozenset(found)


def version_of(word: str) -> int | Selector:
    """Return the version that `word` names.

    Raises:
        ValueError: it is neither a number nor draft.

    """
    if word == Selector.DRAFT:
        return Selector.DRAFT
    if word.isascii() and word.isdigit() and len(word) <= len(str(MAX_NUMBER)):
        number = int(word)
        if 0 < number <= MAX_NUMBER:
            return number
    raise ValueError("it is a version's number or draft")


def filter_query(matching: CallFilter) -> dict[str, str]:
    """Return the query that a server reads as `matching`."""
    words: dict[str, str | None] = {
        name: getattr(matching, name)
        for name in ("function", "trigger", "caller", "execution_id", "replay_of", "error")
    }
    words["outcome"] = None if matching.outcomes is None else ",".join(sorted(matching.outcomes))
    for name, moment in (("since", matching.since), ("until", matching.until)):
        words[name] = None if moment is None else moment.isoformat()
    words["version"] = None if matching.version is None else str(matching.version)
    for name, duration_s in (
        ("min_duration_ms", matching.min_duration_s),
        ("max_duration_ms", matching.max_duration_s),
    ):
        words[name] = None if duration_s is None else repr(duration_s * 1000)
    return {name: word for name, word in words.items() if word is not None}
