"""Plain counts become the very metrics that the library's own counters would be."""

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

from sanderling.api.tallies import Durations, Tally

BUCKETS = (0.001, 0.5, 1.0, 30.0)
WORDS = st.sampled_from(["ok", "timeout", 'od"d\n'])


def _lines(registry: CollectorRegistry) -> list[str]:
    """Return what is scraped, without when each series was made."""
    text = generate_latest(registry).decode()
    return sorted(line for line in text.splitlines() if "_created" not in line)


@given(seen=st.lists(st.tuples(WORDS, st.floats(0, 100) | st.sampled_from(BUCKETS))))
def test_durations_fall_into_the_buckets_of_the_library(seen: list[tuple[str, float]]) -> None:
    """A duration at the end of a bucket is in it, and one beyond the last is counted, too."""
    theirs, ours = CollectorRegistry(), CollectorRegistry()
    histogram = Histogram("took", "Time.", ("end",), buckets=BUCKETS, registry=theirs)
    durations = Durations("took", "Time.", ("end",), buckets=BUCKETS, registry=ours)

    for word, duration_s in seen:
        histogram.labels(word).observe(duration_s)
        durations.observe(duration_s, word)

    assert _lines(theirs) == _lines(ours)


@given(seen=st.lists(st.tuples(WORDS, WORDS)))
def test_a_tally_counts_as_the_library_does(seen: list[tuple[str, str]]) -> None:
    """Each set of labels has a count of its own."""
    theirs, ours = CollectorRegistry(), CollectorRegistry()
    counter = Counter("calls", "Calls.", ("end", "way"), registry=theirs)
    tally = Tally("calls", "Calls.", ("end", "way"), registry=ours)

    for labels in seen:
        counter.labels(*labels).inc()
        tally.add(*labels)

    assert _lines(theirs) == _lines(ours)
