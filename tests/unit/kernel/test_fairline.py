"""A waiting line that is fair on two floors."""

from typing import TypeAlias

from hypothesis import given
from hypothesis import strategies as st

from sanderling.kernel.fairline import FairLine

Item: TypeAlias = tuple[str, str, int]
Line: TypeAlias = FairLine[str, str, Item]

items = st.lists(st.tuples(st.sampled_from("xyz"), st.sampled_from("fgh")), max_size=40)


def first(line: Line, *, but: frozenset[str] = frozenset()) -> Item | None:
    """Return whose turn it is, where groups and members of `but` may not go."""
    return line.first(
        may_group=lambda group: group not in but,
        may_member=lambda member: member not in but,
        is_preferred=lambda _: True,
    )


def drained(line: Line) -> list[Item]:
    """Return all items in the order in which they get their turn."""
    got: list[Item] = []
    while (item := first(line)) is not None:
        assert line.pop(item[0], item[1]) == item
        got.append(item)
    return got


def filled(wanted: list[tuple[str, str]]) -> Line:
    """Return a line with one item for each group and member."""
    line: Line = FairLine()
    for number, (group, member) in enumerate(wanted):
        line.push(group, member, (group, member, number))
    return line


def test_a_quiet_group_does_not_wait_for_a_noisy_one() -> None:
    """Behind a hundred items of one group another's first item is second."""
    line = filled([("noisy", "f")] * 100 + [("quiet", "g")])

    assert [item[0] for item in drained(line)[:3]] == ["noisy", "quiet", "noisy"]


def test_a_quiet_member_does_not_wait_for_a_noisy_one_of_its_group() -> None:
    """Inside one group the same holds between its members."""
    line = filled([("same", "noisy")] * 100 + [("same", "quiet")])

    assert [item[1] for item in drained(line)[:3]] == ["noisy", "quiet", "noisy"]


def test_a_member_that_may_not_go_holds_up_nobody() -> None:
    """Others of its group, and other groups, pass it; with nobody left there is no turn."""
    line = filled([("x", "capped"), ("x", "free"), ("y", "free")])

    assert first(line, but=frozenset({"capped"})) == ("x", "free", 1)
    assert first(line, but=frozenset({"x"})) == ("y", "free", 2)
    assert first(line, but=frozenset({"capped", "free"})) is None


def test_the_longest_group_is_the_one_to_give_way() -> None:
    """Its youngest item goes, and only while that group stays the longer one."""
    line = filled([("long", "f"), ("long", "g"), ("long", "g"), ("short", "f")])

    assert line.youngest_of_longest(than="new") == ("long", "g", 2)
    assert line.youngest_of_longest(than="short") == ("long", "g", 2)
    assert line.youngest_of_longest(than="long") is None
    line.remove("long", "g", ("long", "g", 2))
    assert line.youngest_of_longest(than="short") is None


@given(wanted=items)
def test_every_item_gets_one_turn_and_members_keep_their_order(
    wanted: list[tuple[str, str]],
) -> None:
    """Nothing is lost or doubled, and those of one member are first come, first served."""
    line = filled(wanted)
    assert len(line) == len(wanted) == len(list(line))

    got = drained(line)

    assert sorted(item[2] for item in got) == list(range(len(wanted)))
    for pair in set(wanted):
        numbers = [number for *key, number in got if tuple(key) == pair]
        assert numbers == sorted(numbers)
    assert (len(line), line.groups) == (0, 0)


@given(wanted=items, gone=st.sets(st.integers(0, 39)))
def test_items_can_be_taken_out_wherever_they_stand(
    wanted: list[tuple[str, str]], gone: set[int]
) -> None:
    """Whoever stops waiting leaves no trace, and leaving twice changes nothing."""
    line = filled(wanted)
    for number, (group, member) in enumerate(wanted):
        if number in gone:
            assert line.remove(group, member, (group, member, number))
            assert not line.remove(group, member, (group, member, number))

    left = {item[2] for item in drained(line)}

    assert left == set(range(len(wanted))) - gone
    assert [line.size_of(group) for group in "xyz"] == [0, 0, 0]
