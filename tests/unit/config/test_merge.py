"""However changes meet, none is lost and none is undone by somebody who did not see it."""

from hypothesis import given
from hypothesis import strategies as st

from config.merge import Asked, clashes, differences, merge

_NAMES = st.sampled_from("abcd")
_TEXTS = st.sampled_from(["", "1", "2"])
_BODIES = st.dictionaries(_NAMES, _TEXTS)
_ASKED = st.dictionaries(_NAMES, st.none() | _TEXTS, max_size=3)


@given(asked=_ASKED, head=_BODIES)
def test_a_merge_holds_what_was_asked_and_leaves_the_rest(
    asked: dict[str, str | None], head: dict[str, str]
) -> None:
    """Each variable is as it was asked for, or as it was."""
    merged = merge(asked, head)

    assert all(merged.get(name) == text for name, text in asked.items())
    assert all(merged.get(name) == head.get(name) for name in {*head, *merged} - set(asked))
    assert set(differences(head, merged)) <= set(asked)


@given(asked=_ASKED, head=_BODIES)
def test_nothing_clashes_with_what_was_seen(
    asked: dict[str, str | None], head: dict[str, str]
) -> None:
    """Whoever looks at the newest revision may change everything."""
    assert clashes(asked, head, head) == ()


@given(base=_BODIES, first=_ASKED, second=_ASKED)
def test_two_changes_without_a_clash_come_to_the_same_in_either_order(
    base: dict[str, str], first: dict[str, str | None], second: dict[str, str | None]
) -> None:
    """What is carried over does not depend on who was faster."""
    after_first, after_second = merge(first, base), merge(second, base)
    meets = clashes(second, base, after_first)

    if not meets and not clashes(first, base, after_second):
        assert merge(second, after_first) == merge(first, after_second)
        assert all(merge(second, after_first).get(name) == text for name, text in first.items())
    assert all(first[name] != second[name] for name in meets)


@given(changes=st.lists(st.tuples(_ASKED, st.integers(0, 20)), max_size=12))
def test_no_change_is_lost_whatever_each_one_had_seen(changes: list[tuple[Asked, int]]) -> None:
    """A variable that was changed is later changed only by somebody who saw that, or agrees."""
    bodies: list[dict[str, str]] = [{}]
    writer: dict[str, tuple[int, str | None]] = {}
    for asked, looked_at in changes:
        base = min(looked_at, len(bodies) - 1)
        if clashes(asked, bodies[base], bodies[-1]):
            continue
        for name, text in asked.items():
            revision, held = writer.get(name, (0, None))
            seen = bodies[base].get(name)
            assert revision <= base or held in (text, seen)
            writer[name] = (len(bodies), text)
        bodies.append(merge(asked, bodies[-1]))

    assert bodies[-1] == {name: text for name, (_, text) in writer.items() if text is not None}
