"""Start-time fair queueing."""

from collections import Counter
from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from sanderling.kernel.fairorder import FairOrder

KEYS = "abcdef"

keys = st.sampled_from(KEYS)
changes = st.lists(st.tuples(st.sampled_from(["join", "leave", "serve"]), keys), max_size=80)


def everyone(_: str) -> bool:
    """Allow anyone."""
    return True


def served(order: FairOrder[str], times: int) -> list[str]:
    """Return who gets it, so many times."""
    got: list[str] = []
    for _ in range(times):
        key = order.first(everyone)
        assert key is not None
        order.charge(key)
        got.append(key)
    return got


def after(steps: list[tuple[str, str]]) -> FairOrder[str]:
    """Return an order with such a past."""
    order: FairOrder[str] = FairOrder()
    for step, key in steps:
        if step == "join":
            order.join(key)
        elif step == "leave":
            order.leave(key)
        elif len(order):
            served(order, 1)
    return order


def test_those_who_want_more_take_turns() -> None:
    """With the same wants everyone gets the same, in the order of coming."""
    order: FairOrder[str] = FairOrder()
    for key in "cab":
        order.join(key)

    assert served(order, 6) == list("cabcab")


def test_a_newcomer_does_not_wait_for_the_backlog_of_others() -> None:
    """Whoever comes after somebody was served a thousand times is next but one at the latest."""
    order: FairOrder[str] = FairOrder()
    order.join("noisy")
    served(order, 1000)

    order.join("quiet")

    assert "quiet" in served(order, 2)


def test_nobody_saves_up_turns_by_not_wanting_them() -> None:
    """A newcomer takes turns with the others; the time before it came counts for nothing."""
    order: FairOrder[str] = FairOrder()
    order.join("noisy")
    served(order, 1000)
    order.join("late")

    assert Counter(served(order, 100)) == {"noisy": 50, "late": 50}


def test_leaving_and_coming_back_wins_nothing() -> None:
    """Who asks anew after each turn gets no more than who waits all the time."""
    order: FairOrder[str] = FairOrder()
    order.join("patient")
    got = Counter[str]()
    for _ in range(100):
        order.join("clever")
        got.update(served(order, 1))
        order.leave("clever")

    assert abs(got["patient"] - got["clever"]) <= 1


def test_the_preferred_come_first_and_others_go_when_there_are_none() -> None:
    """Preference orders, it never idles; whoever is not allowed is passed over."""
    order: FairOrder[str] = FairOrder()
    for key in "abc":
        order.join(key)
    is_c: Callable[[str], bool] = "c".__eq__

    assert order.first(everyone, is_c) == "c"
    assert order.first(lambda key: key != "c", is_c) == "a"
    assert order.first(lambda _: False) is None


def test_being_passed_over_is_not_saved_up() -> None:
    """Who could not be served for a hundred turns takes turns again, and no more than that."""
    order: FairOrder[str] = FairOrder()
    order.join("capped")
    order.join("other")
    for _ in range(100):
        assert order.first("other".__eq__) == "other"
        order.charge("other")

    assert Counter(served(order, 10)) == {"capped": 5, "other": 5}


@given(past=changes, wanting=st.sets(keys, min_size=1))
def test_nobody_waits_longer_than_one_turn_of_each(
    past: list[tuple[str, str]], wanting: set[str]
) -> None:
    """Whatever happened before: while n want more, each is served within 2n - 1 turns."""
    order = after(past)
    for key in KEYS:
        order.join(key) if key in wanting else order.leave(key)
    n = len(wanting)

    got = served(order, 2 * n - 1)

    assert set(got) == wanting


@given(past=changes, wanting=st.sets(keys, min_size=2), turns=st.integers(1, 60))
def test_those_who_want_more_get_the_same(
    past: list[tuple[str, str]], wanting: set[str], turns: int
) -> None:
    """Whatever happened before: two who go on wanting differ by two turns at most."""
    order = after(past)
    for key in KEYS:
        order.join(key) if key in wanting else order.leave(key)

    got = Counter(served(order, turns))

    counts = [got[key] for key in wanting]
    assert max(counts) - min(counts) <= 2


@given(past=changes)
def test_only_who_joins_or_leaves_changes_who_wants(past: list[tuple[str, str]]) -> None:
    """Being served changes nothing about who wants more, and virtual time never goes back."""
    order: FairOrder[str] = FairOrder()
    wanting = set[str]()
    for step, key in past:
        virtual = order.virtual
        if step == "join":
            order.join(key)
            wanting.add(key)
        elif step == "leave":
            order.leave(key)
            wanting.discard(key)
        elif wanting:
            served(order, 1)
        assert wanting == {each for each in KEYS if each in order}
        assert len(order) == len(wanting)
        assert order.virtual >= virtual
