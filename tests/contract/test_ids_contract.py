"""What every source of ids promises."""

import pytest

from sanderling.kernel.clock import SystemClock, VirtualClock
from sanderling.kernel.ids import Ids, SortableIds, is_id


@pytest.fixture(params=[SystemClock, VirtualClock])
def ids(request: pytest.FixtureRequest) -> Ids:
    """Return a source of ids on each clock."""
    return SortableIds(request.param())


def test_each_kind_has_its_prefix(ids: Ids) -> None:
    """Whoever sees an id knows what it names."""
    made = {
        "ws": ids.workspace(),
        "fn": ids.function(),
        "call": ids.call(),
        "exec": ids.execution(),
        "key": ids.key(),
        "req": ids.request(),
        "trg": ids.trigger(),
        "acc": ids.account(),
    }

    assert {kind: is_id(text, kind) for kind, text in made.items()} == dict.fromkeys(made, True)


def test_ids_are_unique_and_strictly_increasing(ids: Ids) -> None:
    """In one process they sort as they were made, however fast."""
    made: list[str] = [ids.call() for _ in range(1000)]

    assert sorted(set(made)) == made


def test_kinds_share_one_order(ids: Ids) -> None:
    """What was made later sorts later, whatever it is."""
    made: list[str] = [ids.function(), ids.call(), ids.key(), ids.request(), ids.workspace()]

    bodies = [text.rpartition("_")[2] for text in made]

    assert sorted(set(bodies)) == bodies
