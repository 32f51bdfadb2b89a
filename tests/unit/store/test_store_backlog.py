"""Which records wait, in which batches, and when there is no more room."""

import pytest

from drivers.port import Outcome, OutcomeKind
from runner.call import CallRecord
from sanderling.store.call_backlog import CallBacklog, CallLogBounds
from support.records import HERE, THERE, a_record

HEAVY = Outcome(OutcomeKind.OK, "local", result_json=b"9" * 10_000)


def a_backlog(bounds: CallLogBounds, *records: CallRecord) -> CallBacklog:
    """Return a backlog that was given `records`."""
    backlog = CallBacklog(bounds, is_sqlite=True)
    for record in records:
        backlog.add(record)
    return backlog


def test_a_batch_is_the_oldest_records() -> None:
    """A batch has as many records as one transaction should carry, oldest first."""
    records = [a_record() for _ in range(5)]
    backlog = a_backlog(CallLogBounds(flush_records=2), *records)

    assert backlog.is_batch
    assert records[:2] == [waiting.record for waiting in backlog.next_batch()]

    backlog.remove_oldest(2)
    assert records[2:4] == [waiting.record for waiting in backlog.next_batch()]
    assert len(backlog) == 3


def test_a_batch_ends_before_it_is_too_heavy() -> None:
    """Large records make smaller batches, and one that is too large goes alone."""
    records = [a_record(outcome=HEAVY) for _ in range(3)]
    backlog = a_backlog(CallLogBounds(flush_bytes=25_000), *records)
    alone = a_backlog(CallLogBounds(flush_bytes=10), *records)

    assert len(backlog.next_batch()) == 2
    assert len(alone.next_batch()) == 1


def test_few_light_records_are_no_batch() -> None:
    """Below both bounds a batch waits for more."""
    assert not a_backlog(CallLogBounds(), a_record()).is_batch


@pytest.mark.parametrize(
    "bounds", [CallLogBounds(most_records=2), CallLogBounds(most_bytes=25_000)]
)
def test_a_full_backlog_takes_no_more(bounds: CallLogBounds) -> None:
    """What is over a bound is refused, and there is room again after a removal."""
    backlog = a_backlog(bounds, a_record(outcome=HEAVY), a_record(outcome=HEAVY))

    assert not backlog.add(a_record(outcome=HEAVY))
    backlog.remove_oldest(1)
    assert backlog.add(a_record(outcome=HEAVY))
    assert len(backlog) == 2


def test_a_record_waits_once() -> None:
    """A second record of an id is taken as the first."""
    record = a_record()
    backlog = a_backlog(CallLogBounds(), record)

    assert backlog.add(record)
    assert len(backlog) == 1


def test_a_record_is_found_until_it_is_removed() -> None:
    """What waits is found in its workspace and nowhere else."""
    record = a_record()
    backlog = a_backlog(CallLogBounds(), record)

    assert backlog.find(HERE, record.id) is record
    assert backlog.find(THERE, record.id) is None
    backlog.remove_oldest(1)
    assert backlog.find(HERE, record.id) is None
    assert list(backlog.records()) == []
