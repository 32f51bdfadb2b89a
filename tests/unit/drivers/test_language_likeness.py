"""What somebody meant who mistyped a name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.guest.language.likeness import nearest

NAMES = ["customers", "total", "totals", "handler", "event"]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("custmers", "customers"),
        ("totl", "total"),
        ("handlr", "handler"),
        ("evnet", None),
        ("x", None),
        ("", None),
        ("entirely_other", None),
    ],
)
def test_few_changes_are_forgiven(typed: str, meant: str | None) -> None:
    """A name with few wrong letters is recognised, and another is not."""
    assert nearest(typed, NAMES) == meant


@given(name=st.text(min_size=1, max_size=40), others=st.lists(st.text(max_size=40), max_size=5))
def test_the_name_itself_is_nearest(name: str, others: list[str]) -> None:
    """Nothing is nearer to a name than the name."""
    assert nearest(name, [*others, name]) == name
